"""keep busy times."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "busy_source",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("attendee_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=32), nullable=False),
        sa.Column("is_saved", sa.Boolean(), nullable=False),
        sa.Column("name", sa.String(length=253), nullable=False),
        sa.Column("address", sa.LargeBinary(), nullable=True),
        sa.Column("timezone", sa.String(length=64), nullable=False),
        sa.Column("found", sa.JSON(), nullable=False),
        sa.Column("octets", sa.LargeBinary(), nullable=True),
        sa.Column("etag", sa.String(length=250), nullable=False),
        sa.Column("modified", sa.String(length=250), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("failure", sa.String(length=300), nullable=False),
        sa.Column("next_fetch_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["attendee_id"], ["attendee.id"], name=op.f("fk_busy_source_attendee_id_attendee")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_busy_source")),
        sa.UniqueConstraint("key", name=op.f("uq_busy_source_key")),
    )
    op.create_index("ix_busy_source_attendee_id", "busy_source", ["attendee_id"])
    op.create_index("ix_busy_source_next_fetch_at", "busy_source", ["next_fetch_at"])


def downgrade() -> None:
    op.drop_table("busy_source")
