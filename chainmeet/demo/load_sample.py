"""Sample event loader: inserts rows as if the participants had entered them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from scheduler.domain.entities import PlaceKind, RequestState, Side
from scheduler.domain.team import TeamRole
from scheduler.invites.ical import itip_revisions
from scheduler.samples.event import SampleEvent, SamplePerson, SampleRequest
from scheduler.secret_keys import SecretKeys
from scheduler.services.events import overnight_schedule
from scheduler.services.identity import tokens
from scheduler.storage.models import (
    Account,
    Attendee,
    AttendeeBusy,
    Event,
    Firm,
    Hall,
    Interpreter,
    InterpreterBusy,
    MeetingRequest,
    Place,
    PlaceClosure,
    RequestPerson,
    Slot,
    TeamMember,
    WalkingTime,
)

Ids = Mapping[str, int]
Row = dict[str, Any]

CONTACT = "Meeting desk, +1 202 555 0143"
"""A fictitious number: 555-0100 to 555-0199 are reserved for fiction."""
ANSWERED = (RequestState.ACCEPTED, RequestState.DECLINED)


def load(
    session: Session,
    sample: SampleEvent,
    *,
    organiser_email: str,
    secret_key: SecretKeys,
    now: datetime,
    mail_per_minute: int = 60_000,
) -> Event:
    """Insert all rows of a sample event. The account `organiser_email` becomes its organiser."""
    event = _event(session, sample, now=now, mail_per_minute=mail_per_minute)
    slots = _insert(session, Slot, _slots(sample, event.id))
    halls = _insert(session, Hall, _halls(sample, event.id))
    _bulk(session, WalkingTime, _walking(sample, halls))
    firms = _insert(session, Firm, _firms(sample, event.id, halls))
    places = _insert(session, Place, _places(sample, event.id, halls, firms))
    _bulk(session, PlaceClosure, _places_closed(sample, places, slots))
    accounts = _accounts(session, sample, organiser_email, now)
    session.add(TeamMember(event_id=event.id, account_id=accounts[organiser_email], role=TeamRole.OWNER))
    people = _insert(session, Attendee, _attendees(sample, event.id, firms, accounts, secret_key, now))
    _bulk(session, AttendeeBusy, _busy(sample.attendees, people, slots, "attendee_id"))
    interpreters = _insert(session, Interpreter, _interpreters(sample, event.id))
    _bulk(session, InterpreterBusy, _busy(sample.interpreters, interpreters, slots, "interpreter_id"))
    requests = _insert(session, MeetingRequest, _requests(sample, event, firms, people, now))
    _bulk(session, RequestPerson, _named(sample.requests, requests, people))
    session.flush()
    return event


def _event(session: Session, sample: SampleEvent, *, now: datetime, mail_per_minute: int) -> Event:
    policy = sample.policy
    event = Event(
        key=sample.key,
        name=sample.name,
        timezone=sample.timezone,
        created_at=now,
        live_at=now,
        areas={area.key: area.name for area in sample.areas},
        area_names={area.key: dict(area.names) for area in sample.areas},
        policy={"fair_share": policy.fair_share, "idle_counts": policy.idle_counts},
        mail_per_minute=mail_per_minute,
        digests_since=now,
        contact=CONTACT,
        remind_minutes=15,
    )
    session.add(event)
    session.flush()
    overnight_schedule.add_default_time(session, event, now=now)
    return event


def _insert(session: Session, table: Any, rows: list[Row]) -> Ids:
    """Insert rows that have a key. Return row ids by key."""
    if not rows:
        return {}
    made = session.scalars(insert(table).returning(table.id, sort_by_parameter_order=True), rows)
    return {row["key"]: row_id for row, row_id in zip(rows, made, strict=True)}


def _bulk(session: Session, table: Any, rows: Iterable[Row]) -> None:
    listed = list(rows)
    if listed:
        session.execute(insert(table), listed)


def _slots(sample: SampleEvent, event_id: int) -> list[Row]:
    return [
        {
            "event_id": event_id,
            "key": slot.key,
            "position": position,
            "start": slot.start,
            "end": slot.end,
            "block": slot.block,
        }
        for position, slot in enumerate(sample.slots)
    ]


def _halls(sample: SampleEvent, event_id: int) -> list[Row]:
    of = {"event_id": event_id}
    return [
        {**of, "key": hall.key, "name": hall.name, "names": dict(hall.names), "position": position}
        for position, hall in enumerate(sample.halls)
    ]


def _walking(sample: SampleEvent, halls: Ids) -> Iterable[Row]:
    for walk in sample.walking:
        a, b = sorted((halls[walk.from_hall], halls[walk.to_hall]))
        yield {"from_hall_id": a, "to_hall_id": b, "minutes": walk.minutes}


def _firms(sample: SampleEvent, event_id: int, halls: Ids) -> list[Row]:
    return [
        {
            "event_id": event_id,
            "key": firm.key,
            "name": firm.name,
            "latin_name": firm.latin_name,
            "country": firm.country,
            "tier": firm.tier,
            "areas": list(firm.areas),
            "pavilion": firm.pavilion,
            "description": firm.description,
            "website": firm.website,
            "products": list(firm.products),
            "needs": list(firm.needs),
            "hall_id": halls[firm.hall],
            "max_per_day": firm.max_per_day,
            "min_meetings": firm.min_meetings,
        }
        for firm in sample.firms
    ]


def _places(sample: SampleEvent, event_id: int, halls: Ids, firms: Ids) -> list[Row]:
    booths = [
        {
            "key": booth.key,
            "name": f"Booth {booth.key}",
            "kind": PlaceKind.BOOTH,
            "hall_id": halls[booth.hall],
            "firm_id": firms[booth.firm_key],
            "capacity": booth.capacity,
        }
        for booth in sample.booths
    ]
    tables = [
        {
            "key": table.key,
            "name": f"Table {table.key}",
            "kind": PlaceKind.TABLE,
            "hall_id": halls[table.hall],
            "firm_id": None,
            "capacity": table.capacity,
        }
        for table in sample.tables
    ]
    return [{"event_id": event_id, **row} for row in booths + tables]


def _places_closed(sample: SampleEvent, places: Ids, slots: Ids) -> Iterable[Row]:
    closed = [(booth.key, booth.unavailable) for booth in sample.booths]
    closed += [(table.key, table.unavailable) for table in sample.tables]
    for key, unavailable in closed:
        for slot in unavailable:
            yield {"place_id": places[key], "slot_id": slots[slot]}


def _accounts(session: Session, sample: SampleEvent, organiser_email: str, now: datetime) -> Ids:
    """Return the ids of all accounts by address. Existing accounts are kept."""
    names = {organiser_email: "Organiser"} | {p.email: p.name for p in sample.attendees}
    known = _account_ids(session)
    rows = [
        {"email": email, "name": name, "created_at": now}
        for email, name in names.items()
        if email not in known
    ]
    _bulk(session, Account, rows)
    return _account_ids(session)


def _attendees(
    sample: SampleEvent, event_id: int, firms: Ids, accounts: Ids, secret_key: SecretKeys, now: datetime
) -> list[Row]:
    """Return rows of attendees who are already invited, because the demo starts after the request phase."""
    rows = [_attendee(person, event_id, firms, accounts, secret_key) for person in sample.attendees]
    return [row | {"invited_at": now} for row in rows]


def _attendee(person: SamplePerson, event_id: int, firms: Ids, accounts: Ids, secret_key: SecretKeys) -> Row:
    seed = tokens.new_seed(secret_key)
    return {
        "event_id": event_id,
        "firm_id": firms[person.firm_key],
        "account_id": accounts[person.email],
        "key": person.key,
        "name": person.name,
        "latin_name": person.latin_name,
        "email": person.email,
        "title": person.title,
        "languages": list(person.languages),
        "is_exhibitor": person.is_exhibitor,
        "max_per_day": person.max_per_day,
        "feed_seed": seed,
        "feed_hash": tokens.hash_token(tokens.derive_token(secret_key, "feed", seed)),
    }


def _busy(people: Iterable[Any], ids: Ids, slots: Ids, column: str) -> Iterable[Row]:
    for person in people:
        for slot in person.busy:
            yield {column: ids[person.key], "slot_id": slots[slot]}


def _interpreters(sample: SampleEvent, event_id: int) -> list[Row]:
    return [
        {
            "event_id": event_id,
            "key": person.key,
            "name": person.name,
            "latin_name": person.latin_name,
            "email": person.email,
            "languages": list(person.languages),
        }
        for person in sample.interpreters
    ]


def _requests(sample: SampleEvent, event: Event, firms: Ids, people: Ids, now: datetime) -> list[Row]:
    """Return requests, submitted a minute apart up to now and answered within a day."""
    exhibitors = {p.firm_key: people[p.key] for p in sample.attendees if p.is_exhibitor}
    total = len(sample.requests)
    return [
        _request(request, event, firms, exhibitors, now - timedelta(minutes=total - i), now)
        for i, request in enumerate(sample.requests)
    ]


def _request(
    request: SampleRequest, event: Event, firms: Ids, exhibitors: Ids, requested_at: datetime, now: datetime
) -> Row:
    answered = request.state in ANSWERED
    closed = request.state is not RequestState.PENDING
    return {
        "event_id": event.id,
        "key": request.key,
        "from_firm_id": firms[request.from_firm],
        "to_firm_id": firms[request.to_firm],
        "priority": request.weight,
        "length": request.length,
        "place": request.place,
        "topic": request.topic,
        "message": request.message,
        "slots": list(request.slots) if request.slots is not None else None,
        "state": request.state,
        "created_by": exhibitors[request.from_firm],
        "created_at": requested_at,
        "expires_at": now + timedelta(days=event.request_days) if not closed else None,
        "responded_by": exhibitors[request.to_firm] if answered else None,
        "responded_at": min(now, requested_at + timedelta(days=1)) if closed else None,
        "response_note": request.note,
        "uid": itip_revisions.new_seed(),
    }


def _named(requests: Iterable[SampleRequest], ids: Ids, people: Ids) -> Iterable[Row]:
    for request in requests:
        for side, named in ((Side.FROM, request.from_attendees), (Side.TO, request.to_attendees)):
            for person in named:
                yield {"request_id": ids[request.key], "attendee_id": people[person], "side": side}


def _account_ids(session: Session) -> dict[str, int]:
    rows = session.execute(select(Account.email, Account.id))
    return {email: row_id for email, row_id in rows}  # noqa: C416 -- dict(rows) loses the types
