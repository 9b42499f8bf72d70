"""change the venue: slots that are gone, names of halls in several languages, pauses, guests of honour."""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

KINDS = sa.Enum("break", "special", name="pause_kind", native_enum=False, create_constraint=True, length=16)
LAST = (
    "SELECT last.id FROM slot AS start JOIN slot AS last ON last.event_id = start.event_id"
    " AND last.position = start.position + planned_meeting.length - 1"
    " WHERE start.id = planned_meeting.slot_id"
)


def upgrade() -> None:
    op.add_column("event", sa.Column("guests", sa.JSON(), server_default="[]", nullable=False))
    op.add_column("hall", sa.Column("names", sa.JSON(), server_default="{}", nullable=False))
    op.add_column("slot", sa.Column("is_retired", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_table(
        "pause",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("kind", KINDS, nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("end", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name=op.f("fk_pause_event_id_event")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pause")),
    )
    op.create_index("ix_pause_event_id", "pause", ["event_id"])
    column = sa.Column("last_slot_id", sa.Integer(), server_default="0", nullable=False)
    op.add_column("planned_meeting", column)
    op.execute(f"UPDATE planned_meeting SET last_slot_id = coalesce(({LAST}), slot_id)")


def downgrade() -> None:
    op.drop_column("planned_meeting", "last_slot_id")
    op.drop_index("ix_pause_event_id", "pause")
    op.drop_table("pause")
    op.drop_column("slot", "is_retired")
    op.drop_column("hall", "names")
    op.drop_column("event", "guests")
