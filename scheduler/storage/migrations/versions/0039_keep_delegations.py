"""keep delegations: firms and people who travel together, with a leader and an escort."""

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "delegation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("origin", sa.String(length=120), nullable=False),
        sa.Column("leader_id", sa.Integer(), nullable=True),
        sa.Column("escort", sa.String(length=120), nullable=False),
        sa.Column("escort_phone", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name=op.f("fk_delegation_event_id_event")),
        sa.ForeignKeyConstraint(
            ["leader_id"], ["attendee.id"], name=op.f("fk_delegation_leader_id_attendee")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delegation")),
        sa.UniqueConstraint("event_id", "key", name=op.f("uq_delegation_event_id_key")),
    )
    for table, member in (("delegation_firm", "firm"), ("delegation_person", "attendee")):
        op.create_table(
            table,
            sa.Column("delegation_id", sa.Integer(), nullable=False),
            sa.Column(f"{member}_id", sa.Integer(), nullable=False),
            sa.ForeignKeyConstraint(
                ["delegation_id"], ["delegation.id"], name=op.f(f"fk_{table}_delegation_id_delegation")
            ),
            sa.ForeignKeyConstraint(
                [f"{member}_id"], [f"{member}.id"], name=op.f(f"fk_{table}_{member}_id_{member}")
            ),
            sa.PrimaryKeyConstraint("delegation_id", f"{member}_id", name=op.f(f"pk_{table}")),
        )
        op.create_index(f"ix_{table}_{member}_id", table, [f"{member}_id"])


def downgrade() -> None:
    op.drop_table("delegation_person")
    op.drop_table("delegation_firm")
    op.drop_table("delegation")
