"""keep notes about firms: what a firm saves, notes and excludes."""

import sqlalchemy as sa
from alembic import op

revision = "0050"
down_revision = "0049"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "firm_note",
        sa.Column("firm_id", sa.Integer(), nullable=False),
        sa.Column("about_id", sa.Integer(), nullable=False),
        sa.Column("is_saved", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("never_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("wanted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("changed_by", sa.Integer(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["firm_id"], ["firm.id"], name="fk_firm_note_firm_id_firm"),
        sa.ForeignKeyConstraint(["about_id"], ["firm.id"], name="fk_firm_note_about_id_firm"),
        sa.ForeignKeyConstraint(["changed_by"], ["attendee.id"], name="fk_firm_note_changed_by_attendee"),
        sa.PrimaryKeyConstraint("firm_id", "about_id", name="pk_firm_note"),
    )
    op.create_index("ix_firm_note_about_id", "firm_note", ["about_id"])


def downgrade() -> None:
    op.drop_table("firm_note")
