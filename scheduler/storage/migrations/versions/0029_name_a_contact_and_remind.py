"""name whom to call, and remind attendees before their meetings."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("event", sa.Column("contact", sa.String(200), server_default="", nullable=False))
    op.add_column("event", sa.Column("remind_minutes", sa.Integer(), server_default="0", nullable=False))


def downgrade() -> None:
    op.drop_column("event", "remind_minutes")
    op.drop_column("event", "contact")
