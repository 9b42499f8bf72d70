"""limit the changes that a run may make to improve a plan."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("run", sa.Column("max_moved", sa.Integer(), server_default="0", nullable=False))


def downgrade() -> None:
    op.drop_column("run", "max_moved")
