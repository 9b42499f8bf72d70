"""give firms a feed."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("firm", schema=None) as batch_op:
        batch_op.add_column(sa.Column("feed_seed", sa.String(length=32), nullable=True))
        batch_op.add_column(sa.Column("feed_hash", sa.String(length=64), nullable=True))
        batch_op.create_unique_constraint(op.f("uq_firm_feed_hash"), ["feed_hash"])


def downgrade() -> None:
    with op.batch_alter_table("firm", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("uq_firm_feed_hash"), type_="unique")
        batch_op.drop_column("feed_hash")
        batch_op.drop_column("feed_seed")
