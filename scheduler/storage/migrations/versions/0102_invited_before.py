"""invited before: who had an invitation to a meeting before welcomes were counted is invited."""

from alembic import op

revision = "0102"
down_revision = "0097"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "UPDATE attendee SET welcomed_at = "
        "(SELECT min(dtstamp) FROM invitation WHERE invitation.attendee_id = attendee.id) "
        "WHERE welcomed_at IS NULL AND event_id IN (SELECT id FROM event WHERE live_at IS NOT NULL)"
    )


def downgrade() -> None:
    """They stay invited."""
