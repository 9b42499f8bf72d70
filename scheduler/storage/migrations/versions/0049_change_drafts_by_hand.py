"""change drafts by hand: their steps, and what the next run leaves as it is."""

import sqlalchemy as sa
from alembic import op

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "hand_draft",
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("base_id", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("begun_by", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["version_id"], ["schedule_version.id"], name=op.f("fk_hand_draft_version_id_schedule_version")
        ),
        sa.ForeignKeyConstraint(
            ["base_id"], ["schedule_version.id"], name=op.f("fk_hand_draft_base_id_schedule_version")
        ),
        sa.ForeignKeyConstraint(["begun_by"], ["account.id"], name=op.f("fk_hand_draft_begun_by_account")),
        sa.PrimaryKeyConstraint("version_id", name=op.f("pk_hand_draft")),
    )
    op.create_table(
        "hand_step",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "done",
                "undone",
                "replaced",
                name="hand_step_state",
                native_enum=False,
                create_constraint=True,
                length=16,
            ),
            nullable=False,
        ),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("taken_by", sa.Integer(), nullable=True),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changes", sa.JSON(), nullable=False),
        sa.Column("score", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["version_id"], ["hand_draft.version_id"], name=op.f("fk_hand_step_version_id_hand_draft")
        ),
        sa.ForeignKeyConstraint(["taken_by"], ["account.id"], name=op.f("fk_hand_step_taken_by_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hand_step")),
        sa.UniqueConstraint("version_id", "number", name=op.f("uq_hand_step_version_id_number")),
    )
    op.create_index("ix_hand_step_version_id_revision", "hand_step", ["version_id", "revision"])
    op.create_table(
        "hand_mark",
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("request_id", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "locked",
                "left_out",
                name="hand_mark_kind",
                native_enum=False,
                create_constraint=True,
                length=16,
            ),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["version_id"], ["hand_draft.version_id"], name=op.f("fk_hand_mark_version_id_hand_draft")
        ),
        sa.ForeignKeyConstraint(
            ["request_id"], ["meeting_request.id"], name=op.f("fk_hand_mark_request_id_meeting_request")
        ),
        sa.PrimaryKeyConstraint("version_id", "request_id", name=op.f("pk_hand_mark")),
    )


def downgrade() -> None:
    op.drop_table("hand_mark")
    op.drop_index("ix_hand_step_version_id_revision", "hand_step")
    op.drop_table("hand_step")
    op.drop_table("hand_draft")
