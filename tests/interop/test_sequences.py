"""A meeting's life in third-party calendars: what they show after its emails."""

from __future__ import annotations

import email
import itertools
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from pathlib import Path

import pytest
from sqlalchemy import select

from scheduler.invites.ical.itip import ItipMessage, MessageKind
from scheduler.services.delivery import delivery
from scheduler.storage.database import Database
from scheduler.storage.models import MeetingRequest, OutboxEmail
from tests.interop import readers
from tests.interop.client import Client
from tests.interop.readers import Calendar
from tests.interop.sent import Sent, calendar_faults, faults_around, faults_in
from tests.support.databases import Databases
from tests.support.factories import NOW, Expo, make_event, make_request, meet
from tests.support.publishing import SETTINGS, draft, publish
from tests.unit.invites.test_transport import Catcher, serving

pytestmark = pytest.mark.smtp

LIFE = [MessageKind.NEW, MessageKind.UPDATE, MessageKind.DETAILS, MessageKind.CANCEL]
NASTY = 'Ruò; "Fú", \\ / 零部件\r\nX-EVIL:1 \U0001f3ed ÁŰ:;,^n'


@dataclass
class Life:
    """A meeting that is published, moved, renamed and cancelled; every step is sent by SMTP."""

    database: Database
    catcher: Catcher

    def live(self) -> list[Sent]:
        """Return the emails to one of its people, in order."""
        with self.database.write() as session:
            expo = make_event(session, slots="6", mail_per_minute=60_000)
            expo.firms[0].name = expo.firms[0].latin_name = NASTY[:60]
            expo.people[0][0].name = expo.people[0][0].latin_name = NASTY[:60]
            request = make_request(session, expo)
        for minutes, (slot, topic) in enumerate([(0, "Cells"), (3, "Cells"), (3, NASTY), (None, NASTY)]):
            self.step(expo, request, slot, topic, 10 * minutes)
        return self.mails_to(expo.people[1][0].email)

    def step(self, expo: Expo, request: MeetingRequest, slot: int | None, topic: str, minutes: int) -> None:
        with self.database.write() as session:
            session.get_one(MeetingRequest, request.id).topic = topic
            planned = [] if slot is None else [meet(request, expo, slot=slot)]
            number = draft(session, expo, planned)
            assert publish(session, expo, number, number - 1 or None, minutes) == 2
        now = NOW + timedelta(minutes=minutes)
        settings = replace(SETTINGS, smtp_port=self.catcher.port, smtp_security="none")
        assert delivery.deliver_emails(self.database, settings, worker="w", now=lambda: now) == 2

    def mails_to(self, address: str) -> list[Sent]:
        with self.database.read() as session:
            rows = {row.message_id: row for row in session.scalars(select(OutboxEmail))}
        found = [raw for _, [to], raw in self.catcher.taken if to == address]
        made = [
            ItipMessage.from_json(rows[email.message_from_bytes(raw)["Message-ID"]].payload) for raw in found
        ]
        return [Sent(raw, message, address) for raw, message in zip(found, made, strict=True)]


@contextmanager
def opened(request: pytest.FixtureRequest) -> Iterator[Database]:
    """Yield an empty database as `database` does, which a module fixture cannot use."""
    if request.param == "postgres":
        databases: Databases = request.getfixturevalue("postgres_databases")
        with databases.one_opened() as database:
            yield database
        return
    template: Path = request.getfixturevalue("sqlite_template")
    path = request.getfixturevalue("tmp_path_factory").mktemp("life") / "test.db"
    shutil.copy(template, path)
    database = Database(f"sqlite:///{path}")
    yield database
    database.dispose()


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def mails(request: pytest.FixtureRequest) -> list[Sent]:
    with opened(request) as database, serving(Catcher()) as catcher:
        mails = Life(database, catcher).live()
    assert [each.message.kind for each in mails] == LIFE
    return mails


BROKEN = {
    "an hour off": (b"T090000", b"T100000"),
    "no end": (b"END:VCALENDAR\r\n", b""),
    "a second event": (b"BEGIN:VEVENT", (b"BEGIN:VEVENT\r\nUID:x\r\nDTSTAMP:20261124T080000Z\r\n"
                       b"DTSTART:20261124T080000Z\r\nDTEND:20261124T090000Z\r\nSUMMARY:x\r\nEND:VEVENT\r\nBEGIN:VEVENT")),
    "another method": (b"METHOD:REQUEST", b"METHOD:CANCEL"),
    "no mailto": (b":mailto:f1", b":f1"),
}  # fmt: skip
FORBIDDEN = b"STATUS:CONFIRMED", b"STATUS:CANCELLED"
"""A status that the method forbids."""


@dataclass(frozen=True, slots=True)
class Readings:
    """A reader's results for the emails, and for the first one with each fault."""

    right: list[Calendar]
    broken: dict[str, Calendar]
    forbidden: Calendar


@pytest.fixture(scope="module")
def read(mails: list[Sent]) -> Callable[[str], Readings]:
    """Return a function of a reader's name, which starts the reader once for all tests."""
    right = [each.calendar for each in mails]
    wrong = [right[0].replace(*change) for change in (*BROKEN.values(), FORBIDDEN)]
    assert right[0] not in wrong

    @cache
    def read(reader: str) -> Readings:
        readers.require(reader)
        found = readers.read(reader, [*right, *wrong])
        *broken, forbidden = found[len(right) :]
        return Readings(found[: len(right)], dict(zip(BROKEN, broken, strict=True)), forbidden)

    return read


@pytest.mark.parametrize("reader", readers.NAMES)
def test_others_read_the_whole_life_of_a_meeting_as_it_was_meant(
    mails: list[Sent], read: Callable[[str], Readings], reader: str
) -> None:
    assert (faults_around(mails), faults_in(mails, read(reader).right)) == ([], [])


@pytest.mark.parametrize("reader", readers.NAMES)
def test_request_update_and_details_leave_one_right_event_and_the_cancel_none(
    mails: list[Sent], read: Callable[[str], Readings], reader: str
) -> None:
    calendars = read(reader).right
    for came in disordered(calendars[:3]):
        ((uid, shown),) = after(came).events.items()
        content = mails[2].message.content
        assert (uid, shown.start, shown.end) == (mails[2].message.uid, content.start, content.end)
        assert (shown.summary, shown.location) == (content.summary, content.location)
        assert (shown.sequence, shown.dtstamp) == (1, mails[2].message.dtstamp)
    for came in disordered(calendars):
        assert after(came).events == {}


def disordered(calendars: Sequence[Calendar]) -> list[list[Calendar]]:
    """Return every order, alone and with every email repeated."""
    orders = [list(order) for order in itertools.permutations(calendars)]
    return orders + [[each for each in order for _ in (1, 2)] for order in orders] + [o + o for o in orders]


def after(calendars: Sequence[Calendar]) -> Client:
    client = Client()
    for calendar in calendars:
        client.receive(calendar)
    return client


@pytest.mark.parametrize("broken", BROKEN)
@pytest.mark.parametrize("reader", readers.NAMES)
def test_the_check_itself_notices(
    mails: list[Sent], read: Callable[[str], Readings], reader: str, broken: str
) -> None:
    assert list(calendar_faults(mails[0], read(reader).broken[broken])) != []


def test_libical_knows_what_a_method_forbids(read: Callable[[str], Readings]) -> None:
    assert "Value must be one of TENTATIVE or CONFIRMED" in read("libical").forbidden.faults[0]


def test_a_late_request_does_not_bring_a_cancelled_meeting_back(
    mails: list[Sent], read: Callable[[str], Readings]
) -> None:
    request, _, _, cancel = read("ical.js").right
    assert after([cancel, request]).events == {}
    assert after([request]).events.keys() == {mails[0].message.uid}
