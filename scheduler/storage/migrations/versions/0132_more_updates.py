"""meeting_outcome, invitation_reply, outbox_email: updated_at; meeting_outcome.withdrawn_at.

Existing rows count as changed by the upgrade.
"""

import sqlalchemy as sa
from alembic import op

revision = "0132"
down_revision = "0131"
branch_labels = None
depends_on = None

TABLES = ("meeting_outcome", "invitation_reply", "outbox_email")


def upgrade() -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    # SQLite adds a column only with a constant default, which no later insert uses.
    default = sa.text("'1970-01-01 00:00:00'") if is_sqlite else sa.func.now()
    op.add_column("meeting_outcome", sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True))
    for table in TABLES:
        op.add_column(
            table,
            sa.Column("updated_at", sa.DateTime(timezone=True), server_default=default, nullable=False),
        )
        if is_sqlite:
            op.execute(f"UPDATE {table} SET updated_at = CURRENT_TIMESTAMP")
    op.create_index(op.f("ix_meeting_outcome_updates"), "meeting_outcome", ["updated_at", "request_id"])
    updates = ["event_id", "updated_at", "id"]
    op.create_index(op.f("ix_invitation_reply_updates"), "invitation_reply", updates)
    op.create_index(
        op.f("ix_outbox_email_updates"), "outbox_email", updates,
        postgresql_where=sa.text("uid IS NOT NULL"), sqlite_where=sa.text("uid IS NOT NULL"),
    )  # fmt: skip


def downgrade() -> None:
    for table in TABLES:
        op.drop_index(op.f(f"ix_{table}_updates"), table_name=table)
        op.drop_column(table, "updated_at")
    op.execute("DELETE FROM meeting_outcome WHERE withdrawn_at IS NOT NULL")
    op.drop_column("meeting_outcome", "withdrawn_at")
