"""keep figures: what versions are worth, worked out once."""

import sqlalchemy as sa
from alembic import op

revision = "0066"
down_revision = "0065"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "kept_figure",
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("mark", sa.String(length=40), nullable=False),
        sa.Column("octets", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["version_id"], ["schedule_version.id"], name=op.f("fk_kept_figure_version_id_schedule_version")
        ),
        sa.PrimaryKeyConstraint("version_id", "name", name=op.f("pk_kept_figure")),
    )


def downgrade() -> None:
    op.drop_table("kept_figure")
