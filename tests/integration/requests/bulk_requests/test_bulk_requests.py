"""Bulk requests: asking firms and answering requests in one step, drafts and templates."""

from __future__ import annotations

import pytest

from scheduler.domain.entities import RequestState
from scheduler.domain.errors import InvalidInput, NotAllowed, NotFound
from scheduler.services.requests import requests
from scheduler.services.requests.bulk_requests import bulk_actions, drafts
from scheduler.services.requests.form import NewRequest
from scheduler.storage.database import Database
from scheduler.storage.models import Account, MeetingRequest
from tests.support.factories import NOW, make_event, make_request
from tests.support.web import Browser, web_app

FORM = NewRequest(to_firm="", topic="Cells", priority=3)


def test_each_firm_is_asked_by_itself(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=4)
        make_request(session, expo, 0, 1, state=RequestState.PENDING)
        done = bulk_actions.request_meetings(
            session, expo.actor(0), FORM, ["f1", "f2", "f3", "f3", "nobody"], now=NOW
        )
        assert [each.to_firm.key for each in done.sent] == ["f2", "f3"]
        assert "already received a request" in done.refused["f1"] and set(done.refused) == {"f1", "nobody"}


def test_what_is_wrong_for_all_is_told_once_and_nobody_is_asked(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=3)
        wrong = NewRequest(to_firm="", topic="", priority=3)
        with pytest.raises(InvalidInput) as caught:
            bulk_actions.request_meetings(session, expo.actor(0), wrong, ["f1", "f2"], now=NOW)
        assert [fault.path for fault in caught.value.faults] == ["topic"]
        for keys in ([], [f"f{i}" for i in range(21)]):
            with pytest.raises(InvalidInput, match="select 1 to 20 companies"):
                bulk_actions.request_meetings(session, expo.actor(0), FORM, keys, now=NOW)
        assert session.query(MeetingRequest).count() == 0


def test_some_requests_are_answered_and_one_that_cannot_be_stops_no_other(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=4, people=2)
        one, two = (make_request(session, expo, i, 0, state=RequestState.PENDING) for i in (1, 2))
        gone = make_request(session, expo, 3, 0, state=RequestState.WITHDRAWN)
        keys = [one.key, gone.key, two.key, "no-such"]
        with pytest.raises(NotAllowed):
            bulk_actions.respond_to_requests(session, expo.actor(0, 1), keys, is_accepted=True, now=NOW)
        done = bulk_actions.respond_to_requests(session, expo.actor(0), keys, is_accepted=True, now=NOW)
        assert done.done == 2 and set(done.refused) == {gone.key, "no-such"}
        session.expire_all()
        assert (one.state, two.state) == (RequestState.ACCEPTED, RequestState.ACCEPTED)


def test_a_draft_is_the_firms_and_goes_when_it_is_sent(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        actor = expo.actor(0)
        form = NewRequest(to_firm="f1", topic="", message="We make", priority=5, slots=["s1"])
        kept = drafts.save_draft(session, actor, form, now=NOW)
        assert drafts.save_draft(session, actor, form, now=NOW) == kept  # one per firm
        drafts.save_template(session, actor, NewRequest("f2", "Cells", message="Hello"), "Cells", now=NOW)
        assert [(each.name, each.firm and each.firm.key) for each in drafts.list_drafts(session, actor)] == [
            ("Cells", None),
            ("", "f1"),
        ]
        assert drafts.draft_form(session, actor, kept, "f1") == NewRequest(
            "f1", "", 5, message="We make", slots=["s1"], from_attendees=[], to_attendees=[]
        )
        with pytest.raises(NotFound):
            drafts.draft_form(session, expo.actor(1), kept, "f1")
        requests.submit_request(session, actor, NewRequest("f1", "Cells"), now=NOW)
        drafts.delete_sent_draft(session, actor, "f1")
        (template,) = drafts.list_drafts(session, actor)
        drafts.delete_draft(session, actor, template.id)
        assert not drafts.list_drafts(session, actor)
        with pytest.raises(InvalidInput, match="message"):
            drafts.save_draft(session, actor, NewRequest("f1", "x", message="x" * 2_001), now=NOW)


def test_the_page_names_firms_that_were_not_asked_and_keeps_what_was_typed(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=4)
        make_request(session, expo, 0, 1, state=RequestState.PENDING)
        name = expo.firms[1].latin_name
        account = session.get_one(Account, expo.people[0][0].account_id)
    browser, path = (
        Browser(web_app(database, "redis://127.0.0.1:1"), account),
        f"/events/{expo.event.key}/ranked-requests/request",
    )
    browser.get("/sessions")
    typed = {"topic": "Cells ★", "message": "By autumn ★", "priority": "3", "length": "1", "place": "any"}
    page = browser.post(path, 422, firms="f1", **typed)
    assert f"No request sent to {name}" in page and "Cells ★" in page and "By autumn ★" in page
    page = browser.post(path, 422, **typed)  # nothing selected, and no firm saved
    assert "select 1 to 20 companies" in page and "Cells ★" in page and "By autumn ★" in page
    page = browser.post(path, firms=["f1", "f2"], **typed)
    assert f"No request sent to {name}" in page and "Requests sent: 1." in page
