"""Bulk answers are undone together, as far as each can be."""

from __future__ import annotations

from datetime import timedelta

from scheduler.domain.entities import RequestState
from scheduler.services.requests import requests
from scheduler.services.requests.bulk_requests import bulk_actions
from scheduler.storage.database import Database
from tests.support.factories import NOW, make_attendee, make_event, make_request, make_version

PENDING, DECLINED = RequestState.PENDING, RequestState.DECLINED
MINUTE = timedelta(minutes=1)


def test_all_that_one_press_declined_waits_again(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=5)
        made = [make_request(session, expo, i, 0, state=PENDING) for i in (1, 2, 3)]
        before = make_request(session, expo, 4, 0, state=PENDING)
        actor = expo.actor(0)
        requests.decline_request(session, actor, before.key, now=NOW - MINUTE)
        bulk_actions.respond_to_requests(
            session, actor, [each.key for each in made], is_accepted=False, now=NOW
        )
        assert bulk_actions.undo_bulk_action(session, actor, NOW, now=NOW + MINUTE).done == 3
        session.expire_all()
        assert {each.state for each in made} == {PENDING} and before.state is DECLINED
        assert bulk_actions.undo_bulk_action(session, actor, NOW, now=NOW + MINUTE).done == 0


def test_who_did_not_press_undoes_nothing(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        make_attendee(session, expo, 0, is_exhibitor=True)
        request = make_request(session, expo, 1, 0, state=PENDING)
        bulk_actions.respond_to_requests(session, expo.actor(0), [request.key], is_accepted=False, now=NOW)
        for actor in (expo.actor(1), expo.actor(0, person=1), expo.organiser_actor()):
            assert bulk_actions.undo_bulk_action(session, actor, NOW, now=NOW).done == 0
        session.expire_all()
        assert request.state is DECLINED


def test_what_cannot_be_undone_any_more_stops_no_other_and_says_so(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        gone, stays = (make_request(session, expo, i, 0, state=PENDING) for i in (1, 2))
        actor = expo.actor(0)
        bulk_actions.respond_to_requests(session, actor, [gone.key, stays.key], is_accepted=False, now=NOW)
        make_request(session, expo, 0, 1, state=PENDING)  # requested again meanwhile
        done = bulk_actions.undo_bulk_action(session, actor, NOW, now=NOW + MINUTE)
        assert (done.done, set(done.refused)) == (1, {gone.key})
        bulk_actions.respond_to_requests(session, actor, [stays.key], is_accepted=False, now=NOW + 2 * MINUTE)
        make_version(session, expo, [], now=NOW + 3 * MINUTE)
        done = bulk_actions.undo_bulk_action(session, actor, NOW + 2 * MINUTE, now=NOW + 4 * MINUTE)
        assert (done.done, set(done.refused)) == (0, {stays.key})
