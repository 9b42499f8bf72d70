"""Lists of what has changed since a time: firms, people, requests and published meetings."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, select, update
from sqlalchemy.orm import Session

from scheduler.domain.entities import RequestState, Side, VersionState
from scheduler.services.directory import search
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Role
from scheduler.services.paging import Updates
from scheduler.services.requests import request_lists
from scheduler.services.schedule import published_meetings
from scheduler.storage.database import Database
from scheduler.storage.models import (
    Attendee,
    Firm,
    Interpreter,
    MeetingRequest,
    RequestPerson,
    ScheduleVersion,
)
from tests.support import full_size
from tests.support.api import Program, make_token
from tests.support.factories import NOW, Expo, make_event, make_request, make_version, meet
from tests.support.web import web_app

TABLES = (Firm, Attendee, Interpreter, MeetingRequest)
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


def _keys(found: Any, name: str = "key") -> list[str]:
    return [item[name] for item in found["items"]]


def _since(program: Program, path: str, moment: datetime = SINCE, **query: Any) -> Any:
    return program.get(path, updated_since=moment.isoformat(), **query)


def test_only_what_has_changed_is_listed(database: Database, broker_url: str) -> None:
    expo = _event(database, interpreters=2)
    program = _program(database, broker_url, expo)
    _settle(database)
    for path in ("/firms", "/people", "/participants/interpreters", "/requests", "/meetings"):
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
    for path in ("/people", "/participants/people", "/requests", "/meetings"):
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
    monkeypatch.setattr(published_meetings, "_MOST_COMPARED", 1)
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
