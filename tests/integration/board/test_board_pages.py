"""The board's pages without JavaScript: view, selection, placement, rejection, undo."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any

import pytest
from sqlalchemy import select

from scheduler.domain.entities import VersionState
from scheduler.services.board import board_view, draft_view, manual_drafts
from scheduler.services.board.board_view import PAGE_SIZE, BoardQuery
from scheduler.services.board.placement_search import PlacementSearch
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Role
from scheduler.storage.database import Database
from scheduler.storage.models import Event, Place
from scheduler.storage.models import Hall as HallRow
from tests.integration.board.test_commands import Hall
from tests.support.factories import NOW, make_event, make_request, make_version, meet
from tests.support.queries import count_selects
from tests.support.web import Browser, web_app
from workers import board_queries

LARGEST = 140_000
"""Bytes of a view, including the frame's menus."""


class Board:
    """The event of `Hall`, its organiser's browser, and the board worker in this process."""

    def __init__(self, database: Database, broker_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.database, self.is_away = database, False
        with database.write() as session:
            self.hall = Hall(session)
        desk = PlacementSearch(database)

        def ask(event_id: int, number: int, question: dict[str, Any], **_: Any) -> dict[str, Any] | None:
            return None if self.is_away else desk.answer(event_id, number, question)

        monkeypatch.setattr(board_queries, "ask", ask)
        self.app = web_app(database, broker_url)
        self.browser = Browser(self.app, self.hall.expo.organiser)

    def path(self, rest: str = "") -> str:
        return f"/events/{self.hall.expo.event.key}/board{rest}"

    def pick(self, request: Any, **more: str) -> str:
        found = "".join(f"&{name}={value}" for name, value in more.items())
        return self.browser.get(self.path(f"?draft=2&pick={request.key}{found}"))

    def step(self, rest: str, status: int = 200, **fields: object) -> str:
        return self.browser.post(self.path(f"/2/{rest}"), status, **fields)


@pytest.fixture
def board(database: Database, broker_url: str, monkeypatch: pytest.MonkeyPatch) -> Board:
    return Board(database, broker_url, monkeypatch)


def test_a_meeting_is_picked_up_put_refused_and_taken_back(board: Board) -> None:
    one, three = board.hall.one, board.hall.three
    page = board.browser.get(board.path("?draft=2"))
    assert "Manual draft 2, 0 changes." in page
    assert f'<button name="pick" value="{one.key}" form="view">Firm 0 × <br>Firm 1</button>' in page
    page = board.pick(one)
    assert "F0-P0 and F1-P0" in page
    assert "Booth b0" not in page and re.search(r">\d booths? without meetings</a>", page)
    page = board.pick(one, empty="1")
    assert "Hide booths without meetings" in page
    assert "Booth b0 is another exhibitor&#39;s booth." in page
    free = r"""<td class="free" data-to>.*?name="to" value='([^']+)'(.*?)</button>"""
    to, label = re.findall(free, page, re.DOTALL)[0]
    assert '<span class="visually-hidden">. free' in label
    said = board.step("place", to=unescape(to), request=one.key, seen=0)
    assert "Meeting moved" in said
    assert "Manual draft 2, 1 change." in said
    refused = board.step("place", request=one.key, slot="s2", place="t0", seen=1)
    assert (
        "This change isn't possible. F0-P0 is in Hall 1 at 10:30. "
        "The walk takes 5 minutes, but there are only 0." in unescape(refused)
    )
    assert "Best fix" in refused
    to = unescape(re.findall(r"""button-primary button-small" name="to" value='([^']+)'""", refused)[0])
    assert "Manual draft 2, 2 changes." in board.step("place", to=to, request=one.key, seen=1)
    assert "Change undone." in board.step("undo", seen=2)
    assert "Change redone." in board.step("redo", seen=3)
    assert "Meetings swapped." in board.step("swap", request=one.key, other=board.hall.two.key, seen=4)
    assert "Meeting cancelled." in board.step("cancel", request=three.key, seen=5)
    assert "Not scheduled." in board.pick(three)
    assert "changed the same meeting after you opened this page" in board.step(
        "unlock", request=three.key, seen=0
    )
    assert "Meeting unlocked." in board.step("unlock", request=three.key, seen=6)
    said = board.step("forbid", request=one.key, slot="s7", seen=7)
    assert "Time forbidden. The next run doesn't schedule the meeting then." in unescape(said)
    assert 'aria-label="Allow Mon' in said, "still picked up"
    assert "Time allowed again." in board.step("allow", request=one.key, slot="s7", seen=8)
    assert "This page was out of date" in board.step("place", to="{", request=one.key)
    assert "This no longer exists" in board.step("place", request=one.key, slot="none", place="t0")


def test_rows_of_people_show_what_their_meeting_can_do_at_each_time(board: Board) -> None:
    page = board.browser.get(board.path("?draft=2&rows=person"))
    assert "F0-P0" in page
    page = board.pick(board.hall.one, rows="person")
    assert page.count('class="current"') == 1, "F1-P0 stands in the other hall"
    assert 'class="free"' in page


def test_where_the_worker_is_away_the_page_says_so_and_meetings_are_moved_all_the_same(board: Board) -> None:
    board.is_away = True
    page = board.pick(board.hall.one)
    assert "Suggestions are still loading or not available right now." in page
    assert "Meeting moved." in board.step("place", request=board.hall.one.key, slot="s1", place="t0", seen=0)


def test_a_search_finds_what_is_not_held_first_and_it_is_added(board: Board) -> None:
    page = board.browser.get(board.path("?draft=2&find=firm+4"))
    assert page.index("not scheduled") < page.index("Table t2")
    assert "No accepted request matches" in board.browser.get(board.path("?draft=2&find=nobody"))
    page = board.pick(board.hall.free)
    assert "Not scheduled." in page
    assert "Meeting added." in board.step("place", request=board.hall.free.key, slot="s5", place="t0", seen=0)


def test_by_hand_a_place_and_people_are_searched_by_name_and_chosen_where_several_fit(board: Board) -> None:
    one = board.hall.one
    page = board.pick(one)
    assert 'value="Table t0 [t0]"' in page
    assert 'value="F0-P0 [f0-p0]"' in page
    assert "[f0-p1]" not in page and "[t1]" not in page, "no list of all"
    offers = re.findall(r'hx-get="([^"]*/options/(?:tables|people)[^"]*)"', page)
    place, asking, asked = (each.replace("&amp;", "&") for each in offers)
    listed = board.browser.get(f"{place}&place=t")
    assert "Table t0 [t0]" in listed and "b1]" in listed, "tables of all halls, and booths of who was asked"
    assert "[b0]" not in listed
    assert "[f0-p1]" in board.browser.get(f"{asking}&person1=p1")
    assert "[f1-p1]" in board.browser.get(f"{asked}&person2=p1")
    assert "[f0-p1]" not in board.browser.get(f"{asked}&person2=p1")
    typed = {"place": "Table", "person1": "F1-P0", "person2": ""}
    page = board.step("place", 422, request=one.key, slot="s1", seen=0, draft=2, half="morning", **typed)
    assert "Nothing was saved. Fix the highlighted fields below." in page
    assert "Enter a name that matches exactly one location of this event." in page
    assert "Enter a name that matches exactly one attendee of this exhibitor." in page
    assert '<details class="row details by-hand" open>' in page
    assert 'value="Table"' in page and '<option value="s1" selected>' in page
    assert re.findall(r'type="radio" name="place-pick" value="(\w*)"', page)[-1:] == [""]
    addresses = re.findall(r' (?:href|hx-get|data-here)="([^"]*)"', page)
    assert not [each for each in addresses if "F1-P0" in each], "names stand in no address"
    assert f"pick={one.key}" in "".join(re.findall('data-here="([^"]*)"', page))
    fields = {"place": "Table", "place-pick": "t0", "person1": "F0-P1", "person2": ""}
    assert "Meeting moved." in board.step("place", request=one.key, slot="s1", seen=0, **fields)
    assert "F0-P1 and F1-P0" in board.pick(one)


def test_by_hand_who_can_sits_in_what_is_added_unless_somebody_of_both_firms_is_named(board: Board) -> None:
    free = board.hall.free
    fields = {"request": free.key, "slot": "s5", "place": "Table t0", "seen": 0}
    page = board.step("place", 422, **fields, person1="", person2="f5-p0")
    assert "Choose attendees for both exhibitors, or for neither." in page
    assert "Meeting added." in board.step("place", **fields)


def test_a_version_is_only_read_until_a_draft_by_hand_is_begun(board: Board) -> None:
    page = board.browser.get(board.path("?draft=1"))
    assert "You can only view it." in page
    assert 'name="to"' not in board.browser.get(board.path(f"?draft=1&pick={board.hall.one.key}"))
    assert "Manual draft 3, 0 changes." in board.browser.post(board.path("/drafts"), draft=1)
    with board.database.write() as session:
        event = make_event(session, firms=0)
    empty = Browser(board.app, event.organiser)
    assert "No schedule yet" in empty.get(f"/events/{event.event.key}/board")


def test_a_full_view_is_small_and_takes_as_many_queries_as_an_empty_one(
    database: Database, broker_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full page of rows with a meeting at each time is the largest possible view."""
    with database.write() as session:
        expo = make_event(session, firms=2 * PAGE_SIZE, slots="10", tables=PAGE_SIZE + 10)
        meetings = []
        for k in range(PAGE_SIZE):
            requests = [make_request(session, expo, k, (k + d) % PAGE_SIZE + PAGE_SIZE) for d in range(10)]
            meetings += [
                meet(request, expo, slot=slot, place=expo.tables[k]) for slot, request in enumerate(requests)
            ]
        make_version(session, expo, [], state=VersionState.SUPERSEDED)
        make_version(session, expo, meetings)
        manual_drafts.start_draft(session, expo.organiser_actor(), 2, now=NOW)
    key = expo.event.key
    actor = Actor(None, expo.event.id, key, team_role=Role.OWNER)

    def look(number: int) -> int:
        return count_selects(
            database,
            lambda session: (
                draft_view.get_draft(session, actor, number),
                board_view.get_board(session, actor, number, BoardQuery()),
                board_view.get_board(session, actor, number, BoardQuery(rows_of="person")),
            ),
        )

    assert look(1) + 1 >= look(2) >= look(1) - 2
    desk = PlacementSearch(database)
    monkeypatch.setattr(board_queries, "ask", lambda e, n, q, **_: desk.answer(e, n, q))
    browser = Browser(web_app(database, broker_url), expo.organiser)
    for rest in ("", f"&pick={meetings[0].request}", "&rows=person"):
        page = browser.client.get(f"/events/{key}/board?draft=3{rest}")
        assert page.status_code == 200
        assert len(page.data) < LARGEST, (rest, len(page.data))
        if "pick" in rest:  # it can swap with meetings at its time or place
            choice = re.search(r'<select[^>]* id="other".*?</select>', page.text, re.DOTALL)
            assert choice is not None
            offered, own = set(re.findall(r'value="([^"]+)"', choice[0])), meetings[0]
            at_its_time = {m.request for m in meetings if m.slot == own.slot}
            at_its_place = {m.request for m in meetings if m.place == own.place}
            assert own.request not in offered
            assert offered < at_its_time | at_its_place
            assert offered & at_its_time and offered & at_its_place
    with database.read() as session:
        assert session.get_one(Event, expo.event.id).name


def best_of(page: str) -> list[tuple[str, str, bool]]:
    """Return start, place, and True if other meetings change, of the best alternatives."""
    listed = page.partition('id="h-best"')[2].partition("</ol>")[0]
    sent = [json.loads(unescape(to)) for to in re.findall(r"""name="to" value='([^']+)'""", listed)]
    return [(to["put"][0][1], to["put"][0][2], len(to["put"]) > 1 or bool(to.get("dropped"))) for to in sent]


def test_the_best_places_are_filtered_before_the_ten_are_chosen(board: Board) -> None:
    """Filters by day, hall, kind of place, or no other change are buttons."""
    one, days = board.hall.one, {f"s{k}" for k in range(8)}
    every = best_of(board.pick(one))
    assert len(every) == 10 and {slot in days for slot, _, _ in every} == {True, False}
    here = best_of(board.pick(one, best="day"))
    assert {slot for slot, _, _ in here} <= days
    assert len(here) > len([slot for slot, _, _ in every if slot in days]), "more than those of the ten"
    for kind in ("table", "booth"):
        assert {place[0] for _, place, _ in best_of(board.pick(one, best=kind))} == {kind[0]}
    in_hall = {place for _, place, _ in best_of(board.pick(one, best="hall", hall="h1"))}
    with board.database.read() as session:
        rows = session.execute(select(Place.key, HallRow.key).join(HallRow, HallRow.id == Place.hall_id))
        halls = {place: hall for place, hall in rows}  # noqa: C416 -- dict(rows) loses the types
    assert {halls[place] for place in in_hall} == {"h1"}
    assert not any(moves for _, _, moves in best_of(board.pick(one, best="still")))
    page = board.pick(one, best="day hall")
    pressed = dict(re.findall(r'name="best" value="([^"]*)" aria-pressed="(\w+)"', page))
    assert pressed == {
        "hall": "true",
        "day": "true",
        "day hall still": "false",
        "day hall table": "false",
        "day hall booth": "false",
    }
    assert 'value="day hall"' in board.pick(one, best="hall day nothing"), "what is unknown is left out"
    assert 'name="best" value="day booth"' in board.pick(one, best="day table"), "a place has one kind"


def test_where_no_place_matches_the_filters_the_page_says_so_and_clears_them(board: Board) -> None:
    with board.database.write() as session:
        for booth in board.hall.expo.booths:
            session.get_one(Place, booth.id).is_retired = True
    page = board.pick(board.hall.one, best="booth")
    assert best_of(page) == [] and "No possible location matches these filters." in page
    (clear,) = re.findall(r'<a href="([^"]*)">Clear filters</a>', page)
    assert "best=" not in clear
    assert best_of(board.browser.get(unescape(clear).partition("#")[0]))


def test_what_was_refused_has_its_cheapest_repair_whatever_the_filters_are(board: Board) -> None:
    refused = board.step("place", request=board.hall.one.key, slot="s2", place="t0", seen=0, best="booth")
    assert "Best fix" in refused
