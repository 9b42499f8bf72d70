"""Key numbers of invitations, response links and emails, and encrypted feed addresses.

What exists was made with the first key.
"""

import sqlalchemy as sa
from alembic import op

revision = "0120"
down_revision = "0119"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("invitation", "digest_item"):
        op.add_column(table, sa.Column("key_number", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("outbox_email", sa.Column("key_number", sa.Integer(), nullable=True))
    op.execute("UPDATE outbox_email SET key_number = 1")
    for table in ("attendee", "firm"):
        op.add_column(table, sa.Column("feed_address", sa.LargeBinary(), nullable=True))
    op.add_column("interpreter_feed", sa.Column("encrypted", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    op.drop_column("interpreter_feed", "encrypted")
    for table in ("firm", "attendee"):
        op.drop_column(table, "feed_address")
    for table in ("outbox_email", "digest_item", "invitation"):
        op.drop_column(table, "key_number")
