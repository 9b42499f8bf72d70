"""busy by caldav: a calendar server is read with a user name and an app password, kept encrypted."""

import sqlalchemy as sa
from alembic import op

revision = "0068"
down_revision = "0067"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("busy_source", sa.Column("account", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    op.execute("DELETE FROM busy_source WHERE account IS NOT NULL")
    op.drop_column("busy_source", "account")
