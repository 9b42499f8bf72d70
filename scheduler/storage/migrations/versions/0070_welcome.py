"""welcome: who was invited to the event by mail, and when an account signed in last."""

import sqlalchemy as sa
from alembic import op

revision = "0070"
down_revision = "0069"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("attendee", sa.Column("welcomed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("account", sa.Column("signed_in_at", sa.DateTime(timezone=True), nullable=True))
    op.execute(
        "UPDATE account SET signed_in_at = "
        "(SELECT max(made_at) FROM web_session WHERE web_session.account_id = account.id)"
    )


def downgrade() -> None:
    op.drop_column("account", "signed_in_at")
    op.drop_column("attendee", "welcomed_at")
