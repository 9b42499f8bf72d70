"""Interpreters mark busy times like everyone else, and plans respect them."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from scheduler.domain.errors import NotFound
from scheduler.services.availability import busy_times, grid
from scheduler.services.problems import snapshot
from scheduler.storage.database import Database
from scheduler.storage.models import InterpreterBusy
from tests.integration.agendas.interpreter_day.test_interpreter_day import (
    Scene,
    browser,
    make_browser_of_exhibitor,
)
from tests.support.factories import NOW


@pytest.fixture
def scene(database: Database) -> Scene:
    return Scene(database)


def test_what_an_interpreter_marks_is_left_out_by_the_next_plan(scene: Scene) -> None:
    mine = browser(scene)
    page = mine.get(f"{scene.path}/busy-times")
    assert "Save busy times" in page and "Connected calendars" not in page and "/week" not in page
    first, third = scene.expo.slots[0], scene.expo.slots[2]
    page = mine.post(f"{scene.path}/busy-times/marked", slots=[first.key, third.key, "no-such-slot"])
    assert "You marked 2 times" in page
    with scene.database.read() as session:
        problem = snapshot.build_problem(session, scene.expo.event.id, now=NOW)
        away = {
            each.id: {problem.slots[slot].id for slot in each.unavailable} for each in problem.interpreters
        }
        assert away == {scene.own.key: {first.key, third.key}, scene.other.key: set()}
    assert page.count(" checked") == 2


def test_a_meeting_at_a_marked_time_is_named_with_what_becomes_of_it(scene: Scene) -> None:
    mine = browser(scene)
    held = scene.expo.slots[1]
    page = mine.post(f"{scene.path}/busy-times/marked", slots=[held.key])
    assert "another interpreter or another time" in page and "Hand over" not in page
    with scene.database.read() as session:
        assert len(grid.show_grid(session, scene.actor(), now=NOW).clashes) == 1


def test_nobody_marks_for_an_interpreter(scene: Scene) -> None:
    other = make_browser_of_exhibitor(scene)
    other.post(f"{scene.path}/busy-times/marked", slots=[scene.expo.slots[0].key])
    with scene.database.write() as session:
        assert session.scalars(select(InterpreterBusy)).all() == [], "the exhibitor's own were marked"
        with pytest.raises(NotFound):
            busy_times.mark_slots(session, scene.expo.organiser_actor(), [scene.expo.slots[0].key])


def test_calendars_are_for_attendees(scene: Scene) -> None:
    mine = browser(scene)
    for step in ("upload", "link", "connect"):
        mine.post(f"{scene.path}/busy-times/{step}", status=404)


def test_my_day_leads_to_the_interpreter_s_page(scene: Scene) -> None:
    answer = browser(scene).client.get(f"{scene.path}/my-day?day=2026-12-08")
    assert answer.status_code == 302
    assert answer.headers["Location"] == f"{scene.path}/interpreter-day?day=2026-12-08"
