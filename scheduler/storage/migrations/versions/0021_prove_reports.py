"""prove delivery reports, and know other addresses of attendees."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

BOXES = ("answers", "reports", "old_reports")


def upgrade() -> None:
    op.add_column("attendee", sa.Column("bounce_hash", sa.String(length=64), nullable=True))
    op.create_index("ix_attendee_bounce_hash", "attendee", ["bounce_hash"], unique=True)
    # Reports that are known have done what they did; those to come are looked up by their token.
    with op.batch_alter_table("inbound_mail") as batch_op:
        batch_op.add_column(
            sa.Column(
                "box",
                sa.Enum(*BOXES, name="mail_box", native_enum=False, create_constraint=True, length=16),
                server_default="answers",
                nullable=False,
            )
        )
    op.create_table(
        "attendee_alias",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("attendee_id", sa.Integer(), nullable=False),
        sa.Column("address", sa.String(length=254), nullable=False),
        sa.Column("added_by", sa.Integer(), nullable=True),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_by", sa.Integer(), nullable=True),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["added_by"], ["account.id"], name=op.f("fk_attendee_alias_added_by_account")
        ),
        sa.ForeignKeyConstraint(
            ["attendee_id"], ["attendee.id"], name=op.f("fk_attendee_alias_attendee_id_attendee")
        ),
        sa.ForeignKeyConstraint(
            ["removed_by"], ["account.id"], name=op.f("fk_attendee_alias_removed_by_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attendee_alias")),
    )
    op.create_index("ix_attendee_alias_attendee_id", "attendee_alias", ["attendee_id"])


def downgrade() -> None:
    op.drop_table("attendee_alias")
    with op.batch_alter_table("inbound_mail") as batch_op:
        batch_op.drop_constraint(op.f("ck_inbound_mail_mail_box"), type_="check")
        batch_op.drop_column("box")
    op.drop_index("ix_attendee_bounce_hash", "attendee")
    op.drop_column("attendee", "bounce_hash")
