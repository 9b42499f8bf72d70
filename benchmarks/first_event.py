"""From an empty installation to a published expo in a browser: seconds and clicks by step.

    python -m benchmarks.first_event            # 60 firms, a minute
    python -m benchmarks.first_event --full     # 620 firms, 9,000 requests

Requires Chromium, Playwright and a broker, as the browser tests do.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from benchmarks import machine
from scheduler.services.identity import sign_in
from tests.e2e.conftest import CHROMIUM_OPTIONS
from tests.e2e.first_event import Planned, Way, planned, workbook_of
from tests.e2e.stack import Up, chainmeet_up
from tests.e2e.visitor import Visitor

OPERATOR = "operator@site.example"
PATIENCE = 600_000
"""Timeout in milliseconds."""


Steps = list[tuple[str, Callable[[], None]]]


def main() -> None:
    parser = argparse.ArgumentParser(description="From an empty installation to a published event.")
    parser.add_argument("--full", action="store_true")
    full = parser.parse_args().full
    firms, requests, seconds = (620, 9_000, 60) if full else (60, 300, 5)
    folder = Path(tempfile.mkdtemp(prefix="chainmeet-first-event-"))
    octets = workbook_of(folder, firms=firms, requests=requests)
    print(
        f"workbook of {firms} firms and {requests} requests: {len(octets) / 1e6:.1f} MB; {machine.machine()}"
    )
    with sync_playwright() as playwright, chainmeet_up(folder / "data") as up:
        path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
        chromium = playwright.chromium.launch(executable_path=path, args=list(CHROMIUM_OPTIONS))
        way = begin(chromium, up)
        do(way, [("one workbook to an event", partial(way.make, octets))])
        do(way, [("a run, looked at and published", partial(way.run_and_publish, seconds=seconds))])
        found = planned(way)
        do(way, changes(way, found, seconds))
        report(way, found)
        chromium.close()
    shutil.rmtree(folder, ignore_errors=True)


def begin(chromium: Browser, up: Up) -> Way:
    """Return the session of a signed-in operator."""
    with up.database.write() as session:
        sign_in.ensure_account(session, OPERATOR, is_operator=True, now=up.database.now())
    visitor = Visitor(chromium, up)
    visitor.page.context.set_default_timeout(PATIENCE)
    visitor.sign_in(OPERATOR)
    return Way(visitor, up)


def changes(way: Way, found: Planned, seconds: int) -> Steps:
    """Return changes of a published event, and the run that reschedules it."""
    return [
        ("a hall renamed", lambda: way.rename(found.hall, "Harbour Hall")),
        ("a table closed", lambda: way.close_table(found.table, found.table_hall, found.day)),
        ("a firm moved", lambda: way.move(found.moves, "NEW-1")),
        ("a firm withdrawn", lambda: way.withdraw(found.leaves)),
        ("a person ill on Wednesday", lambda: way.call_in_sick(found.ill, found.ill_slots)),
        ("a second organiser invited", lambda: way.invite("second@expo.example")),
        ("a run, its changes looked at", lambda: way.run(seconds=seconds)),
    ]


def do(way: Way, steps: Steps) -> None:
    for name, step in steps:
        with way.step(name):
            step()
        last, took = list(way.took.items())[-1]
        print(f"{took:8.1f} s  {last}", flush=True)


def report(way: Way, found: Planned) -> None:
    before, after = way.meetings(1), way.meetings(2)
    gone, new = before.keys() - after.keys(), after.keys() - before.keys()
    other = {key for key in before.keys() & after.keys() if before[key] != after[key]}
    beyond = (gone | other) - found.concerned
    print(f"{sum(way.took.values()):8.1f} s  in all, {way.presses} presses")
    print(f"{len(before):,} meetings published; {len(found.concerned)} concerned by what happened")
    print(f"{len(gone)} called off, {len(other)} changed, {len(new)} added; {len(beyond)} of others")


if __name__ == "__main__":
    main()
