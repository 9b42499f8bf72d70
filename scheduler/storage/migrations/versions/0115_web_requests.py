"""outbox_email, run, version_job: web_request. outbox_email: accepted_reply, the mail server's."""

import sqlalchemy as sa
from alembic import op

revision = "0115"
down_revision = "0114"
branch_labels = None
depends_on = None

TABLES = ("outbox_email", "run", "version_job")


def upgrade() -> None:
    for table in TABLES:
        op.add_column(table, sa.Column("web_request", sa.String(64), nullable=True))
    op.add_column("outbox_email", sa.Column("accepted_reply", sa.String(200), nullable=True))


def downgrade() -> None:
    op.drop_column("outbox_email", "accepted_reply")
    for table in TABLES:
        op.drop_column(table, "web_request")
