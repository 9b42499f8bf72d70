"""Change review of a draft: groups, and rejected changes excluded from the next plan."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from itertools import pairwise

import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy.orm import Session

from scheduler.domain.changes import ChangeKind, compare_plans
from scheduler.domain.entities import VersionState
from scheduler.domain.errors import NotAllowed, RunAlreadyOpen, WrongState
from scheduler.domain.solving import SolveParams
from scheduler.services.board import commands, manual_drafts, steps
from scheduler.services.board.commands import Placement
from scheduler.services.planning.change_review import (
    cached_changes,
    change_workbook,
    rejection,
    review,
    version_diff,
)
from scheduler.services.planning.change_review.review import ChangeQuery, ChangeReview
from scheduler.services.planning.change_review.reviewed_change import ChangeGroup, PartyKind, TimeStatus
from scheduler.services.problems import snapshot
from scheduler.services.publishing import comparisons
from scheduler.services.requests.locks import FixNotApplied
from scheduler.services.schedule import versions
from scheduler.solver.solve import solve
from scheduler.storage.database import Database
from scheduler.storage.models import AttendeeBusy, MeetingRequest, ScheduleVersion
from tests.support.factories import NOW, Expo, make_event, make_request, make_version, meet
from tests.support.publishing import SETTINGS
from tests.support.queries import count_selects


@dataclass
class Decided:
    """Version 1 is published. In version 2 one meeting moves for a new one, one must change, and one ends."""

    database: Database
    expo: Expo
    moved: MeetingRequest
    new: MeetingRequest
    had_to: MeetingRequest
    ends: MeetingRequest

    def look(self, **ask: object) -> ChangeReview:
        with self.database.read() as session:
            found = review.review_changes(session, self.expo.organiser_actor(), 2, ChangeQuery(**ask), page=1)  # type: ignore[arg-type]
        assert found is not None
        return found


def compare(session: Session, expo: Expo, number: int) -> None:
    version = versions.get_version(session, expo.event.id, number)
    comparisons.store_comparison(session, comparisons.compute_comparison(session, version, SETTINGS, now=NOW))


@pytest.fixture
def decided(database: Database) -> Decided:
    with database.write() as session:
        expo = make_event(session, firms=8, tables=4, slots="4")
        expo.firms[0].name = "Tiber Cargo"
        moved, new = make_request(session, expo, 0, 1), make_request(session, expo, 0, 2)
        had_to, ends = make_request(session, expo, 3, 4), make_request(session, expo, 5, 6)
        session.add(AttendeeBusy(attendee_id=expo.people[3][0].id, slot_id=expo.slots[1].id))
        at = expo.tables
        make_version(
            session, expo,
            [meet(moved, expo), meet(had_to, expo, slot=1, place=at[1]), meet(ends, expo, slot=2)],
        )  # fmt: skip
        make_version(
            session, expo,
            [meet(moved, expo, slot=2), meet(new, expo, place=at[1]), meet(had_to, expo, slot=3)],
            state=VersionState.DRAFT,
        )  # fmt: skip
        compare(session, expo, 2)
    return Decided(database, expo, moved, new, had_to, ends)


def test_changes_are_grouped_by_why_and_say_what_they_buy(decided: Decided) -> None:
    found = decided.look()
    rows = {each.request: each for each in found.page.items}
    assert {key: each.group for key, each in rows.items()} == {
        decided.moved.key: ChangeGroup.CHOICE, decided.new.key: ChangeGroup.NEW,
        decided.had_to.key: ChangeGroup.HAD_TO, decided.ends.key: ChangeGroup.ENDS,
    }  # fmt: skip
    moved, had_to = rows[decided.moved.key].cause, rows[decided.had_to.key].cause
    assert moved is not None and had_to is not None
    assert moved.buys == (decided.new.key,)
    assert had_to.ids == (decided.expo.people[3][0].key,)
    assert [each.may_reject for each in found.page.items] == [True, False, True, True]


def test_a_week_shows_where_the_meeting_goes_beside_what_stays(decided: Decided) -> None:
    week = next(each for each in decided.look().page.items if each.request == decided.moved.key).weeks[0]
    slots = decided.expo.slots
    assert {(time.start, time.status) for time in week.times} == {
        (slots[0].start, TimeStatus.STAYS), (slots[0].start, TimeStatus.WAS),
        (slots[2].start, TimeStatus.COMES)
    }  # fmt: skip


def test_a_rejected_change_stays_in_the_next_plan_as_people_have_it(decided: Decided) -> None:
    actor = decided.expo.organiser_actor()
    with decided.database.write() as session:
        rejection.reject_change(session, actor, 2, decided.moved.key, now=NOW)
    assert decided.look().rejected == 1
    with decided.database.read() as session:
        problem = snapshot.build_problem(session, decided.expo.event.id, now=None)
    held = {each.request: each for each in solve(problem, SolveParams(seconds=2, workers=1)).plan.meetings}
    before = meet(decided.moved, decided.expo)
    assert (held[before.request].slot, held[before.request].place) == (before.slot, before.place)

    with decided.database.write() as session:
        assert rejection.accept_change(session, actor, 2, decided.moved.key, now=NOW)
        assert not rejection.accept_change(session, actor, 2, decided.moved.key, now=NOW)
    assert decided.look().rejected == 0


def test_a_new_meeting_that_is_rejected_is_held_by_no_run_until_it_is_let_in_or_put_by_hand(
    decided: Decided,
) -> None:
    actor, event_id, new = decided.expo.organiser_actor(), decided.expo.event.id, decided.new.key

    def asked(manual_draft: int | None = None) -> set[str]:
        with decided.database.read() as session:
            problem = snapshot.build_problem(session, event_id, now=None, manual_draft=manual_draft)
            return {row.id for row in problem.requests}

    with decided.database.write() as session:
        rejection.reject_change(session, actor, 2, new, now=NOW)
    assert new not in asked()
    rows = {each.request: each.is_rejected for each in decided.look().page.items}
    assert rows == dict.fromkeys(rows, False) | {new: True}
    with decided.database.write() as session:
        make_version(session, decided.expo, [meet(decided.moved, decided.expo)], state=VersionState.DRAFT)
        compare(session, decided.expo, 3)
        later = review.review_changes(session, actor, 3, ChangeQuery(), page=1)
        assert later is not None
        assert list(later.previously_rejected) == [new]
        number = manual_drafts.start_draft(session, actor, 1, now=NOW)
        target = Placement(new, "s1", "t2")
        commands.place_request(session, actor, number, target, seen=None, now=NOW)
    assert new in asked(number), "put by hand since"
    assert new not in asked(), "a run without that draft"
    with decided.database.write() as session:
        steps.undo_step(session, actor, number, seen=None, now=NOW)
    assert new not in asked(number)
    with decided.database.write() as session:
        assert rejection.accept_change(session, actor, 3, new, now=NOW)
    assert new in asked()


def test_all_rejections_are_taken_back_at_once(decided: Decided) -> None:
    actor = decided.expo.organiser_actor()
    with decided.database.write() as session:
        for request in (decided.moved, decided.ends, decided.new):
            rejection.reject_change(session, actor, 2, request.key, now=NOW)
        assert rejection.accept_all_changes(session, actor, 2, now=NOW) == 3
        assert not session.get_one(MeetingRequest, decided.moved.id).is_locked


def test_what_cannot_stay_or_is_published_cannot_be_rejected(decided: Decided) -> None:
    actor = decided.expo.organiser_actor()
    for key in (decided.had_to.key, "nothing"):
        with decided.database.write() as session, pytest.raises(FixNotApplied):
            rejection.reject_change(session, actor, 2, key, now=NOW)
    with decided.database.write() as session, pytest.raises(WrongState):
        rejection.reject_change(session, actor, 1, decided.moved.key, now=NOW)


def test_the_rest_is_solved_again_by_one_short_run(decided: Decided) -> None:
    actor = decided.expo.organiser_actor()
    with decided.database.write() as session:
        assert rejection.rerun_draft(session, actor, 2, now=NOW).seconds == rejection.RERUN_SECONDS
    with decided.database.write() as session, pytest.raises(RunAlreadyOpen):
        rejection.rerun_draft(session, actor, 2, now=NOW)


def test_a_text_and_a_group_narrow_the_page_and_the_sheet(decided: Decided) -> None:
    assert {each.request for each in decided.look(text="tiber").page.items} == {
        decided.moved.key, decided.new.key
    }  # fmt: skip
    person = decided.expo.people[6][0].key
    assert [each.request for each in decided.look(text=person).page.items] == [decided.ends.key]
    assert [each.request for each in decided.look(group=ChangeGroup.NEW).page.items] == [decided.new.key]
    with decided.database.read() as session:
        octets = change_workbook.export_changes(
            session, decided.expo.organiser_actor(), 2, ChangeQuery(text="tiber")
        )
    assert octets is not None
    rows = CalamineWorkbook.from_filelike(BytesIO(octets)).get_sheet_by_index(0).to_python()
    assert [row[0] for row in rows] == ["Change", "optional", "new"]
    assert rows[1][1] == "Tiber Cargo"
    assert rows[1][-1] == decided.moved.key


def test_any_two_versions_are_compared(decided: Decided) -> None:
    found = decided.look(against=1)
    assert {each.group for each in found.page.items} == {
        ChangeGroup.CHANGED,
        ChangeGroup.NEW,
        ChangeGroup.ENDS,
    }
    assert not any(each.may_reject for each in found.page.items)
    assert decided.look(against=2).page.total == 0


def test_what_differs_between_two_versions_is_what_a_comparison_of_their_plans_says(
    database: Database,
) -> None:
    with database.write() as session:
        expo = make_event(session, firms=8, tables=4, slots="4", people=2, interpreters=2)
        one, two = expo.interpreters
        moves, walks, others, speaks, comes, stays, ends = (
            make_request(session, expo, a, b) for a, b in pairwise(range(8))
        )
        at, people = expo.tables, [expo.people[2][0], expo.people[3][0]]
        make_version(
            session, expo,
            [meet(moves, expo), meet(walks, expo, slot=1), meet(others, expo, slot=2, people=people),
             meet(speaks, expo, slot=3, interpreter=one), meet(stays, expo, place=at[2]),
             meet(ends, expo, slot=1, place=at[3])],
        )  # fmt: skip
        people[1] = expo.people[3][1]
        make_version(
            session, expo,
            [meet(moves, expo, slot=3), meet(walks, expo, slot=1, place=at[1]),
             meet(others, expo, slot=2, people=people), meet(speaks, expo, slot=3, interpreter=two),
             meet(comes, expo, place=at[1]), meet(stays, expo, place=at[2])],
            state=VersionState.DRAFT,
        )  # fmt: skip

    def both(session: Session) -> list[ScheduleVersion]:
        return [versions.get_version(session, expo.event.id, number) for number in (1, 2)]

    with database.read() as session:
        old, new = both(session)
        whole = compare_plans(
            versions.list_meetings(session, old.id), versions.list_meetings(session, new.id)
        )
        changes, same = version_diff.diff_versions(session, expo.event.id, old.id, new.id)
    wanted = [each for each in whole.changes if each.kind is not ChangeKind.UNCHANGED]
    assert len(wanted) == 6
    assert same == 1
    assert [(each.request, each.kind, each.people(), each.details) for each in changes] == [
        (each.request, each.kind, each.people(), each.details) for each in wanted
    ]

    def read(session: Session) -> None:
        old, new = both(session)
        version_diff.diff_versions(session, expo.event.id, old.id, new.id)

    assert count_selects(database, read) == 6, "two of them for the versions"


def test_the_people_of_each_change_are_kept_with_the_comparison(decided: Decided) -> None:
    with decided.database.read() as session:
        found = comparisons.last_comparison(session, versions.get_version(session, decided.expo.event.id, 2))
        assert found is not None
        people = cached_changes.list_people(session, found)
        assert people == [
            list(change.people()) for change, _ in comparisons.list_changes_with_causes(session, found)
        ]
        assert len(people) == 4


def test_others_decide_nothing(decided: Decided) -> None:
    with decided.database.write() as session, pytest.raises(NotAllowed):
        rejection.reject_change(session, decided.expo.actor(0), 2, decided.moved.key, now=NOW)


def test_a_page_takes_as_many_queries_for_one_change_as_for_many(decided: Decided) -> None:
    actor = decided.expo.organiser_actor()

    def read(text: str) -> int:
        return count_selects(
            decided.database,
            lambda session: review.review_changes(session, actor, 2, ChangeQuery(text=text), page=1),
        )

    assert read("tiber") == read(decided.expo.people[6][0].key) <= 24


def test_changes_are_listed_by_person_and_by_firm_with_their_whole_weeks(decided: Decided) -> None:
    expo, slots = decided.expo, decided.expo.slots
    sides = decided.look(by=PartyKind.PERSON).sides
    assert sides is not None
    assert sides.total == 7, "firm 0 has two changes, six others one"
    mine = next(side for side in sides.items if side.key == expo.people[0][0].key)
    assert {each.request for each in mine.changes} == {decided.moved.key, decided.new.key}
    (week,) = mine.weeks
    assert [(time.start, time.status) for time in week.times if time.status is TimeStatus.WAS] == [
        (slots[0].start, TimeStatus.WAS)
    ]
    assert {(time.start, time.status) for time in week.times} == {
        (slots[0].start, TimeStatus.WAS), (slots[0].start, TimeStatus.COMES),
        (slots[2].start, TimeStatus.COMES)
    }  # fmt: skip
    firms = decided.look(by=PartyKind.FIRM, text="tiber").sides
    assert firms is not None
    assert next(firm for firm in firms.items if firm.key == expo.firms[0].key).name == "Tiber Cargo"
    assert decided.look(by=PartyKind.FIRM, group=ChangeGroup.ENDS).sides.total == 2  # type: ignore[union-attr]

    def read(text: str, by: PartyKind) -> int:
        ask = ChangeQuery(text=text, by=by)
        actor = expo.organiser_actor()
        return count_selects(
            decided.database, lambda session: review.review_changes(session, actor, 2, ask, page=1)
        )

    for by in PartyKind:
        assert read("tiber", by) == read(expo.people[6][0].key, by) <= 28
