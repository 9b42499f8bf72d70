"""After each step of days and overnight runs, all statistics equal a count of all rows."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import timedelta
from itertools import count, pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from benchmarks.overnight import Churn, Desk
from scheduler.domain.emails.rates import EmailRates
from scheduler.domain.entities import OutboxKind, OutboxState, RequestState, VersionState
from scheduler.services.board import commands, manual_drafts
from scheduler.services.delivery import claims, email_queue
from scheduler.services.events import dashboard, results
from scheduler.services.identity import actors
from scheduler.services.planning.fairness import shares
from scheduler.services.publishing import version_actions, version_overview
from scheduler.services.schedule import versions
from scheduler.storage.database import Database
from scheduler.storage.models import (
    Attendee,
    AttendeeBusy,
    Event,
    Firm,
    InterpreterBusy,
    Invitation,
    MeetingRequest,
    OutboxEmail,
    Place,
    PlaceClosure,
    PlannedAttendee,
    PlannedMeeting,
    ScheduleVersion,
    Slot,
    WalkingTime,
)
from tests.integration.planning.runs.test_three_overnight_runs import counted
from tests.support.factories import NOW, SECRET_KEY
from tests.support.publishing import carry_out

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("clock")]


class Rows:
    """All rows of the event behind the statistics, loaded unconditionally and counted in Python."""

    def __init__(self, session: Session, version: ScheduleVersion) -> None:
        self.version = version
        self.event = session.get_one(Event, version.event_id)
        self.requests = {row.id: row for row in session.scalars(select(MeetingRequest))}
        self.firms = {row.id: row for row in session.scalars(select(Firm))}
        self.people = {row.id: row for row in session.scalars(select(Attendee))}
        self.slots = {row.id: row for row in session.scalars(select(Slot))}
        self.halls = {row.id: row.hall_id for row in session.scalars(select(Place))}
        self.walking = {
            frozenset((row.from_hall_id, row.to_hall_id)): row.minutes
            for row in session.scalars(select(WalkingTime))
        }
        self.away = {(row.attendee_id, row.slot_id) for row in session.scalars(select(AttendeeBusy))}
        self.off = {(row.interpreter_id, row.slot_id) for row in session.scalars(select(InterpreterBusy))}
        self.closed = {(row.place_id, row.slot_id) for row in session.scalars(select(PlaceClosure))}
        self.all = [row for row in session.scalars(select(PlannedMeeting)) if row.version_id == version.id]
        self.meetings = [row for row in self.all if self.is_accepted(row.request_id)]
        self.seats: dict[int, list[int]] = defaultdict(list)
        for seat in session.scalars(select(PlannedAttendee)):
            self.seats[seat.meeting_id].append(seat.attendee_id)

    def is_accepted(self, request_id: int) -> bool:
        return self.requests[request_id].state is RequestState.ACCEPTED

    @property
    def accepted(self) -> list[MeetingRequest]:
        return [row for row in self.requests.values() if row.state is RequestState.ACCEPTED]

    def taken(self, meeting: PlannedMeeting) -> list[int]:
        """Return the ids of a meeting's slots."""
        first, last = self.slots[meeting.slot_id].position, self.slots[meeting.last_slot_id].position
        return [slot.id for slot in self.slots.values() if first <= slot.position <= last]

    def is_broken(self, meeting: PlannedMeeting) -> bool:
        slots = self.taken(meeting)
        marks = ({(person, slot) for person in self.seats[meeting.id] for slot in slots} & self.away) or (
            {(meeting.interpreter_id, slot) for slot in slots} & self.off
        )
        return bool(marks or {(meeting.place_id, slot) for slot in slots} & self.closed)

    def of_firms(self, request_ids: Iterable[int]) -> Counter[int]:
        found: Counter[int] = Counter()
        for request_id in request_ids:
            found.update((self.requests[request_id].from_firm_id, self.requests[request_id].to_firm_id))
        return found

    def days(self) -> Iterable[tuple[int, list[PlannedMeeting]]]:
        """Return the meetings of each person and day in order."""
        zone = ZoneInfo(self.event.timezone)
        found: dict[tuple[int, Any], list[PlannedMeeting]] = defaultdict(list)
        for meeting in self.meetings:
            day = self.slots[meeting.slot_id].start.astimezone(zone).date()
            for person in self.seats[meeting.id]:
                found[person, day].append(meeting)
        for (person, _), meetings in found.items():
            yield person, sorted(meetings, key=lambda meeting: self.slots[meeting.slot_id].position)

    def between(self) -> Mapping[str, Any]:
        """Return idle hours, walks to another hall and their minutes."""
        by_position = {slot.position: slot for slot in self.slots.values()}
        idle = walks = minutes = 0.0
        for person, meetings in self.days():
            for one, two in pairwise(meetings):
                first, last = self.slots[one.last_slot_id].position + 1, self.slots[two.slot_id].position
                for slot in (by_position[position] for position in range(first, last)):
                    if (person, slot.id) not in self.away and not slot.is_retired:
                        idle += (slot.end - slot.start).total_seconds() / 3600
                halls = frozenset((self.halls[one.place_id], self.halls[two.place_id]))
                if len(halls) == 2:
                    walks += 1
                    minutes += self.walking.get(halls, 0)
        return {"idle_hours": pytest.approx(idle), "walks": walks, "walk_minutes": pytest.approx(minutes)}


def check(database: Database, event_id: int) -> None:
    """Check dashboard, statistics and fairness of the published version."""
    with database.read() as session:
        published = versions.find_published_version(session, event_id)
        assert published is not None
        rows, actor = Rows(session, published), actors.operator_actor(session.get_one(Event, event_id))
        seen = dashboard.get_dashboard(session, actor, now=NOW)
        held = {meeting.request_id for meeting in rows.meetings}
        of_firms = rows.of_firms(held)
        pending = [row for row in rows.requests.values() if row.state is RequestState.PENDING]
        assert {
            "scheduled": seen.scheduled,
            "accepted": seen.accepted,
            "missing": seen.missing,
            "newer": seen.newer,
            "below": seen.below,
            "unanswered": (seen.unanswered.requests, seen.unanswered.firms),
            "untold": seen.waiting.unnotified,
            "broken": seen.waiting.broken,
            "uninvited": seen.uninvited,
        } == {
            "scheduled": len(held),
            "accepted": len(rows.accepted),
            "missing": len(rows.accepted) - len(held),
            "newer": sum(
                (row.responded_at or row.created_at) > published.created_at and row.id not in held
                for row in rows.accepted
            ),
            "below": sum(
                firm.withdrawn_at is None and of_firms[firm.id] < firm.min_meetings
                for firm in rows.firms.values()
            ),
            "unanswered": (len(pending), len({row.to_firm_id for row in pending})),
            "untold": sum(not rows.is_accepted(meeting.request_id) for meeting in rows.all),
            "broken": sum(rows.slots[m.slot_id].start > NOW and rows.is_broken(m) for m in rows.meetings),
            "uninvited": sum(
                person.is_exhibitor and person.invited_at is None and person.first_sign_in_at is None
                and person.bounced_at is None and person.withdrawn_at is None
                and rows.firms[person.firm_id].withdrawn_at is None
                for person in rows.people.values()
            ),
        }  # fmt: skip
        check_version(session, actor, rows)
        check_fairness(session, actor, rows)


def check_version(session: Session, actor: Any, rows: Rows) -> None:
    found = results.get_results(session, actor, rows.version.number)
    there = {row.id for row in rows.people.values() if row.withdrawn_at is None}
    busy = {person for meeting in rows.meetings for person in rows.seats[meeting.id]}
    assert {
        "held": found.scheduled,
        "people": found.people,
        "without": found.without,
        "idle_hours": found.idle_hours,
        "walks": found.walks,
        "walk_minutes": found.walk_minutes,
    } == {
        "held": len(rows.meetings),
        "people": len(there),
        "without": len(there - busy),
        **rows.between(),
    }


def check_fairness(session: Session, actor: Any, rows: Rows) -> None:
    found = shares.get_fairness(session, actor, rows.version.number)
    asked = rows.of_firms(row.id for row in rows.accepted)
    held = rows.of_firms(meeting.request_id for meeting in rows.meetings)
    keys = {firm.key: firm.id for firm in rows.firms.values()}
    assert found.without == sum(
        firm.withdrawn_at is None and not asked[firm.id] for firm in rows.firms.values()
    )
    assert all(
        (line.requests, line.scheduled) == (asked[keys[line.key]], held[keys[line.key]])
        for line in found.list_firms()
    )
    assert [line.share for line in found.list_firms()] == pytest.approx(
        sorted(held[firm] / asked[firm] for firm in asked)
    )
    for lines in found.groups.values():
        assert all(0 <= line.scheduled <= line.requests for line in lines)


def seats(session: Session, version: ScheduleVersion) -> dict[int, tuple[Any, Any, Any, frozenset[int]]]:
    """Return slot, place, interpreter and attendees of each request's meeting in a version."""
    people: dict[int, set[int]] = defaultdict(set)
    for seat in session.scalars(select(PlannedAttendee)):
        people[seat.meeting_id].add(seat.attendee_id)
    return {
        row.request_id: (row.slot_id, row.place_id, row.interpreter_id, frozenset(people[row.id]))
        for row in session.scalars(select(PlannedMeeting))
        if row.version_id == version.id
    }


def kinds(before: Mapping[int, Any], after: Mapping[int, Any]) -> Counter[str]:
    """Return the number of changes between two plans by kind."""
    found = Counter({"added": 0, "moved": 0, "relocated": 0, "reassigned": 0, "cancelled": 0, "unchanged": 0})
    found["added"], found["cancelled"] = len(after.keys() - before.keys()), len(before.keys() - after.keys())
    for request in before.keys() & after.keys():
        differs = [one != two for one, two in zip(before[request], after[request], strict=True)]
        found[("moved", "relocated", "reassigned", "reassigned")[differs.index(True)] if any(differs)
              else "unchanged"] += 1  # fmt: skip
    return found


def in_calendars(session: Session) -> set[tuple[int, int]]:
    """Return request and person of each meeting in someone's calendar, by the invitations sent."""
    last = {
        (row.uid, row.attendee_id): row for row in session.scalars(select(Invitation).order_by(Invitation.id))
    }
    return {(row.request_id, row.attendee_id) for row in last.values() if row.method != "CANCEL"}


def check_emails(database: Database, event_id: int) -> None:
    """Check the counts on the emails page."""
    with database.read() as session:
        found = email_queue.count_emails(session, actors.operator_actor(session.get_one(Event, event_id)))
        rows = [row for row in session.scalars(select(OutboxEmail)) if row.event_id == event_id]
        states = Counter(row.state for row in rows if row.stopped_at is None)
        assert asdict(found) == {
            "queued": states[OutboxState.QUEUED],
            "sending": states[OutboxState.SENDING],
            "sent": states[OutboxState.SENT],
            "failed": 0,
            "stopped": sum(row.stopped_at is not None for row in rows),
        }


def check_publishing(database: Database, event_id: int, number: int, before: int) -> None:
    """Check what the version page, the organisers' email and the invitations say of a publication."""
    with database.read() as session:
        event = session.get_one(Event, event_id)
        version, old = (versions.get_version(session, event_id, each) for each in (number, before))
        then, now = seats(session, old), seats(session, version)
        card = version_overview.show_version(
            session,
            actors.operator_actor(event),
            number,
            kind="",
            page=1,
            limit=50,
            rates=EmailRates(),
            now=NOW,
        ).found
        differs = kinds(then, now)
        assert card is not None
        assert (card.compared_with, card.counts) == (before, differs)
        letters = [
            row.payload
            for row in session.scalars(select(OutboxEmail).where(OutboxEmail.kind == OutboxKind.DESK))
            if row.payload["letter"] == "published" and row.payload["values"]["version"] == str(number)
        ]
        rows = Rows(session, version)
        declined = {request for request in then if not rows.is_accepted(request)}
        assert [(letter["values"], letter["counts"]) for letter in letters] == [
            (
                {
                    "version": str(number),
                    "held": f"{len(rows.meetings):,}",
                    "accepted": f"{len(rows.accepted):,}",
                },
                {
                    "moved": differs["moved"],
                    "changed": differs["relocated"] + differs["reassigned"],
                    "new": differs["added"],
                    "cancelled": differs["cancelled"],
                    "declined": len(declined),
                },
            )
        ]
        queued = [row for row in session.scalars(select(OutboxEmail)) if row.version_id == version.id]
        known = in_calendars(session)
        wanted = {(request, person) for request, meeting in now.items() for person in meeting[3]}
        told = Counter((row.method, row.request_id, row.attendee_id) for row in queued if row.method)
        assert {each for each in told if each[0] == "CANCEL"} == {("CANCEL", *key) for key in known - wanted}
        changed = {request for request in then.keys() & now.keys() if then[request] != now[request]}
        assert {each[1:] for each in told if each[0] == "REQUEST"} == (wanted - known) | {
            (request, person) for request, person in wanted & known if request in changed
        }
        assert set(told.values()) <= {1}
        differing = [one for one in then.items() if now.get(one[0]) != one[1]]
        differing += [one for one in now.items() if then.get(one[0]) != one[1]]
        interpreters = {meeting[2] for _, meeting in differing} - {None}
        assert Counter(row.interpreter_id for row in queued if not row.method) == Counter(interpreters)


def send(database: Database) -> None:
    """Send all queued emails."""
    with database.write() as session:
        session.get_one(Event, 1).mail_per_minute = 60_000
    for minute in count(1):
        with database.write() as session:
            now = NOW + timedelta(minutes=minute)
            session.get_one(Event, 1).mail_ready_at = None
            rows = claims.claim_emails(session, worker="w", limit=500, secret_key=SECRET_KEY, now=now)
            for row in rows:
                claims.mark_sent(session, row.id, worker="w", now=now)
        if not rows:
            return


def take_out_by_hand(database: Database, event_id: int) -> int:
    """Start a manual draft without one meeting, and compare it. Return the draft's number."""
    with database.write() as session:
        actor, published = (
            actors.operator_actor(session.get_one(Event, event_id)),
            versions.find_published_version(session, event_id),
        )
        assert published is not None
        number = manual_drafts.start_draft(session, actor, published.number, now=NOW)
        request_id = max(seats(session, published))
        key = session.get_one(MeetingRequest, request_id).key
        commands.cancel_meeting(session, actor, number, key, seen=None, now=NOW)
        version_actions.request_comparison(session, actor, number, now=NOW)
    carry_out(database)
    with database.read() as session:
        actor = actors.operator_actor(session.get_one(Event, event_id))
        seen = version_overview.confirm_publish(session, actor, number, most=50, rates=EmailRates(), now=NOW)
        version = versions.get_version(session, event_id, number)
        published = versions.find_published_version(session, event_id)
        assert seen is not None and published is not None
        rows = Rows(session, version)
        then = seats(session, published)
        now = {key: meeting for key, meeting in seats(session, version).items() if rows.is_accepted(key)}
        assert seen.found.counts == kinds(then, now)
        told = {(request, person) for request, meeting in now.items() for person in meeting[3]}
        briefed = {then[key][2] for key in then.keys() - now.keys()} - {None}
        assert seen.found.mails == len(in_calendars(session) - told) + len(briefed)
    return number


def is_draft(database: Database, event_id: int, number: int) -> bool:
    with database.read() as session:
        return versions.get_version(session, event_id, number).state is VersionState.DRAFT


@pytest.mark.parametrize(
    ("database", "size", "churn"),
    [
        ("sqlite", {"firms": 310, "requests": 4_500}, Churn(accepted=50, withdrawn=25, absent=8)),
        pytest.param(
            "postgres",
            {"firms": 120, "requests": 1_800},
            Churn(accepted=20, withdrawn=10, absent=6),
            marks=pytest.mark.postgres,
        ),
    ],
    indirect=["database"],
    ids=["310 firms", "120 firms"],
)
def test_every_figure_before_and_after_a_night_equals_its_own_count(
    database: Database, size: dict[str, int], churn: Churn
) -> None:
    desk = Desk(database, **size, seed=1, solve=counted)
    check(database, desk.event_id)
    desk.day(churn)
    check(database, desk.event_id)
    assert desk.night().state == VersionState.PUBLISHED
    check(database, desk.event_id)


@pytest.mark.postgres
@pytest.mark.parametrize("database", ["postgres"], indirect=True)
def test_of_nights_that_send_emails_every_figure_equals_its_own_count(database: Database) -> None:
    """Between the nights is a manual draft, which no overnight run publishes."""
    desk = Desk(database, firms=60, requests=900, seed=1, solve=counted)
    by_hand = []
    for _ in range(3):
        send(database)
        check_emails(database, desk.event_id)
        desk.day(Churn(accepted=20, withdrawn=10, absent=6))
        by_hand.append(take_out_by_hand(database, desk.event_id))
        check(database, desk.event_id)
        before = number_of_published(database, desk.event_id)
        assert desk.night().state == VersionState.PUBLISHED
        check(database, desk.event_id)
        check_emails(database, desk.event_id)
        check_publishing(database, desk.event_id, number_of_published(database, desk.event_id), before)
        assert all(is_draft(database, desk.event_id, number) for number in by_hand)


def number_of_published(database: Database, event_id: int) -> int:
    with database.read() as session:
        found = versions.find_published_version(session, event_id)
        assert found is not None
        return found.number
