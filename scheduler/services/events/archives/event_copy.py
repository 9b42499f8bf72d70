"""Copying parts of an event to a new one: venue, firms, people, team and settings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final, Literal, get_args
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Table, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from scheduler.config import Settings
from scheduler.domain import fields
from scheduler.domain.entities import AfterRun, PlaceKind
from scheduler.domain.errors import Fault, InvalidInput, NotAllowed
from scheduler.domain.team import TeamRole
from scheduler.i18n import gettext_lazy
from scheduler.services.audit_log import recording
from scheduler.services.audit_log.acts import Act
from scheduler.services.audit_log.recording import NamedDoer
from scheduler.services.audit_log.subjects import pgettext_lazy
from scheduler.services.events import overnight_schedule
from scheduler.services.events.archives import event_tables, staging
from scheduler.services.events.archives.row_insertion import RowInserter, Values
from scheduler.services.events.new_event import key_faults
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.planning.runs import overnight
from scheduler.services.text import clean_line
from scheduler.storage.database import Database
from scheduler.storage.models import Account, Event, Interpreter, Place, Slot, TeamMember

Part = Literal["venue", "firms", "people", "team", "settings"]
PARTS: Final[tuple[Part, ...]] = get_args(Part)
"""Parts that can be copied. People require their firms."""
TABLES: Final = {
    "venue": ("slot", "pause", "hall", "walking_time", "place"),
    "firms": ("firm", "place"),
    "people": ("interpreter", "attendee", "delegation", "delegation_firm", "delegation_person"),
    "team": ("team_member",),
    "settings": ("compliance_answer", "email_text", "event_picture", "run_schedule"),
}
_LINK_TABLES: Final = frozenset(("interpreter_assignment",))
"""Tables that link interpreters to slots and tables, copied if both are."""
_OF_EVENT: Final = frozenset(
    ("key", "name", "timezone", "language", "areas", "area_names", "guests", "import_words")
)
"""Columns copied even without the settings."""
_PERSONAL: Final = ("seen_version_id", "invited_at", "first_sign_in_at", "quiet_until")
"""Columns about what a person has seen of the old event and how they were invited."""


@dataclass(frozen=True, slots=True)
class EventCopy:
    """A new event: key, name, first day, and the parts to copy."""

    key: str
    name: fields.EventName
    first_day: date | None
    parts: Sequence[str] = field(default=PARTS)


def get_first_day(session: Session, actor: Actor) -> date | None:
    """Return the first day of the actor's event in its time zone."""
    actor.require(Right.MANAGE_EVENT, sentence=gettext_lazy("Only owners of the event can do this."))
    event = session.get_one(Event, actor.event_id)
    return _first_day(session, event)


def copy_event(
    database: Database,
    actor: Actor,
    form: EventCopy,
    *,
    owner_id: int | None = None,
    finish: Callable[[Session], object] = lambda session: None,
    settings: Settings,
    now: datetime,
) -> str:
    """Create the copy in batches, with the actor or `owner_id` as its owner. Return its key.

    Requests, responses, replies, schedules, absences and emails are not copied. All rows come from one
    snapshot. `finish` is called in the transaction that makes the copy visible, and the copy is deleted if it
    fails. Raises NotAllowed unless the owner is an operator, and InvalidInput by field of EventCopy.
    """
    put = RowInserter(database, settings.secret_key, now)
    with database.read() as session:
        copied = _require_copy(session, actor, owner_id, form, now)
        row = copied.event(form.key.strip().lower(), clean_line(form.name))
        event_id = staging.stage_event(put, row)
        with staging.delete_on_failure(database, event_id):
            for table in event_tables.list_exported_tables():
                if table.name in copied.wanted:
                    put.put(table, copied.rows(table))
            try:
                with database.write() as last:
                    _finish(last, staging.finish_event(last, event_id, row, now=now), copied, actor)
                    finish(last)
            except IntegrityError:
                raise InvalidInput(
                    [Fault("key", gettext_lazy("enter another short name; another event uses this one"))]
                ) from None
    return str(row["key"])


def _require_copy(
    session: Session, actor: Actor, owner_id: int | None, form: EventCopy, now: datetime
) -> _CopiedRows:
    """Return the rows to copy, if the actor may copy them."""
    actor.require(Right.MANAGE_EVENT, sentence=gettext_lazy("Only owners of the event can do this."))
    actor.require_fresh(gettext_lazy("copy the event"))
    account = session.get(Account, owner_id or actor.account_id or 0)
    if account is None or not account.is_operator:
        raise NotAllowed(gettext_lazy("Only operators of this installation can create events."))
    old = session.get_one(Event, actor.event_id)
    key, name = form.key.strip().lower(), clean_line(form.name)
    began = _first_day(session, old)
    if found := list(_faults(session, form, key, name, old, now)):
        raise InvalidInput(found)
    shift = (form.first_day - began).days if form.first_day and began else 0
    return _CopiedRows(session, old, form.parts, timedelta(days=shift), account, now)


def _finish(session: Session, made: Event, copied: _CopiedRows, actor: Actor) -> None:
    """Add the owner, the overnight run and the first audit log entry."""
    if "settings" not in copied.parts:
        overnight_schedule.add_default_time(session, made, now=copied.now)
    _add_owner(session, made, copied.owner, copied.now)
    by = NamedDoer(
        account_id=actor.account_id,
        event_id=made.id,
        name=actor.name,
        api_token_id=actor.api_token_id,
        roles=("operator",),
    )
    names = {"key": made.key, "old": copied.old.key}
    about = pgettext_lazy("audit log", "event %(key)s created as a copy of %(old)s", **names)
    recording.record_act(session, by, Act.EVENT, about, after={"parts": list(copied.parts)}, now=copied.now)
    about = pgettext_lazy("audit log", "event copied as %(key)s", key=made.key)
    recording.record_act(
        session, actor, Act.EVENT, about, after={"parts": list(copied.parts)}, now=copied.now
    )


@dataclass(slots=True)
class _CopiedRows:
    """Rows of the old event, converted for the new one."""

    session: Session
    old: Event
    parts: Sequence[str]
    shift: timedelta
    owner: Account
    now: datetime

    @property
    def wanted(self) -> frozenset[str]:
        """The tables whose rows are copied."""
        parts = frozenset(name for part in self.parts for name in TABLES[part])
        return parts | _LINK_TABLES if {"venue", "people"} <= set(self.parts) else parts

    def event(self, key: str, name: str) -> Values:
        """Return the row of the new event, with the old settings or defaults."""
        columns = event_tables.find_table("event").columns
        row = {column.name: getattr(self.old, column.name) for column in columns}
        if "settings" not in self.parts:
            row = {n: v for n, v in row.items() if n in _OF_EVENT or n == "id"} | {
                "digest_mails": True,
            }
        if "venue" not in self.parts:
            row |= {"guests": []}
        new = {"key": key, "name": name, "created_at": self.now, "digests_since": self.now}
        return row | new | dict.fromkeys(("live_at", "archived_at", "mail_ready_at", "mails_paused_at"))

    def rows(self, table: Table) -> Iterator[Values]:
        """Yield the copied rows of a table."""
        query = select(*event_tables.exported_columns(table)).where(
            event_tables.belongs_to_event(table, self.old.id), *self._which(table)
        )
        found = self.session.execute(query.order_by(*table.primary_key)).mappings().all()
        for position, row in enumerate(found):
            yield self._new(table.name, dict(row), position)

    def _which(self, table: Table) -> Iterable[ColumnElement[bool]]:
        if table.name in ("slot", "place"):
            yield table.c.is_retired.is_(False)
        if table.name == "place":
            kinds = [kind for kind, part in _PLACES.items() if part in self.parts and "venue" in self.parts]
            yield table.c.kind.in_(kinds)
        if "withdrawn_at" in table.c:
            yield table.c.withdrawn_at.is_(None)
        if table.name in _OF_FIRMS:
            firms = event_tables.find_table("firm")
            there = select(firms.c.id).where(firms.c.event_id == self.old.id, firms.c.withdrawn_at.is_(None))
            column = table.c.firm_id
            yield column.in_(there) | column.is_(None)
        if table.name == "delegation_person":
            people = event_tables.find_table("attendee")
            yield table.c.attendee_id.in_(select(people.c.id).where(people.c.withdrawn_at.is_(None)))
        if table.name == "team_member":
            yield table.c.until.is_(None)
        if table.name in _LINK_TABLES:
            yield table.c.slot_id.in_(select(Slot.id).where(Slot.of(self.old.id)))
            yield table.c.place_id.in_(
                select(Place.id).where(Place.is_retired.is_(False), Place.kind == PlaceKind.TABLE)
            )
            yield table.c.interpreter_id.in_(select(Interpreter.id).where(Interpreter.withdrawn_at.is_(None)))

    def _new(self, table: str, row: Values, position: int) -> Values:
        if table == "slot":
            row |= {"position": position}
        if table in ("slot", "pause"):
            row |= {name: self._shifted(row[name]) for name in ("start", "end")}
        if table == "run_schedule":
            zone = ZoneInfo(self.old.timezone)
            row["next_at"] = overnight.next_run_at(row["at"], row["weekdays"], zone, after=self.now)
            row["then"] = AfterRun.DRAFT  # no one of the new event was notified yet
        if table == "firm" and "venue" not in self.parts:
            row["hall_id"] = None
        if table == "firm" and row["host_id"] is not None and self._is_gone("firm", row["host_id"]):
            row["host_id"] = None
        if table == "firm":
            row["invited_at"] = None
        if table == "attendee":
            row |= dict.fromkeys(_PERSONAL)
        if table == "delegation" and row["leader_id"] and self._is_gone("attendee", row["leader_id"]):
            row["leader_id"] = None
        return row

    def _is_gone(self, table: str, row_id: int) -> bool:
        found = event_tables.find_table(table)
        return self.session.scalar(select(found.c.withdrawn_at).where(found.c.id == row_id)) is not None

    def _shifted(self, moment: datetime) -> datetime:
        """Return the time shifted by whole days, at the same local time of the venue."""
        local = moment.astimezone(ZoneInfo(self.old.timezone))
        return (
            (local.replace(tzinfo=None) + self.shift).replace(tzinfo=local.tzinfo).astimezone(moment.tzinfo)
        )


_PLACES: Final = {PlaceKind.TABLE: "venue", PlaceKind.BOOTH: "firms"}
_OF_FIRMS: Final = frozenset(("attendee", "place", "delegation_firm"))


def _add_owner(session: Session, made: Event, account: Account, now: datetime) -> None:
    member = session.get(TeamMember, (made.id, account.id))
    if member is None:
        session.add(TeamMember(event_id=made.id, account_id=account.id, role=TeamRole.OWNER, since=now))
    else:
        member.role = TeamRole.OWNER
    session.flush()


def _first_day(session: Session, event: Event) -> date | None:
    first = session.scalar(select(func.min(Slot.start)).where(Slot.of(event.id)))
    return None if first is None else first.astimezone(ZoneInfo(event.timezone)).date()


def _faults(
    session: Session, form: EventCopy, key: str, name: str, old: Event, now: datetime
) -> Iterator[Fault]:
    wrong = list(key_faults(key))
    yield from wrong
    yield from fields.check_field("name", name, fields.EventName)
    if not wrong and session.scalar(select(Event.id).where(Event.key == key)) is not None:
        yield Fault("key", gettext_lazy("enter another short name; another event uses this one"))
    if not set(form.parts) <= set(PARTS):
        yield Fault("parts", gettext_lazy("choose from these: %(value)s", value=", ".join(PARTS)))
    if "people" in form.parts and "firms" not in form.parts:
        yield Fault("parts", gettext_lazy("to copy people, also select exhibitors"))
    if "venue" in form.parts:
        if form.first_day is None:
            yield Fault("first_day", gettext_lazy("enter a date, like 2027-06-22"))
        elif form.first_day < now.astimezone(ZoneInfo(old.timezone)).date():
            yield Fault("first_day", gettext_lazy("enter a date that is not in the past"))
