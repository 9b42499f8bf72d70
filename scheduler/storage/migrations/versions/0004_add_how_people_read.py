"""add how people read: the language and the time zone of their mails."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("attendee", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("mail_language", sa.String(length=8), server_default="", nullable=False)
        )
        batch_op.add_column(sa.Column("timezone", sa.String(length=64), server_default="", nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("attendee", schema=None) as batch_op:
        batch_op.drop_column("timezone")
        batch_op.drop_column("mail_language")
