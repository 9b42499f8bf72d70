"""publish by jobs: what is asked for, what a comparison found, and what a calendar was told as columns."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_OPEN = "state IN ('asked', 'running')"


def upgrade() -> None:
    _jobs()
    _comparisons()
    op.add_column("invitation", sa.Column("facts", sa.String(length=48), nullable=True))
    op.add_column("outbox_mail", sa.Column("method", sa.String(length=16), nullable=True))
    op.add_column("outbox_mail", sa.Column("sequence", sa.Integer(), nullable=True))
    text = "payload->>'{}'" if op.get_bind().dialect.name == "postgresql" else "json_extract(payload, '$.{}')"
    said = f"method = {text.format('method')}, sequence = CAST({text.format('sequence')} AS INTEGER)"
    op.execute(f"UPDATE outbox_mail SET {said} WHERE request_id IS NOT NULL")
    op.create_index("ix_outbox_mail_event_id_uid", "outbox_mail", ["event_id", "uid", "attendee_id", "id"])


def _jobs() -> None:
    op.create_table(
        "version_job",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("compared_with", sa.Integer(), nullable=True),
        sa.Column("budget", sa.Integer(), nullable=True),
        sa.Column("asked_by", sa.Integer(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("heartbeat_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("worker", sa.String(length=120), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("after", sa.Integer(), nullable=False),
        sa.Column("mails", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.CheckConstraint("kind IN ('compare', 'publish')", name=op.f("ck_version_job_job_kind")),
        sa.CheckConstraint(
            "state IN ('asked', 'running', 'done', 'failed')", name=op.f("ck_version_job_job_state")
        ),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name=op.f("fk_version_job_event_id_event")),
        sa.ForeignKeyConstraint(
            ["version_id"], ["schedule_version.id"], name=op.f("fk_version_job_version_id_schedule_version")
        ),
        sa.ForeignKeyConstraint(["asked_by"], ["account.id"], name=op.f("fk_version_job_asked_by_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_version_job")),
    )
    op.create_index("ix_version_job_state", "version_job", ["state"])
    op.create_index("ix_version_job_version_id", "version_job", ["version_id"])
    _one_open("uq_version_job_comparing", "version_id", "compare")
    _one_open("uq_version_job_publishing", "event_id", "publish")


def _one_open(name: str, column: str, kind: str) -> None:
    where = sa.text(f"kind = '{kind}' AND {_OPEN}")
    op.create_index(name, "version_job", [column], unique=True, sqlite_where=where, postgresql_where=where)


def _comparisons() -> None:
    op.create_table(
        "comparison",
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("compared_with", sa.Integer(), nullable=True),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("touched", sa.Integer(), nullable=False),
        sa.Column("people_told", sa.Integer(), nullable=False),
        sa.Column("left_out", sa.JSON(), nullable=False),
        sa.Column("mails", sa.Integer(), nullable=True),
        sa.Column("summaries", sa.Integer(), nullable=True),
        sa.Column("people", sa.Integer(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["version_id"], ["schedule_version.id"], name=op.f("fk_comparison_version_id_schedule_version")
        ),
        sa.PrimaryKeyConstraint("version_id", name=op.f("pk_comparison")),
    )
    op.create_table(
        "comparison_part",
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("rows", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["version_id"], ["comparison.version_id"], name=op.f("fk_comparison_part_version_id_comparison")
        ),
        sa.PrimaryKeyConstraint("version_id", "number", name=op.f("pk_comparison_part")),
    )


def downgrade() -> None:
    op.drop_index("ix_outbox_mail_event_id_uid", "outbox_mail")
    op.drop_column("outbox_mail", "sequence")
    op.drop_column("outbox_mail", "method")
    op.drop_column("invitation", "facts")
    op.drop_table("comparison_part")
    op.drop_table("comparison")
    op.drop_table("version_job")
