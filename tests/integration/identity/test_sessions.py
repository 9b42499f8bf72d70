"""Sessions end by sign-out, by expiry, by their person and by operators."""

from __future__ import annotations

import html
import re
from contextlib import nullcontext
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import select, update

from api.pages.browsers import browser_name
from chainmeet import accounts
from scheduler.config import Settings
from scheduler.domain.errors import NotFound, RecentSignInRequired
from scheduler.domain.team import TeamRole
from scheduler.services.identity import actors, sessions, sign_in
from scheduler.storage.database import Database
from scheduler.storage.models import (
    Attendee,
    Firm,
    OutboxEmail,
    SignInRequest,
    TeamMember,
    WebSession,
)
from tests.integration.agendas.my_day.test_pages_my_day import token
from tests.integration.identity.clock import HOUR, NOWHERE, Clock, person
from tests.support import clocks
from tests.support.factories import NOW, SECRET_KEY, Expo, make_account, make_event
from tests.support.publishing import SETTINGS
from tests.support.queries import count_selects, statements
from tests.support.web import Browser


def copy_of(app: Flask, browser: Browser) -> Browser:
    """Return a browser with a stolen cookie."""
    thief, cookie = Browser(app), browser.client.get_cookie("chainmeet")
    assert cookie is not None
    thief.client.set_cookie("chainmeet", cookie.value)
    return thief


def is_in(browser: Browser) -> bool:
    return browser.client.get("/sessions").status_code == 200


def test_a_copied_cookie_opens_nothing_after_sign_out(app: Flask, expo: Expo) -> None:
    browser = Browser(app, expo.organiser)
    thief = copy_of(app, browser)
    page = f"/events/{expo.event.key}/schedule"
    thief.get(page)
    browser.get("/")
    browser.post("/sign-out")
    assert thief.client.get(page).status_code == 302 and not is_in(thief)


def test_signing_in_again_ends_the_session_that_the_browser_had(app: Flask, expo: Expo) -> None:
    browser = Browser(app, expo.organiser)
    thief = copy_of(app, browser)
    browser.sign_in(app, expo.organiser)
    assert is_in(browser) and not is_in(thief)


@pytest.mark.parametrize(("who", "hours"), [("organiser", 12), ("operator", 12), ("exhibitor", 14 * 24)])
def test_a_session_ends_whatever_is_done_in_it(
    database: Database, app: Flask, expo: Expo, clock: Clock, who: str, hours: int
) -> None:
    with database.write() as session:
        operator = make_account(session, is_operator=True)
    account = {"organiser": expo.organiser, "operator": operator, "exhibitor": person(database, expo)}[who]
    browser = Browser(app, account)
    for _ in range(4):
        assert is_in(browser)
        clock.now += hours * HOUR / 4 - timedelta(seconds=1)
    assert is_in(browser)
    clock.now += timedelta(seconds=5)
    assert not is_in(browser)


def test_who_becomes_an_organiser_in_a_long_session_has_a_short_one(
    database: Database, app: Flask, expo: Expo, clock: Clock
) -> None:
    account = person(database, expo)
    browser = Browser(app, account)
    clock.now += 13 * HOUR
    assert is_in(browser)
    with database.write() as session:
        session.add(TeamMember(event_id=expo.event.id, account_id=account.id, role=TeamRole.OWNER))
    assert not is_in(browser)


def test_a_person_sees_the_browsers_and_signs_out_one_or_all(
    database: Database, app: Flask, expo: Expo
) -> None:
    account = person(database, expo)
    phone, laptop, stranger = Browser(app, account), Browser(app, account), Browser(app, expo.organiser)
    page = laptop.get("/sessions")
    assert page.count('/end">') == 4 and page.count("This browser") == 1
    with database.read() as session:
        first = session.scalars(select(WebSession).order_by(WebSession.id)).first()
    assert first is not None
    stranger.get("/sessions")
    stranger.post(f"/sessions/{first.id}/end", status=404)
    assert is_in(phone)
    assert "Browser signed out" in laptop.post(f"/sessions/{first.id}/end")
    assert is_in(laptop) and not is_in(phone)
    phone.sign_in(app, account)
    assert "All other browsers signed out." in laptop.post("/sessions/others/end")
    assert is_in(laptop) and not is_in(phone) and is_in(stranger)
    phone.sign_in(app, account)
    gone = laptop.client.post("/sessions/end", data={"csrf_token": token(laptop.get("/sessions"))})
    assert gone.headers["Clear-Site-Data"] == '"storage"', "a day that is kept for want of a network, too"
    assert "signed out everywhere" in laptop.get("/sign-in")
    assert not is_in(laptop) and not is_in(phone) and is_in(stranger)


@pytest.mark.parametrize(("day", "is_one"), [(6, False), (7, True), (8, False)])
def test_a_meeting_at_midnight_makes_the_day_that_begins_a_day_of_the_event(
    database: Database, day: int, is_one: bool
) -> None:
    zone = ZoneInfo("Asia/Shanghai")
    noon = datetime(2026, 12, day, 12, tzinfo=zone)
    with database.write() as session:
        expo = make_event(session, slots="1", timezone=zone.key)
        expo.slots[0].start = datetime(2026, 12, 7, tzinfo=zone)
        session.flush()
        actor = replace(expo.organiser_actor(), is_stale=True, signed_in_at=noon)
        with nullcontext() if is_one else pytest.raises(RecentSignInRequired):
            actors.require_fresh_or_of_show_day(session, actor, "publish", now=noon)


def test_an_operator_ends_the_sessions_of_an_account(
    database: Database, app: Flask, expo: Expo, clock: Clock
) -> None:
    account = person(database, expo)
    browser, other = Browser(app, account), Browser(app, expo.organiser)
    assert len(accounts.sessions_of(database, account.email)) == 1
    assert accounts.end_sessions(database, account.email.upper()) == 1
    assert not is_in(browser) and is_in(other)
    with pytest.raises(NotFound):
        accounts.end_sessions(database, "nobody@nowhere.example")


def test_ended_sessions_are_deleted(database: Database, expo: Expo) -> None:
    with database.write() as session:
        secret = sessions.begin_session(session, expo.organiser.id, settings=SETTINGS, now=NOW)
        assert sessions.delete_ended_sessions(session, now=NOW + 11 * HOUR) == 0
        assert (
            sessions.find_session(session, secret, settings=SETTINGS, now=clocks.at(NOW + 11 * HOUR))
            is not None
        )
        assert sessions.delete_ended_sessions(session, now=NOW + 12 * HOUR) == 1


def test_the_database_has_no_id_of_a_session_and_one_query_finds_it(database: Database, expo: Expo) -> None:
    with database.write() as session:
        secret = sessions.begin_session(
            session, expo.organiser.id, settings=SETTINGS, agent="a\nb" * 200, now=NOW
        )
        row = session.scalars(select(WebSession)).one()
        assert secret not in (row.id_hash, row.agent) and len(row.agent) == 200
    assert (
        count_selects(
            database, lambda db: sessions.find_session(db, secret, settings=SETTINGS, now=database.clock())
        )
        == 1
    )


def test_last_seen_is_written_every_few_minutes(
    database: Database, app: Flask, expo: Expo, clock: Clock
) -> None:
    browser, began = Browser(app, expo.organiser), clock.now

    def seen_after(minutes: int) -> datetime:
        clock.now = began + timedelta(minutes=minutes)
        browser.get("/")
        with database.read() as session:
            return session.scalars(select(WebSession.last_seen_at)).one()

    assert [seen_after(minutes) - began for minutes in (4, 6, 8, 12)] == [
        timedelta(minutes=minutes) for minutes in (0, 6, 6, 12)
    ]


def test_using_a_link_ends_the_others_of_its_account(database: Database, expo: Expo) -> None:
    with database.write() as session:
        one, two = (
            sign_in.make_sign_in_link(session, expo.organiser.id, secret_key=SECRET_KEY, now=NOW)
            for _ in "ab"
        )
        others = sign_in.make_sign_in_link(
            session, expo.people[0][0].account_id, secret_key=SECRET_KEY, now=NOW
        )
        sign_in.redeem_sign_in_link(session, two, now=NOW)
        with pytest.raises(sign_in.UnusableLink, match="used"):
            sign_in.redeem_sign_in_link(session, one, now=NOW)
        sign_in.redeem_sign_in_link(session, others, now=NOW)


def test_a_wish_for_a_link_is_the_same_work_for_a_known_and_an_unknown_address(
    database: Database, app: Flask, expo: Expo
) -> None:
    def asked(email: str) -> list[str]:
        browser = Browser(app)
        browser.get("/sign-in")
        with statements(database.engine) as said:
            page = browser.post("/sign-in", email=email)
        assert html.unescape(page).count("a link is on its way") == 1
        return said

    assert asked(expo.organiser.email) == asked("nobody@nowhere.example")
    with database.write() as session:
        assert sign_in.process_sign_in_requests(session, SETTINGS, now=NOW) == 2
        assert session.scalars(select(OutboxEmail.to_address)).all() == [expo.organiser.email]
        assert session.scalars(select(OutboxEmail.to_name)).all() == [""], (
            "an event's name for a person is its own"
        )
        assert session.scalars(select(SignInRequest)).all() == []


def test_over_tls_the_cookie_is_bound_to_its_host(database: Database) -> None:
    from api.app import create_app

    settings = Settings(
        database_url=database.url.render_as_string(hide_password=False),
        redis_url=NOWHERE,
        secret_key=SECRET_KEY,
        base_url="https://meet.example",
    )
    client = create_app(settings, database).test_client()
    answer = client.get("/sign-in", base_url="https://meet.example")
    cookie = answer.headers["Set-Cookie"]
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert cookie.startswith("__Host-chainmeet=") and "Secure; HttpOnly; Path=/" in cookie
    assert "Domain" not in cookie


def test_a_role_that_is_lost_makes_a_session_no_longer(database: Database, expo: Expo) -> None:
    with database.write() as session:
        secret = sessions.begin_session(session, expo.organiser.id, settings=SETTINGS, now=NOW)
        session.execute(update(TeamMember).values(account_id=expo.people[0][0].account_id))
        assert (
            sessions.find_session(session, secret, settings=SETTINGS, now=clocks.at(NOW + 13 * HOUR)) is None
        )


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        ("Mozilla/5.0 (Windows NT 10.0; rv:145.0) Gecko/20100101 Firefox/145.0", "Firefox on Windows"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/142.0 Safari/537.36 Edg/142.0", "Edge on Windows"),
        ("Mozilla/5.0 (Linux; Android 14) Chrome/130 Safari/537.36 MicroMessenger/8.0", "WeChat on Android"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Safari/604.1", "Safari on iPhone"),
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/142.0 Safari/537.36", "Chrome on Linux"),
        ("curl/8.5.0", "curl/8.5.0"),
        ("", "Unknown browser"),
    ],
)  # fmt: skip
def test_a_browser_is_named_as_its_person_knows_it(agent: str, name: str) -> None:
    assert browser_name(agent) == name


def test_the_times_of_sessions_are_by_ones_own_clock_which_is_named(
    database: Database, app: Flask, expo: Expo
) -> None:
    """Chosen at an event, else of the country, else of the venue as team member, else UTC."""
    account = person(database, expo)
    browser, organiser = Browser(app, account), Browser(app, expo.organiser)
    with database.write() as session:
        nobody = make_account(session, "nobody@nowhere.example")
        session.get_one(Firm, expo.firms[0].id).country = "HU"

    def said(who: Browser) -> tuple[set[str], str]:
        page = who.get("/sessions")
        shown = set(re.findall(r"\d\d:\d\d(?=</time>)", page))
        return shown, re.findall(r"Times are in your time zone: ([^<]*)\.", page)[0]

    assert said(browser) == ({"09:00"}, "Budapest, UTC+01:00")
    with database.write() as session:
        session.get_one(Attendee, expo.people[0][0].id).timezone = "America/Chicago"
    assert said(browser) == ({"02:00"}, "Chicago, UTC-06:00")
    assert said(organiser) == ({"16:00"}, "Beijing time, UTC+08:00")
    assert said(Browser(app, nobody)) == ({"08:00"}, "UTC, UTC+00:00")
    settings = browser.get(f"/events/{expo.event.key}/preferences")
    assert "UTC)" not in re.sub(r"<datalist.*?</datalist>", "", settings, flags=re.DOTALL)
    assert "Times are in your time zone: Chicago" in settings
