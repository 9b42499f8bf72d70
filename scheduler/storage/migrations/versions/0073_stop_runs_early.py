"""stop runs early: a run may be told to keep the best plan that it has, and says what it is for."""

import sqlalchemy as sa
from alembic import op

revision = "0073"
down_revision = "0072"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("run", sa.Column("stop_asked", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("run", sa.Column("note", sa.String(200), server_default="", nullable=False))


def downgrade() -> None:
    op.drop_column("run", "note")
    op.drop_column("run", "stop_asked")
