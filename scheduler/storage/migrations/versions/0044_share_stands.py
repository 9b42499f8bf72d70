"""share stands: the firm at whose stand another one stands."""

from alembic import op

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # in one statement, which SQLite takes for a table that others refer to
    op.execute(
        "ALTER TABLE firm ADD COLUMN host_id INTEGER CONSTRAINT fk_firm_host_id_firm REFERENCES firm (id)"
    )
    op.create_index("ix_firm_host_id", "firm", ["host_id"])


def downgrade() -> None:
    op.drop_index("ix_firm_host_id", "firm")
    op.drop_column("firm", "host_id")
