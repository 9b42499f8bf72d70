"""Stored scenarios: create, change, solve, stop, rename, delete."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import String, cast, select
from sqlalchemy.orm import Session

from scheduler.domain import fields
from scheduler.domain.errors import Fault, InvalidInput, NotFound, WrongState
from scheduler.domain.fields import WhatIfName, WhatIfSeconds
from scheduler.domain.names import record_name
from scheduler.domain.solving import ScenarioKind, ScenarioState
from scheduler.i18n import VenueLabel, venue_label
from scheduler.services.audit_log import recording
from scheduler.services.audit_log.acts import Act
from scheduler.services.audit_log.subjects import AuditSubject, pgettext_lazy
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.planning.scenarios import scenario_rows
from scheduler.services.planning.scenarios.scenario_changes import (
    MAX_CHANGES,
    AnyChange,
    TypedChange,
    serialize_changes,
)
from scheduler.services.planning.scenarios.scenario_rows import ScenarioCard
from scheduler.services.text import clean_line
from scheduler.storage.models import Attendee, Event, Firm, Hall, Interpreter, Scenario, Slot

MAX_SCENARIOS = 20
"""Scenarios per event."""


def list_scenarios(session: Session, actor: Actor) -> tuple[ScenarioCard, ...]:
    """Return the event's scenarios, in order of creation."""
    actor.require(Right.READ_RUNS)
    return tuple(
        map(scenario_rows.scenario_card, scenario_rows.list_rows(session, actor.event_id, ScenarioKind.KEPT))
    )


def get_scenario(session: Session, actor: Actor, number: int) -> ScenarioCard:
    """Return a scenario by number. Raises NotFound."""
    actor.require(Right.READ_RUNS)
    return scenario_rows.scenario_card(scenario_rows.get_row(session, actor.event_id, number))


def create_scenario(
    session: Session,
    actor: Actor,
    name: str,
    *,
    changes: Sequence[AnyChange] = (),
    seconds: int | None = None,
    now: datetime,
) -> ScenarioCard:
    """Create an unsolved scenario. Raises InvalidInput."""
    actor.require(Right.MANAGE_SCENARIOS)
    wanted = _clean(session, actor.event_id, name, changes, seconds)
    if len(scenario_rows.list_rows(session, actor.event_id, ScenarioKind.KEPT)) >= MAX_SCENARIOS:
        raise InvalidInput([Fault("name", f"cannot be added: {MAX_SCENARIOS} are kept at most; delete one")])
    row = scenario_rows.add_row(
        session, actor.event_id, ScenarioKind.KEPT, name=wanted, changes=changes, seconds=seconds, now=now
    )
    _note(
        session,
        actor,
        row,
        pgettext_lazy("audit log", "scenario %(number)s created", number=row.number),
        now=now,
    )
    return scenario_rows.scenario_card(row)


def copy_scenario(session: Session, actor: Actor, number: int, *, now: datetime) -> ScenarioCard:
    """Copy a scenario with its changes. Raises NotFound, InvalidInput."""
    like = get_scenario(session, actor, number)
    most = fields.limits(WhatIfName).most
    name = f"{like.name[: most - 7]} (copy)"
    return create_scenario(session, actor, name, changes=like.changes, seconds=like.seconds, now=now)


def change_scenario(
    session: Session,
    actor: Actor,
    number: int,
    *,
    name: str | None = None,
    changes: Sequence[AnyChange] | None = None,
    seconds: int | None = None,
    now: datetime,
) -> ScenarioCard:
    """Update the name, changes or seconds. New changes or seconds delete the result.

    Raises NotFound, InvalidInput.
    """
    actor.require(Right.MANAGE_SCENARIOS)
    row = scenario_rows.get_row(session, actor.event_id, number, to_change=True)
    known = scenario_rows.scenario_card(row)
    wanted = known.changes if changes is None else tuple(changes)
    row.name = _clean(session, actor.event_id, known.name if name is None else name, wanted, seconds)
    if (list(wanted), seconds or row.seconds) != (list(known.changes), row.seconds):
        row.changes, row.seconds = serialize_changes(wanted), seconds or row.seconds
        scenario_rows.reset_row(row)
    session.flush()
    about = pgettext_lazy("audit log", "scenario %(number)s changed", number=row.number)
    _note(session, actor, row, about, now=now, before=known)
    return scenario_rows.scenario_card(row)


def add_change(session: Session, actor: Actor, number: int, new: AnyChange, *, now: datetime) -> ScenarioCard:
    """Add a change. Raises NotFound, InvalidInput."""
    known = get_scenario(session, actor, number)
    return change_scenario(session, actor, number, changes=(*known.changes, new), now=now)


def remove_change(
    session: Session, actor: Actor, number: int, position: int, *, now: datetime
) -> ScenarioCard:
    """Remove the change at a zero-based position. Raises NotFound."""
    known = get_scenario(session, actor, number)
    if not 0 <= position < len(known.changes):
        raise NotFound("change", position + 1)
    left = (*known.changes[:position], *known.changes[position + 1 :])
    return change_scenario(session, actor, number, changes=left, now=now)


def solve_scenario(session: Session, actor: Actor, number: int, *, now: datetime) -> ScenarioCard:
    """Request a solve, replacing the previous result. Raises NotFound, WrongState."""
    actor.require(Right.MANAGE_SCENARIOS)
    row = scenario_rows.get_row(session, actor.event_id, number, to_change=True)
    if row.state in (ScenarioState.QUEUED, ScenarioState.RUNNING):
        raise WrongState("scenario", number, row.state, "asked")
    scenario_rows.request_solve(row, now=now)
    session.flush()
    _note(
        session,
        actor,
        row,
        pgettext_lazy("audit log", "scenario %(number)s queued for calculation", number=row.number),
        now=now,
    )
    return scenario_rows.scenario_card(row)


def stop_scenario(session: Session, actor: Actor, number: int, *, now: datetime) -> ScenarioCard:
    """Stop waiting or solving. The scenario is new again. Raises NotFound, WrongState."""
    actor.require(Right.MANAGE_SCENARIOS)
    row = scenario_rows.get_row(session, actor.event_id, number, to_change=True)
    if row.state not in (ScenarioState.QUEUED, ScenarioState.RUNNING):
        raise WrongState("scenario", number, row.state, "stopped")
    scenario_rows.reset_row(row)
    session.flush()
    _note(
        session,
        actor,
        row,
        pgettext_lazy("audit log", "scenario %(number)s stopped", number=row.number),
        now=now,
    )
    return scenario_rows.scenario_card(row)


def delete_scenario(session: Session, actor: Actor, number: int, *, now: datetime) -> None:
    """Delete the scenario. A worker that is solving it stops. Raises NotFound."""
    actor.require(Right.MANAGE_SCENARIOS)
    row = scenario_rows.get_row(session, actor.event_id, number, to_change=True)
    _note(
        session,
        actor,
        row,
        pgettext_lazy("audit log", "scenario %(number)s deleted", number=row.number),
        now=now,
    )
    session.delete(row)


@dataclass(frozen=True, slots=True)
class ScenarioNames:
    """Names of halls, firms and interpreters by key. For deleted ones the name is the key."""

    halls: Mapping[str, str]
    firms: Mapping[str, str]
    interpreters: Mapping[str, str]

    def hall(self, key: str) -> str:
        return self.halls.get(key, key)

    def firm(self, key: str) -> str:
        return self.firms.get(key, key)

    def interpreter(self, key: str) -> str:
        return self.interpreters.get(key, key)


@dataclass(frozen=True, slots=True)
class ChangeChoices:
    """Options of change forms: keys with names, language codes, days."""

    halls: Sequence[tuple[str, str]]
    interpreters: Sequence[tuple[str, str]]
    languages: Sequence[str]
    days: Sequence[date]


def load_names(session: Session, actor: Actor, cards: Iterable[ScenarioCard]) -> ScenarioNames:
    """Return the names that the changes of scenarios refer to."""
    actor.require(Right.READ_RUNS)
    changes = [change for card in cards for change in card.changes]
    halls = _halls(session, actor.event_id) if any(getattr(one, "hall", None) for one in changes) else {}
    firms = _named(session, actor.event_id, Firm, changes, "firm", "like")
    return ScenarioNames(halls, firms, _named(session, actor.event_id, Interpreter, changes, "interpreter"))


def list_choices(session: Session, actor: Actor) -> ChangeChoices:
    """Return the options of change forms."""
    actor.require(Right.MANAGE_SCENARIOS)
    event = session.get_one(Event, actor.event_id)
    people = session.execute(
        select(Interpreter.key, Interpreter.name, Interpreter.languages)
        .where(Interpreter.event_id == event.id, Interpreter.withdrawn_at.is_(None))
        .order_by(Interpreter.name, Interpreter.id)
    ).all()
    spoken = select(cast(Attendee.languages, String)).where(Attendee.event_id == event.id).distinct()
    languages = {code for row in session.scalars(spoken) for code in json.loads(row)}
    zone = ZoneInfo(event.timezone)
    starts = session.scalars(select(Slot.start).where(Slot.of(event.id)))
    return ChangeChoices(
        halls=list(_halls(session, event.id).items()),
        interpreters=[(key, name) for key, name, _ in people],
        languages=sorted(languages | {code for person in people for code in person.languages}),
        days=sorted({start.astimezone(zone).date() for start in starts}),
    )


def _halls(session: Session, event_id: int) -> dict[str, VenueLabel]:
    query = select(Hall.key, Hall.name, Hall.names).where(Hall.event_id == event_id)
    rows = session.execute(query.order_by(Hall.position, Hall.id))
    return {key: venue_label(name, names) for key, name, names in rows}


def _named(
    session: Session, event_id: int, table: Any, changes: Iterable[TypedChange], *where: str
) -> dict[str, str]:
    keys = {getattr(one, name, None) for one in changes for name in where} - {None}
    if not keys:
        return {}
    latin = table.latin_name if table is Firm else table.name
    mine = select(table.key, table.name, latin).where(table.event_id == event_id, table.key.in_(keys))
    return {key: record_name(name, latin) for key, name, latin in session.execute(mine)}


def _clean(
    session: Session, event_id: int, name: str, changes: Sequence[AnyChange], seconds: int | None
) -> str:
    """Validate all fields and return the name on one line. Raises InvalidInput with all faults."""
    wanted = clean_line(name)
    faults = list(fields.check_field("name", wanted, WhatIfName))
    if seconds is not None:
        faults.extend(fields.check_field("seconds", seconds, WhatIfSeconds))
    if len(changes) > MAX_CHANGES:
        faults.append(Fault("changes", f"are {MAX_CHANGES} at most; remove one"))
    faults.extend(_unknown(session, event_id, changes[:MAX_CHANGES]))
    if faults:
        raise InvalidInput(faults)
    return wanted


def _unknown(session: Session, event_id: int, changes: Iterable[TypedChange]) -> list[Fault]:
    """Return faults for keys that the event does not have."""
    found: list[Fault] = []
    tables: dict[str, Any] = {"hall": Hall, "firm": Firm, "like": Firm, "interpreter": Interpreter}
    for field, table in tables.items():
        named = {getattr(one, field, None) for one in changes} - {None}
        if not named:
            continue
        mine = select(table.key).where(table.event_id == event_id, table.key.in_(named))
        if table is not Hall:
            mine = mine.where(table.withdrawn_at.is_(None))
        missing = sorted(str(key) for key in named - set(session.scalars(mine)))
        found.extend(Fault(field, f"{key!r} is not in this event") for key in missing)
    return found


def _note(
    session: Session,
    actor: Actor,
    row: Scenario,
    about: AuditSubject,
    *,
    now: datetime,
    before: ScenarioCard | None = None,
) -> None:
    was = (
        None
        if before is None
        else _audit_values(before.name, before.seconds, serialize_changes(before.changes))
    )
    after = _audit_values(row.name, row.seconds, row.changes)
    recording.record_act(session, actor, Act.SCENARIO, about, before=was, after=after, now=now)


def _audit_values(name: str, seconds: int, changes: Sequence[Any]) -> dict[str, Any]:
    return {"name": name, "seconds": seconds, "changes": list(changes)}
