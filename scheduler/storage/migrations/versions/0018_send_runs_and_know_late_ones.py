"""send runs again ever more slowly, and know late ones."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("run", sa.Column("begin_by", sa.DateTime(timezone=True), nullable=True))
    op.add_column("run", sa.Column("send_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("run", sa.Column("sends", sa.Integer(), server_default="0", nullable=False))
    op.add_column("event", sa.Column("rerun_late", sa.Integer(), server_default="60", nullable=False))


def downgrade() -> None:
    op.drop_column("event", "rerun_late")
    for column in ("sends", "send_at", "begin_by"):
        op.drop_column("run", column)
