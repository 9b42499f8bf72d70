"""import fixes: what an organiser changed of a file before it is imported."""

import sqlalchemy as sa
from alembic import op

revision = "0092"
down_revision = "0089"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("import_file", sa.Column("fixes", sa.JSON(), nullable=False, server_default="{}"))


def downgrade() -> None:
    op.drop_column("import_file", "fixes")
