"""The table of routes and roles is complete."""

from __future__ import annotations

from pathlib import Path

import pytest

from scheduler.services.identity.api_tokens import SCOPES
from tests.integration.identity.route_requests import PEOPLE, PROGRAMS, Copies, read, written
from tests.integration.identity.table import CALLS, PAGES
from tests.support import clocks
from tests.support.factories import NOW

CALLERS = (*PROGRAMS, *SCOPES)


@pytest.fixture(scope="module")
def copies(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Copies:
    with pytest.MonkeyPatch.context() as patch:
        clocks.hold(patch, NOW)
        return Copies(sqlite_template, tmp_path_factory.mktemp("routes"))


@pytest.fixture
def standing_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    clocks.hold(monkeypatch, NOW)


@pytest.mark.slow
@pytest.mark.usefixtures("standing_clock")
def test_every_page_is_for_whom_the_table_says(copies: Copies) -> None:
    found = copies.by_people()
    assert found == read(PAGES, PEOPLE), written(found, PEOPLE)


@pytest.mark.slow
@pytest.mark.usefixtures("standing_clock")
def test_every_call_is_for_whom_the_table_says(copies: Copies) -> None:
    found = copies.by_programs()
    assert found == read(CALLS, CALLERS), written(found, CALLERS)


def test_no_page_of_an_event_is_for_who_has_no_part_in_it() -> None:
    rows = {name: row for name, row in read(PAGES, PEOPLE).items() if "EVENT" in name}
    assert len(rows) > 70
    for name, row in rows.items():
        assert (row["stranger"], row["operator"]) == (404, 404), name
        assert row["nobody"] in (302, 403), name


TWO_SCOPES = {
    "GET API/audit-log",
    "GET API/outcomes",
    "GET API/chain-report",
    "GET API/chain-report/meetings",
}
"""Routes that need a second scope: the audit log has addresses, the others show the schedule."""

ALL_EVENTS = {"POST API/events", "POST API/events/<key>/copy"}
"""Routes that no token of one event may use."""


def test_every_call_but_that_of_the_event_takes_one_scope() -> None:
    for name, row in read(CALLS, CALLERS).items():
        let_in = {scope for scope in SCOPES if row[scope] != 403}
        assert row["none"] == 401, name
        is_let_in = name not in TWO_SCOPES | ALL_EVENTS
        assert len(let_in) == is_let_in or name == "GET API/event", (name, let_in)
