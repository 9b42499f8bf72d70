"""A new event from the sheet `Event` of a workbook: its settings. The other sheets are imported into it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, time
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.domain import fields
from scheduler.domain.errors import Fault, InvalidInput, NotAllowed
from scheduler.domain.team import TeamRole
from scheduler.services.access.actors import Actor
from scheduler.services.access.rights import Role
from scheduler.services.cells import values
from scheduler.services.cells.columns import ImportKind, plain
from scheduler.services.cells.table import Row, Table
from scheduler.services.events.events import EventCard, EventSettings, card, update_settings
from scheduler.services.events.new_event import key_faults, language_faults, zone_faults
from scheduler.services.exports.event_sheets import SETTINGS
from scheduler.services.text import one_line
from scheduler.services.trail import trail
from scheduler.services.trail.acts import Act
from scheduler.services.trail.trail import Somebody
from scheduler.sheets.tables import WorkbookSheet
from scheduler.storage.models import Account, Event, TeamMember

_YES_OR_NO = ("proposals", "summary_mails")
_TEXTS = ("name", "language", "contact")
_FIRST = ("key", "name", "timezone", "language")
"""What an event is made with. The others are its settings, and have defaults."""


def begin(
    session: Session, account_id: int, sheet: WorkbookSheet | None, *, key: str = "", now: datetime
) -> EventCard:
    """Make an event without a venue. The account, an operator's, becomes its organiser.

    `key` replaces the one of the sheet. Raises NotAllowed, InvalidInput with every fault by row and setting.
    """
    if not session.get_one(Account, account_id).is_operator:
        raise NotAllowed("Only an operator of this installation may create events.")
    if sheet is None:
        raise InvalidInput([Fault("Event", "the workbook has no sheet `Event` with the name of the event")])
    table = Table.read(ImportKind.EVENT, sheet)
    rows = {plain(row.values["setting"]).replace(" ", "_"): row for row in table.rows}
    said = {name: one_line(row.values["value"]) for name, row in rows.items()}
    if key:
        said["key"] = key
    table.faults += _first_faults(session, said, rows)
    settings = _settings(said, rows)
    table.stop_on_faults()
    row = Event(
        key=said["key"].lower(),
        name=said["name"],
        timezone=said["timezone"],
        language=said.get("language") or "en",
        created_at=now,
        rerun_enabled=False,
        rerun_time=time(2),
        rerun_timezone=said["timezone"],
    )
    session.add(row)
    session.flush()
    session.add(TeamMember(event_id=row.id, account_id=account_id, role=TeamRole.OWNER, since=now))
    session.flush()
    by = Somebody(account_id=account_id, event_id=row.id, roles=("operator",))
    trail.note(session, by, Act.EVENT, f"event {row.key} made", after={"name": row.name}, now=now)
    actor = Actor(account_id=account_id, event_id=row.id, event_key=row.key, team_role=Role.OWNER)
    present = {name: getattr(row, name) for name in EventSettings.__dataclass_fields__}
    try:
        update_settings(session, actor, EventSettings(**{**present, **settings}), now=now)
    except InvalidInput as error:
        raise InvalidInput([Fault(_place(rows, each.path), each.message) for each in error.faults]) from None
    return card(row)


def _first_faults(session: Session, said: Mapping[str, str], rows: Mapping[str, Row]) -> list[Fault]:
    found = [Fault("Event", f"has no row {name!r}") for name in _FIRST[:3] if not said.get(name)]
    if not found:
        found += key_faults(said["key"].lower())
        found += zone_faults(said["timezone"])
        found += language_faults(said.get("language") or "en")
        found += fields.fault("name", said["name"], fields.EventName)
        if session.scalar(select(Event.id).where(Event.key == said["key"].lower())) is not None:
            found.append(Fault("key", "is taken by another event"))
    return [Fault(_place(rows, each.path), each.message) for each in found]


def _settings(said: Mapping[str, str], rows: Mapping[str, Row]) -> dict[str, Any]:
    """The settings that the sheet says, each with its type."""
    found: dict[str, Any] = {}
    for name in SETTINGS:
        text = said.get(name, "")
        if not text or name in ("key", "timezone"):
            continue
        if name in _TEXTS:
            found[name] = text
        elif name == "policy":
            found[name] = _policy(text, rows[name])
        elif name in _YES_OR_NO:
            found[name] = values.yes_or_no(text)
            if found[name] is None:
                rows[name].fault("value", "must be yes or no")
        else:
            found[name] = rows[name].number("value")
    return {name: value for name, value in found.items() if value is not None}


def _policy(text: str, row: Row) -> dict[str, Any]:
    try:
        policy = json.loads(text)
    except ValueError:
        policy = None
    if not isinstance(policy, dict):
        row.fault("value", "must be the policy as JSON, as in docs/problem-format.md")
        return {}
    return policy


def _place(rows: Mapping[str, Row], path: str) -> str:
    row = rows.get(path.partition(".")[0])
    return f"{row.table.sheet}, row {row.line}, {path}" if row is not None else path
