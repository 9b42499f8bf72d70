"""compliance_answer: organisers' answers to the topics of a compliance audit."""

import sqlalchemy as sa
from alembic import op

revision = "0131"
down_revision = "0130"
branch_labels = None
depends_on = None

_TOPICS = (
    "consent", "notice", "joint", "processors", "mergers", "disclosure", "automation", "publication",
    "cameras", "sensitive", "transfers", "retention", "rights", "training", "security", "officer",
    "assessment", "incidents",
)  # fmt: skip


def upgrade() -> None:
    op.create_table(
        "compliance_answer",
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column(
            "topic",
            sa.Enum(*_TOPICS, name="compliance_topic", native_enum=False, create_constraint=True, length=16),
            nullable=False,
        ),
        sa.Column("is_applicable", sa.Boolean(), nullable=False),
        sa.Column("text", sa.String(length=2000), nullable=False),
        sa.Column("changed_by", sa.Integer(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name=op.f("fk_compliance_answer_event_id_event")),
        sa.ForeignKeyConstraint(
            ["changed_by"], ["account.id"], name=op.f("fk_compliance_answer_changed_by_account")
        ),
        sa.PrimaryKeyConstraint("event_id", "topic", name=op.f("pk_compliance_answer")),
    )
    op.create_index(op.f("ix_compliance_answer_changed_by"), "compliance_answer", ["changed_by"])


def downgrade() -> None:
    op.drop_table("compliance_answer")
