"""firm logo: a small PNG a firm, and the digest that its address names."""

import sqlalchemy as sa
from alembic import op

revision = "0059"
down_revision = "0058"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("firm", sa.Column("logo", sa.String(length=16), nullable=True))
    op.create_table(
        "firm_logo",
        sa.Column("firm_id", sa.Integer(), nullable=False),
        sa.Column("octets", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["firm_id"], ["firm.id"], name=op.f("fk_firm_logo_firm_id_firm")),
        sa.PrimaryKeyConstraint("firm_id", name=op.f("pk_firm_logo")),
    )


def downgrade() -> None:
    op.drop_table("firm_logo")
    op.drop_column("firm", "logo")
