"""keep a trail: who did what, in rows that the database refuses to change or to delete."""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

REFUSAL = "The trail is only added to."


def upgrade() -> None:
    op.create_table(
        "trail_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("chain", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("act", sa.String(length=40), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("who", sa.String(length=254), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("token_id", sa.Integer(), nullable=True),
        sa.Column("for_firm", sa.String(length=64), nullable=False),
        sa.Column("about", sa.String(length=200), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("after", sa.Text(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trail_entry")),
        sa.UniqueConstraint("chain", "number", name=op.f("uq_trail_entry_chain_number")),
    )
    op.create_index("ix_trail_entry_chain_act", "trail_entry", ["chain", "act", "number"])
    op.create_index("ix_trail_entry_chain_account_id", "trail_entry", ["chain", "account_id", "number"])
    op.create_table(
        "trail_head",
        sa.Column("chain", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("chain", name=op.f("pk_trail_head")),
    )
    if op.get_bind().dialect.name == "sqlite":
        for step in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER trail_entry_no_{step.lower()} BEFORE {step} ON trail_entry"
                f" BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
            )
    else:
        op.execute(
            "CREATE FUNCTION refuse_trail_change() RETURNS trigger LANGUAGE plpgsql AS"
            f" $$ BEGIN RAISE EXCEPTION '{REFUSAL}'; END $$"
        )
        op.execute(
            "CREATE TRIGGER trail_entry_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON trail_entry"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_trail_change()"
        )


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for step in ("update", "delete"):
            op.execute(f"DROP TRIGGER trail_entry_no_{step}")
    else:
        op.execute("DROP TRIGGER trail_entry_no_change ON trail_entry")
        op.execute("DROP FUNCTION refuse_trail_change()")
    op.drop_table("trail_head")
    op.drop_table("trail_entry")
