"""let people stop the summaries of an event."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("attendee", sa.Column("summary_hash", sa.String(64), nullable=True))
    op.add_column("attendee", sa.Column("summaries_off_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index("ix_attendee_summary_hash", "attendee", ["summary_hash"], unique=True)


def downgrade() -> None:
    op.drop_index("ix_attendee_summary_hash", "attendee")
    op.drop_column("attendee", "summaries_off_at")
    op.drop_column("attendee", "summary_hash")
