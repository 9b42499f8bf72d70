"""tell exhibitors what becomes of their requests: digests, off in events that are there already."""

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

KINDS = ("asked", "three_days", "one_day", "accepted", "declined", "cancelled", "expired")
MAILS = "kind IN ('invitation', 'resend', 'summary', 'sign_in', 'alert', 'test'{})"


def _allow(more: str) -> None:
    name = op.f("ck_outbox_mail_outbox_kind")
    with op.batch_alter_table("outbox_mail") as batch_op:
        batch_op.drop_constraint(name, type_="check")
        batch_op.create_check_constraint(name, MAILS.format(more))


def upgrade() -> None:
    op.add_column("event", sa.Column("digest_mails", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("event", sa.Column("digests_since", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "digest_item",
        sa.Column("request_id", sa.Integer(), nullable=False),
        sa.Column("attendee_id", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(*KINDS, name="digest_kind", native_enum=False, create_constraint=True, length=16),
            nullable=False,
        ),
        sa.Column("message_id", sa.String(length=255), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["attendee_id"], ["attendee.id"], name=op.f("fk_digest_item_attendee_id_attendee")
        ),
        sa.ForeignKeyConstraint(
            ["request_id"], ["meeting_request.id"], name=op.f("fk_digest_item_request_id_meeting_request")
        ),
        sa.PrimaryKeyConstraint("request_id", "attendee_id", "kind", name=op.f("pk_digest_item")),
    )
    op.create_index("ix_digest_item_message_id", "digest_item", ["message_id"])
    op.create_index("ix_digest_item_token_hash", "digest_item", ["token_hash"])
    op.create_table(
        "digest_choice",
        sa.Column("attendee_id", sa.Integer(), nullable=False),
        sa.Column("asked", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("reminders", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("answers", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("at_once", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stop_hash", sa.String(length=64), nullable=True),
        sa.Column("mailed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["attendee_id"], ["attendee.id"], name=op.f("fk_digest_choice_attendee_id_attendee")
        ),
        sa.PrimaryKeyConstraint("attendee_id", name=op.f("pk_digest_choice")),
        sa.UniqueConstraint("stop_hash", name=op.f("uq_digest_choice_stop_hash")),
    )
    _allow(", 'digest'")


def downgrade() -> None:
    op.execute("DELETE FROM outbox_mail WHERE kind = 'digest'")
    _allow("")
    op.drop_table("digest_choice")
    op.drop_index("ix_digest_item_token_hash", "digest_item")
    op.drop_index("ix_digest_item_message_id", "digest_item")
    op.drop_table("digest_item")
    op.drop_column("event", "digests_since")
    op.drop_column("event", "digest_mails")
