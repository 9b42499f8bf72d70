"""deleted events: they are there for nobody at once, and a worker deletes their rows."""

import sqlalchemy as sa
from alembic import op

revision = "0101"
down_revision = "0103"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("event", sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("event", sa.Column("deleted_by_id", sa.Integer(), nullable=True))
    op.create_index("ix_event_deleted_at", "event", ["deleted_at"])


def downgrade() -> None:
    op.drop_index("ix_event_deleted_at", "event")
    op.drop_column("event", "deleted_by_id")
    op.drop_column("event", "deleted_at")
