"""The board's targets as its template draws them, and what a form says is to be put where."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from scheduler.services.board.commands import Target

MOST_TO: Final = 8_000
"""Characters of what a button says is to be put where."""


@dataclass(frozen=True, slots=True)
class TargetCell:
    """What one cell is for the meeting that is picked up. `to` is what its button sends, if there is one."""

    standing: str
    say: str
    points: str
    to: str = ""
    at: str = ""
    """The name of the place that it is put at, where that is another one like this."""


@dataclass(frozen=True, slots=True)
class BestWay:
    """One of the best ways to hold the meeting that is picked up."""

    slot: str
    place: str
    """Its name, with the hall's."""
    say: str
    points: str
    is_loss: bool
    to: str


@dataclass(frozen=True, slots=True)
class Offer:
    """All that is known about the meeting that is picked up."""

    cells: Mapping[tuple[str, str], TargetCell]
    best: tuple[BestWay, ...]
    is_aside: bool


def offer_of(answer: Mapping[str, Any]) -> Offer:
    """The offer in an answer of the board's worker."""
    cells = {
        (row["slot"], row["place"]): TargetCell(
            row["standing"], row.get("say", ""), points(row.get("gain")), _to(row), row.get("at", "")
        )
        for row in answer.get("targets", ())
    }
    best = tuple(
        BestWay(row["slot"], row["place_name"], row["say"], points(row["gain"]), row["gain"] < 0, _to(row))
        for row in answer.get("best", ())
    )
    return Offer(cells, best, bool(answer.get("aside")))


def points(gain: float | None) -> str:
    """What it does to the score: "+12", "−4", or nothing if it is not known."""
    if gain is None:
        return ""
    whole = round(gain)
    return f"+{whole:,}" if whole > 0 else f"−{-whole:,}" if whole < 0 else "0"


def _to(row: Mapping[str, Any]) -> str:
    if "put" not in row:
        return ""
    said = {"put": row["put"], "dropped": row.get("dropped", [])}
    return json.dumps(said, ensure_ascii=False, separators=(",", ":"))


def read_to(text: str) -> tuple[list[Target], list[str]] | None:
    """What a button sent, or None if it is not of ours. Nothing of it is trusted."""
    if len(text) > MOST_TO:
        return None
    try:
        said = json.loads(text)
        targets = [_target(row) for row in said["put"]]
        dropped = said["dropped"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    if not isinstance(dropped, list) or not all(isinstance(key, str) for key in dropped):
        return None
    return targets, dropped


def _target(row: Sequence[Any]) -> Target:
    request, slot, place, people, interpreter = row
    texts = (request, slot, place, *people)
    if not isinstance(people, list) or not all(isinstance(each, str) for each in texts):
        raise TypeError("no keys")
    if interpreter is not None and not isinstance(interpreter, str):
        raise TypeError("no key")
    return Target(request, slot, place, tuple(people), interpreter)
