"""The board's targets as its template draws them, and what a form says is to be put where."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from api.language.speaking import said
from api.pages.presentation import number
from scheduler.domain.by_hand import HandStepKind
from scheduler.saying import of_json, say
from scheduler.services.board.commands import Target

SAID: Final[Mapping[HandStepKind, str]] = {
    HandStepKind.MOVE: say("Moved."),
    HandStepKind.PLACE: say("Moved to another place."),
    HandStepKind.PEOPLE: say("Other people meet now."),
    HandStepKind.SWAP: say("Swapped."),
    HandStepKind.ADD: say("Added."),
    HandStepKind.CANCEL: say("Cancelled. The next run leaves it out."),
    HandStepKind.LOCK: say("Locked. The next run leaves it there."),
    HandStepKind.UNLOCK: say("Unlocked. The next run may move it."),
    HandStepKind.FORBID: say("Forbidden. The next run does not hold it then."),
    HandStepKind.ALLOW: say("Allowed again."),
    HandStepKind.REPAIR: say("Moved, and others with it."),
}
"""What a page says once a step is done."""
STEPS: Final[Mapping[HandStepKind, str]] = {
    HandStepKind.MOVE: say("move"),
    HandStepKind.PLACE: say("place"),
    HandStepKind.PEOPLE: say("people"),
    HandStepKind.SWAP: say("swap"),
    HandStepKind.ADD: say("add"),
    HandStepKind.CANCEL: say("cancel"),
    HandStepKind.LOCK: say("lock"),
    HandStepKind.UNLOCK: say("unlock"),
    HandStepKind.FORBID: say("forbid"),
    HandStepKind.ALLOW: say("allow"),
    HandStepKind.REPAIR: say("repair"),
}
"""What a step is called in the log of a draft."""
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
            row["standing"], of_json(row.get("say", "")), points(row.get("gain")), _to(row), row.get("at", "")
        )
        for row in answer.get("targets", ())
    }
    best = tuple(
        BestWay(
            row["slot"],
            of_json(row["place_name"]),
            of_json(row["say"]),
            points(row["gain"]),
            row["gain"] < 0,
            _to(row),
        )
        for row in answer.get("best", ())
    )
    return Offer(cells, best, bool(answer.get("aside")))


def points(gain: float | None) -> str:
    """What it does to the score: "+12", "−4", or nothing if it is not known."""
    if gain is None:
        return ""
    whole = round(gain)
    return f"+{number(whole)}" if whole > 0 else f"−{number(-whole)}" if whole < 0 else "0"


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


def step_word(kind: HandStepKind) -> str:
    """What a step is called, in the reader's language."""
    return said(STEPS[kind])


RANK: Final = ("here", "free", "like", "moves", "no")


def by_person(offer: Offer, people: Sequence[str]) -> Offer:
    """The best target at each time, in the rows of the people of the meeting."""
    best: dict[str, TargetCell] = {}
    for (slot, _), cell in offer.cells.items():
        known = best.get(slot)
        if known is None or RANK.index(cell.standing) < RANK.index(known.standing):
            best[slot] = cell
    cells = {(slot, person): cell for slot, cell in best.items() for person in people}
    return Offer(cells, offer.best, offer.is_aside)


def cheapest(offer: Offer | None, slot: str) -> BestWay | None:
    """The best way to the time that was refused, or else anywhere."""
    if offer is None or not slot:
        return None
    return next((way for way in offer.best if way.slot == slot), next(iter(offer.best), None))
