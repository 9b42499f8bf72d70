"""what runs lack: what a run was made for, what changed since the last one, and what it could not keep."""

import sqlalchemy as sa
from alembic import op

revision = "0088"
down_revision = "0087"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("run", sa.Column("basis", sa.LargeBinary()))
    op.add_column("run", sa.Column("changed", sa.JSON()))
    op.add_column("run", sa.Column("not_kept", sa.JSON()))


def downgrade() -> None:
    for name in ("not_kept", "changed", "basis"):
        op.drop_column("run", name)
