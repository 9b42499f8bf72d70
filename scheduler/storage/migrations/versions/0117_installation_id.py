"""installation: id, epoch, and whether the database is a copy."""

import sqlalchemy as sa
from alembic import op

revision = "0117"
down_revision = "0116"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("installation", sa.Column("key", sa.String(32), nullable=True))
    op.add_column("installation", sa.Column("epoch", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("installation", sa.Column("copy_kind", sa.String(16), nullable=True))


def downgrade() -> None:
    op.drop_column("installation", "copy_kind")
    op.drop_column("installation", "epoch")
    op.drop_column("installation", "key")
