"""installation: what is still to do after a restore: ended secrets, and the mailbox."""

import sqlalchemy as sa
from alembic import op

revision = "0119"
down_revision = "0118"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("installation", sa.Column("secrets_ended_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("installation", sa.Column("mailbox_from", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("installation", "mailbox_from")
    op.drop_column("installation", "secrets_ended_at")
