"""onboarding_state: who hides the first steps of an event, and who has saved their busy times."""

import sqlalchemy as sa
from alembic import op

revision = "0121"
down_revision = "0120"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "onboarding_state",
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("is_hidden", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("has_saved_times", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_onboarding_state_account_id_account")
        ),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name=op.f("fk_onboarding_state_event_id_event")),
        sa.PrimaryKeyConstraint("event_id", "account_id", name=op.f("pk_onboarding_state")),
    )
    op.create_index(op.f("ix_onboarding_state_account_id"), "onboarding_state", ["account_id"])


def downgrade() -> None:
    op.drop_table("onboarding_state")
