"""preview dials: what a run would make of other settings, one an event."""

import sqlalchemy as sa
from alembic import op

revision = "0054"
down_revision = "0053"
branch_labels = None
depends_on = None

STATES = ("asked", "running", "done", "failed", "taken_back")


def upgrade() -> None:
    state = sa.Enum(*STATES, name="preview_state", native_enum=False, create_constraint=True, length=16)
    op.create_table(
        "preview",
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", state, nullable=False),
        sa.Column("policy", sa.JSON(), nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("heartbeat_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("progress", sa.JSON(), nullable=False),
        sa.Column("result", sa.JSON(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name=op.f("fk_preview_event_id_event")),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_preview")),
    )


def downgrade() -> None:
    op.drop_table("preview")
