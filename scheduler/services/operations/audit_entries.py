"""Audit log entries for organisers: filtered, page by page, or all as CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Row, Select, or_, select
from sqlalchemy.orm import Session

from scheduler.domain.errors import NotAllowed
from scheduler.services.audit_log import recording
from scheduler.services.audit_log.acts import WORDS, Act
from scheduler.services.audit_log.recording import INSTALLATION
from scheduler.services.audit_log.subjects import pgettext_lazy
from scheduler.services.audit_log.subscribe import changes
from scheduler.services.audit_log.verification import Chain, verify_chain
from scheduler.services.identity.actors import TAKE_CONTACTS, Actor
from scheduler.services.identity.rights import Right
from scheduler.services.identity.sessions import SignedIn
from scheduler.services.paging import Order, Page, fetch_page
from scheduler.services.text import contains_condition, split_search_words
from scheduler.sheets.writers import escape_formula
from scheduler.storage.models import AuditLogEntry, Event

InEnglish = Callable[[str], Mapping[str, bool]]

_NEWEST = Order("audit-log", (AuditLogEntry.number,), (int,), descending=True)
_AT_A_TIME = 1000
_HEADER = (
    "time (UTC)", "act", "who", "role", "token", "firm", "about", "before", "after", "hash",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ChangedValue:
    """A changed value: its name, and the values before and after as JSON and as text.

    None is an empty text.
    """

    name: str
    was: Any
    now: Any

    @property
    def before(self) -> str:
        return _shown(self.was)

    @property
    def after(self) -> str:
        return _shown(self.now)


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """A row of the audit log, with what was before and what is after."""

    number: int
    """Counted from 1, without a gap."""
    at: datetime
    act: str
    what: str
    """The action in words."""
    who: str
    """The account's email address, or a name such as the overnight run."""
    role: str
    by_token: bool
    """Whether an API token did it for them."""
    for_firm: str
    """ID of the firm in whose name it was done, or empty."""
    about: str
    changes: tuple[ChangedValue, ...]
    hash: str
    """SHA-256 of this entry and of the hash before it."""


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Filter of the log: an act, words in who or subject, days from and to in the event's time zone.

    `english` maps a word typed in another language to its possible English forms in the table: LIKE patterns,
    escaped with "/", each with whether case is ignored.
    """

    act: str = ""
    text: str = ""
    english: InEnglish | None = None
    since: datetime | None = None
    before: datetime | None = None

    @classmethod
    def of_days(
        cls,
        timezone: str,
        *,
        act: str = "",
        text: str = "",
        english: InEnglish | None = None,
        since: date | None,
        until: date | None,
    ) -> AuditFilter:
        """Return the filter for a range of days in the zone, both inclusive."""
        zone = ZoneInfo(timezone)
        return cls(
            act=act,
            text=text,
            english=english,
            since=_midnight(since, zone) if since else None,
            before=_midnight(until + timedelta(days=1), zone) if until else None,
        )


def list_entries(
    session: Session,
    actor: Actor,
    wanted: AuditFilter,
    *,
    cursor: str | None = None,
    number: int = 1,
    limit: int = 50,
) -> Page[AuditEntry]:
    """Return the entries of the actor's event, newest first. They contain people's email addresses."""
    actor.require(Right.READ_AUDIT_LOG)
    actor.require(Right.READ_CONTACTS)
    query = _filtered(_of_event(session, actor), wanted)
    page: Page[Row[Any]] = fetch_page(session, query, _NEWEST, cursor=cursor, number=number, limit=limit)
    return page.of(_entry(row[0]) for row in page.items)


def list_latest_entries(session: Session, actor: Actor, *, limit: int) -> tuple[AuditEntry, ...]:
    """Return the newest entries of the actor's event, without counting the others."""
    actor.require(Right.READ_AUDIT_LOG)
    actor.require(Right.READ_CONTACTS)
    rows = session.scalars(_of_event(session, actor).order_by(AuditLogEntry.number.desc()).limit(limit))
    return tuple(_entry(row) for row in rows)


def list_installation_entries(
    session: Session, asker: SignedIn, wanted: AuditFilter, *, number: int = 1, limit: int = 50
) -> Page[AuditEntry]:
    """Return the entries without an event, for operators: sign-ins, operators. Raises NotAllowed."""
    if not asker.is_operator:
        raise NotAllowed("Only an operator of this installation may do this.")
    query = _filtered(select(AuditLogEntry).where(AuditLogEntry.chain == INSTALLATION), wanted)
    page: Page[Row[Any]] = fetch_page(session, query, _NEWEST, number=number, limit=limit)
    return page.of(_entry(row[0]) for row in page.items)


def is_audit_log_intact(session: Session, actor: Actor) -> Chain:
    """Verify the event's audit log. Reads all rows."""
    actor.require(Right.READ_AUDIT_LOG)
    return verify_chain(session, actor.event_id, actor.event_key)


def list_acts() -> Mapping[str, str]:
    """Return the acts to filter by, with their labels."""
    return {act.value: words for act, words in WORDS.items()}


def export_csv(session: Session, actor: Actor, wanted: AuditFilter, *, now: datetime) -> str:
    """Export the entries with their hashes, oldest first, numbered as in `chainmeet audit verify`.

    Cells that a spreadsheet would treat as formulas get an apostrophe. The export itself is recorded in the
    log.
    """
    actor.require(Right.READ_AUDIT_LOG)
    actor.require_fresh(TAKE_CONTACTS)
    zone = ZoneInfo(session.get_one(Event, actor.event_id).timezone)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(("number", f"time ({zone.key})", *_HEADER))
    query = _filtered(_of_event(session, actor), wanted).order_by(AuditLogEntry.number)
    rows = session.scalars(query.execution_options(yield_per=_AT_A_TIME))
    writer.writerows([escape_formula(cell) for cell in _cells(row, zone)] for row in rows)
    recording.record_act(session, actor, Act.EXPORT, pgettext_lazy("audit log", "audit log as CSV"), now=now)
    return "\ufeff" + out.getvalue()


def _of_event(session: Session, actor: Actor) -> Select[AuditLogEntry]:
    """Select entries since the event was created, because the id of a deleted event may be reused."""
    made = session.get_one(Event, actor.event_id).created_at
    return select(AuditLogEntry).where(AuditLogEntry.chain == actor.event_id, AuditLogEntry.at >= made)


def _filtered(query: Select[AuditLogEntry], wanted: AuditFilter) -> Select[AuditLogEntry]:
    if wanted.act:
        query = query.where(AuditLogEntry.act == wanted.act)
    for word in split_search_words(wanted.text):
        query = query.where(_has(word, wanted.english(word) if wanted.english else {}))
    if wanted.since is not None:
        query = query.where(AuditLogEntry.at >= wanted.since)
    if wanted.before is not None:
        query = query.where(AuditLogEntry.at < wanted.before)
    return query


def _has(word: str, english: Mapping[str, bool]) -> ColumnElement[bool]:
    return or_(
        contains_condition(word, (AuditLogEntry.who, AuditLogEntry.about, AuditLogEntry.for_firm)),
        AuditLogEntry.who.in_({recording.COMMAND_LINE, recording.NIGHT}.intersection(english)),
        *(
            (AuditLogEntry.about.ilike if any_case else AuditLogEntry.about.like)(pattern, escape="/")
            for pattern, any_case in english.items()
        ),
    )


def _entry(row: AuditLogEntry) -> AuditEntry:
    known = {act.value: words for act, words in WORDS.items()}
    return AuditEntry(
        number=row.number,
        at=row.at,
        act=row.act,
        what=known.get(row.act, row.act),
        who=row.who,
        role=row.role,
        by_token=row.token_id is not None,
        for_firm=row.for_firm,
        about=row.about,
        changes=tuple(
            ChangedValue(each.name, each.before, each.after) for each in changes(row.before, row.after)
        ),
        hash=row.hash,
    )


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(0), zone).astimezone(UTC)


def _shown(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _cells(row: AuditLogEntry, zone: ZoneInfo) -> tuple[str, ...]:
    local = f"{row.at.astimezone(zone):%Y-%m-%d %H:%M:%S}"
    utc = row.at.astimezone(UTC).isoformat(timespec="microseconds")
    token = "" if row.token_id is None else str(row.token_id)
    return (
        str(row.number), local, utc, row.act, row.who, row.role, token, row.for_firm, row.about, row.before,
        row.after, row.hash,
    )  # fmt: skip
