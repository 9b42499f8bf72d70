"""Read a calendar as Thunderbird does: with ical.js, in Node."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.conftest import skip_or_fail
from tests.workers import ROOT

SCRIPT = Path(__file__).with_name("read_calendar.mjs")
MODULE = ROOT / "build" / "npm" / "node_modules" / "ical.js" / "dist" / "ical.js"


@dataclass(frozen=True, slots=True)
class Event:
    """A VEVENT as ical.js understands it; times are UTC."""

    uid: str
    sequence: int
    start: datetime
    end: datetime
    zone: str
    dtstamp: datetime
    status: str
    organizer: str | None
    attendees: tuple[str, ...]
    summary: str
    location: str


@dataclass(frozen=True, slots=True)
class Calendar:
    method: str | None
    events: tuple[Event, ...]


def find_node() -> str:
    """Skips the test where Node or the module is missing."""
    node = shutil.which("node")
    if node is None:
        skip_or_fail("install Node.js to read calendars with ical.js (on Debian: apt install nodejs npm)")
    if not MODULE.is_file():
        skip_or_fail("install ical.js to read calendars with it: npm install --prefix build/npm ical.js")
    return str(node)


def read_calendar(content: bytes) -> Calendar:
    """Raises CalledProcessError for what ical.js cannot parse."""
    found = subprocess.run(
        [find_node(), SCRIPT, MODULE], input=content, stdout=subprocess.PIPE, check=True
    ).stdout
    read = json.loads(found)
    return Calendar(read["method"], tuple(_event(values) for values in read["events"]))


def _event(values: dict[str, Any]) -> Event:
    times = {name: datetime.fromisoformat(values[name]) for name in ("start", "end", "dtstamp")}
    return Event(**{**values, **times, "attendees": tuple(values["attendees"])})
