"""attendee.max_days: the most days on which a person has meetings. Null: the limit of the event's policy."""

import sqlalchemy as sa
from alembic import op

revision = "0129"
down_revision = "0128"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("attendee", sa.Column("max_days", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("attendee", "max_days")
