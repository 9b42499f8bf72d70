"""Calendar feeds of a person and of a firm: secret addresses, and contents; section 1.9 of the rules."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, timedelta

import pytest
from icalendar import Calendar, Event
from sqlalchemy import event
from sqlalchemy.orm import Session

from scheduler.domain.emails.calendar_imports import CalendarImportMethod
from scheduler.domain.entities import VersionState
from scheduler.domain.errors import NotAllowed, NotFound
from scheduler.domain.plan import Meeting
from scheduler.services.delivery import claims
from scheduler.services.schedule import feed_addresses, feed_states, feeds
from scheduler.services.schedule.feed_states import FeedState
from scheduler.storage.database import Database
from scheduler.storage.models import Attendee, CalendarUse, Firm, MeetingRequest
from tests.support import clocks
from tests.support.factories import (
    NOW,
    SECRET_KEY,
    Expo,
    make_event,
    make_request,
    make_version,
    meet,
)
from tests.support.publishing import SETTINGS, publish_version
from tests.support.queries import count_selects

URL = "https://meet.example/feed/x.ics"
DAY = timedelta(days=1)


def publish(session: Session, expo: Expo, meetings: Sequence[Meeting], days: int = 0) -> None:
    """Publish these meetings in place of all others."""
    version = make_version(session, expo, meetings, state=VersionState.DRAFT)
    publish_version(
        session,
        event_id=expo.event.id,
        number=version.number,
        compared_with=version.number - 1 or None,
        by=None,
        settings=SETTINGS,
        now=NOW + days * DAY,
    )


def send(session: Session, days: int = 0) -> int:
    rows = claims.claim_emails(session, worker="w", limit=50, secret_key=SECRET_KEY, now=NOW + days * DAY)
    for row in rows:
        claims.mark_sent(session, row.id, worker="w", now=NOW + days * DAY)
    return len(rows)


def body(session: Session, owner: Attendee | Firm, days: int = 0) -> bytes:
    return feeds.render_feed(session, feed_addresses.build_owner(owner), url=URL, now=NOW + days * DAY)


def events(session: Session, owner: Attendee | Firm, days: int = 0) -> list[Event]:
    return list(Calendar.from_ical(body(session, owner, days)).events)


def feed(session: Session, owner: Attendee | Firm, days: int = 0) -> list[tuple[str, int, object]]:
    """Return (STATUS, SEQUENCE, DTSTART) of each event of a feed."""
    return [
        (str(event["STATUS"]), int(event["SEQUENCE"]), event.DTSTART)
        for event in events(session, owner, days)
    ]


@pytest.fixture(params=["person", "firm"])
def whose(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def owner_of(expo: Expo, whose: str, firm: int = 0) -> Attendee | Firm:
    return expo.people[firm][0] if whose == "person" else expo.firms[firm]


def token_of(owner: Attendee | Firm) -> str | None:
    return feed_addresses.feed_token(feed_addresses.build_owner(owner), SECRET_KEY)


# Both kinds of feed


def test_1_9_a_feed_shows_what_is_published_before_and_after_its_mail_is_sent(
    database: Database, whose: str
) -> None:
    with database.write() as session:
        expo = make_event(session)
        owner = owner_of(expo, whose)
        assert feed(session, owner) == []
        publish(session, expo, [meet(make_request(session, expo), expo)])
        shown = [("CONFIRMED", 0, expo.slots[0].start)]
        assert feed(session, owner) == shown
        before = body(session, owner)
        assert send(session) == 2
        assert feed(session, owner) == shown
        assert body(session, owner, days=1) == before


def test_1_9_a_feed_follows_a_meeting_that_moves(database: Database, whose: str) -> None:
    with database.write() as session:
        expo = make_event(session)
        request, owner = make_request(session, expo), owner_of(expo, whose)
        publish(session, expo, [meet(request, expo, slot=0)])
        send(session)
        publish(session, expo, [meet(request, expo, slot=2)], days=1)
        assert feed(session, owner, days=1) == [("CONFIRMED", 1, expo.slots[2].start)]
        send(session, days=1)
        assert feed(session, owner, days=1) == [("CONFIRMED", 1, expo.slots[2].start)]


def test_1_9_a_feed_keeps_a_cancelled_meeting_for_thirty_days(database: Database, whose: str) -> None:
    with database.write() as session:
        expo = make_event(session)
        owner = owner_of(expo, whose)
        publish(session, expo, [meet(make_request(session, expo), expo)])
        send(session)
        publish(session, expo, [], days=1)
        cancelled = [("CANCELLED", 1, expo.slots[0].start)]
        assert feed(session, owner, days=1) == cancelled
        send(session, days=1)
        assert feed(session, owner, days=30) == cancelled
        assert feed(session, owner, days=31) == []
        assert b"BEGIN:VTIMEZONE" in body(session, owner, days=31)


def test_1_9_a_feed_is_its_owners_alone(database: Database, whose: str) -> None:
    with database.write() as session:
        expo = make_event(session)
        publish(session, expo, [meet(make_request(session, expo, 1, 2), expo)])
        assert feed(session, owner_of(expo, whose)) == []
        assert len(feed(session, owner_of(expo, whose, firm=2))) == 1


def test_r1_a_feed_has_the_uids_of_the_mails(database: Database, whose: str) -> None:
    with database.write() as session:
        expo = make_event(session)
        request = make_request(session, expo)
        publish(session, expo, [meet(request, expo)])
        uid = f"{request.uid}@{SETTINGS.mail_domain}"
        assert [str(event["UID"]) for event in events(session, owner_of(expo, whose))] == [uid]


def test_1_9_a_feed_takes_as_many_queries_for_one_meeting_as_for_ten(database: Database, whose: str) -> None:
    counts = []
    for number in (1, 10):
        with database.write() as session:
            expo = make_event(session, firms=number + 1, slots="10")
            pairs = [make_request(session, expo, 0, other) for other in range(1, number + 1)]
            meetings = [meet(request, expo, slot=slot) for slot, request in enumerate(pairs)]
            publish(session, expo, meetings)
            send(session)
        owner = owner_of(expo, whose)
        counts.append(count_selects(database, lambda session, owner=owner: body(session, owner)))
        with database.read() as session:
            assert len(feed(session, owner)) == number
    assert counts[0] == counts[1] <= 5


def test_a_feed_shows_the_meetings_of_somebody_whose_mail_comes_back(database: Database, whose: str) -> None:
    with database.write() as session:
        expo = make_event(session)
        expo.people[0][0].bounced_at = NOW
        publish(session, expo, [meet(make_request(session, expo), expo)])
        assert send(session) == 1, "the other side's"
        assert feed(session, owner_of(expo, whose)) == [("CONFIRMED", 0, expo.slots[0].start)]


# Entity tags


def state_of(session: Session, token: str | None, days: int = 0) -> FeedState:
    return feed_states.find_feed_state(session, token or "", now=clocks.at(NOW + days * DAY))


def tag(session: Session, owner: Attendee | Firm, days: int = 0, url: str = URL) -> str:
    state = state_of(session, token_of(owner), days)
    assert state.now == NOW + days * DAY
    return state.etag(url)


def test_1_9_an_entity_tag_changes_whenever_the_feed_does(database: Database, whose: str) -> None:
    with database.write() as session:
        expo = make_event(session, people=2)
        feed_addresses.renew_firm_feed(session, expo.actor(0), secret_key=SECRET_KEY)
        request, owner = make_request(session, expo), owner_of(expo, whose)
        mine, partner = expo.people[0], expo.people[1][0]
        seen = {tag(session, owner): body(session, owner)}

        def look(days: int) -> None:
            found = body(session, owner, days)
            assert seen.setdefault(tag(session, owner, days), found) == found

        publish(session, expo, [meet(request, expo, people=[mine[0], partner])])
        look(0)
        send(session)
        look(0)
        publish(session, expo, [meet(request, expo, slot=2, people=[mine[0], partner])], days=1)
        look(1)
        publish(session, expo, [meet(request, expo, slot=2, people=[*mine, partner])], days=2)
        send(session, days=2)
        look(2)
        for row, name in ((expo.event, "Renamed"), (owner, "Other"), (mine[0], "Third")):
            row.name = name
            session.flush()
            look(2)
        expo.event.timezone = "Europe/Lisbon"
        session.flush()
        look(2)
        publish(session, expo, [], days=3)
        for days in (3, 32, 33, 34):
            look(days)
        assert len(set(seen.values())) == len(set(seen)) - 1, "once, when its email is claimed"
        assert tag(session, owner, 34) == tag(session, owner, 33) != tag(session, owner, 32)
        assert tag(session, owner, 34, url="https://other.example/f.ics") != tag(session, owner, 34)


def test_a_persons_state_takes_one_query_and_a_firms_two(database: Database, whose: str) -> None:
    with database.write() as session:
        expo = make_event(session)
        feed_addresses.renew_firm_feed(session, expo.actor(0), secret_key=SECRET_KEY)
        publish(session, expo, [meet(make_request(session, expo), expo)])
    owner = owner_of(expo, whose)
    queries = {"person": 1, "firm": 2}
    assert count_selects(database, lambda session: tag(session, owner)) == queries[whose]


def test_a_state_that_sql_finds_is_the_one_of_the_query_with_types(
    database: Database, whose: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On PostgreSQL a poll compiles and looks up no query. The connection's time zone makes no difference."""
    with database.write() as session:
        expo = make_event(session)
        feed_addresses.renew_firm_feed(session, expo.actor(0), secret_key=SECRET_KEY)
        publish(session, expo, [meet(make_request(session, expo), expo)])
        attendee = expo.people[0][0].id
        session.add(CalendarUse(attendee_id=attendee, way=CalendarImportMethod.FEED, last_used_at=NOW))
    token, compiled = token_of(owner_of(expo, whose)), []
    with database.read() as session:
        connection = session.connection()
        if not database.is_sqlite:
            connection.exec_driver_sql("SET TIME ZONE 'Asia/Tokyo'")
        event.listen(connection, "before_execute", lambda *_: compiled.append(1))
        found = state_of(session, token)
        assert bool(compiled) == database.is_sqlite
        monkeypatch.setattr(connection.dialect, "name", "sqlite")
        typed = state_of(session, token)
        monkeypatch.undo()
        if not database.is_sqlite:
            connection.exec_driver_sql("SET TIME ZONE 'UTC'")
    assert found == typed
    assert found.now.tzinfo == typed.now.tzinfo == UTC
    assert found.last_used_at == (NOW if whose == "person" else None)
    assert found.last_used_at is None or found.last_used_at.tzinfo == UTC


# A firm's feed


def test_a_firms_feed_has_a_meeting_once_with_its_colleagues_in_the_title(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, people=2)
        request = make_request(session, expo)
        publish(session, expo, [meet(request, expo, people=[*expo.people[0], expo.people[1][0]])])
        (event,) = events(session, expo.firms[0])
        assert str(event["SUMMARY"]) == "Meeting with Firm 1 – F0-P0, F0-P1"
        assert "Attending with you" not in str(event["DESCRIPTION"])
        (other,) = events(session, expo.firms[1])
        assert str(other["SUMMARY"]) == "Meeting with Firm 0 – F1-P0"


def test_a_firms_feed_follows_who_takes_part(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, people=2)
        request, (first, second), partner = make_request(session, expo), expo.people[0], expo.people[1][0]
        stamps, titles = [], []
        for day, mine in enumerate(([first], [second], [first, second], [first])):
            publish(session, expo, [meet(request, expo, people=[*mine, partner])], days=day)
            send(session, days=day)
            (event,) = events(session, expo.firms[0], days=day)
            assert str(event["UID"]).startswith(request.uid) or mine == [first]
            titles.append(str(event["SUMMARY"]).partition(" – ")[2])
            stamps.append(event.DTSTAMP)
        assert titles == ["F0-P0", "F0-P1", "F0-P0, F0-P1", "F0-P0"]
        assert stamps == sorted(set(stamps))


def test_a_firms_feed_shows_a_meeting_that_is_held_again_once(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        request = make_request(session, expo)
        for day, slots in enumerate(([0], [], [2])):
            publish(session, expo, [meet(request, expo, slot=slot) for slot in slots], days=day)
            send(session, days=day)
            session.refresh(session.get_one(MeetingRequest, request.id))
        assert feed(session, expo.firms[0], days=2) == [("CONFIRMED", 0, expo.slots[2].start)]


# Addresses


def test_an_address_opens_its_feed_until_it_is_renewed(database: Database, whose: str) -> None:
    renew = feed_addresses.renew_feed if whose == "person" else feed_addresses.renew_firm_feed
    with database.write() as session:
        expo = make_event(session)
        owner = owner_of(expo, whose)
        renew(session, expo.actor(0), secret_key=SECRET_KEY)
        old = token_of(owner)
        assert state_of(session, old).owner == feed_addresses.build_owner(owner)
        renew(session, expo.actor(0), secret_key=SECRET_KEY)
        assert state_of(session, token_of(owner)).owner == feed_addresses.build_owner(owner)
        with pytest.raises(NotFound):
            state_of(session, old)
        with pytest.raises(NotAllowed):
            renew(session, expo.organiser_actor(), secret_key=SECRET_KEY)


def test_a_firm_has_no_address_until_it_wants_one_and_none_after_it_ends(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        assert token_of(expo.firms[0]) is None
        feed_addresses.renew_firm_feed(session, expo.actor(0), secret_key=SECRET_KEY)
        token = token_of(expo.firms[0])
        feed_addresses.end_firm_feed(session, expo.actor(0))
        assert token is not None and token_of(expo.firms[0]) is None
        with pytest.raises(NotFound):
            state_of(session, token)


def test_only_an_exhibitor_decides_about_the_firms_address(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, people=2)
        for actor in (expo.actor(0, person=1), expo.organiser_actor()):
            with pytest.raises(NotAllowed):
                feed_addresses.renew_firm_feed(session, actor, secret_key=SECRET_KEY)
            with pytest.raises(NotAllowed):
                feed_addresses.end_firm_feed(session, actor)
