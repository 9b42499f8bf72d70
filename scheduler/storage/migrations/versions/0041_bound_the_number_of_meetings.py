"""bound the number of meetings that any plan can hold."""

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("schedule_version", sa.Column("meetings_bound", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("schedule_version", "meetings_bound")
