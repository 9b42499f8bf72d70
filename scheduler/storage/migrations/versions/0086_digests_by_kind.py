"""digests by kind: new requests, reminders and responses are each sent at once or once a day."""

import sqlalchemy as sa
from alembic import op

revision = "0086"
down_revision = "0085"
branch_labels = None
depends_on = None

KINDS = ("asked", "reminders", "answers")


def upgrade() -> None:
    for kind in KINDS:
        op.add_column(
            "digest_choice",
            sa.Column(f"{kind}_at_once", sa.Boolean(), nullable=False, server_default=sa.false()),
        )
    op.execute(
        "UPDATE digest_choice SET"
        " asked_at_once = at_once, reminders_at_once = at_once, answers_at_once = at_once"
    )
    op.drop_column("digest_choice", "at_once")


def downgrade() -> None:
    op.add_column(
        "digest_choice", sa.Column("at_once", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.execute("UPDATE digest_choice SET at_once = asked_at_once")
    for kind in KINDS:
        op.drop_column("digest_choice", f"{kind}_at_once")
