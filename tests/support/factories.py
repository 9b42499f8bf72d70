"""Concise factories of an event in the database, with defaults for everything that a test is not about.

    expo = make_event(session, firms=3, slots="2|2 4")
    request = make_request(session, expo, 0, 1, state=RequestState.ACCEPTED)
    make_version(session, expo, [meet(request, expo, slot=0)])
    requests.accept(session, expo.actor(1), request.key, now=NOW)

Firm i has the exhibitor `expo.people[i][0]`. Slots have 30 minutes from 09:00 in the event's zone, as in
`builders` ("2|2 4": a day of two blocks of two, a day of one block of four). The first day is DAY.
"""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from scheduler.domain.entities import AfterRun, PlaceKind, RequestState, Side, Tier, VersionState
from scheduler.domain.plan import Meeting
from scheduler.domain.team import TeamRole
from scheduler.invites.catalogue import choose_language
from scheduler.secret_keys import SecretKeys
from scheduler.services.identity import sign_in, tokens
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Role
from scheduler.services.schedule import versions
from scheduler.storage.models import (
    Account,
    Attendee,
    Event,
    Firm,
    Hall,
    Interpreter,
    MeetingRequest,
    Place,
    RequestPerson,
    RunSchedule,
    ScheduleVersion,
    Slot,
    TeamMember,
    WalkingTime,
)

SECRET_KEY = SecretKeys("a secret key that only tests know, long enough")
NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)
DAY = date(2026, 12, 7)

_count = itertools.count(1)


@dataclass
class Expo:
    """The rows of an event. `people[i]` are the attendees of `firms[i]`, its exhibitor first."""

    event: Event
    organiser: Account
    slots: list[Slot]
    halls: list[Hall]
    firms: list[Firm] = field(default_factory=list)
    people: list[list[Attendee]] = field(default_factory=list)
    booths: list[Place] = field(default_factory=list)
    tables: list[Place] = field(default_factory=list)
    interpreters: list[Interpreter] = field(default_factory=list)

    def actor(self, firm: int, person: int = 0) -> Actor:
        """Return the actor of a person of firm number `firm`, by default its exhibitor."""
        attendee = self.people[firm][person]
        return Actor(
            account_id=attendee.account_id,
            event_id=self.event.id,
            event_key=self.event.key,
            attendee_id=attendee.id,
            firm_id=attendee.firm_id,
            is_exhibitor=attendee.is_exhibitor,
            language=choose_language(attendee.mail_language, attendee.languages, self.event.language),
        )

    def organiser_actor(self) -> Actor:
        return Actor(
            account_id=self.organiser.id,
            event_id=self.event.id,
            event_key=self.event.key,
            team_role=Role.OWNER,
        )


def make_account(session: Session, email: str | None = None, *, is_operator: bool = False) -> Account:
    email = email or f"person{next(_count)}@example.org"
    return sign_in.ensure_account(session, email, is_operator=is_operator, now=NOW)


def make_member(
    session: Session,
    expo: Expo,
    role: TeamRole,
    *,
    account: Account | None = None,
    until: datetime | None = None,
) -> Account:
    """Return an account in the event's team, by default a new one."""
    account = account or make_account(session)
    session.add(TeamMember(event_id=expo.event.id, account_id=account.id, role=role, until=until, since=NOW))
    session.flush()
    return account


def make_event(
    session: Session,
    *,
    firms: int = 3,
    people: int = 1,
    slots: str = "4",
    halls: int = 1,
    tables: int = 2,
    interpreters: int = 0,
    walking: int = 0,
    first_day: date = DAY,
    **columns: Any,
) -> Expo:
    """Create an event with an organiser. Firms have `people` attendees and a booth; booths alternate halls.

    `columns` are those of the event. `walking` is the minutes between any two halls.
    """
    number = next(_count)
    event = Event(
        **{
            "key": f"expo{number}",
            "name": f"Expo {number}",
            "timezone": "Asia/Shanghai",
            "created_at": NOW,
            "live_at": NOW,
            "areas": {"batteries": "Batteries", "chips": "Chips"},
            "summary_mails": False,
            "digest_mails": False,
            "publish_hold": 0,
            **columns,
        }
    )
    session.add(event)
    session.flush()
    organiser = make_account(session, f"organiser@{event.key}.example")
    session.add(TeamMember(event_id=event.id, account_id=organiser.id, role=TeamRole.OWNER))
    positions = _slots(session, event, slots, first_day)
    expo = Expo(event, organiser, positions, _halls(session, event, halls, walking))
    make_firms(session, expo, firms, people=people)
    for _ in range(tables):
        _add_table(session, expo)
    for _ in range(interpreters):
        _add_interpreter(session, expo)
    session.flush()
    return expo


def make_night(session: Session, expo: Expo, **columns: Any) -> RunSchedule:
    """Create an overnight schedule at 02:00 every day, due at NOW, which creates a draft."""
    values = {"at": time(2), "weekdays": "1234567", "then": AfterRun.DRAFT, "next_at": NOW, **columns}
    night = RunSchedule(event_id=expo.event.id, **values)
    session.add(night)
    session.flush()
    return night


def make_firm(session: Session, expo: Expo, *, people: int = 1, booth: bool = True, **columns: Any) -> Firm:
    """Create a firm with attendees, its exhibitor first, and add it to `expo`."""
    return make_firms(session, expo, 1, people=people, booth=booth, **columns)[0]


def make_firms(
    session: Session, expo: Expo, count: int, *, people: int = 1, booth: bool = True, **columns: Any
) -> list[Firm]:
    """Create firms like `make_firm`, in as many statements as a single one."""
    first = len(expo.firms)
    halls = [expo.halls[i % len(expo.halls)] for i in range(first, first + count)]
    firms = []
    for i, hall in enumerate(halls, first):
        own = {"key": f"f{i}", "name": f"Firm {i}", "latin_name": f"Firm {i}", "hall_id": hall.id}
        usual = {"country": "CN", "tier": Tier.MIDSTREAM, "areas": ["batteries"]}
        firms.append(Firm(event_id=expo.event.id, **{**own, **usual, **columns}))
    session.add_all(firms)
    session.flush()
    expo.firms += firms
    expo.people += ([] for _ in firms)
    _add_attendees(
        session,
        expo,
        [(i, {"is_exhibitor": j == 0}) for i in range(first, first + count) for j in range(people)],
    )
    if booth:
        for i, (firm, hall) in enumerate(zip(firms, halls, strict=True), first):
            place = _add_place(session, expo, f"b{i}", PlaceKind.BOOTH, hall, firm_id=firm.id)
            expo.booths.append(place)
    session.flush()
    return firms


def make_attendee(session: Session, expo: Expo, firm: int, **columns: Any) -> Attendee:
    """Create a person of firm number `firm` with an account of the same address, and add it to `expo`."""
    _add_attendees(session, expo, [(firm, columns)])
    session.flush()
    return expo.people[firm][-1]


def _add_attendees(session: Session, expo: Expo, people: Sequence[tuple[int, dict[str, Any]]]) -> None:
    """Add attendees, given as pairs of firm number and columns."""
    added = []
    for firm, columns in people:
        key = f"{expo.firms[firm].key}-p{len(expo.people[firm])}"
        values = {"key": key, "email": f"{key}@{expo.event.key}.example", "languages": ["en"], **columns}
        values = {"name": key.upper(), "latin_name": key.upper(), **values}
        if expo.event.digest_mails:  # only invited people are notified of requests
            values = {"invited_at": NOW - timedelta(days=30), **values}
        seed, hashed = tokens.new_feed(SECRET_KEY)
        attendee = Attendee(
            event_id=expo.event.id,
            firm_id=expo.firms[firm].id,
            feed_seed=seed,
            feed_hash=hashed,
            **values,
        )
        expo.people[firm].append(attendee)
        added.append(attendee)
    accounts = sign_in.ensure_accounts(session, {each.email: "" for each in added}, now=NOW)
    for each in added:
        each.account_id = accounts[each.email]
    session.add_all(added)


def make_table(session: Session, expo: Expo, **columns: Any) -> Place:
    """Create a table, alternating halls, and add it to `expo`."""
    place = _add_table(session, expo, **columns)
    session.flush()
    return place


def _add_table(session: Session, expo: Expo, **columns: Any) -> Place:
    i = len(expo.tables)
    place = _add_place(session, expo, f"t{i}", PlaceKind.TABLE, expo.halls[i % len(expo.halls)], **columns)
    expo.tables.append(place)
    return place


def make_interpreter(session: Session, expo: Expo, **columns: Any) -> Interpreter:
    """Create an interpreter for English and Chinese, and add them to `expo`."""
    interpreter = _add_interpreter(session, expo, **columns)
    session.flush()
    return interpreter


def _add_interpreter(session: Session, expo: Expo, **columns: Any) -> Interpreter:
    key = f"i{len(expo.interpreters)}"
    values = {
        "key": key,
        "name": key.upper(),
        "latin_name": key.upper(),
        "languages": ["en", "zh"],
        **columns,
    }
    interpreter = Interpreter(
        **{"event_id": expo.event.id, "email": f"{key}@{expo.event.key}.example", **values}
    )
    session.add(interpreter)
    expo.interpreters.append(interpreter)
    return interpreter


def make_request(
    session: Session,
    expo: Expo,
    sender: int = 0,
    receiver: int = 1,
    *,
    state: RequestState = RequestState.ACCEPTED,
    from_people: Sequence[Attendee] = (),
    to_people: Sequence[Attendee] = (),
    **columns: Any,
) -> MeetingRequest:
    """Create a request of firm number `sender` to firm number `receiver`, with the named people."""
    answered = state in (RequestState.ACCEPTED, RequestState.DECLINED)
    values = {
        "key": f"r{next(_count)}",
        "priority": 3,
        "topic": "Cells",
        "created_by": expo.people[sender][0].id if expo.people[sender] else None,
        "created_at": NOW,
        "expires_at": NOW + timedelta(days=14),
        "responded_at": NOW if answered else None,
        "uid": str(uuid.uuid4()),
        **columns,
    }
    request = MeetingRequest(
        event_id=expo.event.id,
        from_firm_id=expo.firms[sender].id,
        to_firm_id=expo.firms[receiver].id,
        state=state,
        people=[RequestPerson(attendee_id=person.id, side=Side.FROM) for person in from_people]
        + [RequestPerson(attendee_id=person.id, side=Side.TO) for person in to_people],
        **values,
    )
    session.add(request)
    session.flush()
    return request


def meet(
    request: MeetingRequest,
    expo: Expo,
    *,
    slot: int = 0,
    place: Place | None = None,
    people: Sequence[Attendee] | None = None,
    interpreter: Interpreter | None = None,
) -> Meeting:
    """Return a meeting of a request, by default of both firms' exhibitors at the first table."""
    staff = {firm.id: members[0] for firm, members in zip(expo.firms, expo.people, strict=True) if members}
    if people is None:
        people = [staff[request.from_firm_id], staff[request.to_firm_id]]
    return Meeting(
        request=request.key,
        slot=expo.slots[slot].key,
        place=(place or expo.tables[0]).key,
        attendees=tuple(person.key for person in people),
        interpreter=interpreter.key if interpreter else None,
    )


def make_version(
    session: Session,
    expo: Expo,
    meetings: Sequence[Meeting],
    *,
    state: VersionState = VersionState.PUBLISHED,
    now: datetime = NOW,
) -> ScheduleVersion:
    """Create a version with these meetings: its rows only, without the hold and emails of a publication."""
    version = ScheduleVersion(
        event_id=expo.event.id,
        number=versions.next_number(session, expo.event.id),
        state=state,
        status="feasible",
        score=100.0 * len(meetings),
        terms={"served": len(meetings)},
        unscheduled=[],
        created_at=now,
        published_at=now if state is VersionState.PUBLISHED else None,
    )
    session.add(version)
    session.flush()
    versions.store_meetings(session, version, meetings)
    return version


def _slots(session: Session, event: Event, days: str, first_day: date) -> list[Slot]:
    zone = ZoneInfo(event.timezone)
    rows: list[Slot] = []
    for day, blocks in enumerate(days.split()):
        start = datetime.combine(first_day + timedelta(days=day), time(9), zone)
        for block, size in enumerate(blocks.split("|")):
            for _ in range(int(size)):
                end = start + timedelta(minutes=30)
                rows.append(
                    Slot(
                        event_id=event.id,
                        key=f"s{len(rows)}",
                        position=len(rows),
                        start=start,
                        end=end,
                        block=f"d{day}b{block}",
                    )
                )
                start = end
            start += timedelta(hours=1)
    session.add_all(rows)
    session.flush()
    return rows


def _halls(session: Session, event: Event, count: int, walking: int) -> list[Hall]:
    halls = [Hall(event_id=event.id, key=f"h{i}", name=f"Hall {i}", position=i) for i in range(count)]
    session.add_all(halls)
    session.flush()
    if walking:
        for a, b in itertools.combinations(sorted(hall.id for hall in halls), 2):
            session.add(WalkingTime(from_hall_id=a, to_hall_id=b, minutes=walking))
        session.flush()
    return halls


def _add_place(session: Session, expo: Expo, key: str, kind: PlaceKind, hall: Hall, **columns: Any) -> Place:
    values = {"key": key, "name": f"{kind.value.title()} {key}", "kind": kind, "hall_id": hall.id, **columns}
    place = Place(event_id=expo.event.id, **values)
    session.add(place)
    return place
