"""keep the team: each event's owners, organisers and helpers by a role; who organised is an owner."""

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None

KINDS = "kind IN ('invitation', 'resend', 'summary', 'sign_in', 'alert', 'test', 'digest')"
KINDS_NOW = "kind IN ('invitation', 'resend', 'summary', 'sign_in', 'alert', 'test', 'digest', 'desk')"
ROLES = ("owner", "organiser", "read-only", "desk helper")


def role() -> sa.Column[str]:
    kind = sa.Enum(*ROLES, name="team_role", native_enum=False, create_constraint=True, length=16)
    return sa.Column("role", kind, nullable=False)


def upgrade() -> None:
    op.create_table(
        "team_member",
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        role(),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("since", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_team_member_account_id_account")
        ),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name=op.f("fk_team_member_event_id_event")),
        sa.PrimaryKeyConstraint("event_id", "account_id", name=op.f("pk_team_member")),
    )
    op.create_index(op.f("ix_team_member_account_id"), "team_member", ["account_id"])
    op.execute(
        "INSERT INTO team_member (event_id, account_id, role)"
        " SELECT event_id, account_id, 'owner' FROM organiser"
    )
    op.drop_table("organiser")
    op.create_table(
        "team_invitation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        role(),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seed", sa.String(length=32), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("made_by", sa.Integer(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name=op.f("fk_team_invitation_event_id_event")),
        sa.ForeignKeyConstraint(["made_by"], ["account.id"], name=op.f("fk_team_invitation_made_by_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_team_invitation")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_team_invitation_token_hash")),
    )
    op.create_index("ix_team_invitation_event_id", "team_invitation", ["event_id"])
    with op.batch_alter_table("outbox_mail") as batch_op:
        batch_op.drop_constraint(op.f("ck_outbox_mail_outbox_kind"), type_="check")
        batch_op.create_check_constraint(op.f("ck_outbox_mail_outbox_kind"), KINDS_NOW)


def downgrade() -> None:
    op.execute("DELETE FROM outbox_mail WHERE kind = 'desk'")
    with op.batch_alter_table("outbox_mail") as batch_op:
        batch_op.drop_constraint(op.f("ck_outbox_mail_outbox_kind"), type_="check")
        batch_op.create_check_constraint(op.f("ck_outbox_mail_outbox_kind"), KINDS)
    op.drop_table("team_invitation")
    op.create_table(
        "organiser",
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_organiser_account_id_account")),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name=op.f("fk_organiser_event_id_event")),
        sa.PrimaryKeyConstraint("event_id", "account_id", name=op.f("pk_organiser")),
    )
    op.create_index(op.f("ix_organiser_account_id"), "organiser", ["account_id"])
    op.execute(
        "INSERT INTO organiser (event_id, account_id)"
        " SELECT event_id, account_id FROM team_member WHERE role IN ('owner', 'organiser')"
    )
    op.drop_table("team_member")
