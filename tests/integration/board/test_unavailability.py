"""Absences marked on the board: their effects are previewed, moved in the draft, and undone."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from html import unescape

import pytest
from sqlalchemy import select

from scheduler.domain import rules
from scheduler.domain.entities import RequestState
from scheduler.services.board import commands, steps
from scheduler.services.board.commands import Placement
from scheduler.services.participants import journal
from scheduler.services.problems import snapshot
from scheduler.services.schedule import versions
from scheduler.storage.models import AttendeeBusy, MeetingRequest, Slot
from tests.integration.board.test_board_pages import Board, board
from tests.support import clocks
from tests.support.factories import NOW
from tests.support.publishing import SETTINGS
from tests.support.web import Browser

__all__ = ["board"]  # a fixture

PERSON = "f0-p0"


def address(rest: str = "") -> str:
    return f"/2/people/{PERSON}/unavailability{rest}"


def absent(board: Board) -> list[str]:
    with board.database.read() as session:
        marked = select(Slot.key).join(AttendeeBusy, AttendeeBusy.slot_id == Slot.id).order_by(Slot.position)
        return list(session.scalars(marked))


def draft(board: Board) -> str:
    with board.database.read() as session:
        board.hall.session = session
        return board.hall.bytes()


def begin_show_day(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the time to half an hour before the first meeting, and sign the organiser in."""
    clocks.hold(monkeypatch, board.hall.expo.slots[0].start - timedelta(minutes=30))
    board.browser = Browser(board.app, board.hall.expo.organiser)


def test_what_it_breaks_is_seen_then_moved_and_all_of_it_undone(board: Board) -> None:
    start = draft(board)
    person = board.browser.get(board.path("?draft=2&rows=person"))
    assert board.path(address()) in person
    looked = board.browser.get(board.path(address("?slots=s0&slots=s1&look=1")))
    assert "1 meeting of this draft is at these times." in looked
    assert "Firm 0 × Firm 1" in looked and "Firm 0 × Firm 2" not in looked.partition('<form method="get"')[0]
    assert "Move now:" in looked
    assert (absent(board), draft(board)) == ([], start), "nothing is saved yet"

    way = _value(looked, "to")
    saved = board.browser.post(board.path(address()), slots=["s0", "s1"], to=way, seen=0)
    assert "Saved. 1 meeting changed in this draft." in saved
    assert "Meetings to move" not in saved
    assert absent(board) == ["s0", "s1"]
    with board.database.write() as session:
        hall, event_id = board.hall, board.hall.expo.event.id
        hall.session = session
        problem = snapshot.build_problem(session, event_id, now=NOW, as_put_by_hand=False)
        assert rules.violations(problem, versions.list_meetings(session, hall.version.id)) == []
        (last, *_) = journal.list_steps(session, hall.actor)
        journal.undo_step(session, hall.actor, last.id, settings=SETTINGS, now=NOW)
        steps.undo_step(session, hall.actor, 2, seen=None, now=NOW)
    assert (absent(board), draft(board)) == ([], start)


def test_what_is_not_moved_is_listed_and_left_to_the_next_run(board: Board) -> None:
    board.is_away = True
    looked = board.browser.get(board.path(address("?slots=s0&look=1")))
    assert "The next run looks for another time." in looked
    saved = board.browser.post(board.path(address()), slots=["s0"])
    assert "Meetings to move" in saved and "Undo last unavailable time" in saved
    assert f"pick={board.hall.one.key}" in saved


def test_a_way_that_breaks_a_rule_by_now_is_left_out_and_the_absence_is_kept(board: Board) -> None:
    looked = board.browser.get(board.path(address("?slots=s0&look=1")))
    way = _value(looked, "to")
    with board.database.write() as session:
        target = Placement(board.hall.one.key, "s1", "t0")
        commands.place_request(session, board.hall.actor, 2, target, seen=None, now=NOW)
    moved = draft(board)
    saved = board.browser.post(board.path(address()), slots=["s0"], to=[way, "[1]", "{"], seen=0)
    assert "changed in this draft" not in saved
    assert (absent(board), draft(board)) == (["s0"], moved)
    assert "is not a slot of this event" in board.browser.post(
        board.path(address()), slots=["s99"], status=422
    )


@pytest.mark.parametrize("is_selected", [True, False])
def test_on_a_show_day_a_selected_meeting_is_moved_and_another_one_is_called_off(
    board: Board, monkeypatch: pytest.MonkeyPatch, is_selected: bool
) -> None:
    """Runs no longer move meetings then, but organisers do."""
    begin_show_day(board, monkeypatch)
    one = board.hall.one
    looked = board.browser.get(board.path(address("?slots=s0&look=1")))
    assert "If you don't select it, a colleague who attends takes over" in looked
    assert "published meeting starts too soon for a run" not in looked, "nothing is lost as it is selected"
    selected = [_value(looked, "to")] if is_selected else []
    saved = board.browser.post(board.path(address()), slots=["s0"], to=selected, seen=0)
    with board.database.read() as session:
        state = session.scalar(select(MeetingRequest.state).where(MeetingRequest.id == one.id))
        board.hall.session = session
        (held,) = (m for m in versions.list_meetings(session, board.hall.version.id) if m.request == one.key)
    assert absent(board) == ["s0"]
    if is_selected:
        assert (state, held.slot == "s0" and PERSON in held.attendees) == (RequestState.ACCEPTED, False)
        assert "1 meeting changed in this draft. No one is notified until you publish." in saved
        assert "cancelled" not in saved
    else:
        assert (state, held.slot) == (RequestState.WITHDRAWN, "s0")
        assert "1 meeting that starts too soon to reschedule was cancelled." in saved


def test_on_a_show_day_what_cannot_be_moved_is_called_off_and_said(
    board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin_show_day(board, monkeypatch)
    board.browser.get(board.path(address()))
    put = [[board.hall.one.key, "s1", "t0", [PERSON, "f1-p0"], None]]
    way = json.dumps({"put": put, "dropped": []})
    start = draft(board)
    saved = board.browser.post(board.path(address()), slots=["s0", "s1"], to=[way], seen=0)
    assert draft(board) == start, "they would sit there while they are away"
    assert "1 selected meeting could not be moved" in saved and "changed in this draft" not in saved
    assert "1 meeting that starts too soon to reschedule was cancelled." in saved
    board.is_away = True
    looked = board.browser.get(board.path("/2/people/f3-p0/unavailability?slots=s0&look=1"))
    assert "1 published meeting starts too soon for a run" in looked


def _value(page: str, name: str) -> str:
    return unescape(re.findall(rf"""name="{name}" value=(["'])(.*?)\1""", page)[0][1])
