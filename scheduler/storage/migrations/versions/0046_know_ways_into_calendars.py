"""know by which ways people take meetings into their calendars."""

import sqlalchemy as sa
from alembic import op

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None

WAYS = ("file", "follow", "feed", "google", "outlook", "microsoft365", "copy", "code", "print")


def upgrade() -> None:
    op.create_table(
        "calendar_use",
        sa.Column("attendee_id", sa.Integer(), nullable=False),
        sa.Column(
            "way",
            sa.Enum(*WAYS, name="calendar_way", native_enum=False, create_constraint=True, length=16),
            nullable=False,
        ),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["attendee_id"], ["attendee.id"], name=op.f("fk_calendar_use_attendee_id_attendee")
        ),
        sa.PrimaryKeyConstraint("attendee_id", "way", name=op.f("pk_calendar_use")),
    )


def downgrade() -> None:
    op.drop_table("calendar_use")
