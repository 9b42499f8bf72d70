"""The board in a real browser: by mouse, by keyboard, without JavaScript, and two organisers at once."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from api.pages.board import board
from scheduler.domain.team import TeamRole
from scheduler.services.board.placement_search import PlacementSearch
from scheduler.services.identity import sign_in
from scheduler.services.schedule import versions
from scheduler.storage.database import Database
from tests.e2e import axe
from tests.e2e.windows import WAYS, press
from tests.integration.board.test_commands import Hall
from tests.support.everything import serving
from tests.support.factories import SECRET_KEY, make_member
from tests.support.web import web_app

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database", ["sqlite"], indirect=True)]

WAIT = 60_000
"""Milliseconds: only a hang takes so long, a busy machine does not."""
TOO_FAR = "F0-P0 is in Hall 1 at 10:30. The walk takes 5 minutes, but there are only 0."


class Boards:
    """The event of `Hall` on a server, the board worker in this process, and windows of organisers."""

    def __init__(self, chromium: Browser, database: Database, site: str, hall: Hall) -> None:
        self.chromium, self.database, self.site, self.hall = chromium, database, site, hall
        self.windows: list[Any] = []

    def open(
        self, rest: str = "", *, account_id: int | None = None, script: bool = True, is_phone: bool = False
    ) -> Page:
        with self.database.write() as session:
            person = account_id or self.hall.expo.organiser.id
            token = sign_in.make_sign_in_link(session, person, secret_key=SECRET_KEY, now=self.database.now())
        phone: Any = {"viewport": {"width": 390, "height": 844}, "has_touch": True} if is_phone else {}
        phone["reduced_motion"] = "reduce"
        window = self.chromium.new_context(java_script_enabled=script, **phone)
        self.windows.append(window)
        page = window.new_page()
        page.set_default_timeout(WAIT)
        page.goto(f"{self.site}/sign-in/{token}")
        page.get_by_role("button", name="Sign in").click()
        page.locator("form[action='/sign-out']").first.wait_for(state="attached")
        page.goto(f"{self.site}/events/{self.hall.expo.event.key}/board?draft=2{rest}")
        return page

    def at(self, request: Any) -> tuple[str, str]:
        with self.database.read() as session:
            version = versions.get_version(session, self.hall.expo.event.id, 2)
            return next(
                (m.slot, m.place)
                for m in versions.list_meetings(session, version.id)
                if m.request == request.key
            )

    def bytes(self) -> str:
        """Return the complete state of the draft."""
        with self.database.write() as session:
            self.hall.session = session
            return self.hall.bytes()

    def sits(self, person: str, slot: str) -> bool:
        with self.database.read() as session:
            version = versions.get_version(session, self.hall.expo.event.id, 2)
            held = versions.list_meetings(session, version.id)
            return any(person in each.attendees and each.slot == slot for each in held)


@pytest.fixture
def boards(
    chromium: Browser, database: Database, broker_url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Boards]:
    with database.write() as session:
        hall = Hall(session)
    desk = PlacementSearch(database)
    monkeypatch.setattr(board.board_queries, "ask", lambda e, n, q, **_: desk.answer(e, n, q))
    with serving(web_app(database, broker_url)) as site:
        opened = Boards(chromium, database, site, hall)
        yield opened
        for window in opened.windows:
            window.close()


def test_by_mouse_a_meeting_is_picked_up_and_put_and_taken_back(boards: Boards) -> None:
    page = boards.open()
    page.get_by_role("button", name="Firm 0 × Firm 1").click()
    page.get_by_text("Current location").wait_for()
    page.locator("td.free button").first.click()
    page.get_by_text("Moved").first.wait_for()
    assert boards.at(boards.hall.one) != ("s0", "t0")
    page.get_by_role("button", name="Undo 1").click()
    page.get_by_text("Change undone.").wait_for()
    assert boards.at(boards.hall.one) == ("s0", "t0")


def drag(page: Page, name: str, row: str, slot: str) -> None:
    """Drag a meeting by mouse to the centre of a cell."""
    start = page.get_by_role("button", name=name).bounding_box()
    at = (
        page.locator("thead th[data-slot]")
        .evaluate_all("all => all.map((one) => one.dataset.slot)")
        .index(slot)
    )
    end = page.locator(f'tr[data-row="{row}"] td').nth(at).bounding_box()
    assert start is not None and end is not None
    page.mouse.move(start["x"] + 4, start["y"] + 4)
    page.mouse.down()
    page.mouse.move(end["x"] + end["width"] / 2, end["y"] + end["height"] / 2, steps=6)
    page.mouse.up()


def test_a_meeting_is_put_where_it_is_dropped_or_the_bar_says_why_not(boards: Boards) -> None:
    page = boards.open("&empty=1")
    drag(page, "Firm 0 × Firm 1", "t0", "s2")
    page.get_by_text("Moved").first.wait_for()
    assert boards.at(boards.hall.one) == ("s2", "t0")
    page.get_by_role("button", name="Undo 1").click()
    page.get_by_text("Change undone.").wait_for()
    other = page.locator("tr[data-row]").last.get_attribute("data-row")
    assert other is not None
    drag(page, "Firm 0 × Firm 1", other, "s2")
    page.get_by_text("Current location").wait_for()
    live = page.locator("#live").inner_text()
    assert "Not possible: " in live and ": free" not in live, live
    assert boards.at(boards.hall.one) == ("s0", "t0")
    page.locator("#best button").first.focus()
    page.keyboard.press("Escape")
    page.get_by_text("Current location").wait_for(state="detached")


def test_while_the_plan_is_read_the_bar_says_so_and_the_places_come_by_themselves(
    boards: Boards, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask, asked = board.board_queries.ask, threading.Event()
    read = threading.Event()

    def still_reading(*question: Any, **more: Any) -> Any:
        asked.set()
        return ask(*question, **more) if read.is_set() else None

    monkeypatch.setattr(board.board_queries, "ask", still_reading)
    page = boards.open()
    page.get_by_role("button", name="Firm 0 × Firm 1").click()
    live = page.locator("#live")
    expect(live).to_contain_text("are still loading", timeout=WAIT)
    assert asked.wait(60) and "0 " not in live.inner_text()
    assert page.locator("td.free").count() == 0
    page.locator("[data-again]").wait_for()
    read.set()
    page.locator("td.free button").first.wait_for()
    expect(page.locator("[data-again]")).to_have_count(0)


def test_axe_finds_nothing_on_the_board_in_all_its_states(boards: Boards) -> None:
    page = boards.open(is_phone=True)
    faults = axe.findings(page)
    for rest in (
        f"&pick={boards.hall.one.key}",
        f"&pick={boards.hall.free.key}&best=day+still",
        "&rows=person&find=firm",
    ):
        page.goto(page.url.partition("?")[0] + f"?draft=2{rest}")
        page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
        faults += axe.findings(page)
    assert faults == []


def test_the_best_places_are_in_sight_on_a_phone_and_the_grid_is_two_tabs_away(boards: Boards) -> None:
    page = boards.open(f"&pick={boards.hall.one.key}", is_phone=True)
    box = page.locator("#best").bounding_box()
    assert box is not None and box["y"] < 844, "a sheet at the foot of the screen"
    assert page.locator(".to-best a").is_visible()
    page = boards.open()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.get_by_role("link", name="Skip to the board").press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("Boolean(document.activeElement.closest('#grid'))")


def test_a_time_and_place_is_searched_and_what_is_found_is_put(boards: Boards) -> None:
    """Also without JavaScript, the search result is shown beside the board."""
    for script in (True, False):
        page = boards.open(f"&pick={boards.hall.two.key}", script=script)
        page.get_by_text("Place manually").click()
        page.get_by_label("Time", exact=True).select_option("s0")
        page.get_by_label("Location", exact=True).fill("Table t1")
        page.locator(".by-hand").get_by_role("button", name="Search", exact=True).click()
        page.get_by_role("heading", name=re.compile("^Search: ")).wait_for()
        assert page.locator("#searched").get_by_text("Possible without moving other meetings.").count()
    page.locator("#searched button").click()
    page.get_by_text("Manual draft 2, 1 change.").wait_for()
    assert boards.at(boards.hall.two) == ("s0", "t1")


def test_by_keyboard_alone(boards: Boards) -> None:
    page = boards.open()
    cell = page.locator(f'td[data-r="{boards.hall.one.key}"]')
    cell.focus()
    page.keyboard.press("Enter")
    page.get_by_text("Current location").wait_for()
    live = page.locator("#live")
    assert "Possible locations in this view" in live.inner_text()
    page.keyboard.press("ArrowRight")
    said = live.inner_text()
    assert said.startswith("09:30, Table t0: Free"), said
    page.keyboard.press("Escape")
    page.get_by_text("Current location").wait_for(state="detached")
    page.locator(f'td[data-r="{boards.hall.one.key}"]').focus()
    page.keyboard.press("Enter")
    page.get_by_text("Current location").wait_for()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.get_by_text("Manual draft 2, 1 change.").wait_for()
    assert boards.at(boards.hall.one) == ("s1", "t0")
    page.locator("td.here").wait_for()
    page.keyboard.press("Control+z")
    page.get_by_text("Change undone.").wait_for()
    assert boards.at(boards.hall.one) == ("s0", "t0")


@pytest.mark.parametrize("way", WAYS)
def test_undone_back_to_the_start_a_draft_has_the_same_bytes(boards: Boards, way: str) -> None:
    page = boards.open(script=way != "no script")
    start = boards.bytes()
    keys = page.keyboard
    for done, (request, act) in enumerate(
        ((boards.hall.one, "put"), (boards.hall.three, "Lock"), (boards.hall.three, "Cancel meeting")),
        start=1,
    ):
        if way == "keys":
            page.locator(f'td[data-r="{request.key}"]').focus()
            keys.press("Enter")
        else:
            page.locator(f'button[name=pick][value="{request.key}"]').first.click()
        page.get_by_text("Current location").wait_for()
        if act != "put":
            press(page, page.get_by_role("button", name=act, exact=True), way)
        elif way == "keys":
            keys.press("ArrowRight")
            keys.press("Enter")
        else:
            page.locator("td.free button").first.click()
        page.get_by_text(re.compile(f"Manual draft 2, {done} changes?\\.")).wait_for()
    assert boards.bytes() != start
    for left in (2, 1, 0):
        if way == "keys":
            keys.press("Control+z")
        else:
            page.get_by_role("button", name=f"Undo {left + 1}").click()
        page.get_by_text(re.compile(f"Manual draft 2, {left} changes?\\.")).wait_for()
        if way == "keys":
            page.locator("td.here:focus").wait_for()
    assert boards.bytes() == start
    assert page.get_by_role("button", name="Undo").is_disabled()


@pytest.mark.parametrize("script", [True, False])
def test_what_breaks_walking_time_is_refused_with_the_rule_and_moved_by_the_cheapest_repair(
    boards: Boards, script: bool
) -> None:
    page = boards.open(f"&pick={boards.hall.one.key}", script=script)
    page.get_by_text("Place manually").click()
    page.get_by_label("Time", exact=True).select_option("s2")
    page.get_by_label("Location", exact=True).fill("Table t0")
    page.locator(".by-hand").get_by_role("button", name="Place meeting", exact=True).click()
    page.get_by_text(f"This change isn't possible. {TOO_FAR}").wait_for()
    assert boards.at(boards.hall.one) == ("s0", "t0")
    page.get_by_role("heading", name="Best fix").wait_for()
    page.get_by_role("button", name="Apply fix").click()
    page.get_by_text("Manual draft 2, 1 change.").wait_for()
    assert boards.at(boards.hall.one) != ("s0", "t0")


def put(page: Page, way: str) -> None:
    """Place a selected meeting at the next time of its row."""
    page.get_by_text("Current location").wait_for()
    if way == "keys":
        page.locator("[data-home]").focus()
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Enter")
    else:
        page.locator("tr:has([data-home]) td.free button").first.click()


@pytest.mark.parametrize("way", WAYS)
def test_two_organisers_at_once_are_told_who_was_first_and_lose_nothing(boards: Boards, way: str) -> None:
    """The later organiser's page does not show the first one's step yet."""
    one, three, first = boards.hall.one, boards.hall.three, boards.hall.expo.organiser.email
    with boards.database.write() as session:
        other = make_member(session, boards.hall.expo, TeamRole.ORGANISER)
    script = way != "no script"
    mine = boards.open(f"&pick={one.key}", script=script)
    theirs = boards.open(f"&pick={one.key}", script=script, account_id=other.id)
    theirs.route("**/updates?*", lambda route: route.fulfill(status=204))
    put(mine, way)
    mine.get_by_text("Manual draft 2, 1 change.").wait_for()
    assert boards.at(one) == ("s1", "t0")
    put(theirs, way)
    theirs.get_by_text(f"{first} changed the same meeting").wait_for()
    theirs.get_by_text("Manual draft 2, 1 change.").wait_for()
    assert boards.at(one) == ("s1", "t0")
    theirs.goto(theirs.url.partition("?")[0] + f"?draft=2&pick={three.key}")
    put(theirs, way)
    theirs.get_by_text("Manual draft 2, 2 changes.").wait_for()
    assert (boards.at(one), boards.at(three)) == (("s1", "t0"), ("s1", "t2"))
    if not script:
        mine.reload()
    mine.get_by_text("Manual draft 2, 2 changes.").wait_for()
    mine.get_by_text(re.compile(re.escape(other.email))).first.wait_for()
    mine.get_by_role("button", name="Undo 1").wait_for()
    theirs.get_by_role("button", name="Undo 1").click()
    theirs.get_by_text("Change undone. Move: Firm 3 × Firm 4.").wait_for()
    assert (boards.at(one), boards.at(three)) == (("s1", "t0"), ("s0", "t2"))
    theirs.get_by_role("button", name=f"Undo change by {first}").click()
    theirs.get_by_text(f"Change by {first} undone. Move: Firm 0 × Firm 1.").wait_for()
    assert boards.at(one) == ("s0", "t0")


def test_by_keyboard_alone_what_breaks_walking_time_is_refused_and_the_cheapest_repair_done(
    boards: Boards,
) -> None:
    page = boards.open(f"&pick={boards.hall.one.key}")
    page.get_by_text("Current location").wait_for()
    keys = page.keyboard
    keys.press("m")
    for _ in range(30):
        if page.evaluate("document.activeElement.tagName") == "SUMMARY":
            break
        keys.press("Tab")
    keys.press("Enter")
    keys.press("Tab")
    for _ in range(2):
        keys.press("ArrowDown")
    assert page.evaluate("document.activeElement.value") == "s2"
    for _ in range(8):
        keys.press("Tab")
        if page.evaluate("document.activeElement.textContent") == "Place meeting":
            break
    keys.press("Enter")
    page.get_by_text(f"This change isn't possible. {TOO_FAR}").wait_for()
    assert boards.at(boards.hall.one) == ("s0", "t0")
    page.locator("td.here").wait_for()
    keys.press("r")
    page.get_by_text("Manual draft 2, 1 change.").wait_for()
    assert boards.at(boards.hall.one) != ("s0", "t0")


def test_a_time_is_forbidden_by_its_key_and_taken_back(boards: Boards) -> None:
    page = boards.open(f"&pick={boards.hall.one.key}")
    page.get_by_text("Current location").wait_for()
    page.keyboard.press("f")
    assert "this time can't be forbidden" in page.locator("#live").inner_text()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("f")
    page.get_by_text("Time forbidden. The next run").wait_for()
    assert page.get_by_text("This time was forbidden manually.").count()
    page.get_by_role("button", name="Undo 1").click()
    page.get_by_text("Change undone.").wait_for()


@pytest.mark.parametrize("way", WAYS)
def test_a_person_is_marked_away_from_their_row_and_what_it_breaks_is_moved(boards: Boards, way: str) -> None:
    page = boards.open("&rows=person", script=way != "no script")
    row = page.locator("tbody tr").filter(has_text="F0-P0")
    if way == "mouse":
        first, last = (row.locator("td").nth(at).bounding_box() for at in (1, 2))
        assert first and last
        page.mouse.move(first["x"] + 5, first["y"] + first["height"] - 3)
        page.mouse.down()
        page.mouse.move(last["x"] + 9, last["y"] + last["height"] - 3, steps=5)
        page.mouse.up()
        page.get_by_role("heading", name="Unavailable times of F0-P0").wait_for()
        assert page.locator("[name=slots]:checked").count() == 2
        page.get_by_label("09:00").first.check()
        page.get_by_role("button", name="Preview effects").click()
    elif way == "keys":
        row.locator("td").first.focus()
        page.keyboard.press("a")
        page.get_by_role("heading", name="Unavailable times of F0-P0").wait_for()
        page.get_by_role("button", name="Preview effects").focus()
        page.keyboard.press("Enter")
    else:
        row.get_by_role("link", name="Unavailable times").click()
        page.get_by_label("09:00").first.check()
        page.get_by_role("button", name="Preview effects").click()
    page.get_by_text("Move now:").wait_for()
    if way == "keys":
        expect(page.get_by_role("button", name="Save unavailable times")).to_be_focused()
        page.keyboard.press("Enter")
    else:
        page.get_by_role("button", name="Save unavailable times").click()
    page.get_by_text("1 meeting changed in this draft.").wait_for()
    assert not boards.sits("f0-p0", "s0")
    page.get_by_role("button", name="Undo last unavailable time").click()
    page.get_by_text("Change undone. Everything is as it was before.").wait_for()


def test_the_board_follows_what_another_organiser_does_and_leaves_a_form_that_is_in_use(
    boards: Boards,
) -> None:
    with boards.database.write() as session:
        other = make_member(session, boards.hall.expo, TeamRole.ORGANISER)
    mine, theirs = boards.open(), boards.open(account_id=other.id)
    theirs.locator(f'td[data-r="{boards.hall.three.key}"]').focus()
    mine.goto(mine.url + f"&pick={boards.hall.one.key}")
    mine.locator("td.free button").first.click()
    mine.get_by_text("Manual draft 2, 1 change.").wait_for()
    theirs.get_by_text("Manual draft 2, 1 change.").wait_for()
    said = f"The board has changed. {boards.hall.expo.organiser.email}: move, Firm 0 × Firm 1."
    theirs.get_by_text(said).wait_for()
    assert theirs.evaluate("document.activeElement.dataset.r") == boards.hall.three.key
    theirs.keyboard.press("Enter")
    theirs.get_by_text("Current location").wait_for()
    theirs.get_by_text("Place manually").click()
    mine.get_by_role("button", name="Undo 1").click()
    theirs.get_by_text("Show the updated board").wait_for()
    theirs.get_by_label("Time", exact=True).select_option("s1")
    theirs.get_by_label("Location", exact=True).fill("Table t2")
    theirs.locator(".by-hand").get_by_role("button", name="Place meeting", exact=True).click()
    theirs.get_by_text("Manual draft 2, 1 change.").wait_for()
    assert boards.at(boards.hall.three) == ("s1", "t2")
    assert boards.at(boards.hall.one) == ("s0", "t0")
    mine.get_by_role("button", name="Firm 3 × Firm 4").first.wait_for()
    mine.get_by_text(f"{other.email}: move, Firm 3 × Firm 4").wait_for()
