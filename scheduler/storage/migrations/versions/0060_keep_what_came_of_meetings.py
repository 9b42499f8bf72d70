"""keep what each side of a meeting says that came of it."""

import sqlalchemy as sa
from alembic import op

revision = "0060"
down_revision = "0059"
branch_labels = None
depends_on = None


def upgrade() -> None:
    side = sa.Enum("from", "to", name="outcome_side", native_enum=False, create_constraint=True, length=16)
    kinds = ("none", "follow-up", "intent", "signed")
    kind = sa.Enum(*kinds, name="outcome_kind", native_enum=False, create_constraint=True, length=16)
    op.create_table(
        "meeting_outcome",
        sa.Column("request_id", sa.Integer(), nullable=False),
        sa.Column("side", side, nullable=False),
        sa.Column("kind", kind, nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=True),
        sa.Column("said_by", sa.Integer(), nullable=False),
        sa.Column("said_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("before", sa.JSON(), nullable=True),
        sa.CheckConstraint("amount >= 1", name=op.f("ck_meeting_outcome_amount_positive")),
        sa.ForeignKeyConstraint(
            ["request_id"], ["meeting_request.id"], name=op.f("fk_meeting_outcome_request_id_meeting_request")
        ),
        sa.ForeignKeyConstraint(
            ["said_by"], ["attendee.id"], name=op.f("fk_meeting_outcome_said_by_attendee")
        ),
        sa.PrimaryKeyConstraint("request_id", "side", name=op.f("pk_meeting_outcome")),
    )


def downgrade() -> None:
    op.drop_table("meeting_outcome")
