"""rehearse events: from its making until it goes live an event's mails reach its organisers alone."""

import sqlalchemy as sa
from alembic import op

revision = "0089"
down_revision = "0096"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("event", sa.Column("live_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE event SET live_at = created_at")
    with op.batch_alter_table("outbox_mail") as batch_op:
        batch_op.add_column(sa.Column("about_event_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("rehearsed_as", sa.String(length=16), nullable=True))
        batch_op.create_foreign_key(
            op.f("fk_outbox_mail_about_event_id_event"), "event", ["about_event_id"], ["id"]
        )
        batch_op.create_index("ix_outbox_mail_about_event_id", ["about_event_id"])


def downgrade() -> None:
    with op.batch_alter_table("outbox_mail") as batch_op:
        batch_op.drop_index("ix_outbox_mail_about_event_id")
        batch_op.drop_constraint(op.f("fk_outbox_mail_about_event_id_event"), type_="foreignkey")
        batch_op.drop_column("rehearsed_as")
        batch_op.drop_column("about_event_id")
    op.drop_column("event", "live_at")
