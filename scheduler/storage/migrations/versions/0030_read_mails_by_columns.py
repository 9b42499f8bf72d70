"""read mails by columns: kind and method are checked, DTSTAMP and digest stand beside the payload."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

KINDS = "kind IN ('invitation', 'resend', 'summary', 'sign_in', 'alert', 'test')"
METHODS = "method IN ('REQUEST', 'CANCEL', 'DECLINECOUNTER')"


def upgrade() -> None:
    with op.batch_alter_table("outbox_mail") as batch_op:
        batch_op.add_column(sa.Column("dtstamp", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("facts", sa.String(length=48), nullable=True))
        batch_op.create_check_constraint(op.f("ck_outbox_mail_outbox_kind"), KINDS)
        batch_op.create_check_constraint(op.f("ck_outbox_mail_outbox_method"), METHODS)
    if op.get_bind().dialect.name == "postgresql":
        dtstamp, facts = "(payload->>'dtstamp')::timestamptz", "payload->>'facts'"
    else:  # as SQLAlchemy writes a time there; DTSTAMP is UTC in whole seconds
        dtstamp = "replace(substr(json_extract(payload, '$.dtstamp'), 1, 19), 'T', ' ') || '.000000'"
        facts = "json_extract(payload, '$.facts')"
    said = f"dtstamp = {dtstamp}, facts = {facts}"
    op.execute(f"UPDATE outbox_mail SET {said} WHERE request_id IS NOT NULL")


def downgrade() -> None:
    with op.batch_alter_table("outbox_mail") as batch_op:
        batch_op.drop_constraint(op.f("ck_outbox_mail_outbox_method"), type_="check")
        batch_op.drop_constraint(op.f("ck_outbox_mail_outbox_kind"), type_="check")
        batch_op.drop_column("facts")
        batch_op.drop_column("dtstamp")
