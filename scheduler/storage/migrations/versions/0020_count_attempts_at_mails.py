"""Count how often a mail was begun to be read, and the octets that are kept of it."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("inbound_mail") as table:
        table.add_column(sa.Column("kept", sa.Integer(), nullable=False, server_default="0"))
        table.add_column(sa.Column("attempts", sa.Integer(), nullable=False, server_default="0"))
        table.add_column(sa.Column("attempted_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE inbound_mail SET kept = length(raw)")
    with op.batch_alter_table("inbound_mail") as table:
        table.alter_column("kept", server_default=None)
        table.alter_column("attempts", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("inbound_mail") as table:
        table.drop_column("attempted_at")
        table.drop_column("attempts")
        table.drop_column("kept")
