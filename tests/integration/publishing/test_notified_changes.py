"""Changes that people were told of: what counts, and where the next run and the pages read it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from sqlalchemy.orm import Session

from scheduler.domain import rules
from scheduler.domain.entities import RequestState
from scheduler.domain.plan import Meeting
from scheduler.services.planning.change_review import review
from scheduler.services.planning.change_review.review import ChangeQuery
from scheduler.services.planning.change_review.reviewed_change import PartyKind
from scheduler.services.problems import snapshot
from scheduler.services.publishing import comparisons, publish_preview
from scheduler.services.schedule import notified_changes, versions
from scheduler.storage.database import Database
from scheduler.storage.models import Attendee, MeetingRequest
from tests.support.factories import NOW, Expo, make_event, make_request, meet
from tests.support.publishing import SETTINGS, draft, publish, send_all
from tests.support.queries import statements


@dataclass
class Told:
    """An event in which each step publishes a plan, and sends what it tells."""

    session: Session
    expo: Expo
    request: MeetingRequest
    minutes: int = 0
    published: int | None = None
    people: list[Attendee] = field(default_factory=list)

    def publish(self, meetings: list[Meeting], *, is_sent: bool = True) -> None:
        self.minutes += 5
        number = draft(self.session, self.expo, meetings)
        publish(self.session, self.expo, number, self.published, self.minutes)
        self.published = number
        if is_sent:
            send_all(self.session, self.expo, self.minutes)

    def move(self, slot: int, *, is_sent: bool = True) -> None:
        self.publish([meet(self.request, self.expo, slot=slot)], is_sent=is_sent)

    @property
    def changes(self) -> list[int]:
        """How many changes each person was told of, in the order of `people`."""
        found = notified_changes.count_notified_changes(self.session, self.expo.event.id)
        some = [person.id for person in self.people[:1]]
        few = notified_changes.count_notified_changes(self.session, self.expo.event.id, some)
        assert few == {id: found[id] for id in some if id in found}
        return [found.get(person.id, 0) for person in self.people]


@pytest.fixture
def told(database: Database) -> Iterator[Told]:
    with database.write() as session:
        expo = make_event(session, people=2, slots="4")
        found = Told(session, expo, make_request(session, expo))
        found.people = [expo.people[0][0], expo.people[0][1], expo.people[1][0]]
        yield found


def test_an_invitation_is_no_change_and_each_move_after_it_is_one(told: Told) -> None:
    told.move(0)
    assert told.changes == [0, 0, 0]
    told.move(1)
    told.move(2)
    assert told.changes == [2, 0, 2]


def test_what_is_taken_back_before_it_is_sent_does_not_count(told: Told) -> None:
    told.move(0)
    told.move(1, is_sent=False)
    told.move(0)
    assert told.changes == [0, 0, 0]
    told.move(2, is_sent=False)
    told.move(3)
    assert told.changes == [1, 0, 1]


def test_who_is_replaced_is_changed_and_who_comes_instead_is_invited(told: Told) -> None:
    told.move(0)
    _, there, partner = told.people
    told.publish([meet(told.request, told.expo, people=[there, partner])])
    assert told.changes == [1, 0, 1]


def test_a_meeting_that_is_not_scheduled_any_more_is_a_change_and_its_return_is_none(told: Told) -> None:
    told.move(0)
    told.publish([])
    assert told.changes == [1, 0, 1]
    told.move(0)
    assert told.changes == [1, 0, 1]


def test_a_meeting_that_somebody_withdrew_is_no_change(told: Told) -> None:
    told.move(0)
    told.request.state = RequestState.WITHDRAWN
    told.session.flush()
    told.publish([])
    assert told.changes == [0, 0, 0]


def test_the_next_run_pays_for_a_change_as_for_the_one_after_those_before(told: Told) -> None:
    told.move(0)
    told.move(1)
    told.move(2)
    problem = snapshot.build_problem(told.session, told.expo.event.id, now=NOW)
    assert {a.id: a.changed_before for a in problem.attendees if a.changed_before} == {
        told.people[0].key: 2, told.people[2].key: 2
    }  # fmt: skip
    moved = rules.score(problem, [meet(told.request, told.expo, slot=3)])
    assert moved.terms["repeated"] == 4


def test_the_review_and_the_preview_tell_who_was_changed_before(told: Told) -> None:
    for slot in (0, 1, 2):
        told.move(slot)
    number = draft(told.session, told.expo, [meet(told.request, told.expo, slot=3)])
    version = versions.get_version(told.session, told.expo.event.id, number)
    found = comparisons.store_comparison(
        told.session, comparisons.compute_comparison(told.session, version, SETTINGS, now=NOW)
    )
    again = publish_preview.read_preview(told.session, version, found, most=1).again
    assert again is not None
    assert (again.people, again.person.key, again.changes) == (2, told.people[0].key, 2)
    actor = told.expo.organiser_actor()
    seen = review.review_changes(told.session, actor, number, ChangeQuery(), page=1)
    by_person = review.review_changes(told.session, actor, number, ChangeQuery(by=PartyKind.PERSON), page=1)
    assert seen is not None and by_person is not None and by_person.sides is not None
    assert [week.changes for row in seen.page.items for week in row.weeks] == [2, 2]
    assert [week.changes for side in by_person.sides.items for week in side.weeks] == [2, 2]


def test_nobody_is_named_where_nobody_was_changed_before(told: Told) -> None:
    told.move(0)
    number = draft(told.session, told.expo, [meet(told.request, told.expo, slot=3)])
    version = versions.get_version(told.session, told.expo.event.id, number)
    found = comparisons.store_comparison(
        told.session, comparisons.compute_comparison(told.session, version, SETTINGS, now=NOW)
    )
    assert publish_preview.read_preview(told.session, version, found, most=1).again is None


def test_it_takes_one_query(told: Told) -> None:
    told.move(0)
    told.move(1)
    with statements(told.session.connection()) as sent:
        assert told.changes == [1, 0, 1]
    assert len(sent) == 2  # of all people, then of some
