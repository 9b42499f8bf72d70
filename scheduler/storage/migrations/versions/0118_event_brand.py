"""event.brand and event_picture: logo, colours, sender name and banner of an event."""

import sqlalchemy as sa
from alembic import op

revision = "0118"
down_revision = "0117"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("event", sa.Column("brand", sa.JSON(), server_default="{}", nullable=False))
    op.create_table(
        "event_picture",
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("octets", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("kind IN ('logo', 'hero')", name=op.f("ck_event_picture_brand_picture")),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name=op.f("fk_event_picture_event_id_event")),
        sa.PrimaryKeyConstraint("event_id", "kind", name=op.f("pk_event_picture")),
    )


def downgrade() -> None:
    op.drop_table("event_picture")
    op.drop_column("event", "brand")
