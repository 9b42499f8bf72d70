"""begin events with files: a file may wait for the event that is made of it."""

import sqlalchemy as sa
from alembic import op

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("import_file") as batch_op:
        batch_op.alter_column("event_id", existing_type=sa.Integer(), nullable=True)


def downgrade() -> None:
    op.execute("DELETE FROM import_file WHERE event_id IS NULL")
    with op.batch_alter_table("import_file") as batch_op:
        batch_op.alter_column("event_id", existing_type=sa.Integer(), nullable=False)
