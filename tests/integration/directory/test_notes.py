"""Private notes about firms, and exclusions."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session

from scheduler.domain.entities import RequestState
from scheduler.domain.errors import InvalidInput, NotAllowed
from scheduler.services.directory import firm_notes, search
from scheduler.services.directory.facets import FirmFilters
from scheduler.services.requests import requests
from scheduler.services.requests.form import NewRequest
from scheduler.services.requests.suggestions import partners
from scheduler.storage.database import Database
from tests.support.factories import NOW, make_event, make_request
from tests.support.races import race
from tests.support.threads import Step


def test_a_list_and_a_note_are_the_firms_own(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=3, people=2)
        firm_notes.save_firm(session, expo.actor(0), "f1", is_saved=True, now=NOW)
        firm_notes.write_note(session, expo.actor(0), "f1", "Ask\nabout  foil", now=NOW)
        firm_notes.write_note(session, expo.actor(0), "f2", "x", now=NOW)
        firm_notes.write_note(session, expo.actor(0), "f2", " ", now=NOW)
    with database.read() as session:
        saved = FirmFilters(relation=("saved",))
        assert [card.key for card in search.search_directory(session, expo.actor(0), saved).page.items] == [
            "f1"
        ]
        note = search.show_firm(session, expo.actor(0), "f1").card.note
        assert note is not None and (note.is_saved, note.text) == (True, "Ask\nabout foil")
        for other in (expo.actor(1), expo.actor(0, 1), expo.organiser_actor()):
            assert search.show_firm(session, other, "f1").card.note is None


def test_only_exhibitors_keep_notes_and_not_about_their_own_firm(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, people=2)
        for actor in (expo.actor(0, 1), expo.organiser_actor()):
            with pytest.raises(NotAllowed):
                firm_notes.save_firm(session, actor, "f1", is_saved=True, now=NOW)
        with pytest.raises(InvalidInput, match="is your own"):
            firm_notes.exclude_firm(session, expo.actor(0), "f0", now=NOW)


def test_no_request_goes_either_way_between_firms_that_are_never_to_meet(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        declined = make_request(session, expo, 1, 0, state=RequestState.DECLINED)
        firm_notes.exclude_firm(session, expo.actor(0), "f1", now=NOW)
        for sender, receiver, why in ((0, 1, "you blocked them"), (1, 0, "accept requests from")):
            form = NewRequest(to_firm=f"f{receiver}", topic="Cells")
            with pytest.raises(InvalidInput, match=why):
                requests.submit_request(session, expo.actor(sender), form, now=NOW)
        with pytest.raises(Exception, match="not to meet"):
            requests.accept_request(session, expo.actor(0), declined.key, now=NOW)
        for actor, other in ((expo.actor(0), "f1"), (expo.actor(1), "f0")):
            found = partners.suggest_partners(session, actor).partners
            assert other not in {partner.firm.key for partner in found}


def test_an_open_request_has_to_be_answered_first(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        request = make_request(session, expo, 1, 0, state=RequestState.PENDING)
        with pytest.raises(InvalidInput, match=request.key):
            firm_notes.exclude_firm(session, expo.actor(0), "f1", now=NOW)


def test_what_it_costs_is_told_and_ends_with_it(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        assert not firm_notes.report_interest(session, expo.actor(1), "f0", now=NOW)
        firm_notes.exclude_firm(session, expo.actor(0), "f1", now=NOW)
        assert firm_notes.refuses_requests(session, expo.actor(1), "f0") and not firm_notes.refuses_requests(
            session, expo.actor(0), "f1"
        )
        assert firm_notes.report_interest(session, expo.actor(1), "f0", now=NOW)
        (found,) = firm_notes.list_exclusions(session, expo.organiser_actor()).items
        assert (found.firm.key, found.other.key, found.interest_reported_at) == ("f0", "f1", NOW)
        with pytest.raises(NotAllowed):
            firm_notes.list_exclusions(session, expo.actor(0))
        firm_notes.readmit_firm(session, expo.actor(0), "f1", now=NOW)
        assert not firm_notes.list_exclusions(session, expo.organiser_actor()).items


@pytest.mark.parametrize("database", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
@pytest.mark.parametrize("is_asked_first", [True, False])
def test_who_asks_and_who_excludes_wait_for_each_other(database: Database, is_asked_first: bool) -> None:
    with database.write() as session:
        expo = make_event(session)
    form = NewRequest(to_firm="f0", topic="Cells")

    def ask(session: Session) -> None:
        requests.submit_request(session, expo.actor(1), form, now=NOW)

    def exclude(session: Session) -> None:
        firm_notes.exclude_firm(session, expo.actor(0), "f1", now=NOW)

    def in_own(work: Callable[[Session], None]) -> None:
        with database.write() as session:
            work(session)

    first, second = (ask, exclude) if is_asked_first else (exclude, ask)
    with database.write() as session:
        first(session)
        waiting = Step(lambda: in_own(second))
        assert waiting.stands(database)
    why = "your open request with this company" if is_asked_first else "doesn't accept requests from your"
    with pytest.raises(InvalidInput, match=why):
        waiting.done()


def test_of_asking_and_excluding_at_once_one_comes_first(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
    form = NewRequest(to_firm="f0", topic="Cells")
    results = race(
        database,
        lambda session: requests.submit_request(session, expo.actor(1), form, now=NOW).key,
        lambda session: firm_notes.exclude_firm(session, expo.actor(0), "f1", now=NOW),
    )
    assert sum(isinstance(result, InvalidInput) for result in results) == 1
