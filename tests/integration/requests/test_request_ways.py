"""Fixes of unscheduled requests: each side sees what it may know, and has the button for it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from api import context
from scheduler.domain.entities import PlaceWish
from scheduler.domain.errors import WrongState
from scheduler.services.identity.actors import Actor
from scheduler.services.requests import outcomes, request_lists
from scheduler.services.requests.exhibitor_fixes import ExhibitorFix, FixKind
from scheduler.storage.database import Database
from scheduler.storage.models import Account, AttendeeBusy, MeetingRequest, ScheduleVersion
from tests.support.factories import NOW, make_event, make_request, make_version, meet
from tests.support.web import Browser, web_app

EXHIBITOR, COLLEAGUE = 0, 1


class Scene:
    """Firm 0 asked firm 1, which the published schedule lacks; firm 0 meets firm 2."""

    def __init__(self, database: Database) -> None:
        self.database = database
        with database.write() as session:
            self.expo = make_event(session, firms=4, people=2, slots="4")
            self.held = make_request(session, self.expo, 0, 2, priority=1)
            self.request = make_request(
                session, self.expo, 0, 1, place=PlaceWish.BOOTH, slots=[self.expo.slots[0].key]
            )
            version = make_version(session, self.expo, [meet(self.held, self.expo)])
            self.version_id, self.number = version.id, version.number

    def say(self, *ways: tuple[str, list[str], int]) -> None:
        """Store the solver's answer about the request: kinds, ids, and the number of the slot."""
        made = [{"kind": kind, "ids": ids, "slot": self.expo.slots[slot].key} for kind, ids, slot in ways]
        row = {
            "request": self.request.key, "reason": "no-common-slot", "detail": "", "blockers": [],
            "remedies": [""] * len(made), "ways": made,
        }  # fmt: skip
        with self.database.write() as session:
            session.get_one(ScheduleVersion, self.version_id).unscheduled = [row]

    def key(self, firm: int, number: int = EXHIBITOR) -> str:
        return self.expo.people[firm][number].key

    def read(self, actor: Actor) -> list[ExhibitorFix]:
        with self.database.read() as session:
            card = request_lists.show_request(session, actor, self.request.key)
            return list(outcomes.list_outcomes(session, actor, [card])[card.key].ways)

    def take(self, actor: Actor, number: int = 0, version: int | None = None) -> None:
        with self.database.write() as session:
            outcomes.apply_fix(
                session, actor, self.request.key, version=version or self.number, number=number, now=NOW
            )

    def stored(self) -> MeetingRequest:
        with self.database.read() as session:
            return session.get_one(MeetingRequest, self.request.id)

    def mark(self, *slots: int) -> None:
        with self.database.write() as session:
            for slot in slots:
                session.add(
                    AttendeeBusy(
                        attendee_id=self.expo.people[0][EXHIBITOR].id, slot_id=self.expo.slots[slot].id
                    )
                )


@pytest.fixture
def scene(database: Database) -> Scene:
    return Scene(database)


def test_one_s_own_busy_time_is_opened_by_a_press(scene: Scene) -> None:
    scene.mark(1, 2)
    scene.say(("available", [scene.key(0)], 1))
    mine = scene.expo.actor(0)
    (way,) = scene.read(mine)
    assert (way.kind, way.is_me, way.may_press) == (FixKind.AVAILABLE, True, True)
    scene.take(mine)
    with scene.database.read() as session:
        marked = session.query(AttendeeBusy.slot_id).all()
    assert [row[0] for row in marked] == [scene.expo.slots[2].id], "the other mark stays"
    assert scene.read(mine) == [], "it is done"
    with pytest.raises(WrongState):
        scene.take(mine)


def test_a_colleague_s_busy_time_is_named_and_theirs_to_open(scene: Scene) -> None:
    scene.say(("available", [scene.key(0, COLLEAGUE)], 1))
    (way,) = scene.read(scene.expo.actor(0))
    assert ([person.key for person in way.people], way.may_press) == ([scene.key(0, COLLEAGUE)], False)
    with pytest.raises(WrongState):
        scene.take(scene.expo.actor(0))


@pytest.mark.parametrize("kind", ["available", "take-part", "add-person"])
def test_the_other_firm_s_people_are_never_named(scene: Scene, kind: str) -> None:
    scene.say((kind, [scene.key(0)], 1))
    assert scene.read(scene.expo.actor(1)) == []
    scene.say((kind, [scene.key(0), scene.key(1)], 1))
    assert scene.read(scene.expo.actor(0)) == scene.read(scene.expo.actor(1)) == []


def test_the_firm_that_asked_allows_a_time_or_a_place_more(scene: Scene) -> None:
    scene.say(("closed", [], 2), ("any-place", [], 0))
    assert scene.read(scene.expo.actor(1)) == []
    assert [way.may_press for way in scene.read(scene.expo.actor(0, COLLEAGUE))] == [False, False]
    for number in (0, 1):
        scene.take(scene.expo.actor(0), number)
    row = scene.stored()
    assert (row.slots, row.place) == ([scene.expo.slots[0].key, scene.expo.slots[2].key], PlaceWish.ANY)
    assert scene.read(scene.expo.actor(0)) == []


def test_only_a_meeting_of_the_own_firm_is_offered_to_be_given_up(scene: Scene) -> None:
    scene.say(("withdraw", [scene.held.key], 0))
    (way,) = scene.read(scene.expo.actor(0))
    assert (way.other, way.partner and way.partner.key, way.may_press) == (scene.held.key, "f2", False)
    assert scene.read(scene.expo.actor(1)) == []


def test_a_page_of_an_older_schedule_changes_nothing(scene: Scene) -> None:
    scene.mark(1)
    scene.say(("available", [scene.key(0)], 1))
    with pytest.raises(WrongState):
        scene.take(scene.expo.actor(0), version=scene.number + 1)
    assert scene.read(scene.expo.actor(0))[0].may_press


def test_an_answer_without_ways_or_with_unknown_ones_shows_none(scene: Scene) -> None:
    scene.say(("magic", [], 1), ("precedence", ["x"], 1))
    assert scene.read(scene.expo.actor(0)) == []


def test_the_button_on_the_page_does_it(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(context, "now", lambda: NOW + timedelta(minutes=1))
    scene.mark(1)
    scene.say(("available", [scene.key(0)], 1), ("withdraw", [scene.held.key], 0))
    app = web_app(scene.database, "redis://127.0.0.1:1")
    with scene.database.read() as session:
        browser = Browser(app, session.get_one(Account, scene.expo.people[0][EXHIBITOR].account_id))
    path = f"/events/{scene.expo.event.key}/requests/{scene.request.key}"
    page = browser.get(path)
    assert (
        "Free up Mon, 7 Dec, 09:30" in page
        and ">Mark available<" in page
        and f"/requests/{scene.held.key}" in page
    )
    page = browser.post(f"{path}/ways/0", version=scene.number)
    assert "Change saved. The next scheduling run will try again." in page and "Mark available" not in page
    assert "This is the current status." in browser.post(f"{path}/ways/0", version=scene.number)
