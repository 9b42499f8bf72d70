"""News on the dashboard: all items are counted, and only displayed ones are marked as seen."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from scheduler.domain.entities import RequestState, Side
from scheduler.services.replies import decline_effects
from scheduler.services.requests import requests
from scheduler.services.requests.dashboard import dashboard, news
from scheduler.services.requests.dashboard.news import News, NewsKind
from scheduler.storage.database import Database
from scheduler.storage.models import MeetingRequest, SeenChange
from tests.support.factories import NOW, Expo, make_attendee, make_event, make_request

HOUR = timedelta(hours=1)


def declined(session: Session, expo: Expo, firm: int, hours: int) -> MeetingRequest:
    state = RequestState.DECLINED
    return make_request(
        session, expo, 0, firm, state=state, responded_side=Side.TO, responded_at=NOW - hours * HOUR
    )


def of(session: Session, expo: Expo, limit: int = 100) -> News:
    return news.list_unseen(session, expo.actor(0), limit=limit, now=NOW)


def keys(found: News) -> list[str]:
    return [item.card.key for item in found.items]


def test_seen_clears_what_was_shown_and_nothing_else(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=21)
        made = [declined(session, expo, i, hours=i).key for i in range(1, 21)]
        actor = expo.actor(0)
        page = dashboard.show_dashboard(session, actor, now=NOW)
        assert (keys(page.news), page.news.count) == (made[:6], 20)
        shown = [item.key for item in page.news.items]
        assert dashboard.mark_seen(session, actor, shown, now=NOW) == 6
        assert dashboard.mark_seen(session, actor, shown, now=NOW) == 0
        assert keys(of(session, expo)) == made[6:]


def test_what_came_while_the_page_was_open_stays_news(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=4)
        old = declined(session, expo, 1, hours=2)
        shown = [item.key for item in of(session, expo).items]
        late = make_request(  # expired earlier, but not yet recorded
            session, expo, 0, 2, state=RequestState.EXPIRED, expires_at=NOW - 3 * HOUR, responded_at=None
        )
        news.mark_seen(session, expo.actor(0), shown, now=NOW)
        assert keys(of(session, expo)) == [late.key]
        old.responded_at = NOW - HOUR  # answered again
        session.flush()
        assert keys(of(session, expo)) == [old.key, late.key]


def test_each_exhibitor_of_a_firm_has_news_of_their_own(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        make_attendee(session, expo, 0, is_exhibitor=True)
        declined(session, expo, 1, hours=1)
        news.mark_seen(session, expo.actor(0), [item.key for item in of(session, expo).items], now=NOW)
        assert of(session, expo).count == 0
        assert news.list_unseen(session, expo.actor(0, person=1), limit=9, now=NOW).count == 1


def test_a_colleague_who_cannot_come_is_news_with_the_note(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, people=3)
        colleague, partner = expo.people[0][1], expo.people[1][1]
        goes_on = make_request(session, expo, 1, 0)
        decline_effects.exclude_person(
            goes_on, session.merge(colleague), note="Our plant closes", now=NOW - HOUR
        )
        decline_effects.exclude_person(goes_on, session.merge(partner), note="Not for others", now=NOW - HOUR)
        session.flush()
        (item,) = of(session, expo).items
        assert item.person is not None
        assert (item.kind, item.person.key, item.note) == (NewsKind.ABSENT, colleague.key, "Our plant closes")
        assert not item.others_go and item.card.key == goes_on.key
        news.mark_seen(session, expo.actor(0), [item.key], now=NOW)
        assert of(session, expo).count == 0
        assert session.scalars(select(SeenChange.colleague_id)).all() == [colleague.id]


def test_a_meeting_that_a_colleague_cancelled_is_news_to_the_others_of_the_firm(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, people=2)
        make_attendee(session, expo, 0, is_exhibitor=True)
        agreed = make_request(session, expo, 0, 1)
        pending = make_request(session, expo, 0, 2, state=RequestState.PENDING)
        for each in (agreed, pending):
            requests.withdraw_request(
                session, expo.actor(0, person=2), each.key, note="Too late", now=NOW - HOUR
            )
        (item,) = of(session, expo).items
        assert (item.kind, item.card.key, item.note) == (NewsKind.CANCELLED, agreed.key, "Too late")
        assert item.person is not None and item.person.key == expo.people[0][2].key
        assert news.list_unseen(session, expo.actor(0, person=2), limit=9, now=NOW).count == 0
        (theirs,) = news.list_unseen(session, expo.actor(1), limit=9, now=NOW).items
        assert (theirs.kind, theirs.person) == (NewsKind.CANCELLED, None)


def test_marks_of_what_is_no_news_any_more_are_forgotten(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        declined(session, expo, 1, hours=1)
        actor = expo.actor(0)
        news.mark_seen(session, actor, [item.key for item in of(session, expo).items], now=NOW)
        assert session.scalar(select(func.count()).select_from(SeenChange)) == 1
        news.mark_seen(session, actor, [], now=NOW + news.NEWS_FOR)
        assert session.scalar(select(func.count()).select_from(SeenChange)) == 0


@pytest.mark.parametrize("key", ["", "0", "1.2.3", "x" * 9_000, "１.0.1"])
def test_a_key_of_nothing_marks_nothing(database: Database, key: str) -> None:
    with database.write() as session:
        expo = make_event(session)
        declined(session, expo, 1, hours=1)
        assert news.mark_seen(session, expo.actor(0), [key], now=NOW) == 0
