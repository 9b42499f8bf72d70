"""people to confirm: who was imported by a chamber, and whether they are to answer for their firm."""

import sqlalchemy as sa
from alembic import op

revision = "0099"
down_revision = "0102"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # In one statement, which SQLite takes for a table that others refer to.
    op.execute(
        "ALTER TABLE attendee ADD COLUMN imported_by INTEGER"
        " CONSTRAINT fk_attendee_imported_by_account REFERENCES account (id)"
    )
    op.create_index("ix_attendee_imported_by", "attendee", ["imported_by"])
    op.add_column(
        "attendee",
        sa.Column("is_exhibitor_proposed", sa.Boolean(), server_default=sa.false(), nullable=False),
    )


def downgrade() -> None:
    op.drop_column("attendee", "is_exhibitor_proposed")
    op.drop_index("ix_attendee_imported_by", "attendee")
    op.drop_column("attendee", "imported_by")
