"""keep how a file is to be taken, the step that undoes it, and what an event's words mean."""

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("import_file", sa.Column("options", sa.JSON(), server_default="{}", nullable=False))
    op.execute(
        "ALTER TABLE import_file ADD COLUMN step_id INTEGER"
        " CONSTRAINT fk_import_file_step_id_desk_step REFERENCES desk_step (id)"
    )
    op.add_column("event", sa.Column("import_words", sa.JSON(), server_default="{}", nullable=False))
    op.add_column("event", sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("event", "archived_at")
    op.drop_column("event", "import_words")
    with op.batch_alter_table("import_file") as batch_op:
        batch_op.drop_column("step_id")
        batch_op.drop_column("options")
