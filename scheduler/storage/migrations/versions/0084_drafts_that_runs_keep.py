"""drafts that runs keep: the version by hand whose steps a run holds to."""

import sqlalchemy as sa
from alembic import op

revision = "0084"
down_revision = "0083"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("run", sa.Column("hand_draft", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("run", "hand_draft")
