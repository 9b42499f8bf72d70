"""unheld groups: what a version does not hold, in groups with the change that helps each best."""

import sqlalchemy as sa
from alembic import op

revision = "0062"
down_revision = "0061"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("schedule_version", sa.Column("groups", sa.JSON(), nullable=True))
    op.add_column("unscheduled_request", sa.Column("group_number", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("unscheduled_request", "group_number")
    op.drop_column("schedule_version", "groups")
