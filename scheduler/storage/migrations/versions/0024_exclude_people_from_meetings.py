"""exclude people who declined from one meeting."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "excluded_person",
        sa.Column("request_id", sa.Integer(), nullable=False),
        sa.Column("attendee_id", sa.Integer(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("excluded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["attendee_id"], ["attendee.id"], name=op.f("fk_excluded_person_attendee_id_attendee")
        ),
        sa.ForeignKeyConstraint(
            ["request_id"],
            ["meeting_request.id"],
            name=op.f("fk_excluded_person_request_id_meeting_request"),
        ),
        sa.PrimaryKeyConstraint("request_id", "attendee_id", name=op.f("pk_excluded_person")),
    )


def downgrade() -> None:
    op.drop_table("excluded_person")
