"""let chambers in: whom somebody of a chamber speaks for, and the role."""

import sqlalchemy as sa
from alembic import op

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None

ROLES = "role IN ('owner', 'organiser', 'read-only', 'desk helper')"
ROLES_NOW = "role IN ('owner', 'organiser', 'read-only', 'desk helper', 'chamber')"


def upgrade() -> None:
    op.create_table(
        "team_delegation",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("delegation_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_team_delegation_account_id_account")
        ),
        sa.ForeignKeyConstraint(
            ["delegation_id"], ["delegation.id"], name=op.f("fk_team_delegation_delegation_id_delegation")
        ),
        sa.PrimaryKeyConstraint("account_id", "delegation_id", name=op.f("pk_team_delegation")),
    )
    op.create_index("ix_team_delegation_delegation_id", "team_delegation", ["delegation_id"])
    with op.batch_alter_table("team_member") as batch_op:
        batch_op.drop_constraint(op.f("ck_team_member_team_role"), type_="check")
        batch_op.create_check_constraint(op.f("ck_team_member_team_role"), ROLES_NOW)
    with op.batch_alter_table("team_invitation") as batch_op:
        batch_op.add_column(sa.Column("delegations", sa.JSON(), nullable=False, server_default="[]"))
        batch_op.drop_constraint(op.f("ck_team_invitation_team_role"), type_="check")
        batch_op.create_check_constraint(op.f("ck_team_invitation_team_role"), ROLES_NOW)
    with op.batch_alter_table("team_invitation") as batch_op:
        batch_op.alter_column("delegations", server_default=None)


def downgrade() -> None:
    op.execute("DELETE FROM team_member WHERE role = 'chamber'")
    op.execute("DELETE FROM team_invitation WHERE role = 'chamber'")
    with op.batch_alter_table("team_invitation") as batch_op:
        batch_op.drop_constraint(op.f("ck_team_invitation_team_role"), type_="check")
        batch_op.create_check_constraint(op.f("ck_team_invitation_team_role"), ROLES)
        batch_op.drop_column("delegations")
    with op.batch_alter_table("team_member") as batch_op:
        batch_op.drop_constraint(op.f("ck_team_member_team_role"), type_="check")
        batch_op.create_check_constraint(op.f("ck_team_member_team_role"), ROLES)
    op.drop_table("team_delegation")
