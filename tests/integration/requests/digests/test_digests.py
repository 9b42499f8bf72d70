"""Digests: each exhibitor hears once about request changes, in the morning or immediately."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from scheduler.domain.entities import MUST, OutboxKind, OutboxState, RequestState, Side
from scheduler.services.delivery import claims
from scheduler.services.requests import requests
from scheduler.services.requests.digests import digest_sending
from scheduler.storage.database import Database
from scheduler.storage.models import DigestPreference, MeetingRequest, OutboxEmail
from tests.support.factories import NOW, SECRET_KEY, Expo, make_attendee, make_event, make_request
from tests.support.publishing import SETTINGS
from tests.support.races import race

PENDING = RequestState.PENDING
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MORNING = datetime(2026, 11, 25, 0, tzinfo=UTC)
"""The morning after NOW, 08:00 in Shanghai."""


def expo_of(session: Session, **columns: Any) -> Expo:
    return make_event(session, digest_mails=True, digests_since=NOW - DAY, **columns)


_ORDER = (OutboxEmail.attendee_id, OutboxEmail.id)


def tell(database: Database, now: datetime) -> list[OutboxEmail]:
    """Queue the digests that are due. Return the new ones."""
    with database.write() as session:
        before = set(session.scalars(select(OutboxEmail.id)))
        digest_sending.queue_due_digests(session, SETTINGS, now=now)
    with database.read() as session:
        found = session.scalars(
            select(OutboxEmail).where(OutboxEmail.kind == OutboxKind.DIGEST).order_by(*_ORDER)
        )
        return [mail for mail in found if mail.id not in before]


def kinds(mails: list[OutboxEmail]) -> list[tuple[str, list[str]]]:
    """Return each email's recipient and the kinds of its items."""
    return [(mail.to_name, [item["kind"] for item in mail.payload["items"]]) for mail in mails]


def claim(database: Database, now: datetime) -> list[OutboxEmail]:
    with database.write() as session:
        return claims.claim_emails(session, worker="w", limit=50, secret_key=SECRET_KEY, now=now)


def test_what_came_in_a_day_is_one_mail_in_the_morning(database: Database) -> None:
    with database.write() as session:
        expo = expo_of(session)
        for sender in (0, 2):
            make_request(session, expo, sender, 1, state=PENDING)
    assert tell(database, MORNING - HOUR) == []
    assert kinds(tell(database, MORNING)) == [("F1-P0", ["asked", "asked"])]
    assert tell(database, MORNING + DAY) == []


def test_a_must_is_told_at_once_with_all_that_waits(database: Database) -> None:
    with database.write() as session:
        expo = expo_of(session)
        make_request(session, expo, 0, 1, state=PENDING)
        make_request(session, expo, 2, 1, state=PENDING, priority=MUST)
    assert kinds(tell(database, NOW)) == [("F1-P0", ["asked", "asked"])]
    assert tell(database, MORNING) == []


def test_many_musts_are_one_mail_an_hour(database: Database) -> None:
    with database.write() as session:
        expo = expo_of(session, firms=4)
        make_request(session, expo, 0, 1, state=PENDING, priority=MUST)
    assert len(tell(database, NOW)) == 1
    with database.write() as session:
        make_request(session, expo, 2, 1, state=PENDING, priority=MUST, created_at=NOW + HOUR / 6)
        make_request(session, expo, 3, 1, state=PENDING, priority=MUST, created_at=NOW + HOUR / 2)
    assert tell(database, NOW + HOUR * 0.9) == []
    assert kinds(tell(database, NOW + HOUR)) == [("F1-P0", ["asked", "asked"])]


def test_each_exhibitor_gets_a_mail_in_their_language_and_nobody_else_does(database: Database) -> None:
    with database.write() as session:
        expo = expo_of(session, people=2)
        make_attendee(session, expo, 1, is_exhibitor=True, languages=["hu"])
        make_request(session, expo, 0, 1, state=PENDING)
    mails = tell(database, MORNING)
    assert [(mail.to_name, mail.payload["language"]) for mail in mails] == [("F1-P0", "en"), ("F1-P2", "hu")]


@pytest.mark.parametrize(
    ("step", "told"),
    [(requests.accept_request, "accepted"), (requests.decline_request, "declined")],
    ids=["accept", "decline"],
)
def test_the_firm_that_asked_is_told_of_the_answer_once_it_cannot_be_undone(
    database: Database, step: Any, told: str
) -> None:
    with database.write() as session:
        expo = expo_of(session)
        request = make_request(session, expo, 0, 1, state=PENDING)
        step(session, expo.actor(1), request.key, note="Gladly", now=MORNING - HOUR / 60)
    assert tell(database, MORNING) == []
    (mail,) = tell(database, MORNING + DAY)
    assert kinds([mail]) == [("F0-P0", [told])]
    assert (mail.payload["items"][0]["text"], mail.payload["items"][0]["person"]) == ("Gladly", "F1-P0")


def test_an_answer_that_was_undone_is_not_told(database: Database) -> None:
    with database.write() as session:
        expo = expo_of(session)
        request = make_request(session, expo, 0, 1, state=PENDING)
        requests.accept_request(session, expo.actor(1), request.key, now=NOW)
        requests.undo_step(session, expo.actor(1), request.key, now=NOW)
    assert kinds(tell(database, MORNING)) == [("F1-P0", ["asked"])]


def test_a_request_that_is_cancelled_before_its_mail_was_made_is_never_told(database: Database) -> None:
    with database.write() as session:
        expo = expo_of(session)
        request = make_request(session, expo, 0, 1, state=PENDING)
        requests.withdraw_request(session, expo.actor(0), request.key, now=NOW)
    assert tell(database, MORNING) == tell(database, MORNING + DAY) == []


def test_a_request_that_is_cancelled_while_its_mail_waits_is_taken_out_of_it(database: Database) -> None:
    with database.write() as session:
        expo = expo_of(session)
        gone, stays = (make_request(session, expo, sender, 1, state=PENDING) for sender in (0, 2))
    assert len(tell(database, MORNING)) == 1
    with database.write() as session:
        requests.withdraw_request(session, expo.actor(0), gone.key, now=MORNING)
    (sent,) = claim(database, MORNING)
    assert [item["key"] for item in sent.payload["items"]] == [stays.key]
    assert tell(database, MORNING + DAY) == []


def test_a_digest_of_which_nothing_holds_is_not_sent(database: Database) -> None:
    with database.write() as session:
        expo = expo_of(session)
        request = make_request(session, expo, 0, 1, state=PENDING)
    tell(database, MORNING)
    with database.write() as session:
        requests.withdraw_request(session, expo.actor(0), request.key, now=MORNING)
    assert claim(database, MORNING) == []
    with database.read() as session:
        mail = session.scalars(select(OutboxEmail)).one()
        assert mail.state is OutboxState.FAILED and mail.dropped_at is not None


def test_who_read_of_a_request_is_told_that_it_was_cancelled(database: Database) -> None:
    with database.write() as session:
        expo = expo_of(session)
        request = make_request(session, expo, 0, 1, state=PENDING)
    tell(database, MORNING)
    assert len(claim(database, MORNING)) == 1
    with database.write() as session:
        requests.withdraw_request(session, expo.actor(0), request.key, note="No more", now=MORNING)
    (mail,) = tell(database, MORNING + DAY)
    assert kinds([mail]) == [("F1-P0", ["cancelled"])]
    assert mail.payload["items"][0]["text"] == "No more"


@pytest.mark.parametrize("by", [0, 1])
def test_of_what_was_agreed_the_other_firm_is_told_that_it_was_cancelled(database: Database, by: int) -> None:
    with database.write() as session:
        expo = expo_of(session)
        request = make_request(session, expo, 0, 1, responded_side=Side.TO, responded_at=NOW - 30 * DAY)
        requests.withdraw_request(session, expo.actor(by), request.key, now=NOW)
    assert kinds(tell(database, MORNING)) == [(f"F{1 - by}-P0", ["cancelled"])]


def test_what_the_organisers_cancel_is_told_to_both_firms(database: Database) -> None:
    with database.write() as session:
        expo = expo_of(session)
        request = make_request(session, expo, 0, 1, responded_at=NOW - 30 * DAY)
        requests.withdraw_request(session, expo.organiser_actor(), request.key, now=NOW)
    assert kinds(tell(database, MORNING)) == [("F0-P0", ["cancelled"]), ("F1-P0", ["cancelled"])]


def test_a_request_is_reminded_of_in_the_mornings_three_days_and_one_day_before(database: Database) -> None:
    ends = MORNING + 14 * DAY + 10 * HOUR  # 18:00 in Shanghai
    with database.write() as session:
        expo = expo_of(session)
        make_request(session, expo, 0, 1, state=PENDING, expires_at=ends)
    said = {}
    for day in range(17):
        now = MORNING + day * DAY
        with database.write() as session:
            requests.expire_requests(session, now=now)
        for mail in tell(database, now):
            said[day, mail.to_name] = [item["kind"] for item in mail.payload["items"]]
    assert said == {
        (0, "F1-P0"): ["asked"],
        (11, "F1-P0"): ["three_days"],
        (13, "F1-P0"): ["one_day"],
        (15, "F0-P0"): ["expired"],
    }


def test_a_request_that_was_just_asked_is_not_reminded_of_besides(database: Database) -> None:
    with database.write() as session:
        expo = expo_of(session)
        make_request(session, expo, 0, 1, state=PENDING, created_at=MORNING, expires_at=MORNING + 20 * HOUR)
    assert kinds(tell(database, MORNING)) == [("F1-P0", ["asked"])]
    assert tell(database, MORNING + 19 * HOUR) == []


@pytest.mark.parametrize(
    "choice",
    [{"asked": False}, {"stopped_at": NOW}],
    ids=["not-asked", "stopped"],
)
def test_who_does_not_want_it_is_not_told(database: Database, choice: dict[str, Any]) -> None:
    with database.write() as session:
        expo = expo_of(session)
        make_request(session, expo, 0, 1, state=PENDING)
        session.add(DigestPreference(attendee_id=expo.people[1][0].id, **choice))
    assert tell(database, MORNING) == []


def test_who_wants_it_at_once_does_not_wait_for_the_morning(database: Database) -> None:
    with database.write() as session:
        expo = expo_of(session)
        make_request(session, expo, 0, 1, state=PENDING)
        session.add(DigestPreference(attendee_id=expo.people[1][0].id, asked_at_once=True))
    assert len(tell(database, NOW)) == 1


def test_each_kind_is_at_once_by_itself_and_at_most_once_an_hour(database: Database) -> None:
    with database.write() as session:
        expo = expo_of(session, firms=4)
        session.add(DigestPreference(attendee_id=expo.people[1][0].id, answers_at_once=True))
        session.add(DigestPreference(attendee_id=expo.people[2][0].id, asked_at_once=True))
        for receiver in (1, 2):
            make_request(session, expo, 0, receiver, state=PENDING)
    assert kinds(tell(database, NOW)) == [("F2-P0", ["asked"])]
    with database.write() as session:
        make_request(session, expo, 3, 2, state=PENDING, created_at=NOW)
    assert tell(database, NOW + HOUR - timedelta(seconds=1)) == [], "an hour has not passed"
    assert kinds(tell(database, NOW + HOUR)) == [("F2-P0", ["asked"])]
    assert kinds(tell(database, MORNING)) == [("F1-P0", ["asked"])]


def test_mornings_are_by_the_clock_of_the_reader(database: Database) -> None:
    with database.write() as session:
        expo = expo_of(session)
        expo.firms[1].country = "HU"
        make_request(session, expo, 0, 1, state=PENDING)
    assert tell(database, MORNING) == []
    assert len(tell(database, MORNING + 7 * HOUR)) == 1  # 08:00 in Budapest


def test_mornings_are_by_the_venues_clock_for_who_wants_that(database: Database) -> None:
    with database.write() as session:
        expo = expo_of(session)
        expo.firms[1].country = "HU"
        make_request(session, expo, 0, 1, state=PENDING)
        session.add(DigestPreference(attendee_id=expo.people[1][0].id, daily_at_venue=True))
    assert len(tell(database, MORNING)) == 1


def test_an_event_that_sends_none_and_what_was_before_are_left_alone(database: Database) -> None:
    with database.write() as session:
        silent = make_event(session)
        make_request(session, silent, 0, 1, state=PENDING)
        late = make_event(session, digest_mails=True, digests_since=NOW + HOUR)
        make_request(session, late, 0, 1, state=PENDING)
        make_request(session, late, 1, 2)
    assert tell(database, MORNING) == []


def test_two_clocks_tell_each_thing_once(database: Database) -> None:
    with database.write() as session:
        expo = expo_of(session, firms=12)
        for sender in range(12):
            for receiver in range(sender):
                make_request(session, expo, sender, receiver, state=PENDING)

    def step(session: Session) -> int:
        return digest_sending.queue_due_digests(session, SETTINGS, now=MORNING)

    race(database, step, step, step)
    with database.read() as session:
        mails = session.scalars(select(OutboxEmail)).all()
        told = [(mail.to_address, item["key"]) for mail in mails for item in mail.payload["items"]]
        keys = session.scalars(select(MeetingRequest.key)).all()
    assert len(told) == len(set(told)) == len(keys) == 66


def test_a_mail_says_how_many_more_wait(database: Database) -> None:
    with database.write() as session:
        expo = expo_of(session)
        make_request(session, expo, 0, 1, state=PENDING)
    tell(database, MORNING)
    with database.write() as session:
        make_request(session, expo, 2, 1, state=PENDING, created_at=MORNING + HOUR)
    (mail,) = tell(database, MORNING + DAY)
    assert (len(mail.payload["items"]), mail.payload["others"] + mail.payload["unsaid"]) == (1, 1)


def test_a_reader_whose_address_bounces_is_not_written_to(database: Database) -> None:
    with database.write() as session:
        expo = expo_of(session)
        make_request(session, expo, 0, 1, state=PENDING)
    tell(database, MORNING)
    with database.write() as session:
        session.merge(expo.people[1][0]).bounced_at = MORNING
        session.execute(update(OutboxEmail).values(next_attempt_at=MORNING))
    assert claim(database, MORNING) == []
