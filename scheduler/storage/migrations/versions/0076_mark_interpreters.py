"""mark interpreters: their addresses may bounce, as those of attendees."""

import sqlalchemy as sa
from alembic import op

revision = "0076"
down_revision = "0075"
branch_labels = None
depends_on = None


def upgrade() -> None:
    bounce = sa.Column("bounce", sa.String(length=300), server_default="", nullable=False)
    op.add_column("interpreter", bounce)
    op.add_column("interpreter", sa.Column("bounced_at", sa.DateTime(timezone=True), nullable=True))
    with op.batch_alter_table("address_report") as batch_op:
        batch_op.alter_column("attendee_id", existing_type=sa.Integer(), nullable=True)
        batch_op.add_column(sa.Column("interpreter_id", sa.Integer(), nullable=True))
        batch_op.create_foreign_key(
            op.f("fk_address_report_interpreter_id_interpreter"), "interpreter", ["interpreter_id"], ["id"]
        )
        batch_op.create_index("ix_address_report_interpreter_id", ["interpreter_id"])


def downgrade() -> None:
    op.execute("DELETE FROM address_report WHERE attendee_id IS NULL")
    with op.batch_alter_table("address_report") as batch_op:
        batch_op.drop_index("ix_address_report_interpreter_id")
        batch_op.drop_constraint(op.f("fk_address_report_interpreter_id_interpreter"), type_="foreignkey")
        batch_op.drop_column("interpreter_id")
        batch_op.alter_column("attendee_id", existing_type=sa.Integer(), nullable=False)
    op.drop_column("interpreter", "bounce")
    op.drop_column("interpreter", "bounced_at")
