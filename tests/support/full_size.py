"""An event of 3,000 firms and 35,000 meetings, inserted in seconds.

event_id = fill(database)
draft = add_version(database, event_id, moved=700)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Table, func, insert, select, text
from sqlalchemy.orm import Session

from scheduler.domain.entities import PlaceKind, RequestState, Tier, VersionState
from scheduler.services.schedule import versions
from scheduler.storage.base import Base
from scheduler.storage.database import Database
from scheduler.storage.models import Account, MeetingRequest, PlannedMeeting
from tests.support.factories import DAY, NOW, make_event

FIRMS, MEETINGS = 3_000, 35_000
SLOTS = "|".join(["4"] * 4)
PENDING = 4
"""Number of pending requests of each firm."""
BATCH = 5_000


def fill(
    database: Database,
    *,
    firms: int = FIRMS,
    meetings: int = MEETINGS,
    now: datetime = NOW,
    first_day: date = DAY,
) -> int:
    """Create an event whose firms have two people, a booth and four pending requests. Return its id.

    The other requests are accepted, one per meeting.
    """
    with database.write() as session:
        expo = make_event(
            session,
            firms=0,
            tables=0,
            slots=" ".join([SLOTS] * 5),
            halls=4,
            summary_mails=True,
            mail_per_minute=60_000,
            first_day=first_day,
        )
        connection = session.connection()
        shared = {"event": expo.event.id, "now": now, "halls": [h.id for h in expo.halls]}
        _put(connection, "firm", _firms(shared, firms))
        firm_ids = _ids(connection, "firm", expo.event.id)
        _put(connection, "account", _accounts(shared, firms))
        accounts = session.scalars(select(Account.id).where(Account.email.like("p_.%")).order_by(Account.id))
        _put(connection, "attendee", _people(shared, firm_ids, accounts.all()))
        _put(connection, "place", _booths(shared, firm_ids))
        _put(connection, "meeting_request", _requests(shared, _pairs(firm_ids, meetings)))
        _put(connection, "meeting_request", _pending(shared, firm_ids))
        _tell_planner(connection)
        return expo.event.id


def add_version(
    database: Database, event_id: int, *, moved: int = 0, state: VersionState = VersionState.DRAFT
) -> int:
    """Create a version with all accepted requests, `moved` of them in another slot. Return its number.

    It is as old as the last request or response, so that none of them is new since this version.
    """
    with database.write() as session:
        connection = session.connection()
        number = versions.next_number(session, event_id)
        made_at = _last_change(session, event_id)
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
                "created_at": made_at,
                "published_at": made_at if state is VersionState.PUBLISHED else None,
            },
        ).scalar_one()
        slots, booths = _ids(connection, "slot", event_id), _ids(connection, "place", event_id)
        requests = session.scalars(
            select(MeetingRequest.id)
            .where(MeetingRequest.event_id == event_id, MeetingRequest.state == RequestState.ACCEPTED)
            .order_by(MeetingRequest.id)
        ).all()
        half = len(booths) // 2
        rows = (
            {
                "version_id": version_id,
                "request_id": request,
                "slot_id": slots[i // half + (40 if i < moved else 0)],
                "length": 1,
                "last_slot_id": slots[i // half + (40 if i < moved else 0)],
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
        _tell_planner(connection)
        return number


def _last_change(session: Session, event_id: int) -> datetime:
    """Return when the last request of the event was sent or answered, or `NOW` without any."""
    changed_at = func.coalesce(MeetingRequest.responded_at, MeetingRequest.created_at)
    found = session.scalar(select(func.max(changed_at)).where(MeetingRequest.event_id == event_id))
    return found or NOW


def _tell_planner(connection: Connection) -> None:
    """Run ANALYZE. A database does so some time later, and until then may plan for empty tables."""
    connection.execute(text("ANALYZE"))


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


def _accounts(shared: dict[str, Any], firms: int) -> Iterator[dict[str, Any]]:
    for i in range(firms):
        for j in (0, 1):
            yield {"email": _email(i, j), "created_at": shared["now"]}


def _email(firm: int, person: int) -> str:
    return f"p{person}.{firm}@firm.example"


def _people(
    shared: dict[str, Any], firms: Sequence[int], accounts: Sequence[int]
) -> Iterator[dict[str, Any]]:
    for i, firm in enumerate(firms):
        for j in (0, 1):
            yield {
                "event_id": shared["event"],
                "firm_id": firm,
                "account_id": accounts[2 * i + j],
                "key": f"f{i}-p{j}",
                "name": f"Person {j} of {i}",
                "latin_name": f"Person {j} of {i}",
                "email": _email(i, j),
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
    """Yield pairs: in slot s each even firm meets the one 2 s + 1 further on, so none overlaps."""
    half = len(firms) // 2
    for i in range(count):
        even, step = 2 * (i % half), 2 * (i // half) + 1
        yield firms[even], firms[(even + step) % len(firms)]


def _requests(shared: dict[str, Any], pairs: Iterator[tuple[int, int]]) -> Iterator[dict[str, Any]]:
    for i, (sender, receiver) in enumerate(pairs):
        made = _request(shared, f"r{i}", receiver, sender)
        yield made | {"state": RequestState.ACCEPTED, "responded_at": shared["now"]}


def _pending(shared: dict[str, Any], firms: Sequence[int]) -> Iterator[dict[str, Any]]:
    """Yield requests of the next firms of the same parity, none of which meets the receiver."""
    for i, receiver in enumerate(firms):
        for step in range(1, PENDING + 1):
            yield _request(shared, f"p{i}-{step}", firms[(i + 2 * step) % len(firms)], receiver)


def _request(shared: dict[str, Any], key: str, sender: int, receiver: int) -> dict[str, Any]:
    return {
        "event_id": shared["event"],
        "key": key,
        "from_firm_id": sender,
        "to_firm_id": receiver,
        "priority": 3,
        "topic": "Power modules and cells",
        "state": RequestState.PENDING,
        "created_at": shared["now"],
        "expires_at": shared["now"] + timedelta(days=14),
        "uid": f"{shared['event']}-{key}",
    }


def _seats(planned: Any, people: list[int], half: int) -> Iterator[dict[str, Any]]:
    """Yield attendees: the first person of each firm in even slots, the second one in odd slots."""
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
