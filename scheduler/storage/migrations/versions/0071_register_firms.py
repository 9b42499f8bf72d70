"""register firms: on a public page, once an organiser opens it, and with an organiser's approval."""

import sqlalchemy as sa
from alembic import op

revision = "0071"
down_revision = "0070"
branch_labels = None
depends_on = None

TIERS = "tier IN ('upstream', 'midstream', 'downstream')"
STATES = "state IN ('unconfirmed', 'waiting', 'accepted', 'declined')"
WAITING = sa.text("state = 'waiting'")


def upgrade() -> None:
    op.add_column("event", sa.Column("registration", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "firm_registration",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("latin_name", sa.String(length=200), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("tier", sa.String(length=16), nullable=False),
        sa.Column("areas", sa.JSON(), nullable=False),
        sa.Column("hall", sa.String(length=32), nullable=False),
        sa.Column("booth", sa.String(length=64), nullable=False),
        sa.Column("website", sa.String(length=200), nullable=False),
        sa.Column("person", sa.String(length=120), nullable=False),
        sa.Column("latin_person", sa.String(length=120), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("languages", sa.JSON(), nullable=False),
        sa.Column("mail_language", sa.String(length=8), nullable=False),
        sa.Column("note", sa.String(length=1000), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seed", sa.String(length=32), nullable=True),
        sa.Column("token_hash", sa.String(length=64), nullable=True),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("firm_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(STATES, name=op.f("ck_firm_registration_registration_state")),
        sa.CheckConstraint(TIERS, name=op.f("ck_firm_registration_registration_tier")),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name=op.f("fk_firm_registration_event_id_event")),
        sa.ForeignKeyConstraint(
            ["decided_by"], ["account.id"], name=op.f("fk_firm_registration_decided_by_account")
        ),
        sa.ForeignKeyConstraint(["firm_id"], ["firm.id"], name=op.f("fk_firm_registration_firm_id_firm")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_firm_registration")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_firm_registration_token_hash")),
    )
    op.create_index("ix_firm_registration_event_id_state", "firm_registration", ["event_id", "state"])
    op.create_index(op.f("ix_firm_registration_firm_id"), "firm_registration", ["firm_id"])
    op.create_index(
        "uq_firm_registration_waiting", "firm_registration", ["event_id", "email"], unique=True,
        postgresql_where=WAITING, sqlite_where=WAITING,
    )  # fmt: skip


def downgrade() -> None:
    op.drop_table("firm_registration")
    op.drop_column("event", "registration")
