"""find what organisers decided: the few requests that are held back or locked, without reading all."""

import sqlalchemy as sa
from alembic import op

revision = "0069"
down_revision = "0068"
branch_labels = None
depends_on = None

NAMES = {"is_held_back": "ix_meeting_request_held_back", "fixed_must": "ix_meeting_request_locked"}


def upgrade() -> None:
    for column, name in NAMES.items():
        op.create_index(
            name,
            "meeting_request",
            ["event_id"],
            sqlite_where=sa.text(f"{column} = 1"),
            postgresql_where=sa.text(column),
        )


def downgrade() -> None:
    for name in NAMES.values():
        op.drop_index(name, table_name="meeting_request")
