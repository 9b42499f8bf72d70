"""guard trail heads: heads only grow, rows are not replaced, and owners are mailed what the chains are."""

import sqlalchemy as sa
from alembic import op

revision = "0100"
down_revision = "0099"
branch_labels = None
depends_on = None

REFUSAL = "The trail is only added to."


def upgrade() -> None:
    op.create_table(
        "mailed_checkpoint",
        sa.Column("chain", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("mailed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("chain", name=op.f("pk_mailed_checkpoint")),
    )
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE TRIGGER trail_entry_no_replacement BEFORE INSERT ON trail_entry WHEN EXISTS"
            " (SELECT 1 FROM trail_entry WHERE id = NEW.id OR (chain = NEW.chain AND number = NEW.number))"
            " BEGIN SELECT RAISE(ABORT, 'The trail is only added to.'); END"
        )
        op.execute(
            "CREATE TRIGGER trail_head_no_replacement BEFORE INSERT ON trail_head WHEN EXISTS"
            " (SELECT 1 FROM trail_head WHERE chain = NEW.chain) BEGIN SELECT RAISE(IGNORE); END"
        )
        op.execute(
            "CREATE TRIGGER trail_head_no_delete BEFORE DELETE ON trail_head"
            f" BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
        )
        op.execute(
            "CREATE TRIGGER trail_head_grows BEFORE UPDATE ON trail_head"
            " WHEN NEW.number < OLD.number OR NEW.chain <> OLD.chain"
            f" BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
        )
    else:
        op.execute(
            "CREATE FUNCTION refuse_smaller_trail() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN IF NEW.number < OLD.number OR NEW.chain <> OLD.chain THEN"
            f" RAISE EXCEPTION '{REFUSAL}'; END IF; RETURN NEW; END $$"
        )
        op.execute(
            "CREATE TRIGGER trail_head_grows BEFORE UPDATE ON trail_head"
            " FOR EACH ROW EXECUTE FUNCTION refuse_smaller_trail()"
        )
        op.execute(
            "CREATE TRIGGER trail_head_no_delete BEFORE DELETE OR TRUNCATE ON trail_head"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_trail_change()"
        )


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for name in ("trail_entry_no_replacement", "trail_head_no_replacement", "trail_head_no_delete",
                     "trail_head_grows"):  # fmt: skip
            op.execute(f"DROP TRIGGER {name}")
    else:
        op.execute("DROP TRIGGER trail_head_no_delete ON trail_head")
        op.execute("DROP TRIGGER trail_head_grows ON trail_head")
        op.execute("DROP FUNCTION refuse_smaller_trail()")
    op.drop_table("mailed_checkpoint")
