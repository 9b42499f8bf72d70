"""Lists of what has changed since a time: firms, people, requests, meetings, outcomes and calendar status."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, func, insert, select, update
from sqlalchemy.orm import Session

from scheduler.domain.entities import (
    Method,
    OutboxKind,
    OutboxState,
    Partstat,
    ReplySource,
    RequestState,
    Side,
    VersionState,
)
from scheduler.domain.rules.outcomes import OutcomeKind
from scheduler.services.agendas.week import changes
from scheduler.services.directory import search
from scheduler.services.emails.calendar_status import status_updates
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Role
from scheduler.services.paging import Updates
from scheduler.services.participants.event_invitations import invitation_emails
from scheduler.services.participants.event_invitations.invitation_emails import Invitees
from scheduler.services.replies import attendee_replies
from scheduler.services.replies.attendee_replies import Reply
from scheduler.services.reports.outcomes import outcome_updates, outcomes
from scheduler.services.reports.outcomes.outcomes import OutcomeForm
from scheduler.services.requests import request_lists
from scheduler.services.schedule import published_changes, published_meetings
from scheduler.storage.database import Database
from scheduler.storage.models import (
    Account,
    Attendee,
    Firm,
    Interpreter,
    InvitationReply,
    MeetingOutcome,
    MeetingRequest,
    OutboxEmail,
    PlannedAttendee,
    PlannedMeeting,
    RequestPerson,
    ScheduleVersion,
)
from tests.support import clocks, full_size
from tests.support.api import Program, make_token
from tests.support.factories import NOW, Expo, make_event, make_request, make_version, meet
from tests.support.published import LATER, Published
from tests.support.running_event import Fair, make_fair
from tests.support.web import Browser, web_app

TABLES = (Firm, Attendee, Interpreter, MeetingRequest, MeetingOutcome, OutboxEmail, InvitationReply)
OUTCOMES, STATUS = "/chain-report/meetings", "/calendar-status"
LAST_WEEK, SINCE = NOW - timedelta(days=7), NOW - timedelta(days=1)


def _event(database: Database, **columns: Any) -> Expo:
    with database.write() as session:
        return make_event(session, **columns)


def _program(database: Database, broker_url: str, expo: Expo) -> Program:
    return Program(web_app(database, broker_url), make_token(database, expo.organiser_actor()))


def _settle(database: Database, moment: datetime = LAST_WEEK) -> None:
    """Let every row have changed at this time for the last time."""
    with database.write() as session:
        for table in TABLES:
            session.execute(update(table).values(updated_at=moment))


def _publish_earlier(database: Database) -> None:
    """Let the published version have been published before the poll."""
    with database.write() as session:
        session.execute(update(ScheduleVersion).values(published_at=LAST_WEEK))


def _keys(found: Any, name: str = "key") -> list[str]:
    return [item[name] for item in found["items"]]


def _since(program: Program, path: str, moment: datetime = SINCE, **query: Any) -> Any:
    return program.get(path, updated_since=moment.isoformat(), **query)


def test_only_what_has_changed_is_listed(database: Database, broker_url: str) -> None:
    expo = _event(database, interpreters=2)
    program = _program(database, broker_url, expo)
    _settle(database)
    for path in ("/firms", "/people", "/participants/interpreters", "/requests", "/meetings", STATUS):
        assert _since(program, path)["items"] == [], path
    program.post("/participants/firms/f1/change", {"cells": {"website": "https://f1.example"}})
    program.post("/participants/people/f2-p0/change", {"cells": {"title": "Buyer"}})
    program.post("/participants/interpreters/i1/change", {"cells": {"name": "Ines"}})
    assert _keys(_since(program, "/firms")) == _keys(_since(program, "/participants/firms")) == ["f1"]
    assert _keys(_since(program, "/people")) == _keys(_since(program, "/participants/people")) == ["f2-p0"]
    assert _keys(_since(program, "/participants/interpreters")) == ["i1"]
    assert program.get("/firms")["next_updated_since"] is None


def test_a_removed_firm_is_listed_with_its_people(database: Database, broker_url: str) -> None:
    expo = _event(database)
    program = _program(database, broker_url, expo)
    _settle(database)
    program.post("/participants/firms/remove", {"keys": ["f1"]})
    for path, key in (("/firms", "f1"), ("/people", "f1-p0")):
        (item,) = _since(program, path)["items"]
        assert (item["key"], item["is_removed"]) == (key, True)
        assert key not in _keys(program.get(path))
    program.post("/participants/firms/restore", {"keys": ["f1"]})
    (item,) = _since(program, "/people")["items"]
    assert (item["key"], item["is_removed"]) == ("f1-p0", False)


def test_a_request_changes_with_its_response_and_its_people(database: Database, broker_url: str) -> None:
    expo = _event(database, people=2)
    with database.write() as session:
        first, second, third = (
            make_request(session, expo, *pair, state=RequestState.PENDING).key
            for pair in ((0, 1), (0, 2), (1, 2))
        )
    program = _program(database, broker_url, expo)
    asked = Program(web_app(database, broker_url), make_token(database, expo.actor(1)))
    _settle(database)
    asked.post(f"/requests/{first}/decline")
    with database.write() as session:
        request = session.scalars(select(MeetingRequest).where(MeetingRequest.key == third)).one()
        request.people.append(RequestPerson(attendee_id=expo.people[1][1].id, side=Side.FROM))
    assert _keys(_since(program, "/requests")) == [first, third]
    assert _keys(_since(program, "/requests", state="declined")) == [first]
    assert _keys(_since(asked, "/requests", side="from")) == [third]
    assert second not in _keys(_since(asked, "/requests"))


def test_a_firm_changes_with_its_booth(database: Database, broker_url: str) -> None:
    expo = _event(database)
    program = _program(database, broker_url, expo)
    _settle(database)
    with database.write() as session:
        session.merge(expo.booths[2]).name = "9Z99"
    assert _keys(_since(program, "/firms")) == ["f2"]


def test_invitations_sign_ins_and_what_a_person_has_seen_are_no_change(
    database: Database, broker_url: str
) -> None:
    expo = _event(database, tables=4)
    with database.write() as session:
        number = make_version(
            session, expo, [meet(make_request(session, expo, 0, 1), expo)], now=LAST_WEEK
        ).number
        account = session.get_one(Account, expo.people[0][0].account_id)
    program = _program(database, broker_url, expo)
    _settle(database)
    with database.write() as session:
        invitation_emails.send_invitations(session, expo.organiser_actor(), Invitees.NEW, now=NOW)
        changes.mark_seen(session, expo.actor(0), number)
    Browser(web_app(database, broker_url), account)
    with database.read() as session:
        person = session.get_one(Attendee, expo.people[0][0].id)
        assert None not in (person.invited_at, person.first_sign_in_at, person.seen_version_id)
    assert _since(program, "/people")["items"] == _since(program, STATUS)["items"] == []


def test_rows_that_change_between_two_pages_are_in_the_next_list(database: Database, broker_url: str) -> None:
    expo = _event(database, firms=5)
    program = _program(database, broker_url, expo)
    with database.write() as session:
        for number, firm in enumerate(expo.firms):
            changed = SINCE + timedelta(hours=number)
            session.execute(update(Firm).where(Firm.id == firm.id).values(updated_at=changed))
    first = _since(program, "/firms", limit=2)
    assert (_keys(first), first["total"]) == (["f0", "f1"], 5)
    for key in ("f0", "f3"):  # one was given, the other not yet
        program.post(f"/participants/firms/{key}/change", {"cells": {"website": "https://new.example"}})
    second = _since(program, "/firms", limit=2, cursor=first["next_cursor"])
    assert (_keys(second), second["next_cursor"]) == (["f2", "f4"], None)
    assert second["next_updated_since"] == first["next_updated_since"]
    following = datetime.fromisoformat(first["next_updated_since"])
    assert _keys(_since(program, "/firms", following)) == ["f0", "f3"]


def test_a_cursor_of_another_list_and_filters_are_refused(database: Database, broker_url: str) -> None:
    expo = _event(database)
    program = _program(database, broker_url, expo)
    cursor = _since(program, "/firms", LAST_WEEK, limit=1)["next_cursor"]
    for path in ("/people", "/participants/people", "/requests", "/meetings", STATUS):
        assert _since(program, path, cursor=cursor, status=422)["errors"][0]["parameter"] == "cursor", path
    refused = _since(program, "/firms", text="battery", status=422)
    assert refused["errors"][0]["parameter"] == "updated_since"
    for wrong in ("yesterday", "2027-06-01", "2027-06-01T10:00:00", "0001-01-01T00:00:00Z"):
        refused = program.get("/firms", 422, updated_since=wrong)
        assert refused["errors"][0]["parameter"] == "updated_since", wrong


def test_meetings_differ_from_the_schedule_published_then(database: Database, broker_url: str) -> None:
    expo = _event(database, firms=6, tables=4, people=2)
    with database.write() as session:
        kept, moved, gone, added, reseated, cancelled = (
            make_request(session, expo, *pair) for pair in ((0, 1), (2, 3), (4, 5), (0, 2), (1, 3), (0, 4))
        )
        old = [
            meet(kept, expo, slot=0),
            meet(moved, expo, slot=0),
            meet(gone, expo, slot=0),
            meet(reseated, expo, slot=2),
        ]
        old.append(meet(cancelled, expo, slot=3))
        before = make_version(session, expo, old, now=LAST_WEEK)
        before.state = VersionState.SUPERSEDED
        session.flush()
        other = meet(reseated, expo, slot=2, people=[expo.people[1][1], expo.people[3][0]])
        new = [
            meet(kept, expo, slot=0),
            meet(moved, expo, slot=1),
            meet(added, expo, slot=1),
            other,
            meet(cancelled, expo, slot=3),
        ]
        make_version(session, expo, new, now=SINCE + timedelta(hours=2))
    _settle(database)
    program = _program(database, broker_url, expo)
    program.post(f"/requests/{cancelled.key}/withdraw")
    everything = program.get("/meetings")
    assert everything["total"] == 5
    found = _since(program, "/meetings")
    states = {item["request"]: item["is_cancelled"] for item in found["items"]}
    assert states == {
        moved.key: False, gone.key: True, added.key: False, reseated.key: False, cancelled.key: True,
    }  # fmt: skip
    first = next(item for item in found["items"] if item["request"] == moved.key)
    assert (first["slot"], first["from_firm"], first["to_firm"]) == ("s1", "f2", "f3")
    assert _keys(_since(program, "/meetings", SINCE + timedelta(hours=3)), "request") == [cancelled.key]


def test_the_last_publication_before_a_poll_is_compared_however_many_there_were(
    database: Database, broker_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A poll begins some minutes before the last one, which read what was published in these minutes."""
    monkeypatch.setattr(published_changes, "_MOST_COMPARED", 1)
    expo = _event(database, tables=4)
    minute = timedelta(minutes=1)
    with database.write() as session:
        request = make_request(session, expo, 0, 1)
        times = (LAST_WEEK, SINCE + minute, SINCE + 2 * minute, SINCE + timedelta(hours=2))
        for slot, moment in zip((0, 0, 1, 0), times, strict=True):
            made = make_version(session, expo, [meet(request, expo, slot=slot)], now=moment)
            if moment != times[-1]:
                made.state = VersionState.SUPERSEDED
            session.flush()
    _settle(database)
    assert _keys(_since(_program(database, broker_url, expo), "/meetings"), "request") == [request.key]


def test_a_publication_between_two_pages_changes_none(database: Database, broker_url: str) -> None:
    expo = _event(database, firms=4, tables=4)
    with database.write() as session:
        one, two = make_request(session, expo, 0, 1), make_request(session, expo, 2, 3)
        old = make_version(session, expo, [meet(one, expo, slot=0), meet(two, expo, slot=0)])
    program = _program(database, broker_url, expo)
    _settle(database)
    first = _since(program, "/meetings", limit=1)
    with database.write() as session:
        session.get_one(ScheduleVersion, old.id).state = VersionState.SUPERSEDED
        session.flush()
        make_version(session, expo, [meet(one, expo, slot=1)], now=NOW + timedelta(minutes=1))
    second = _since(program, "/meetings", limit=1, cursor=first["next_cursor"])
    assert [item["slot"] for item in (*first["items"], *second["items"])] == ["s0", "s0"]
    following = _since(program, "/meetings", datetime.fromisoformat(first["next_updated_since"]))
    assert [(item["slot"], item["is_cancelled"]) for item in following["items"]] == [
        ("s1", False),
        ("s0", True),
    ]


def _report(database: Database, fair: Fair, firm: int, kind: str, request: int = 0) -> None:
    """Report an outcome for a firm, or withdraw its last report if the kind is empty."""
    actor, key, now = fair.expo.actor(firm), fair.requests[request].key, fair.start + timedelta(hours=9)
    with database.write() as session:
        if kind:
            outcomes.report_outcome(session, actor, key, OutcomeForm(kind), now=now)
        else:
            outcomes.withdraw_outcome(session, actor, key, now=now)


def test_outcomes_change_with_each_report_and_its_withdrawal(
    database: Database, broker_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.write() as session:
        fair = make_fair(session, each=2, days=1)
    first, second = (request.key for request in fair.requests)
    clocks.hold(monkeypatch, fair.start + timedelta(hours=9))
    program = _program(database, broker_url, fair.expo)
    _report(database, fair, 0, "signed")
    _report(database, fair, 0, "intent", request=1)
    _settle(database)
    _publish_earlier(database)
    assert _since(program, OUTCOMES)["items"] == []
    assert program.get(OUTCOMES)["next_updated_since"] is None
    _report(database, fair, 1, "intent")
    (item,) = _since(program, OUTCOMES)["items"]
    assert (item["request"], item["is_removed"], item["to_outcome"]["kind"]) == (first, False, "intent")
    _settle(database)
    _report(database, fair, 0, "", request=1)
    (item,) = _since(program, OUTCOMES)["items"]
    assert (item["request"], item["is_removed"], item["from_outcome"], item["counted"]) == (
        second, True, None, None,
    )  # fmt: skip
    assert _keys(program.get(OUTCOMES), "request") == [first]
    _report(database, fair, 0, "none", request=1)
    (item,) = _since(program, OUTCOMES)["items"]
    assert (item["is_removed"], item["counted"]["kind"]) == (False, "none")


def test_an_outcome_is_removed_with_its_meeting(
    database: Database, broker_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.write() as session:
        fair = make_fair(session, each=2, days=1)
    clocks.hold(monkeypatch, fair.start + timedelta(hours=9))
    _report(database, fair, 0, "signed")
    _settle(database)
    _publish_earlier(database)
    program = _program(database, broker_url, fair.expo)
    with database.write() as session:
        for request in fair.requests:
            session.get_one(MeetingRequest, request.id).state = RequestState.WITHDRAWN
    (item,) = _since(program, OUTCOMES)["items"]
    assert (item["request"], item["is_removed"]) == (fair.requests[0].key, True)


def test_the_calendar_status_changes_with_emails_replies_addresses_and_meetings(
    database: Database, broker_url: str
) -> None:
    published = Published(database)
    expo = published.expo
    program = _program(database, broker_url, expo)
    one, other = expo.people[0][0], expo.people[1][0]

    def changed() -> list[str]:
        found = _keys(_since(program, STATUS))
        _settle(database)
        return sorted(found)

    _publish_earlier(database)
    _settle(database)
    assert changed() == []
    with database.write() as session:
        session.get_one(OutboxEmail, published.mail_to(0).id).state = OutboxState.FAILED
    assert changed() == [one.key]
    row = published.mail_to(1)
    given = Reply(
        partstat=Partstat.ACCEPTED, sequence=row.sequence or 0, source=ReplySource.LINK, dtstamp=LATER
    )
    with database.write() as session:
        invitation = attendee_replies.find_latest_invitation(session, row.uid or "", other.id)
        attendee_replies.submit_reply(session, invitation, given, now=LATER)
    (item,) = _since(program, STATUS)["items"]
    assert (item["key"], item["status"]) == (other.key, "accepted")
    _settle(database)
    with database.write() as session:
        session.get_one(Attendee, one.id).bounced_at = NOW
    assert changed() == [one.key]
    with database.write() as session:
        session.get_one(MeetingRequest, published.request.id).state = RequestState.WITHDRAWN
    assert changed() == sorted((one.key, other.key))


def test_people_who_left_the_schedule_are_listed_without_meetings(
    database: Database, broker_url: str
) -> None:
    expo = _event(database, tables=4)
    with database.write() as session:
        request = make_request(session, expo, 0, 1)
        old = make_version(session, expo, [meet(request, expo)], now=LAST_WEEK)
        old.state = VersionState.SUPERSEDED
        session.flush()
        make_version(session, expo, [], now=SINCE + timedelta(hours=1))
    _settle(database)
    found = _since(_program(database, broker_url, expo), STATUS)
    assert {item["key"]: item["meetings"] for item in found["items"]} == {"f0-p0": [], "f1-p0": []}
    assert (found["version"], found["totals"]) == (2, None)


def test_the_calendar_status_is_paged_and_takes_no_filter(database: Database, broker_url: str) -> None:
    published = Published(database)
    program = _program(database, broker_url, published.expo)
    first = _since(program, STATUS, LAST_WEEK, limit=1)
    rest = _since(program, STATUS, LAST_WEEK, limit=200, cursor=first["next_cursor"])
    seen = _keys(first) + _keys(rest)
    assert len(seen) == len(set(seen)) == first["total"] > 1
    assert first["next_updated_since"] == rest["next_updated_since"] is not None
    refused = _since(program, STATUS, needs_call="true", status=422)
    assert refused["errors"][0]["parameter"] == "updated_since"
    assert program.get(STATUS)["totals"] is not None


def _explained(database: Database, step: Callable[[Session], object]) -> str:
    """Return PostgreSQL's plans of the statements of a step, on one line each."""
    sent: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, values: Any, *_: object) -> None:
        sent.append((statement, values))

    with database.read() as session:
        event.listen(database.engine, "before_cursor_execute", note)
        try:
            step(session)
        finally:
            event.remove(database.engine, "before_cursor_execute", note)
        connection = session.connection()
        return "\n".join(
            " ".join(connection.exec_driver_sql(f"EXPLAIN {statement}", values).scalars())
            for statement, values in sent
        )


@pytest.mark.postgres
@pytest.mark.slow
def test_few_changes_are_found_by_an_index_among_3000_firms(database: Database) -> None:
    if database.is_sqlite:
        pytest.skip("plans of PostgreSQL")
    event_id = full_size.fill(database)
    full_size.add_version(database, event_id, state=VersionState.PUBLISHED)
    _settle(database)
    with database.write() as session:
        session.execute(update(Firm).where(Firm.key == "f7").values(updated_at=NOW))
    database.count_anew(table.__tablename__ for table in TABLES)
    actor, updates = Actor(None, event_id, "x", Role.OWNER), Updates(SINCE, NOW + timedelta(minutes=1))
    lists = {
        "ix_firm_updates": search.search_firms,
        "ix_attendee_updates": search.search_people,
        "ix_meeting_request_updates": request_lists.list_requests,
    }
    for index, list_rows in lists.items():
        plans = _explained(database, lambda db, of=list_rows: of(db, actor, updates=updates))  # type: ignore[misc]
        assert index in plans, plans
    later = Updates(NOW + timedelta(minutes=1), NOW + timedelta(minutes=2))  # after the publication
    plans = _explained(
        database,
        lambda db: published_meetings.list_published_meetings(db, actor, updates=later, now=later.now),
    )
    assert "ix_meeting_request_updates" in plans, plans


def _invitation(event_id: int, request_id: int, person: int) -> dict[str, Any]:
    return {
        "event_id": event_id, "kind": OutboxKind.INVITATION, "attendee_id": person, "request_id": request_id,
        "to_address": f"p{person}@x.example", "domain": "x.example", "message_id": f"<{request_id}@x>",
        "uid": f"{request_id}@x", "method": Method.REQUEST, "sequence": 0, "state": OutboxState.SENT,
        "next_attempt_at": NOW, "created_at": NOW,
    }  # fmt: skip


def _reply(event_id: int, request_id: int, person: int) -> dict[str, Any]:
    return {
        "event_id": event_id, "request_id": request_id, "attendee_id": person, "uid": f"{request_id}@x",
        "sequence": 0, "partstat": Partstat.ACCEPTED, "source": ReplySource.LINK, "responded_at": NOW,
    }  # fmt: skip


@pytest.mark.postgres
@pytest.mark.slow
def test_changes_of_outcomes_and_calendar_status_need_no_whole_table_of_3000_firms(
    database: Database,
) -> None:
    if database.is_sqlite:
        pytest.skip("plans of PostgreSQL")
    event_id = full_size.fill(database)
    full_size.add_version(database, event_id, state=VersionState.PUBLISHED)
    with database.write() as session:
        seats = session.execute(
            select(PlannedMeeting.request_id, func.min(PlannedAttendee.attendee_id))
            .join(PlannedAttendee, PlannedAttendee.meeting_id == PlannedMeeting.id)
            .group_by(PlannedMeeting.request_id)
        ).all()
        word = {"side": Side.FROM, "kind": OutcomeKind.INTENT, "reported_at": NOW}
        reports = [{"request_id": request, "reported_by": person, **word} for request, person in seats]
        session.execute(insert(MeetingOutcome), reports)
        session.execute(insert(OutboxEmail), [_invitation(event_id, *seat) for seat in seats])
        session.execute(insert(InvitationReply), [_reply(event_id, *seat) for seat in seats])
    _settle(database)
    with database.write() as session:
        some = select(PlannedMeeting.request_id).order_by(PlannedMeeting.id).limit(3)
        changed = update(MeetingOutcome).where(MeetingOutcome.request_id.in_(some))
        session.execute(changed.values(updated_at=NOW + timedelta(minutes=1)))
    database.count_anew(table.__tablename__ for table in (*TABLES, PlannedMeeting, PlannedAttendee))
    actor = Actor(None, event_id, "x", Role.OWNER)
    updates = Updates(NOW + timedelta(seconds=30), NOW + timedelta(minutes=2))  # after the publication
    for index, list_rows in (
        ("ix_meeting_outcome_updates", outcome_updates.list_outcome_updates),
        ("ix_outbox_email_updates", status_updates.list_status_updates),
    ):
        plans = _explained(database, lambda db, of=list_rows: of(db, actor, updates))  # type: ignore[misc]
        plan = next(each for each in plans.splitlines() if index in each)  # of the query that finds them
        assert "Seq Scan" not in plan, plan
