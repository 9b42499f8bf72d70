"""colleagues: exhibitors keep the people of their firms, and say which areas each takes care of."""

import sqlalchemy as sa
from alembic import op

revision = "0065"
down_revision = "0064"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("attendee", sa.Column("areas", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column("event", sa.Column("colleagues", sa.Boolean(), nullable=False, server_default=sa.true()))


def downgrade() -> None:
    op.drop_column("event", "colleagues")
    op.drop_column("attendee", "areas")
