"""keep who is late for a meeting, and which version a person has seen on the week's page."""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "late_notice",
        sa.Column("request_id", sa.Integer(), nullable=False),
        sa.Column("attendee_id", sa.Integer(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("said_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["request_id"], ["meeting_request.id"], name=op.f("fk_late_notice_request_id_meeting_request")
        ),
        sa.ForeignKeyConstraint(
            ["attendee_id"], ["attendee.id"], name=op.f("fk_late_notice_attendee_id_attendee")
        ),
        sa.PrimaryKeyConstraint("request_id", "attendee_id", name=op.f("pk_late_notice")),
    )
    # In one statement, which SQLite takes for a table that others refer to.
    op.execute(
        "ALTER TABLE attendee ADD COLUMN seen_version_id INTEGER"
        " CONSTRAINT fk_attendee_seen_version_id_schedule_version REFERENCES schedule_version (id)"
    )


def downgrade() -> None:
    op.drop_column("attendee", "seen_version_id")
    op.drop_table("late_notice")
