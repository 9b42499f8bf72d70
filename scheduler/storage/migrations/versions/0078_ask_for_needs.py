"""ask for needs: what a firm does not want to be offered, and when it was asked what it needs."""

import sqlalchemy as sa
from alembic import op

revision = "0078"
down_revision = "0077"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("firm", sa.Column("unwanted", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column("firm", sa.Column("welcomed_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("firm", "welcomed_at")
    op.drop_column("firm", "unwanted")
