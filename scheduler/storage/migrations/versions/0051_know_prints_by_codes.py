"""know prints by the QR codes on them."""

import sqlalchemy as sa
from alembic import op

revision = "0051"
down_revision = "0050"
branch_labels = None
depends_on = None

PACKS = ("people", "firms", "places", "interpreters")


def upgrade() -> None:
    op.create_table(
        "print_code",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column(
            "pack",
            sa.Enum(*PACKS, name="print_pack", native_enum=False, create_constraint=True, length=16),
            nullable=False,
        ),
        sa.Column("subject_key", sa.String(length=64), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("seed", sa.String(length=32), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["version_id"], ["schedule_version.id"], name=op.f("fk_print_code_version_id_schedule_version")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_print_code")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_print_code_token_hash")),
    )
    op.create_index("ix_print_code_version_id", "print_code", ["version_id", "pack", "subject_key"])


def downgrade() -> None:
    op.drop_index("ix_print_code_version_id", "print_code")
    op.drop_table("print_code")
