"""phone calls: who phones an attendee whom no mail reaches, and what came of it."""

import sqlalchemy as sa
from alembic import op

revision = "0074"
down_revision = "0073"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "phone_call",
        sa.Column("attendee_id", sa.Integer(), nullable=False),
        sa.Column("caller_id", sa.Integer(), nullable=True),
        sa.Column("note", sa.String(500), server_default="", nullable=False),
        sa.Column("changed_by", sa.Integer(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["attendee_id"], ["attendee.id"], name=op.f("fk_phone_call_attendee_id_attendee")
        ),
        sa.ForeignKeyConstraint(["caller_id"], ["account.id"], name=op.f("fk_phone_call_caller_id_account")),
        sa.ForeignKeyConstraint(
            ["changed_by"], ["account.id"], name=op.f("fk_phone_call_changed_by_account")
        ),
        sa.PrimaryKeyConstraint("attendee_id", name=op.f("pk_phone_call")),
    )


def downgrade() -> None:
    op.drop_table("phone_call")
