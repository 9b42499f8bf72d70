"""The `Event` sheet of a workbook: the settings of a new event. Other sheets are imported into the event."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from types import MappingProxyType
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from scheduler.domain import fields
from scheduler.domain.errors import Fault, InvalidInput, NotAllowed
from scheduler.domain.team import TeamRole
from scheduler.i18n import gettext_lazy
from scheduler.services.audit_log import recording
from scheduler.services.audit_log.acts import Act
from scheduler.services.audit_log.recording import NamedDoer
from scheduler.services.audit_log.subjects import pgettext_lazy
from scheduler.services.events import overnight_schedule
from scheduler.services.events.events import EventCard, EventSettings, event_card, update_settings
from scheduler.services.events.new_event import key_faults, language_faults, zone_faults
from scheduler.services.exports.event_workbook import EXPORTED_SETTINGS
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Role
from scheduler.services.spreadsheets import cell_values, vocabulary
from scheduler.services.spreadsheets.columns import (
    HEADER_ROWS,
    ImportKind,
    fold_text,
    match_headers,
    normalize_text,
)
from scheduler.services.spreadsheets.table import Row, Table
from scheduler.services.text import clean_line
from scheduler.sheets.tables import SheetRow, WorkbookSheet
from scheduler.storage.models import Account, Event, TeamMember

NO_SETTINGS: Mapping[str, str] = MappingProxyType({})
_YES_OR_NO = ("proposals", "summary_mails")
_TEXTS = ("name", "language", "contact")
CREATION_SETTINGS = ("key", "name", "timezone", "language")
"""Settings with which an event is created. The others have defaults."""


def create_event(
    session: Session,
    account_id: int,
    sheet: WorkbookSheet | None,
    *,
    said: Mapping[str, str] = NO_SETTINGS,
    now: datetime,
) -> EventCard:
    """Create an event without a venue. The account must be an operator's and becomes its owner.

    `said` are settings that replace those of the sheet. Raises NotAllowed, and InvalidInput with every fault
    by row and setting.
    """
    if not session.get_one(Account, account_id).is_operator:
        raise NotAllowed(gettext_lazy("Only operators of this installation can create events."))
    if sheet is None and not said:
        raise InvalidInput(
            [Fault("Event", gettext_lazy("add a sheet `Event` with the name of the event to the workbook"))]
        )
    rows = _rows(sheet)
    words = parse_settings(rows) | dict(said)
    own = {name: row for name, row in rows.items() if name not in said}
    found = _first_faults(session, words, own)
    settings = _settings(words, rows)
    if found := found + [fault for row in list(rows.values())[:1] for fault in row.table.faults]:
        raise InvalidInput(found)
    row = _insert(session, words, now)
    session.add(TeamMember(event_id=row.id, account_id=account_id, role=TeamRole.OWNER, since=now))
    session.flush()
    by = NamedDoer(account_id=account_id, event_id=row.id, roles=("operator",))
    about = pgettext_lazy("audit log", "event %(key)s created", key=row.key)
    recording.record_act(session, by, Act.EVENT, about, after={"name": row.name}, now=now)
    present = {name: getattr(row, name) for name in EventSettings.__dataclass_fields__}
    try:
        update_settings(
            session,
            owner_actor(account_id, event_card(row)),
            EventSettings(**{**present, **settings}),
            now=now,
        )
    except InvalidInput as error:
        raise InvalidInput([Fault(_place(rows, each.path), each.message) for each in error.faults]) from None
    overnight_schedule.add_default_time(session, row, now=now)
    return event_card(row)


def owner_actor(account_id: int, made: EventCard) -> Actor:
    """Return the account as an owner of the event that it created."""
    return Actor(account_id=account_id, event_id=made.id, event_key=made.key, team_role=Role.OWNER)


def read_settings(sheet: WorkbookSheet | None) -> dict[str, str]:
    """Return the settings in the `Event` sheet. Raises InvalidInput for an unsuitable header."""
    return parse_settings(_rows(sheet))


def parse_settings(rows: Mapping[str, Row]) -> dict[str, str]:
    """Return the settings in the rows, by name. A language may be written as a word."""
    said = {name: clean_line(row.values["value"]) for name, row in rows.items()}
    if named := cell_values.parse_language(said.get("language", "")):
        said["language"] = named
    return said


def _rows(sheet: WorkbookSheet | None) -> dict[str, Row]:
    """Return the rows by setting."""
    with_header = _add_header(sheet) if sheet is not None else None
    if with_header is None:
        return {}
    table = Table.read(ImportKind.EVENT, with_header)
    return {_setting(row.values["setting"]): row for row in table.rows}


def _add_header(sheet: WorkbookSheet) -> WorkbookSheet | None:
    """Return the sheet, with a header added if only its first column names settings.

    None if it names no settings. A person enters missing settings.
    """
    header = frozenset(("setting", "value"))
    if any(
        header <= match_headers(ImportKind.EVENT, row.cells).positions.keys()
        for row in sheet.rows[:HEADER_ROWS]
    ):
        return sheet
    named = [row for row in sheet.rows if len(row.cells) > 1 and row.cells[1].strip()]
    named = [row for row in named if _setting(row.cells[0]) in {*EXPORTED_SETTINGS, *CREATION_SETTINGS}]
    return WorkbookSheet(sheet.name, (SheetRow(0, ("setting", "value")), *named)) if named else None


def _setting(text: str) -> str:
    """Return the setting that a cell names, by key or in any language, else the normalised text."""
    return _named_settings().get(fold_text(text), normalize_text(text).replace(" ", "_"))


@cache
def _named_settings() -> Mapping[str, str]:
    """Return the settings by every normalised name."""
    words = {
        fold_text(word): name
        for language in vocabulary.LANGUAGES
        for name, named in vocabulary.load_setting_names(language).items()
        for word in named
    }
    return words | {fold_text(name): name for name in (*EXPORTED_SETTINGS, *CREATION_SETTINGS)}


def _insert(session: Session, said: Mapping[str, str], now: datetime) -> Event:
    made = Event(
        key=said["key"].lower(),
        name=said["name"],
        timezone=said["timezone"],
        language=said.get("language") or "en",
        created_at=now,
        digest_mails=True,
        digests_since=now,
    )
    try:
        with session.begin_nested():
            session.add(made)
    except IntegrityError:  # a concurrent request took the key
        raise InvalidInput(
            [Fault("key", gettext_lazy("enter another short name; another event uses this one"))]
        ) from None
    return made


def _first_faults(session: Session, said: Mapping[str, str], rows: Mapping[str, Row]) -> list[Fault]:
    """Return the faults of the settings with which an event is created."""
    found = [
        Fault(name, gettext_lazy("enter it in the sheet `Event`"))
        for name in CREATION_SETTINGS[:3]
        if not said.get(name)
    ]
    if not found:
        found += key_faults(said["key"].lower())
        found += zone_faults(said["timezone"])
        found += language_faults(said.get("language") or "en")
        found += fields.check_field("name", said["name"], fields.EventName)
        if not found and session.scalar(select(Event.id).where(Event.key == said["key"].lower())) is not None:
            found.append(Fault("key", gettext_lazy("enter another short name; another event uses this one")))
    return [Fault(_place(rows, each.path), each.message) for each in found]


def _settings(said: Mapping[str, str], rows: Mapping[str, Row]) -> dict[str, Any]:
    """Return the settings of the sheet with their types."""
    found: dict[str, Any] = {}
    for name in EXPORTED_SETTINGS:
        text = said.get(name, "")
        if not text or name in ("key", "timezone"):
            continue
        if name in _TEXTS:
            found[name] = text
        elif name == "policy":
            found[name] = _policy(text, rows[name])
        elif name in _YES_OR_NO:
            found[name] = cell_values.parse_yes_no(text)
            if found[name] is None:
                rows[name].fault("value", gettext_lazy("enter yes or no"))
        else:
            found[name] = rows[name].number("value")
    return {name: value for name, value in found.items() if value is not None}


def _policy(text: str, row: Row) -> dict[str, Any]:
    try:
        policy = json.loads(text)
    except ValueError:
        policy = None
    if not isinstance(policy, dict):
        row.fault("value", gettext_lazy("enter the policy as JSON, as in docs/problem-format.md"))
        return {}
    return policy


def _place(rows: Mapping[str, Row], path: str) -> str:
    row = rows.get(path.partition(".")[0])
    return f"{row.table.sheet}, row {row.line}, {path}" if row is not None else path
