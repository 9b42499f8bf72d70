"""An event of 3,000 firms and 35,000 meetings, written to a database in some seconds.

event_id = fill(database)
draft = add_version(database, event_id, moved=700)
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Table, insert, select

from scheduler.domain.entities import PlaceKind, RequestState, Tier, VersionState
from scheduler.services import versions
from scheduler.storage.base import Base
from scheduler.storage.database import Database
from scheduler.storage.models import MeetingRequest, PlannedMeeting
from tests.factories import NOW, make_event

FIRMS, MEETINGS = 3_000, 35_000
SLOTS = "|".join(["4"] * 4)
BATCH = 5_000


def fill(database: Database, *, firms: int = FIRMS, meetings: int = MEETINGS) -> int:
    """An event in which each firm has two people and a booth, and every request is accepted; gives its id."""
    with database.write() as session:
        expo = make_event(
            session,
            firms=0,
            tables=0,
            slots=" ".join([SLOTS] * 5),
            halls=4,
            summary_mails=True,
            mail_per_minute=60_000,
        )
        connection = session.connection()
        shared = {"event": expo.event.id, "account": expo.organiser.id, "halls": [h.id for h in expo.halls]}
        _put(connection, "firm", _firms(shared, firms))
        _put(connection, "attendee", _people(shared, _ids(connection, "firm", expo.event.id)))
        _put(connection, "place", _booths(shared, _ids(connection, "firm", expo.event.id)))
        pairs = _pairs(_ids(connection, "firm", expo.event.id), meetings)
        _put(connection, "meeting_request", _requests(shared, pairs))
        return expo.event.id


def add_version(
    database: Database, event_id: int, *, moved: int = 0, state: VersionState = VersionState.DRAFT
) -> int:
    """A version with every request, the first `moved` of them in another slot; gives its number."""
    with database.write() as session:
        connection = session.connection()
        number = versions.next_number(session, event_id)
        version_id = connection.execute(
            insert(_table("schedule_version")).returning(_table("schedule_version").c.id),
            {
                "event_id": event_id,
                "number": number,
                "state": state,
                "status": "feasible",
                "score": 1.0,
                "terms": {"served": 1, "idle": 0, "hall_change": 0},
                "unscheduled": [],
                "created_at": NOW,
                "published_at": NOW if state is VersionState.PUBLISHED else None,
            },
        ).scalar_one()
        slots, booths = _ids(connection, "slot", event_id), _ids(connection, "place", event_id)
        requests = session.scalars(
            select(MeetingRequest.id).where(MeetingRequest.event_id == event_id).order_by(MeetingRequest.id)
        ).all()
        half = len(booths) // 2
        rows = (
            {
                "version_id": version_id,
                "request_id": request,
                "slot_id": slots[i // half + (40 if i < moved else 0)],
                "length": 1,
                "place_id": booths[2 * (i % half)],
                "interpreter_id": None,
            }
            for i, request in enumerate(requests)
        )
        _put(connection, "planned_meeting", rows)
        planned = session.scalars(
            select(PlannedMeeting.id)
            .where(PlannedMeeting.version_id == version_id)
            .order_by(PlannedMeeting.request_id)
        ).all()
        people = _ids(connection, "attendee", event_id)
        _put(connection, "planned_attendee", _seats(planned, people, half))
        return number


def _firms(shared: dict[str, Any], count: int) -> Iterator[dict[str, Any]]:
    for i in range(count):
        yield {
            "event_id": shared["event"],
            "key": f"f{i}",
            "name": f"第{i}号电子有限公司" if i % 3 == 0 else f"Firm {i} Electronics",
            "latin_name": f"Firm {i} Electronics",
            "country": ("CN", "HU", "DE")[i % 3],
            "tier": Tier.MIDSTREAM,
            "areas": ["batteries"],
            "hall_id": shared["halls"][i % len(shared["halls"])],
        }


def _people(shared: dict[str, Any], firms: list[int]) -> Iterator[dict[str, Any]]:
    for i, firm in enumerate(firms):
        for j in (0, 1):
            yield {
                "event_id": shared["event"],
                "firm_id": firm,
                "account_id": shared["account"],
                "key": f"f{i}-p{j}",
                "name": f"Person {j} of {i}",
                "latin_name": f"Person {j} of {i}",
                "email": f"p{j}.{i}@firm.example",
                "languages": ["zh", "en"] if i % 3 == 0 else ["en"],
                "is_exhibitor": j == 0,
                "feed_seed": f"{i}-{j}",
                "feed_hash": f"{shared['event']}-{i}-{j}",
            }


def _booths(shared: dict[str, Any], firms: list[int]) -> Iterator[dict[str, Any]]:
    for i, firm in enumerate(firms):
        yield {
            "event_id": shared["event"],
            "key": f"b{i}",
            "name": f"Booth {i}",
            "hall_id": shared["halls"][i % len(shared["halls"])],
            "kind": PlaceKind.BOOTH,
            "firm_id": firm,
        }


def _pairs(firms: list[int], count: int) -> Iterator[tuple[int, int]]:
    """In slot s each firm of an even number meets the one 2 s + 1 further on: nobody is in two at once."""
    half = len(firms) // 2
    for i in range(count):
        even, step = 2 * (i % half), 2 * (i // half) + 1
        yield firms[even], firms[(even + step) % len(firms)]


def _requests(shared: dict[str, Any], pairs: Iterator[tuple[int, int]]) -> Iterator[dict[str, Any]]:
    for i, (sender, receiver) in enumerate(pairs):
        yield {
            "event_id": shared["event"],
            "key": f"r{i}",
            "from_firm_id": receiver,
            "to_firm_id": sender,
            "priority": 3,
            "topic": "Power modules and cells",
            "state": RequestState.ACCEPTED,
            "created_at": NOW,
            "expires_at": NOW + timedelta(days=14),
            "answered_at": NOW,
            "uid": f"00000000-{i:012}",
        }


def _seats(planned: Any, people: list[int], half: int) -> Iterator[dict[str, Any]]:
    """Of each firm the first person in even slots, the second one in odd ones."""
    firms = len(people) // 2
    for i, meeting_id in enumerate(planned):
        slot, even = i // half, 2 * (i % half)
        for firm in (even, (even + 2 * slot + 1) % firms):
            yield {"meeting_id": meeting_id, "attendee_id": people[2 * firm + slot % 2]}


def _table(name: str) -> Table:
    return Base.metadata.tables[name]


def _ids(connection: Connection, name: str, event_id: int) -> list[int]:
    table = _table(name)
    rows = connection.execute(select(table.c.id).where(table.c.event_id == event_id).order_by(table.c.id))
    return [row[0] for row in rows]


def _put(connection: Connection, name: str, rows: Iterator[dict[str, Any]]) -> None:
    batch: list[dict[str, Any]] = []
    for row in rows:
        batch.append(row)
        if len(batch) == BATCH:
            connection.execute(insert(_table(name)), batch)
            batch = []
    if batch:
        connection.execute(insert(_table(name)), batch)
