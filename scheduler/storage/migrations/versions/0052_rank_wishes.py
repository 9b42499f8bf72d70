"""rank wishes: musts within a budget, an order, what the asked firm wants, drafts and templates."""

import sqlalchemy as sa
from alembic import op

revision = "0052"
down_revision = "0051"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("event", sa.Column("must_budget", sa.Integer(), server_default="5", nullable=False))
    op.add_column("meeting_request", sa.Column("wish_place", sa.Integer(), nullable=True))
    op.add_column("meeting_request", sa.Column("reply_priority", sa.Integer(), nullable=True))
    op.create_table(
        "request_draft",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("firm_id", sa.Integer(), nullable=False),
        sa.Column("to_firm_id", sa.Integer(), nullable=True),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("form", sa.JSON(), nullable=False),
        sa.Column("changed_by", sa.Integer(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["firm_id"], ["firm.id"], name="fk_request_draft_firm_id_firm"),
        sa.ForeignKeyConstraint(["to_firm_id"], ["firm.id"], name="fk_request_draft_to_firm_id_firm"),
        sa.ForeignKeyConstraint(["changed_by"], ["attendee.id"], name="fk_request_draft_changed_by_attendee"),
        sa.PrimaryKeyConstraint("id", name="pk_request_draft"),
    )
    op.create_index("ix_request_draft_firm_id", "request_draft", ["firm_id"])


def downgrade() -> None:
    op.drop_table("request_draft")
    op.drop_column("meeting_request", "reply_priority")
    op.drop_column("meeting_request", "wish_place")
    op.drop_column("event", "must_budget")
