"""keep why mails fail, who changed an address, and phone numbers."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "address_change",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("attendee_id", sa.Integer(), nullable=False),
        sa.Column("old_address", sa.String(length=254), nullable=False),
        sa.Column("new_address", sa.String(length=254), nullable=False),
        sa.Column("changed_by", sa.Integer(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["attendee_id"], ["attendee.id"], name=op.f("fk_address_change_attendee_id_attendee")
        ),
        sa.ForeignKeyConstraint(
            ["changed_by"], ["account.id"], name=op.f("fk_address_change_changed_by_account")
        ),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name=op.f("fk_address_change_event_id_event")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_address_change")),
    )
    op.create_index("ix_address_change_attendee_id", "address_change", ["attendee_id"])
    op.add_column("attendee", sa.Column("phone", sa.String(length=40), server_default="", nullable=False))
    op.add_column("outbox_mail", sa.Column("failure", sa.String(length=16), nullable=True))
    op.add_column("outbox_mail", sa.Column("dropped_at", sa.DateTime(timezone=True), nullable=True))
    # A mail that failed before was refused for good, or its last wait was over: six waits, seven attempts.
    op.execute(
        "UPDATE outbox_mail SET failure = CASE WHEN attempts > 6 THEN 'temporary' ELSE 'permanent' END "
        "WHERE state = 'failed'"
    )


def downgrade() -> None:
    with op.batch_alter_table("outbox_mail", schema=None) as batch_op:
        batch_op.drop_column("dropped_at")
        batch_op.drop_column("failure")
    with op.batch_alter_table("attendee", schema=None) as batch_op:
        batch_op.drop_column("phone")
    op.drop_table("address_change")
