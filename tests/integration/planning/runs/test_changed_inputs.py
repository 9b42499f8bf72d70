"""What a run finds changed: each modified priority by name, and none of the product's own changes."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from scheduler.domain.entities import AfterRun, Partstat, ReplySource, RequestState
from scheduler.domain.plan import Meeting
from scheduler.domain.problem import Problem
from scheduler.domain.solving import Result, SolveParams
from scheduler.services.planning.runs import runs
from scheduler.services.replies import counter_proposals
from scheduler.services.replies.attendee_replies import Reply
from scheduler.storage.database import Database
from scheduler.storage.models import Attendee, AttendeeBusy, Event, Invitation, MeetingRequest
from tests.integration.planning.runs.scene import Scene, plan_of
from tests.support.factories import NOW
from tests.support.publishing import send_all
from tests.support.web import Browser, web_app

pytestmark = pytest.mark.usefixtures("clock")

STABILITY = "Published meeting dropped, Meeting at another time, Meeting with other attendees, "
STABILITY += "Meeting at another location, Repeated change for one person"
MOVES: dict[str, tuple[str, str]] = {
    "fair_share": ("40", "Minimum share"),
    "fairness": ("3", "Fairness"),
    "group_fairness": ("2", "Groups to compare, Fairness between groups"),
    "shortfall": ("2001", "Meeting below the minimum"),
    "idle": ("11", "Idle time"),
    "idle_level": ("3", "Idle time"),
    "hall_change": ("5", "Hall change"),
    "hall_change_level": ("0", "Hall change"),
    "moved": ("61", "Meeting at another time"),
    "relocated": ("16", "Meeting at another location"),
    "reassigned": ("31", "Meeting with other attendees"),
    "repeated": ("21", "Repeated change for one person"),
    "dropped": ("401", "Published meeting dropped"),
    "stability": ("1", STABILITY),
    "max_idle_spread": ("9", "Maximum difference in idle times"),
    "max_in_row": ("3", "Meetings in a row"),
    "max_days": ("2", "Days with meetings"),
    "max_moved": ("7", "Published meetings that may change"),
}
"""Every field of the priorities page: its new value, and its name on the run page.

The last one makes each run search."""


NIGHT = {"percent": 100, "a_person": 2, "hours": 0}


class Again:
    """Runs that return the published plan again, and whether each was asked to search."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.searched: list[bool] = []
        self.meetings: Callable[[Problem], Sequence[Meeting]] = self.as_published

    def solve(self, problem: Problem, _params: SolveParams, *, is_changed: bool, **_: Any) -> Result:
        self.searched.append(is_changed)
        return Result(plan_of(problem, self.meetings(problem)))

    def as_published(self, problem: Problem) -> tuple[Meeting, ...]:
        return problem.published or (self.scene.meet(self.scene.requests[0]),)

    def at_another_time(self, _problem: Problem) -> tuple[Meeting, ...]:
        return (self.scene.meet(self.scene.requests[0], slot=2),)

    def run(self, *, publish: bool = False, **queued: Any) -> bool:
        """Return True if a run is asked to search. `publish` also publishes its plan."""
        then = AfterRun.PUBLISH if publish else AfterRun.DRAFT
        with self.scene.database.write() as session:
            asked = runs.queue_run(
                session, self.scene.expo.event.id, requested_by=None, then=then, **{"now": NOW, **queued}
            )
            self.scene.run_id = asked.id
        done = self.scene.execute(self.solve)
        if publish:
            self.scene.carry_out(done)
        return self.searched[-1]

    def send_mails(self) -> None:
        with self.scene.database.write() as session:
            self.scene.expo.event = session.get_one(Event, self.scene.expo.event.id)
            send_all(session, self.scene.expo, minutes=60)

    @property
    def kinds(self) -> list[str]:
        return [row["kind"] for row in self.scene.run.changed or ()]


@pytest.fixture
def again(database: Database) -> Again:
    """Return an event whose first run is published."""
    found = Again(Scene(database, then=AfterRun.PUBLISH))
    found.scene.carry_out(found.scene.execute(found.solve))
    return found


def fields_of(page: str) -> dict[str, str]:
    """Return the fields of the priorities form with their current values."""
    form = next(
        part for part in re.findall(r"<form.*?</form>", page, re.DOTALL) if 'name="shortfall"' in part
    )
    found: dict[str, str] = {}
    for tag in re.findall(r"<input[^>]*>", form):
        marks = dict(re.findall(r'(\w+)="([^"]*)"', tag))
        if marks.get("type") not in ("hidden", "radio") or "checked" in tag:
            found[marks["name"]] = html.unescape(marks.get("value", ""))
    return found


def test_each_priority_that_moves_alone_is_searched_for_and_named(again: Again, broker_url: str) -> None:
    expo = again.scene.expo
    browser, path = (
        Browser(web_app(again.scene.database, broker_url), expo.organiser),
        f"/events/{expo.event.key}",
    )
    form = fields_of(browser.get(f"{path}/priorities"))
    assert form.keys() == MOVES.keys(), "a field that this table lacks, or has for nothing"
    for field, (value, name) in MOVES.items():
        assert not again.run(), field
        page = re.sub(r">\s+<", "><", browser.get(f"{path}/runs/{again.scene.run.number}"))
        assert "<dt>Changed since the published schedule</dt><dd>No changes</dd>" in page, field
        form = fields_of(browser.get(f"{path}/priorities"))
        browser.post(f"{path}/priorities", **{**form, field: value, "do": "save"})
        assert again.run(publish=True), field
        page = browser.get(f"{path}/runs/{again.scene.run.number}")
        assert f"<dd>Scheduling priorities changed: {name}</dd>" in page, field


@pytest.mark.parametrize(
    "queued", [{"max_moved": 7}, {"change_budget": {"percent": 100, "a_person": 2, "hours": 24}}]
)
def test_a_limit_of_one_run_is_no_change(again: Again, queued: dict[str, Any]) -> None:
    again.run(publish=True, **queued)
    assert not again.run()
    assert again.kinds == []


def test_a_run_that_may_improve_the_plan_searches_although_nothing_changed(again: Again) -> None:
    assert again.run(max_moved=7)
    assert again.kinds == []


def test_a_night_is_the_published_plan_at_once_where_nothing_changed(again: Again) -> None:
    assert not again.run(publish=True, change_budget=NIGHT)


def test_a_night_that_used_its_limit_is_followed_by_a_search(again: Again) -> None:
    again.meetings = again.at_another_time
    again.run(publish=True, change_budget=NIGHT)
    again.meetings = again.as_published
    assert again.run(publish=True)
    assert again.kinds == ["limit"]
    assert not again.run()


def test_an_absence_within_frozen_hours_is_one_change_and_the_hours_are_none(again: Again) -> None:
    expo = again.scene.expo
    hours = (expo.slots[0].start - NOW) // timedelta(hours=1)

    def freeze(more: int) -> None:
        with again.scene.database.write() as session:
            session.get_one(Event, expo.event.id).freeze_hours = hours + more

    freeze(1)
    with again.scene.database.write() as session:
        session.add(AttendeeBusy(attendee_id=expo.people[0][0].id, slot_id=expo.slots[0].id))
    assert again.run(publish=True)
    assert again.kinds == ["attendees"]
    freeze(2)
    assert not again.run(publish=True)
    with again.scene.database.write() as session:  # the frozen meeting, for which the absence was ignored
        session.get_one(MeetingRequest, again.scene.requests[0].id).state = RequestState.WITHDRAWN
    again.meetings = lambda problem: ()
    assert again.run(publish=True)
    assert again.kinds == ["requests"], "and not the attendee once more"


@pytest.mark.parametrize("limit", ["max_days", "max_in_row"])
def test_a_limit_of_one_person_is_a_change(again: Again, limit: str) -> None:
    with again.scene.database.write() as session:
        setattr(session.get_one(Attendee, again.scene.expo.people[0][0].id), limit, 1)
    assert again.run(publish=True)
    assert again.kinds == ["attendees"]
    assert not again.run()


def test_a_granted_wish_for_another_time_is_no_change(again: Again) -> None:
    expo = again.scene.expo
    again.send_mails()
    with again.scene.database.write() as session:
        invitation = session.scalars(select(Invitation).order_by(Invitation.id)).first()
        assert invitation is not None
        later = expo.slots[2]
        reply = Reply(partstat=Partstat.TENTATIVE, sequence=invitation.sequence, source=ReplySource.LINK)
        counter_proposals.propose_time(session, invitation, reply, start=later.start, end=later.end, now=NOW)
    again.meetings = again.at_another_time
    assert again.run(publish=True)
    assert again.kinds == ["requests"]
    again.send_mails()
    assert not again.run()
    assert again.kinds == []
