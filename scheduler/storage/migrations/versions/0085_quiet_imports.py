"""quiet imports: what an import writes is not told, and nobody is told before the first invitation."""

import sqlalchemy as sa
from alembic import op

revision = "0085"
down_revision = "0084"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("meeting_request", sa.Column("quiet_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("attendee", sa.Column("came_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("attendee", sa.Column("quiet_until", sa.DateTime(timezone=True), nullable=True))
    op.execute(
        "UPDATE attendee SET came_at ="
        " (SELECT signed_in_at FROM account WHERE account.id = attendee.account_id)"
    )
    op.drop_column("account", "signed_in_at")


def downgrade() -> None:
    op.add_column("account", sa.Column("signed_in_at", sa.DateTime(timezone=True), nullable=True))
    op.execute(
        "UPDATE account SET signed_in_at ="
        " (SELECT max(came_at) FROM attendee WHERE attendee.account_id = account.id)"
    )
    op.drop_column("attendee", "quiet_until")
    op.drop_column("attendee", "came_at")
    op.drop_column("meeting_request", "quiet_until")
