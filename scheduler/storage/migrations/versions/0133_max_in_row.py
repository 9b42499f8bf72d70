"""attendee.max_in_row: the most meetings of a person in a row. Null: the limit of the event's policy."""

import sqlalchemy as sa
from alembic import op

revision = "0133"
down_revision = "0132"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("attendee", sa.Column("max_in_row", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("attendee", "max_in_row")
