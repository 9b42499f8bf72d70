"""brief interpreters: they are told of their meetings by mail, and subscribe to them."""

import sqlalchemy as sa
from alembic import op

revision = "0067"
down_revision = "0066"
branch_labels = None
depends_on = None

KINDS = "'invitation', 'resend', 'summary', 'sign_in', 'alert', 'desk', 'test', 'digest'"


def _allow(kinds: str) -> None:
    with op.batch_alter_table("outbox_mail") as batch_op:
        batch_op.drop_constraint(op.f("ck_outbox_mail_outbox_kind"), type_="check")
        batch_op.create_check_constraint(op.f("ck_outbox_mail_outbox_kind"), f"kind IN ({kinds})")


def upgrade() -> None:
    op.create_table(
        "interpreter_told",
        sa.Column("interpreter_id", sa.Integer(), nullable=False),
        sa.Column("address", sa.String(length=254), nullable=False),
        sa.Column("summary", sa.JSON(), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["interpreter_id"],
            ["interpreter.id"],
            name=op.f("fk_interpreter_told_interpreter_id_interpreter"),
        ),
        sa.PrimaryKeyConstraint("interpreter_id", name=op.f("pk_interpreter_told")),
    )
    op.create_table(
        "interpreter_feed",
        sa.Column("interpreter_id", sa.Integer(), nullable=False),
        sa.Column("address", sa.String(length=254), nullable=False),
        sa.Column("seed", sa.String(length=32), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["interpreter_id"],
            ["interpreter.id"],
            name=op.f("fk_interpreter_feed_interpreter_id_interpreter"),
        ),
        sa.PrimaryKeyConstraint("interpreter_id", name=op.f("pk_interpreter_feed")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_interpreter_feed_token_hash")),
    )
    with op.batch_alter_table("outbox_mail") as batch_op:
        batch_op.add_column(sa.Column("interpreter_id", sa.Integer(), nullable=True))
        batch_op.create_foreign_key(
            op.f("fk_outbox_mail_interpreter_id_interpreter"), "interpreter", ["interpreter_id"], ["id"]
        )
        batch_op.create_index("ix_outbox_mail_interpreter_id", ["interpreter_id"])
    _allow(f"{KINDS}, 'briefing'")


def downgrade() -> None:
    op.execute("DELETE FROM outbox_mail WHERE kind = 'briefing'")
    _allow(KINDS)
    with op.batch_alter_table("outbox_mail") as batch_op:
        batch_op.drop_index("ix_outbox_mail_interpreter_id")
        batch_op.drop_constraint(op.f("fk_outbox_mail_interpreter_id_interpreter"), type_="foreignkey")
        batch_op.drop_column("interpreter_id")
    op.drop_table("interpreter_feed")
    op.drop_table("interpreter_told")
