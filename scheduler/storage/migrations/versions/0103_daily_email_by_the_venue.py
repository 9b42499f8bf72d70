"""digest choice daily_at_venue: by whose clock a person's daily email comes."""

import sqlalchemy as sa
from alembic import op

revision = "0103"
down_revision = "0092"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "digest_choice", sa.Column("daily_at_venue", sa.Boolean(), nullable=False, server_default=sa.false())
    )


def downgrade() -> None:
    op.drop_column("digest_choice", "daily_at_venue")
