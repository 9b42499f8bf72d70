"""invitation.is_change: messages that told a person of a change of their meeting."""

import sqlalchemy as sa
from alembic import op

revision = "0113"
down_revision = "0112"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "invitation", sa.Column("is_change", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    # What was sent before: updates, and cancellations of meetings whose request nobody withdrew. The address
    # changes among the updates cannot be told apart.
    op.execute(
        "UPDATE invitation SET is_change = true WHERE sequence > 0 AND (method = 'REQUEST' OR EXISTS ("
        "SELECT 1 FROM meeting_request WHERE meeting_request.id = invitation.request_id"
        " AND meeting_request.state = 'accepted'))"
    )
    op.create_index(
        "ix_invitation_change",
        "invitation",
        ["event_id", "attendee_id"],
        sqlite_where=sa.text("is_change"),
        postgresql_where=sa.text("is_change"),
    )


def downgrade() -> None:
    op.drop_index("ix_invitation_change", "invitation")
    op.drop_column("invitation", "is_change")
