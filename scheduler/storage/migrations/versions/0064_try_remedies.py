"""try remedies: what helps a group of requests that are not held, confirmed by a run beside the plan."""

from alembic import op

revision = "0064"
down_revision = "0063"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _kinds("('dials', 'curve', 'kept', 'remedy')")


def downgrade() -> None:
    op.execute("DELETE FROM what_if WHERE kind = 'remedy'")
    _kinds("('dials', 'curve', 'kept')")


def _kinds(kinds: str) -> None:
    """The kinds that a what-if may have."""
    name = op.f("ck_what_if_what_if_kind")
    with op.batch_alter_table("what_if", table_kwargs={"sqlite_autoincrement": True}) as batch_op:
        batch_op.drop_constraint(name, type_="check")
        batch_op.create_check_constraint(name, f"kind IN {kinds}")
