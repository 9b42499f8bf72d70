"""find the reasons that a stopped run did not look into, by a job."""

import sqlalchemy as sa
from alembic import op

revision = "0097"
down_revision = "0101"
branch_labels = None
depends_on = None

OPEN = "kind = 'explain' AND state IN ('asked', 'running')"


def upgrade() -> None:
    _kinds("('compare', 'publish', 'begin', 'explain')")
    op.create_index(
        "uq_version_job_explaining",
        "version_job",
        ["version_id"],
        unique=True,
        sqlite_where=sa.text(OPEN),
        postgresql_where=sa.text(OPEN),
    )


def downgrade() -> None:
    op.drop_index("uq_version_job_explaining", "version_job")
    op.execute("DELETE FROM version_job WHERE kind = 'explain'")
    _kinds("('compare', 'publish', 'begin')")


def _kinds(kinds: str) -> None:
    """The kinds that a job may have."""
    name = op.f("ck_version_job_job_kind")
    with op.batch_alter_table("version_job") as batch_op:
        batch_op.drop_constraint(name, type_="check")
        batch_op.create_check_constraint(name, f"kind IN {kinds}")
