"""find the requests of a firm without reading the event's."""

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_meeting_request_from_firm_id_state", "meeting_request", ["from_firm_id", "state"])


def downgrade() -> None:
    op.drop_index("ix_meeting_request_from_firm_id_state", "meeting_request")
