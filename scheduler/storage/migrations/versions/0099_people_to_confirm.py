"""people to confirm: who was imported by a chamber, and whether they are to answer for their firm."""

import sqlalchemy as sa
from alembic import op

revision = "0099"
down_revision = "0092"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("attendee") as attendee:
        attendee.add_column(sa.Column("imported_by", sa.Integer(), nullable=True))
        attendee.add_column(
            sa.Column("is_exhibitor_proposed", sa.Boolean(), server_default=sa.false(), nullable=False)
        )
        attendee.create_foreign_key(
            attendee.f("fk_attendee_imported_by_account"), "account", ["imported_by"], ["id"]
        )
        attendee.create_index(attendee.f("ix_attendee_imported_by"), ["imported_by"])


def downgrade() -> None:
    with op.batch_alter_table("attendee") as attendee:
        attendee.drop_index(attendee.f("ix_attendee_imported_by"))
        attendee.drop_constraint(attendee.f("fk_attendee_imported_by_account"), type_="foreignkey")
        attendee.drop_column("is_exhibitor_proposed")
        attendee.drop_column("imported_by")
