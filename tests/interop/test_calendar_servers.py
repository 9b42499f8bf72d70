"""Twelve kinds of calendars on real CalDAV servers: exactly the right busy times."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import NamedTuple

import pytest
from sqlalchemy import select

from scheduler.invites.transport.remote import FetchFailure
from scheduler.services.availability import busy_times, unavailable_slots
from scheduler.services.availability import refetch as refetching
from scheduler.services.availability.caldav import DavAccount
from scheduler.storage.database import Database
from scheduler.storage.models import BusySource, Invitation
from tests.conftest import skip_or_fail
from tests.integration.availability.test_caldav_limits import customized
from tests.interop.calendar_servers import SERVERS, CalendarServer
from tests.support.calendars import calendar
from tests.support.dav import PASSWORD, USER
from tests.support.factories import NOW, SECRET_KEY
from tests.support.published import Published
from tests.support.servers import ServerMissing

ACCOUNT = DavAccount(USER, PASSWORD)
ZONE = "Asia/Shanghai"
BUDAPEST = """BEGIN:VTIMEZONE
TZID:Europe/Budapest
BEGIN:STANDARD
DTSTART:19701025T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:19700329T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
END:DAYLIGHT
END:VTIMEZONE"""


def vevent(uid: str, *lines: str) -> str:
    head = ("BEGIN:VEVENT", f"UID:{uid}", "DTSTAMP:20261101T000000Z", f"SUMMARY:{uid}")
    return "\r\n".join((*head, *lines, "END:VEVENT"))


def entry(uid: str, *lines: str) -> bytes:
    return calendar("PRODID:-//tests//EN", vevent(uid, *lines))


class Kind(NamedTuple):
    """A calendar's entries, and the busy slots among six half hours from 09:00 in Beijing."""

    entries: dict[str, bytes]
    taken: set[int]


BEFORE = ("DTSTART;TZID=Europe/Budapest:20261204T020000", "DURATION:PT30M", "RRULE:FREQ=DAILY;COUNT=10")
KINDS = {
    "busy": Kind({"one": entry("one", "DTSTART:20261207T013000Z", "DTEND:20261207T020000Z")}, {1}),
    "all day": Kind(
        {"day": entry("day", "DTSTART;VALUE=DATE:20261207", "DTEND;VALUE=DATE:20261208")}, set(range(6))
    ),
    "several days": Kind(
        {"trip": entry("trip", "DTSTART:20261205T080000Z", "DTEND:20261207T021500Z")}, {0, 1, 2}
    ),
    "recurring": Kind(
        {"daily": entry("daily", "DTSTART:20260101T023000Z", "DURATION:PT30M", "RRULE:FREQ=WEEKLY;BYDAY=MO")},
        {3},
    ),
    "with exceptions": Kind(
        {
            "moved": calendar(
                "PRODID:-//tests//EN",
                vevent("moved", "DTSTART:20261201T010000Z", "DURATION:PT30M", "RRULE:FREQ=DAILY"),
                vevent(
                    "moved", "RECURRENCE-ID:20261207T010000Z", "DTSTART:20261207T033000Z", "DURATION:PT30M"
                ),
            ),
            "without": entry(
                "without", "DTSTART:20261201T020000Z", "DURATION:PT30M", "RRULE:FREQ=DAILY",
                "EXDATE:20261207T020000Z",
            ),
        },
        {5},
    ),
    "cancelled": Kind(
        {"off": entry("off", "DTSTART:20261207T010000Z", "DURATION:PT3H", "STATUS:CANCELLED")}, set()
    ),
    "transparent": Kind(
        {"free": entry("free", "DTSTART:20261207T010000Z", "DURATION:PT3H", "TRANSP:TRANSPARENT")}, set()
    ),
    "tentative": Kind(
        {"may": entry("may", "DTSTART:20261207T020000Z", "DURATION:PT30M", "STATUS:TENTATIVE")}, {2}
    ),
    "own meetings": Kind({}, {4}),
    "other zones": Kind(
        {
            "budapest": calendar(
                "PRODID:-//tests//EN", *BUDAPEST.split("\n"), vevent("budapest", *BEFORE)
            )
        },
        {0},
    ),
    "two zones under one name": Kind(
        {
            "beijing": customized("+0800", "20261207T090000", "beijing"),
            "delhi": customized("+0530", "20261207T070000", "delhi"),
        },
        {0, 1},
    ),
    "empty": Kind({}, set()),
    "becoming empty": Kind({"gone": entry("gone", "DTSTART:20261207T010000Z", "DURATION:PT3H")}, set()),
}  # fmt: skip


@pytest.fixture(scope="module", params=SERVERS)
def server(request: pytest.FixtureRequest) -> Iterator[CalendarServer]:
    try:
        with SERVERS[request.param]() as server:
            yield server
    except ServerMissing as missing:
        skip_or_fail(str(missing))


class Person:
    """A person with a published meeting in the first slot, and a calendar on a server."""

    def __init__(self, database: Database, server: CalendarServer) -> None:
        self.database, self.server, self.hours = database, server, 0
        self.published = Published(database)
        self.actor = self.published.expo.actor(0)

    def link(self) -> None:
        key = busy_times.preview_caldav(
            self.database, self.actor, self.server.address, ACCOUNT, ZONE,
            fetcher=self.server.fetcher(), secret_key=SECRET_KEY, now=NOW,
        )  # fmt: skip
        with self.database.write() as session:
            busy_times.save_calendar(session, self.actor, key, now=NOW)

    def refetch(self) -> None:
        self.hours += 2
        refetching.refetch_calendars(
            self.database, fetcher=self.server.fetcher(), secret_key=SECRET_KEY,
            now=lambda: NOW + timedelta(hours=self.hours), should_stop=lambda: False, max_seconds=60,
        )  # fmt: skip

    def taken(self) -> set[int]:
        with self.database.read() as session:
            source = session.scalars(select(BusySource)).one()
        assert source.failure == "" and source.found["left_out"] == [] and source.found["notes"] == NOTES
        spans, slots = unavailable_slots.busy_spans(source.found), self.published.expo.slots
        return {i for i, slot in enumerate(slots) if unavailable_slots.overlaps(slot.start, slot.end, spans)}

    def own_uid(self) -> str:
        with self.database.read() as session:
            mine = select(Invitation.uid).where(Invitation.attendee_id == self.actor.attendee_id)
            return str(session.scalars(mine).first())


NOTES: list[str] = []


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_calendar_is_read_right(
    database: Database, server: CalendarServer, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries, taken = KINDS[kind]
    person = Person(database, server)
    if kind == "own meetings":
        own = entry(person.own_uid(), "DTSTART:20261207T010000Z", "DURATION:PT30M")
        entries = {"own": own, "other": entry("other", "DTSTART:20261207T030000Z", "DURATION:PT30M")}
    if kind == "all day":
        monkeypatch.setitem(globals(), "NOTES", [f"Dates without a time zone were read in {ZONE}."])
    server.make_calendar("office")
    try:
        for name, octets in entries.items():
            server.put("office", name, octets)
        person.link()
        if kind == "becoming empty":
            assert person.taken() == set(range(6))
            server.delete("office/gone.ics")
            person.refetch()
        assert person.taken() == taken
        person.refetch()
        assert person.taken() == taken
        if kind == "empty":
            server.put("office", "late", KINDS["busy"].entries["one"])
            person.refetch()
            assert person.taken() == {1}
    finally:
        server.delete("office/")


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_all_of_fifteen_calendars_are_read(database: Database, server: CalendarServer) -> None:
    person = Person(database, server)
    names = [f"calendar-{i}" for i in range(15)]
    try:
        for name in names:
            server.make_calendar(name)
        for slot, name in enumerate(("calendar-0", "calendar-7", "calendar-14")):
            minutes = 60 + 30 * slot
            start = f"20261207T{minutes // 60:02}{minutes % 60:02}00Z"
            server.put(name, "one", entry(f"one-{slot}", f"DTSTART:{start}", "DURATION:PT30M"))
        person.link()
        assert person.taken() == {0, 1, 2}
    finally:
        for name in names:
            server.delete(f"{name}/")


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("server", ["Radicale"], indirect=True)
def test_a_wrong_password_is_said_by_a_real_server_as_well(
    database: Database, server: CalendarServer
) -> None:
    person = Person(database, server)
    with pytest.raises(FetchFailure, match="Create an app password"):
        busy_times.preview_caldav(
            database, person.actor, server.address, DavAccount(USER, "wrong"), ZONE,
            fetcher=server.fetcher(), secret_key=SECRET_KEY, now=NOW,
        )  # fmt: skip
