"""let organisers lock a request to a time."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "meeting_request", sa.Column("fixed_must", sa.Boolean(), server_default=sa.false(), nullable=False)
    )


def downgrade() -> None:
    with op.batch_alter_table("meeting_request") as batch_op:
        batch_op.drop_column("fixed_must")
