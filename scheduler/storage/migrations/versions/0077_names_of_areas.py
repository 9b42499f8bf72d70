"""names of areas: what the chain areas are called in other languages."""

import sqlalchemy as sa
from alembic import op

revision = "0077"
down_revision = "0076"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("event", sa.Column("area_names", sa.JSON(), nullable=False, server_default="{}"))


def downgrade() -> None:
    op.drop_column("event", "area_names")
