"""plan nights: several times and weekdays an event, and a budget of what a night may change by itself."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from alembic import op

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None

CHECK = "CONSTRAINT ck_event_after_run CHECK (rerun_then IN ('draft', 'publish'))"
PUBLISHED = (
    "(SELECT count(*) FROM planned_meeting JOIN schedule_version"
    " ON schedule_version.id = planned_meeting.version_id"
    " WHERE schedule_version.event_id = event.id AND schedule_version.state = 'published')"
)
NUMBERS = {"night_percent": "5", "night_a_person": "2", "night_hours": "24"}


def upgrade() -> None:
    then = sa.Enum(
        "draft", "publish", name="after_night", native_enum=False, create_constraint=True, length=16
    )
    op.create_table(
        "night_time",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.Time(), nullable=False),
        sa.Column("weekdays", sa.String(length=7), nullable=False),
        sa.Column("then", then, nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name=op.f("fk_night_time_event_id_event")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_night_time")),
    )
    op.create_index(op.f("ix_night_time_event_id"), "night_time", ["event_id"])
    op.create_index(op.f("ix_night_time_next_at"), "night_time", ["next_at"])
    op.execute(
        'INSERT INTO night_time (event_id, at, weekdays, "then", next_at)'
        " SELECT id, rerun_time, '1234567', rerun_then, next_rerun_at FROM event WHERE rerun_enabled"
    )
    _read_on_the_venues_clock()
    for name, default in NUMBERS.items():
        op.add_column("event", sa.Column(name, sa.Integer(), server_default=default, nullable=False))
    op.execute(
        f"UPDATE event SET night_percent = CASE WHEN rerun_budget >= {PUBLISHED} THEN 100"
        f" ELSE (100 * rerun_budget + {PUBLISHED} - 1) / {PUBLISHED} END WHERE {PUBLISHED} > 0"
    )
    op.execute("ALTER TABLE event RENAME COLUMN rerun_late TO night_late")
    op.add_column("run", sa.Column("night_budget", sa.JSON(), nullable=True))
    op.drop_index("ix_event_next_rerun_at", "event")
    _drop_check()
    for column in ("rerun_enabled", "rerun_time", "rerun_timezone", "rerun_then", "rerun_budget"):
        op.drop_column("event", column)
    op.drop_column("event", "next_rerun_at")


def _read_on_the_venues_clock() -> None:
    """A time of another zone becomes the venue's time of the same moment."""
    bind = op.get_bind()
    night = sa.table("night_time", sa.column("id"), sa.column("event_id"), sa.column("at", sa.Time()))
    event = sa.table("event", sa.column("id"), sa.column("timezone"), sa.column("rerun_timezone"))
    query = (
        sa.select(night.c.id, night.c.at, event.c.timezone, event.c.rerun_timezone)
        .join(event, event.c.id == night.c.event_id)
        .where(event.c.timezone != event.c.rerun_timezone)
    )
    for id, at, venue, other in bind.execute(query).all():
        moment = datetime.combine(date(2026, 11, 26), at, ZoneInfo(other)).astimezone(UTC)
        there = moment.astimezone(ZoneInfo(venue)).time()
        bind.execute(sa.update(night).where(night.c.id == id).values(at=there))


def _drop_check() -> None:
    """SQLite drops no column that a CHECK of its table names, and events cannot be made anew: all refer to
    them. Its documentation has this way for a CHECK (lang_altertable, 8).
    """
    bind = op.get_bind()
    if bind.dialect.name != "sqlite":
        op.drop_constraint(op.f("ck_event_after_run"), "event", type_="check")
        return
    made = bind.scalar(sa.text("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = 'event'"))
    if f", {CHECK}" not in " ".join(made.split()):
        return  # it stands at the column and goes with it
    without = " ".join(made.split()).replace(f", {CHECK}", "")
    bind.exec_driver_sql("PRAGMA writable_schema=ON")
    bind.execute(sa.text("UPDATE sqlite_master SET sql = :made WHERE name = 'event'"), {"made": without})
    bind.exec_driver_sql("PRAGMA writable_schema=RESET")


def downgrade() -> None:
    for column in (
        "rerun_enabled BOOLEAN DEFAULT false NOT NULL",
        "rerun_time TIME DEFAULT '02:00:00' NOT NULL",
        "rerun_timezone VARCHAR(64) DEFAULT 'UTC' NOT NULL",
        f"rerun_then VARCHAR(16) DEFAULT 'draft' NOT NULL {CHECK}",
        "rerun_budget INTEGER DEFAULT 50 NOT NULL",
    ):
        op.execute(f"ALTER TABLE event ADD COLUMN {column}")
    op.add_column("event", sa.Column("next_rerun_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index("ix_event_next_rerun_at", "event", ["next_rerun_at"])
    op.execute("UPDATE event SET rerun_timezone = timezone")
    first = "(SELECT min(id) FROM night_time WHERE event_id = event.id)"
    op.execute(
        "UPDATE event SET rerun_enabled = true, rerun_time = night_time.at,"
        ' rerun_then = night_time."then", next_rerun_at = night_time.next_at'
        f" FROM night_time WHERE night_time.id = {first}"
    )
    op.drop_column("run", "night_budget")
    op.execute("ALTER TABLE event RENAME COLUMN night_late TO rerun_late")
    for name in NUMBERS:
        op.drop_column("event", name)
    op.drop_table("night_time")
