"""The exhibitors' dashboard: pending requests, accepted but unscheduled ones, news, and missing data."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from scheduler.domain.entities import MUST, RequestState, Side
from scheduler.domain.errors import NotAllowed
from scheduler.services.requests import requests
from scheduler.services.requests.dashboard import dashboard
from scheduler.services.requests.dashboard.dashboard import Dashboard
from scheduler.storage.database import Database
from tests.support.factories import NOW, Expo, make_event, make_firm, make_request, make_version, meet
from tests.support.queries import count_selects

PENDING = RequestState.PENDING
DAY = timedelta(days=1)


def page_of(session: Session, expo: Expo, firm: int = 0) -> Dashboard:
    return dashboard.show_dashboard(session, expo.actor(firm), now=NOW)


def keys(cards: Any) -> list[str]:
    return [card.key for card in cards]


def test_what_waits_stands_in_the_order_in_which_it_expires(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=6)
        late = make_request(session, expo, 1, 0, state=PENDING, expires_at=NOW + 9 * DAY)
        soon = make_request(session, expo, 2, 0, state=PENDING, expires_at=NOW + 2 * DAY)
        must = make_request(session, expo, 3, 0, state=PENDING, expires_at=NOW + 9 * DAY, priority=MUST)
        make_request(session, expo, 0, 4, state=PENDING, priority=MUST)
        make_request(session, expo, 5, 4, state=PENDING)
        page = page_of(session, expo)
    assert keys(page.waiting) == [soon.key, must.key, late.key]
    assert (page.waiting_count, page.sent_count, page.musts, page.is_new) == (3, 1, 1, False)
    assert page.firms["f2"].area == "batteries"


def test_what_is_agreed_and_not_held_has_its_reason(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        held, left = make_request(session, expo, 0, 1), make_request(session, expo, 2, 0)
        version = make_version(session, expo, [meet(held, expo, slot=1)])
        version.unscheduled = [
            {"request": left.key, "reason": "people-busy", "detail": "", "blockers": [], "remedies": []}
        ]
        page = page_of(session, expo)
    assert keys(page.unscheduled) == [left.key]
    assert page.outcomes[left.key].reason is not None
    assert page.next_meeting is not None and page.next_meeting.partner.key == "f1"
    assert page.meeting_count == 1


def test_what_others_did_is_news_until_it_was_seen(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=6)
        accepted = make_request(session, expo, 0, 1, state=PENDING)
        own = make_request(session, expo, 2, 0, state=PENDING)
        requests.accept_request(session, expo.actor(1), accepted.key, now=NOW - DAY)
        requests.accept_request(session, expo.actor(0), own.key, now=NOW - DAY)
        cancelled = make_request(
            session,
            expo,
            3,
            0,
            state=RequestState.WITHDRAWN,
            responded_side=Side.FROM,
            responded_at=NOW - 2 * DAY,
        )
        expired = make_request(
            session, expo, 0, 4, state=RequestState.EXPIRED, expires_at=NOW - 3 * DAY, responded_at=None
        )
        new = page_of(session, expo).news
        assert [item.card.key for item in new.items] == [accepted.key, cancelled.key, expired.key]
        dashboard.mark_seen(session, expo.actor(0), [item.key for item in new.items], now=NOW)
        assert page_of(session, expo).news.count == 0


def test_the_profile_says_what_is_missing(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        missing = ("logo", "description", "offers", "needs", "website", "titles", "phones")
        assert page_of(session, expo).profile.missing == missing
        firm, person = session.merge(expo.firms[0]), session.merge(expo.people[0][0])
        firm.logo = "0" * 16
        firm.products, firm.needs = ["Cells"], ["Foil"]
        firm.description, firm.website, person.title, person.phone = "Cells", "https://x.example", "Boss", "1"
        session.flush()
        assert page_of(session, expo).profile.missing == ()


def test_a_firm_that_did_nothing_yet_gets_first_steps(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        assert page_of(session, expo).is_new


def test_only_exhibitors_have_the_page(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, people=2)
        for actor in (expo.actor(0, person=1), expo.organiser_actor()):
            with pytest.raises(NotAllowed):
                dashboard.show_dashboard(session, actor, now=NOW)


def test_the_number_of_queries_does_not_depend_on_how_much_there_is(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=2)
        make_request(session, expo, 1, 0, state=PENDING)
        few = expo.actor(0)
    before = count_selects(database, lambda session: dashboard.show_dashboard(session, few, now=NOW))
    with database.write() as session:
        for sender in range(2, 30):
            make_firm(session, expo)
            make_request(session, expo, sender, 0, state=PENDING)
    assert count_selects(database, lambda session: dashboard.show_dashboard(session, few, now=NOW)) == before
    with database.read() as session:
        page = page_of(session, expo)
        assert (len(page.waiting), page.waiting_count) == (dashboard.MOST_WAITING, 29)
        assert dashboard.count_waiting(session, few) == 29
