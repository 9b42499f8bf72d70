"""privacy_notice and consent: notices of events with their versions, and people's decisions by purpose."""

import sqlalchemy as sa
from alembic import op

revision = "0124"
down_revision = "0123"
branch_labels = None
depends_on = None

_PURPOSES = "partner_contacts", "directory", "notifications", "abroad"
_CHANNELS = "registration", "sign_in", "privacy_page"


def upgrade() -> None:
    op.create_table(
        "privacy_notice",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_by", sa.Integer(), nullable=True),
        sa.Column("superseded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("controller", sa.String(length=200), nullable=False),
        sa.Column("contact", sa.String(length=200), nullable=False),
        sa.Column("texts", sa.JSON(), nullable=False),
        *(sa.Column(f"asks_{each}", sa.Boolean(), nullable=False) for each in _PURPOSES),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name=op.f("fk_privacy_notice_event_id_event")),
        sa.ForeignKeyConstraint(
            ["published_by"], ["account.id"], name=op.f("fk_privacy_notice_published_by_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_privacy_notice")),
        sa.UniqueConstraint("event_id", "version", name=op.f("uq_privacy_notice_event_id_version")),
    )
    op.create_index(op.f("ix_privacy_notice_published_by"), "privacy_notice", ["published_by"])
    op.create_table(
        "consent",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("attendee_id", sa.Integer(), nullable=False),
        sa.Column("notice_id", sa.Integer(), nullable=False),
        sa.Column(
            "purpose",
            sa.Enum(*_PURPOSES, name="consent_purpose", native_enum=False, create_constraint=True, length=16),
            nullable=False,
        ),
        sa.Column("is_given", sa.Boolean(), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column(
            "channel",
            sa.Enum(*_CHANNELS, name="consent_channel", native_enum=False, create_constraint=True, length=16),
            nullable=False,
        ),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["attendee_id"], ["attendee.id"], name=op.f("fk_consent_attendee_id_attendee")
        ),
        sa.ForeignKeyConstraint(
            ["notice_id"], ["privacy_notice.id"], name=op.f("fk_consent_notice_id_privacy_notice")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent")),
    )
    op.create_index(op.f("ix_consent_attendee_id"), "consent", ["attendee_id"])
    op.create_index(op.f("ix_consent_notice_id"), "consent", ["notice_id"])
    op.create_index(
        "uq_consent_current", "consent", ["attendee_id", "purpose"], unique=True,
        postgresql_where=sa.text("ended_at IS NULL"), sqlite_where=sa.text("ended_at IS NULL"),
    )  # fmt: skip
    op.add_column("firm_registration", sa.Column("consents", sa.JSON(), server_default="{}", nullable=False))


def downgrade() -> None:
    op.drop_column("firm_registration", "consents")
    op.drop_table("consent")
    op.drop_table("privacy_notice")
