"""busy source found_changes: how many fetches of a calendar found other busy times."""

import sqlalchemy as sa
from alembic import op

revision = "0109"
down_revision = "0107"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("busy_source", sa.Column("found_changes", sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    op.drop_column("busy_source", "found_changes")
