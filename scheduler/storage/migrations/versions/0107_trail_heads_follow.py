"""trail heads follow: the database moves a chain's head as a row is added, so nobody needs to write to it."""

import sqlalchemy as sa
from alembic import op

revision = "0107"
down_revision = "0100"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE TRIGGER trail_entry_is_next BEFORE INSERT ON trail_entry WHEN NOT EXISTS"
            " (SELECT 1 FROM trail_head WHERE chain = NEW.chain AND number = NEW.number - 1)"
            " BEGIN SELECT RAISE(ABORT, 'The trail is only added to.'); END"
        )
        op.execute(
            "CREATE TRIGGER trail_head_follows AFTER INSERT ON trail_entry BEGIN"
            " UPDATE trail_head SET number = NEW.number, hash = NEW.hash WHERE chain = NEW.chain; END"
        )
        return
    # They act as whoever owns the tables. A temporary table of the caller's stands for none of ours.
    schema = op.get_bind().dialect.identifier_preparer.quote(_schema())
    as_owner = f"LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, {schema}, pg_temp"
    op.execute(
        f"CREATE FUNCTION hold_trail_head(wanted integer) RETURNS trail_head {as_owner} AS $$"
        " DECLARE held trail_head; BEGIN"
        " INSERT INTO trail_head (chain, number, hash) SELECT wanted, 0, repeat('0', 64)"
        " WHERE NOT EXISTS (SELECT 1 FROM trail_head WHERE chain = wanted) ON CONFLICT DO NOTHING;"
        " SELECT * INTO held FROM trail_head WHERE chain = wanted FOR UPDATE;"
        " RETURN held; END $$"
    )
    op.execute(
        f"CREATE FUNCTION follow_trail_entry() RETURNS trigger {as_owner} AS $$ BEGIN"
        " UPDATE trail_head SET number = NEW.number, hash = NEW.hash"
        " WHERE chain = NEW.chain AND number = NEW.number - 1;"
        " IF NOT FOUND THEN RAISE EXCEPTION 'The trail is only added to.'; END IF; RETURN NULL; END $$"
    )
    op.execute(
        "CREATE TRIGGER trail_head_follows AFTER INSERT ON trail_entry"
        " FOR EACH ROW EXECUTE FUNCTION follow_trail_entry()"
    )


def _schema() -> str:
    return str(op.get_bind().scalar(sa.select(sa.func.current_schema())))


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER trail_head_follows")
        op.execute("DROP TRIGGER trail_entry_is_next")
    else:
        op.execute("DROP TRIGGER trail_head_follows ON trail_entry")
        op.execute("DROP FUNCTION follow_trail_entry()")
        op.execute("DROP FUNCTION hold_trail_head(integer)")
