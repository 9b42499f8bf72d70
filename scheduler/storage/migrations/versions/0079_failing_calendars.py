"""failing calendars: since when a linked calendar fails, and when its owner got an email about it."""

import sqlalchemy as sa
from alembic import op

revision = "0079"
down_revision = "0078"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("busy_source", sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True))
    op.add_column("busy_source", sa.Column("failure_sent_at", sa.DateTime(timezone=True), nullable=True))
    # what fails already is shown at once, and told as soon as it fails again
    op.execute("UPDATE busy_source SET failing_since = read_at WHERE is_saved AND failure <> ''")


def downgrade() -> None:
    op.drop_column("busy_source", "failure_sent_at")
    op.drop_column("busy_source", "failing_since")
