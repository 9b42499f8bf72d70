"""drop parts of searches: they go over the broker."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_table("search_part")


def downgrade() -> None:
    op.create_table(
        "search_part",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("part", sa.LargeBinary(), nullable=True),
        sa.Column("worker", sa.String(length=120), nullable=True),
        sa.Column("answer", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_search_part_run_id_run")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search_part")),
    )
    with op.batch_alter_table("search_part", schema=None) as batch_op:
        batch_op.create_index("ix_search_part_run_id", ["run_id"], unique=False)
