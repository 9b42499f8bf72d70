"""import by jobs: what a worker does with a large file, and what it found."""

import sqlalchemy as sa
from alembic import op

revision = "0053"
down_revision = "0052"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "import_job",
        sa.Column("file_id", sa.Integer(), nullable=False),
        sa.Column("work", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("asked_by", sa.Integer(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("heartbeat_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("worker", sa.String(length=120), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=32), nullable=False),
        sa.Column("found", sa.JSON(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.CheckConstraint("work IN ('look', 'take')", name=op.f("ck_import_job_file_work")),
        sa.CheckConstraint(
            "state IN ('asked', 'running', 'done', 'failed', 'taken_back')",
            name=op.f("ck_import_job_import_job_state"),
        ),
        sa.ForeignKeyConstraint(
            ["file_id"],
            ["import_file.id"],
            name=op.f("fk_import_job_file_id_import_file"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["asked_by"], ["account.id"], name=op.f("fk_import_job_asked_by_account")),
        sa.PrimaryKeyConstraint("file_id", name=op.f("pk_import_job")),
    )
    op.create_index("ix_import_job_state", "import_job", ["state"])


def downgrade() -> None:
    op.drop_table("import_job")
