"""changes only where they have to: a run that may change none, and one whose changes have no limit."""

import sqlalchemy as sa
from alembic import op

revision = "0096"
down_revision = "0088"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("run") as run:
        run.alter_column("max_moved", existing_type=sa.Integer(), nullable=True, server_default=None)
    op.execute("UPDATE run SET max_moved = NULL WHERE max_moved = 0")


def downgrade() -> None:
    op.execute("UPDATE run SET max_moved = 0 WHERE max_moved IS NULL")
    with op.batch_alter_table("run") as run:
        run.alter_column("max_moved", existing_type=sa.Integer(), nullable=False, server_default="0")
