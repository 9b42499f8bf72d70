"""forbid times of requests by hand."""

import sqlalchemy as sa
from alembic import op

revision = "0057"
down_revision = "0056"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "hand_ban",
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("request_id", sa.Integer(), nullable=False),
        sa.Column("slot_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["version_id"], ["hand_draft.version_id"], name=op.f("fk_hand_ban_version_id_hand_draft")
        ),
        sa.ForeignKeyConstraint(
            ["request_id"], ["meeting_request.id"], name=op.f("fk_hand_ban_request_id_meeting_request")
        ),
        sa.ForeignKeyConstraint(["slot_id"], ["slot.id"], name=op.f("fk_hand_ban_slot_id_slot")),
        sa.PrimaryKeyConstraint("version_id", "request_id", "slot_id", name=op.f("pk_hand_ban")),
    )


def downgrade() -> None:
    op.drop_table("hand_ban")
