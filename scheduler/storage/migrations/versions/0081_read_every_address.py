"""read every address: mails that answer others than invitations, complaints, and who goes instead."""

import sqlalchemy as sa
from alembic import op

revision = "0081"
down_revision = "0080"
branch_labels = None
depends_on = None

KINDS = "'reply', 'counter', 'refresh', 'delegation', 'bounce', 'auto_reply', 'own', 'text', 'unreadable'"
BOXES = "'answers', 'reports', 'old_reports'"
OF_INVITATIONS = {
    "event_id": sa.Integer(),
    "request_id": sa.Integer(),
    "attendee_id": sa.Integer(),
    "uid": sa.String(length=255),
}


def _allow(column: str, name: str, values: str) -> None:
    with op.batch_alter_table("inbound_mail") as batch_op:
        batch_op.drop_constraint(op.f(f"ck_inbound_mail_{name}"), type_="check")
        batch_op.create_check_constraint(op.f(f"ck_inbound_mail_{name}"), f"{column} IN ({values})")


def upgrade() -> None:
    _allow("kind", "mail_kind", f"{KINDS}, 'forwarded', 'complaint'")
    _allow("box", "mail_box", f"{BOXES}, 'bare'")
    with op.batch_alter_table("inbound_mail") as batch_op:
        for column, kind in OF_INVITATIONS.items():
            batch_op.alter_column(column, existing_type=kind, nullable=True)
        batch_op.add_column(sa.Column("about_id", sa.Integer(), nullable=True))
        batch_op.create_foreign_key(
            op.f("fk_inbound_mail_about_id_outbox_mail"), "outbox_mail", ["about_id"], ["id"]
        )
        batch_op.create_index("ix_inbound_mail_about_id", ["about_id"])
    with op.batch_alter_table("answer") as batch_op:
        batch_op.add_column(sa.Column("delegate_id", sa.Integer(), nullable=True))
        batch_op.create_foreign_key(
            op.f("fk_answer_delegate_id_attendee"), "attendee", ["delegate_id"], ["id"]
        )
    # The token of an envelope is made of its mail now. Reports to those before are unknown.
    op.drop_index("ix_attendee_bounce_hash", "attendee")
    op.drop_column("attendee", "bounce_hash")


def downgrade() -> None:
    op.add_column("attendee", sa.Column("bounce_hash", sa.String(length=64), nullable=True))
    op.create_index("ix_attendee_bounce_hash", "attendee", ["bounce_hash"], unique=True)
    with op.batch_alter_table("answer") as batch_op:
        batch_op.drop_constraint(op.f("fk_answer_delegate_id_attendee"), type_="foreignkey")
        batch_op.drop_column("delegate_id")
    op.execute(
        "DELETE FROM inbound_mail WHERE uid IS NULL OR event_id IS NULL OR request_id IS NULL"
        " OR attendee_id IS NULL OR box = 'bare' OR kind IN ('forwarded', 'complaint')"
    )
    with op.batch_alter_table("inbound_mail") as batch_op:
        batch_op.drop_index("ix_inbound_mail_about_id")
        batch_op.drop_constraint(op.f("fk_inbound_mail_about_id_outbox_mail"), type_="foreignkey")
        batch_op.drop_column("about_id")
        for column, kind in OF_INVITATIONS.items():
            batch_op.alter_column(column, existing_type=kind, nullable=False)
    _allow("box", "mail_box", BOXES)
    _allow("kind", "mail_kind", KINDS)
