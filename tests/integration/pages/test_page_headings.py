"""Headings are in order on every page and state: one h1, and no skipped level."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from tests.e2e.test_browser_axe import PAGES, whole
from tests.support import clocks
from tests.support.everything import Everything, everything_in
from tests.support.factories import NOW
from tests.support.web import Browser

ARTICLES = ("/api/v1/docs",)
"""Generated pages."""


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Everything]:
    with everything_in(tmp_path_factory.mktemp("headings"), sqlite_template) as made:
        yield made


def out_of_order(page: str) -> list[str]:
    """Return what is wrong with the headings of a page."""
    levels = [int(level) for level in re.findall(r"<h([1-6])\b", page)]
    wrong = [f"h{before} to h{after}" for before, after in pairwise(levels) if after > before + 1]
    return wrong + ([] if levels.count(1) == 1 and levels[0] == 1 else [f"h1 of {levels}"])


def test_what_is_out_of_order_is_found() -> None:
    assert out_of_order("<h1>a</h1><h2>b</h2><h4>c</h4>") == ["h2 to h4"]
    assert out_of_order("<h2>b</h2>") == ["h1 of [2]"]
    assert out_of_order("<h1>a</h1><h2>b</h2><h3>c</h3><h2>d</h2>") == []


@pytest.mark.parametrize("day", ["before", "after"])
@pytest.mark.parametrize("role", PAGES)
def test_the_headings_of_every_page_are_in_order(
    role: str, day: str, everything: Everything, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also once meetings have begun, and pages ask for outcomes."""
    first = everything.expo.slots[0].start
    clocks.hold(monkeypatch, NOW if day == "before" else first + timedelta(hours=1))
    browser = Browser(everything.app, None if role == "signed out" else everything.account(role))
    found, looked_at = {}, 0
    for path in PAGES[role]:
        path = whole(path, everything.known)
        response = browser.client.get(path, follow_redirects=True)
        if path in ARTICLES or not response.text.lstrip().startswith("<!doctype html>"):
            continue
        looked_at += 1
        if wrong := out_of_order(response.text):
            found[path] = wrong
    assert looked_at and found == {}
