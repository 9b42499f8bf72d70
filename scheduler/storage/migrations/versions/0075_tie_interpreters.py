"""tie interpreters: the table at which an interpreter sits in a slot."""

import sqlalchemy as sa
from alembic import op

revision = "0075"
down_revision = "0074"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "interpreter_station",
        sa.Column("interpreter_id", sa.Integer(), nullable=False),
        sa.Column("slot_id", sa.Integer(), nullable=False),
        sa.Column("place_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["interpreter_id"],
            ["interpreter.id"],
            name=op.f("fk_interpreter_station_interpreter_id_interpreter"),
        ),
        sa.ForeignKeyConstraint(["slot_id"], ["slot.id"], name=op.f("fk_interpreter_station_slot_id_slot")),
        sa.ForeignKeyConstraint(
            ["place_id"], ["place.id"], name=op.f("fk_interpreter_station_place_id_place")
        ),
        sa.PrimaryKeyConstraint("interpreter_id", "slot_id", name=op.f("pk_interpreter_station")),
    )
    op.create_index("ix_interpreter_station_place_id", "interpreter_station", ["place_id"])


def downgrade() -> None:
    op.drop_index("ix_interpreter_station_place_id", table_name="interpreter_station")
    op.drop_table("interpreter_station")
