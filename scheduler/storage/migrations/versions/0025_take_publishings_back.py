"""take publishings back, pause and stop mails, say who is told what."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

STATES = "('asked', 'running', 'done', 'failed', 'taken_back')"
BEFORE = "('asked', 'running', 'done', 'failed')"


def upgrade() -> None:
    op.add_column("event", sa.Column("mails_paused_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("event", sa.Column("publish_hold", sa.Integer(), server_default="5", nullable=False))
    op.add_column("outbox_mail", sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("comparison", sa.Column("told", sa.JSON(), nullable=True))
    op.add_column("version_job", sa.Column("begins_at", sa.DateTime(timezone=True), nullable=True))
    # Drafts are compared anew, with who is told what.
    drafts = "SELECT version_id FROM comparison WHERE key <> 'final'"
    op.execute(f"DELETE FROM comparison_part WHERE version_id IN ({drafts})")
    op.execute("DELETE FROM comparison WHERE key <> 'final'")
    _states(STATES)


def downgrade() -> None:
    op.execute("UPDATE version_job SET state = 'failed' WHERE state = 'taken_back'")
    _states(BEFORE)
    op.drop_column("version_job", "begins_at")
    op.drop_column("comparison", "told")
    op.drop_column("outbox_mail", "stopped_at")
    op.drop_column("event", "publish_hold")
    op.drop_column("event", "mails_paused_at")


def _states(states: str) -> None:
    """The states that a job may have."""
    name = op.f("ck_version_job_job_state")
    with op.batch_alter_table("version_job") as batch_op:
        batch_op.drop_constraint(name, type_="check")
        batch_op.create_check_constraint(name, f"state IN {states}")
