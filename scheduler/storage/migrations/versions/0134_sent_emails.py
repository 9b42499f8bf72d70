"""Index of sent emails by time: metrics and the alert of a stuck outbox look for the latest."""

import sqlalchemy as sa
from alembic import op

revision = "0134"
down_revision = "0133"
branch_labels = None
depends_on = None
ADDITIVE = True


def upgrade() -> None:
    op.create_index(
        op.f("ix_outbox_email_sent_at"), "outbox_email", ["sent_at"],
        postgresql_where=sa.text("sent_at IS NOT NULL"), sqlite_where=sa.text("sent_at IS NOT NULL"),
    )  # fmt: skip


def downgrade() -> None:
    op.drop_index(op.f("ix_outbox_email_sent_at"), table_name="outbox_email")
