"""firm, attendee, interpreter, meeting_request: updated_at. Existing rows count as changed by the upgrade."""

import sqlalchemy as sa
from alembic import op

revision = "0127"
down_revision = "0126"
branch_labels = None
depends_on = None

TABLES = ("firm", "attendee", "interpreter", "meeting_request")


def upgrade() -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    # SQLite adds a column only with a constant default, which no later insert uses.
    default = sa.text("'1970-01-01 00:00:00'") if is_sqlite else sa.func.now()
    for table in TABLES:
        op.add_column(
            table,
            sa.Column("updated_at", sa.DateTime(timezone=True), server_default=default, nullable=False),
        )
        if is_sqlite:
            op.execute(f"UPDATE {table} SET updated_at = CURRENT_TIMESTAMP")
        op.create_index(op.f(f"ix_{table}_updates"), table, ["event_id", "updated_at", "id"])


def downgrade() -> None:
    for table in TABLES:
        op.drop_index(op.f(f"ix_{table}_updates"), table_name=table)
        op.drop_column(table, "updated_at")
