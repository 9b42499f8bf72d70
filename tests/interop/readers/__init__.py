"""Third-party calendar parsers, each in its own process and a distant time zone.

All read a JSON array of calendars, and write one of readings: METHOD, events, and faults as text.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.support import missing_programs
from tests.support.workers import ROOT

FOLDER = Path(__file__).parent
NAMES = ("ical.js", "node-ical", "ical", "libical")
ELSEWHERE = "America/New_York"


@dataclass(frozen=True, slots=True)
class Event:
    """A VEVENT as parsed; times are aware. `organizer` and `attendees` are URIs as written."""

    uid: str
    sequence: int
    start: datetime
    end: datetime
    zone: str
    dtstamp: datetime
    status: str | None
    organizer: str | None
    attendees: tuple[str, ...]
    summary: str
    location: str
    alarms: tuple[tuple[str, int, str], ...] = ()
    """Each VALARM's action, trigger in seconds from the start, and text."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """A reader's result for a calendar; with faults it may be incomplete."""

    method: str | None
    events: tuple[Event, ...]
    faults: tuple[str, ...]


def read(name: str, calendars: Sequence[bytes]) -> list[Calendar]:
    """Return the named reader's result for each calendar."""
    done = subprocess.run(
        _command(name),
        input=json.dumps([octets.decode("utf-8") for octets in calendars]).encode(),
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, "TZ": ELSEWHERE},
        check=True,
    )
    return [_calendar(values) for values in json.loads(done.stdout)]


def require(name: str) -> None:
    """Skip the test if this reader is missing."""
    missing_programs.require(*_PROGRAMS.get(name, ()))


_NODE = "Node.js", "npm's packages"
_PROGRAMS = {"ical.js": _NODE, "node-ical": _NODE, "libical": ("libical",)}


def _command(name: str) -> list[str | Path]:
    if name in ("ical.js", "node-ical"):
        script = FOLDER / f"{name.replace('.', '').replace('-', '')}.mjs"
        return ["node", script, missing_programs.NODE_MODULES]
    return [sys.executable, "-m", f"tests.interop.readers.{'pyical' if name == 'ical' else name}"]


def _calendar(values: dict[str, Any]) -> Calendar:
    events = tuple(map(_event, values["events"]))
    return Calendar(values["method"], events, tuple(values["faults"]))


def _event(values: dict[str, Any]) -> Event:
    times = {name: datetime.fromisoformat(values[name]) for name in ("start", "end", "dtstamp")}
    alarms = tuple((action.upper(), round(trigger), said) for action, trigger, said in values["alarms"])
    return Event(**{**values, **times, "attendees": tuple(values["attendees"]), "alarms": alarms})
