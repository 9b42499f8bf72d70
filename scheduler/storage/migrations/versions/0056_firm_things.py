"""firm things: what a firm offers, needs and makes, in lists."""

import sqlalchemy as sa
from alembic import op

revision = "0056"
down_revision = "0055"
branch_labels = None
depends_on = None

LISTS = ("offers", "needs", "products")


def upgrade() -> None:
    for name in LISTS:
        op.add_column("firm", sa.Column(name, sa.JSON(), nullable=False, server_default="[]"))


def downgrade() -> None:
    for name in LISTS:
        op.drop_column("firm", name)
