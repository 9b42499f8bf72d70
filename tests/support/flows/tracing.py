"""Tracing of public functions that rooms call of each other."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

ROOT = Path(__file__).parents[3]
EDGES = {"api": "pages", "workers": "workers"}
"""Rooms that are whole packages, and their names in the diagrams."""
TOOLS = ("untrusted", "solver", "invites", "sheets")
"""Packages of `scheduler` that are a room each. Others are used by all rooms, and omitted."""
START = "start"
"""The initiator: a browser, a worker's task, a mail server."""


@dataclass(frozen=True, slots=True)
class Call:
    """A function of a room that another room calls, as `module.function`."""

    caller: str
    room: str
    function: str


@dataclass(slots=True)
class Step:
    """A step of a flow: a sentence, and the calls between rooms in order of first occurrence."""

    title: str
    calls: list[Call] = field(default_factory=list)

    def arrows(self) -> dict[tuple[str, str], list[str]]:
        """Return the functions by caller and room."""
        found: dict[tuple[str, str], list[str]] = {}
        for call in self.calls:
            found.setdefault((call.caller, call.room), []).append(call.function)
        return found


class Recorder:
    """Records calls in all threads during a step. Calls of every page (`usual`) are omitted."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.usual: set[Call] = set()
        self.now: dict[Call, None] = {}
        """Calls recorded in the current block, in order."""

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Trace the block."""
        self.now = {}
        with _profile(self.now):
            yield
        self.steps.append(Step(title, [call for call in self.now if call not in self.usual]))

    def untraced(self, function: Callable[P, T], *, caller: str) -> Callable[P, T]:
        """Return the function for a trace that records the call by `caller`, but not what it does."""

        def call(*args: P.args, **options: P.kwargs) -> T:
            traced = sys.getprofile()
            found = _function(function.__code__)
            if traced is None or found is None:
                return function(*args, **options)
            self.now.setdefault(Call(caller, *found))
            sys.setprofile(None)
            threading.setprofile(None)
            try:
                return function(*args, **options)
            finally:
                sys.setprofile(traced)

        return call

    @contextmanager
    def of_every_page(self) -> Iterator[None]:
        """Record the calls in the block as those of every page: session, menu, notices."""
        self.now = {}
        with _profile(self.now):
            yield
        self.usual |= set(self.now)


@contextmanager
def _profile(seen: dict[Call, None]) -> Iterator[None]:
    def note(frame: FrameType, event: str, _argument: Any) -> None:
        if event == "call" and (found := _function(frame.f_code)) is not None:
            caller = _caller(frame)
            if caller is not None and caller not in (
                found[0],
                "solver",
            ):  # a solver's reports depend on timing
                seen.setdefault(Call(str(caller), *found))

    threading.setprofile(note)
    sys.setprofile(note)
    try:
        yield
    finally:
        sys.setprofile(None)
        threading.setprofile(None)


@cache
def _function(code: CodeType) -> tuple[str, str] | None:
    """Return room and name of a public module-level function, or None."""
    room, name = _room(code.co_filename), code.co_qualname
    if room is None or name.startswith(("_", "<")) or "." in name:
        return None
    path = Path(code.co_filename)
    return room, f"{path.parent.name if path.stem == '__init__' else path.stem}.{name}"


def _caller(frame: FrameType) -> str | None:
    """Return the room of the nearest frame in a room, or None during an import."""
    back = frame.f_back
    while back is not None:
        if (room := _room(back.f_code.co_filename)) is not None:
            return None if back.f_code.co_name == "<module>" else room
        back = back.f_back
    return START


@cache
def _room(file: str) -> str | None:
    """Return the room of a file, or None."""
    if not file.startswith(f"{ROOT}/"):
        return None
    package, *rest = Path(file).relative_to(ROOT).parts
    if package in EDGES:
        return EDGES[package]
    if package != "scheduler" or len(rest) < 2:
        return None
    if rest[0] == "services":
        return rest[1] if len(rest) > 2 else None
    return rest[0] if rest[0] in TOOLS else None
