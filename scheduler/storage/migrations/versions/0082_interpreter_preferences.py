"""interpreter preferences: the language and the time zone that an interpreter chose."""

import sqlalchemy as sa
from alembic import op

revision = "0082"
down_revision = "0081"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("interpreter", sa.Column("mail_language", sa.String(8), nullable=False, server_default=""))
    op.add_column("interpreter", sa.Column("timezone", sa.String(64), nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("interpreter", "timezone")
    op.drop_column("interpreter", "mail_language")
