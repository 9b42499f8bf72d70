"""Firms moved by an import: one booth each, and their meetings at the old one."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.domain import rules
from scheduler.domain.changes import ChangeKind
from scheduler.domain.entities import PlaceWish
from scheduler.domain.errors import InvalidInput
from scheduler.domain.solving import SolveParams
from scheduler.services.problems import snapshot
from scheduler.services.publishing import comparisons
from scheduler.services.schedule import versions
from scheduler.services.spreadsheets.changes import ImportResult
from scheduler.solver.solve import solve
from scheduler.storage.database import Database
from scheduler.storage.models import Firm, Place
from tests.support import importing as imports
from tests.support.factories import (
    NOW,
    make_event,
    make_request,
    make_version,
    meet,
)


def booth_of(session: Session, firm: Firm) -> list[tuple[str, int]]:
    """Return a firm's active booths, each with its hall."""
    booths = select(Place.key, Place.hall_id).where(Place.firm_id == firm.id, ~Place.is_retired)
    return [tuple(row) for row in session.execute(booths.order_by(Place.key))]


MOVE = "key,name,country,tier,hall,booth\n"


def test_a_firm_that_moves_has_one_booth_which_stands_in_its_hall(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=1, halls=2)
        actor, firm, (h0, h1) = expo.organiser_actor(), expo.firms[0], expo.halls
        text = MOVE + "f0,Firm 0,CN,midstream,h1,NEW\n"
        assert imports.import_firms(session, actor, text) == ImportResult(0, 1, moved=1)
        assert booth_of(session, firm) == [("NEW", h1.id)]
        assert "b0" not in set(session.scalars(select(Place.key))), "nothing spoke of it any more"
        assert imports.import_firms(session, actor, text) == ImportResult(0, 0, 1)
        only_hall = "key,name,country,tier,hall\nf0,Firm 0,CN,midstream,h0\n"
        assert imports.import_firms(session, actor, only_hall) == ImportResult(0, 1)
        assert booth_of(session, firm) == [("NEW", h0.id)]
        assert imports.import_firms(session, actor, MOVE + "f0,Firm 0,CN,midstream,h0,\n").moved == 1
        assert booth_of(session, firm) == []


def test_two_firms_of_a_file_can_change_places_and_one_alone_cannot(database: Database) -> None:
    first, second = "f0,Firm 0,CN,midstream,h0,b1\n", "f1,Firm 1,CN,midstream,h0,b0\n"
    with database.write() as session:
        expo = make_event(session, firms=2)
        with pytest.raises(InvalidInput, match="row 2, booth: 'b1' is already another location"):
            imports.import_firms(session, expo.organiser_actor(), MOVE + first)
        assert imports.import_firms(session, expo.organiser_actor(), MOVE + first + second).moved == 2
        hall = expo.halls[0].id
        assert [booth_of(session, firm) for firm in expo.firms] == [[("b1", hall)], [("b0", hall)]]


def test_meetings_at_a_booth_that_was_left_keep_their_time_at_the_new_one_and_are_told(
    database: Database,
) -> None:
    with database.write() as session:
        expo = make_event(session, firms=2, tables=0, halls=2)
        request = make_request(session, expo, 0, 1, place=PlaceWish.BOOTH)
        make_version(session, expo, [meet(request, expo, slot=2, place=expo.booths[1])])
        done = imports.import_firms(session, expo.organiser_actor(), MOVE + "f1,Firm 1,CN,midstream,h0,NEW\n")
        assert (done.moved, done.meetings) == (1, 1)
        problem = snapshot.build_problem(session, expo.event.id, now=NOW)
        plan = solve(problem, SolveParams(seconds=1, workers=1)).plan
        draft = versions.store_draft(session, event_id=expo.event.id, run_id=None, plan=plan, now=NOW)
        (told,) = comparisons.compute_change_set(
            session, versions.find_published_version(session, expo.event.id), draft
        ).changes
        assert told.kind is ChangeKind.RELOCATED
        assert (told.before.place, told.after.place) == ("b1", "NEW")
        assert told.before.slot == told.after.slot


@pytest.mark.parametrize("taken_by_another", [False, True])
def test_a_meeting_about_to_begin_follows_its_firm_to_the_new_booth(
    database: Database, taken_by_another: bool
) -> None:
    with database.write() as session:
        expo = make_event(session, firms=3, tables=0)
        request = make_request(session, expo, 0, 1)
        make_version(session, expo, [meet(request, expo, slot=0, place=expo.booths[1])])
        text = MOVE + "f1,Firm 1,CN,midstream,h0,NEW\n"
        text += "f2,Firm 2,CN,midstream,h0,b1\n" if taken_by_another else ""
        imports.import_firms(session, expo.organiser_actor(), text)
        problem = snapshot.build_problem(session, expo.event.id, now=expo.slots[0].start)
        assert [meeting.place for meeting in problem.published] == ["NEW"]
        assert not list(rules.violations(problem, problem.published))


def test_what_is_frozen_at_a_booth_without_a_successor_stays_there(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=2, tables=1)
        request = make_request(session, expo, 0, 1)
        make_version(session, expo, [meet(request, expo, slot=0, place=expo.booths[1])])
        imports.import_firms(session, expo.organiser_actor(), MOVE + "f1,Firm 1,CN,midstream,h0,\n")
        problem = snapshot.build_problem(session, expo.event.id, now=expo.slots[0].start)
        assert not list(rules.violations(problem, problem.published))
        later = snapshot.build_problem(session, expo.event.id, now=NOW)
        assert "b1" not in later.index.places
