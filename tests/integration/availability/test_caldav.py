"""Busy times by CalDAV: server quirks are handled, and the password is sent to no one else."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest
from sqlalchemy import select

from api import context, sign_in_errands
from scheduler.domain.errors import InvalidInput, NotFound
from scheduler.invites.busy import UnusableCalendar, multistatus
from scheduler.invites.transport.remote import Fetcher, FetchFailure
from scheduler.services.availability import busy_times, caldav, unavailable_slots
from scheduler.services.availability import refetch as refetching
from scheduler.services.availability.caldav import DavAccount
from scheduler.services.events.archives import event_tables
from scheduler.storage.database import Database
from scheduler.storage.models import Account, BusySource
from tests.support import clocks, dav
from tests.support.dav import PASSWORD, USER, DavServer, Layout, dav_server
from tests.support.factories import NOW, SECRET_KEY, make_event
from tests.support.web import Browser, web_app

ACCOUNT = DavAccount(USER, PASSWORD)
ZONE = "Asia/Shanghai"
LAYOUTS = {
    "RFC 4791": dav.PLAIN,
    "WeCom": dav.WECOM,
    "DingTalk": dav.DINGTALK,
    "Feishu": dav.FEISHU,
    "free-busy alone": dav.FREE_BUSY,
}


class Person:
    """An attendee of an event with six slots on two days, and an appointment in the second slot."""

    def __init__(self, database: Database) -> None:
        self.database = database
        with database.write() as session:
            self.expo = make_event(session, slots="4 2")
        self.slots, self.actor = self.expo.slots, self.expo.actor(0)

    def fill(self, server: DavServer, *slots: int) -> None:
        server.entries = {f"e{i}": (self.slots[i].start, self.slots[i].end) for i in slots}
        server.entries["next-year"] = (NOW + timedelta(days=400), NOW + timedelta(days=401))

    def preview(
        self, server: DavServer, fetcher: Fetcher, path: str = "/", account: DavAccount = ACCOUNT
    ) -> str:
        return busy_times.preview_caldav(
            self.database, self.actor, server.address(path), account, ZONE,
            fetcher=fetcher, secret_key=SECRET_KEY, now=NOW,
        )  # fmt: skip

    def save(self, key: str) -> None:
        with self.database.write() as session:
            busy_times.save_calendar(session, self.actor, key, now=NOW)

    def refetch(self, fetcher: Fetcher, *, hours: int = 2, **more: bool) -> None:
        refetching.refetch_calendars(
            self.database, fetcher=fetcher, secret_key=SECRET_KEY, now=lambda: NOW + timedelta(hours=hours),
            should_stop=lambda: False, max_seconds=60, **more,
        )  # fmt: skip

    def source(self) -> BusySource:
        with self.database.read() as session:
            return session.scalars(select(BusySource)).one()

    def taken(self) -> list[int]:
        spans = unavailable_slots.busy_spans(self.source().found)
        return [
            i for i, slot in enumerate(self.slots) if unavailable_slots.overlaps(slot.start, slot.end, spans)
        ]


@pytest.fixture
def person(database: Database) -> Person:
    return Person(database)


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_a_calendar_is_found_and_read_for_the_days_of_the_event(person: Person, layout: Layout) -> None:
    with dav_server(layout) as (server, fetcher):
        person.fill(server, 1, 4)
        person.save(person.preview(server, fetcher, layout.calendar if layout.is_bare else "/"))
        assert person.taken() == [1, 4]
        assert {depth for _, _, depth, _ in server.seen} <= {"0", "1"}, "some refuse infinity"
        assert "tasks" not in str(server.seen), "a list of tasks takes no time"
        person.fill(server, 2)
        person.refetch(fetcher)
        assert person.taken() == [2] and person.source().failure == ""


def test_the_addresses_of_well_known_services_are_known() -> None:
    assert (
        caldav.server_address("dingtalk", "", " li/na ")
        == "https://calendar.dingtalk.com/dav/li%2Fna/primary/"
    )
    assert caldav.server_address("wecom", "https://elsewhere.example/", USER).startswith(
        "https://caldav.wecom.work/"
    )
    assert caldav.server_address("other", "https://elsewhere.example/", USER) == "https://elsewhere.example/"


def test_a_wrong_password_is_said_in_a_sentence_and_goes_nowhere(person: Person) -> None:
    with dav_server() as (server, fetcher):
        with pytest.raises(FetchFailure, match="did not accept this user name and app password"):
            person.preview(server, fetcher, account=DavAccount(USER, "wrong"))
        assert len(server.seen) == 1, "it is not tried elsewhere"
        person.fill(server, 1)
        person.save(person.preview(server, fetcher))
        server.password = "changed"
        person.refetch(fetcher)
    assert "did not accept" in person.source().failure
    assert person.taken() == [1], "what was known still holds"


@pytest.mark.parametrize(
    "layout",
    [
        Layout(principal="https://elsewhere.example/principals/wang/"),
        Layout(leads={"/": "https://elsewhere.example/"}),
    ],
    ids=["named", "led"],
)
def test_no_other_server_gets_the_password(person: Person, layout: Layout) -> None:
    with dav_server(layout) as (server, fetcher):
        asked: list[str] = []
        watched = Fetcher(
            max_octets=100_000,
            resolve=lambda host, _port: asked.append(host) or ["127.0.0.1"],  # type: ignore[func-returns-value]
            is_allowed=lambda _address: True,
            ports=fetcher.ports,
            context=fetcher.context,
        )
        with pytest.raises(FetchFailure, match="another server"):
            person.preview(server, watched)
    assert set(asked) == {"dav.example"}


def test_a_private_address_is_not_asked(person: Person) -> None:
    with dav_server() as (server, fetcher):
        guarded = Fetcher(
            max_octets=1000, resolve=fetcher.resolve, ports=fetcher.ports, context=fetcher.context
        )
        with pytest.raises(FetchFailure, match="not on the public internet"):
            person.preview(server, guarded)
        assert server.seen == []


def test_an_answer_that_is_too_large_is_not_read_to_its_end(person: Person) -> None:
    with dav_server() as (server, fetcher):
        server.entries = {
            f"e{i}": (person.slots[0].start, person.slots[0].end + timedelta(seconds=i)) for i in range(1000)
        }
        with pytest.raises(FetchFailure, match="larger"):
            person.preview(server, fetcher)


def test_the_password_is_encrypted_shown_nowhere_and_gone_with_the_calendar(
    person: Person, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with dav_server() as (server, fetcher):
        person.fill(server, 1)
        person.save(person.preview(server, fetcher))
        person.refetch(fetcher)
    source = person.source()
    assert source.account is not None and PASSWORD.encode() not in source.account
    assert DavAccount.opened(SECRET_KEY, source.account) == ACCOUNT
    assert PASSWORD not in repr(ACCOUNT) and PASSWORD not in caplog.text
    kept = {name: getattr(source, name) for name in source.__table__.columns.keys()}  # noqa: SIM118
    assert PASSWORD not in str(kept)
    assert "account" in event_tables.SECRET_COLUMNS["busy_source"], "no archive has it"
    with person.database.write() as session:
        busy_times.remove_calendar(session, person.actor, source.key)
    with person.database.read() as session:
        assert session.scalars(select(BusySource.account)).all() == []
        with pytest.raises(NotFound):
            busy_times.remove_calendar(session, person.actor, source.key)


def test_a_site_that_switches_it_off_asks_no_server(person: Person) -> None:
    with dav_server() as (server, fetcher):
        person.fill(server, 1)
        person.save(person.preview(server, fetcher))
        before = len(server.seen)
        person.refetch(fetcher, reads_caldav=False)
        assert len(server.seen) == before
    assert "doesn't read CalDAV calendars" in person.source().failure and person.taken() == [1]


@pytest.mark.parametrize(
    ("user", "password", "at"),
    [
        ("", "x", {"user"}),
        ("a:b", "x", {"user"}),
        ("a", "", {"password"}),
        ("", "a\nb", {"user", "password"}),
    ],
)
def test_a_sign_in_that_cannot_be_one_is_refused_at_its_field(user: str, password: str, at: set[str]) -> None:
    with pytest.raises(InvalidInput) as raised:
        DavAccount.typed(user, password)
    assert {fault.path for fault in raised.value.faults} == at


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"<html><body>Sign in</body></html>",
        b"\x00\xff\xfe",
        b'<!DOCTYPE x [<!ENTITY a "a">]><D:multistatus xmlns:D="DAV:">&a;</D:multistatus>',
        '<!DOCTYPE x><D:multistatus xmlns:D="DAV:"/>'.encode("utf-16"),
        b'<D:multistatus xmlns:D="DAV:">' + b"<a>" * 200_000,
        dav.HEAD.encode() + b"<D:response/>" * (multistatus.MAX_ITEMS + 1) + b"</D:multistatus>",
    ],
    ids=["nothing", "a page", "noise", "entities", "a document type", "depth", "number"],
)
def test_what_is_no_answer_of_a_calendar_server_is_refused(octets: bytes) -> None:
    with pytest.raises(UnusableCalendar):
        multistatus.read_multistatus(octets)


class Page:
    """The person's page, on a site that can reach the server."""

    def __init__(self, person: Person, fetcher: Fetcher, **settings: str) -> None:
        app = web_app(person.database, "redis://127.0.0.1:1", **settings)
        app.extensions[context.KEY]["fetcher"] = fetcher
        with person.database.read() as session:
            account = session.get_one(Account, person.expo.people[0][0].account_id)
        self.browser = Browser(app, account)
        self.path = f"/events/{person.expo.event.key}/busy-times"

    def connect(self, status: int = 200, **typed: str) -> str:
        self.browser.get(self.path)
        given = {"service": "other", "user": USER, "password": PASSWORD, "timezone": ZONE, **typed}
        return self.browser.post(f"{self.path}/caldav", status, **given)


@pytest.fixture
def held(person: Person, monkeypatch: pytest.MonkeyPatch) -> Person:
    clocks.hold(monkeypatch, NOW)
    return person


def test_on_the_page_it_is_looked_at_saved_and_removed_and_no_page_has_the_password(held: Person) -> None:
    with dav_server() as (server, fetcher):
        held.fill(server, 1)
        page = Page(held, fetcher)
        pages = [page.connect(server=server.address())]
        assert "1 of 6" in pages[0] and "app password in encrypted form" in pages[0]
        key = held.source().key
        pages.append(page.browser.post(f"{page.path}/preview/{key}/save"))
        assert "connected with an app password, which is deleted with the calendar" in pages[1]
        pages.append(page.browser.post(f"{page.path}/calendars/{key}/remove"))
        assert "Calendar removed: dav.example" in pages[2]
        assert not [each for each in pages if PASSWORD in each]


def test_an_error_stands_at_its_field_and_keeps_all_that_was_typed_but_the_password(held: Person) -> None:
    with dav_server() as (server, fetcher):
        page = Page(held, fetcher)
        shown = page.connect(422, server=server.address(), password="wrong-hunter3")
        assert (
            "did not accept this user name" in shown
            and 'aria-describedby="server-other-help server-other-error"' in shown
        )
        assert f'value="{USER}"' in shown and server.address() in shown and "wrong-hunter3" not in shown
        shown = page.connect(422, server=server.address(), user="a:b")
        assert 'user-other-error"' in shown and "Enter the user name" in shown
        assert "starts with https" in page.connect(422, server="http://dav.example/")


def test_the_form_is_in_the_reader_s_language(held: Person) -> None:
    with dav_server() as (_, fetcher):
        page = Page(held, fetcher)
        page.browser.client.set_cookie("language", "zh")
        assert "应用专用密码" in page.browser.get(page.path)


def test_a_form_that_is_kept_through_a_sign_in_is_kept_without_its_password(held: Person) -> None:
    app = web_app(held.database, "redis://127.0.0.1:1")
    form = {"user": USER, "password": PASSWORD, "csrf_token": "x"}
    with app.test_request_context("/events/e/busy-times/caldav", method="POST", data=form):
        assert dict(sign_in_errands.of_request()["fields"]) == {"user": USER}


def test_where_it_is_off_there_is_no_form(held: Person) -> None:
    with dav_server() as (server, fetcher):
        page = Page(held, fetcher, caldav="off")
        assert "iCloud" not in page.browser.get(page.path)
        page.connect(404, server=server.address())
        assert server.seen == []
