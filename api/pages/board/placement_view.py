"""The board's targets as its template draws them, and what a form says is to be put where."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from api.language.speaking import said
from api.pages.presentation import number
from scheduler.domain.manual_edits import EditStepKind
from scheduler.i18n import from_json, gettext_lazy
from scheduler.services.board.commands import Placement

SAID: Final[Mapping[EditStepKind, str]] = {
    EditStepKind.MOVE: gettext_lazy("Moved."),
    EditStepKind.PLACE: gettext_lazy("Moved to another place."),
    EditStepKind.PEOPLE: gettext_lazy("Other people meet now."),
    EditStepKind.SWAP: gettext_lazy("Swapped."),
    EditStepKind.ADD: gettext_lazy("Added."),
    EditStepKind.CANCEL: gettext_lazy("Cancelled. The next run leaves it out."),
    EditStepKind.LOCK: gettext_lazy("Locked. The next run leaves it there."),
    EditStepKind.UNLOCK: gettext_lazy("Unlocked. The next run may move it."),
    EditStepKind.FORBID: gettext_lazy("Forbidden. The next run does not hold it then."),
    EditStepKind.ALLOW: gettext_lazy("Allowed again."),
    EditStepKind.REPAIR: gettext_lazy("Moved, and others with it."),
}
"""What a page says once a step is done."""
STEPS: Final[Mapping[EditStepKind, str]] = {
    EditStepKind.MOVE: gettext_lazy("move"),
    EditStepKind.PLACE: gettext_lazy("place"),
    EditStepKind.PEOPLE: gettext_lazy("people"),
    EditStepKind.SWAP: gettext_lazy("swap"),
    EditStepKind.ADD: gettext_lazy("add"),
    EditStepKind.CANCEL: gettext_lazy("cancel"),
    EditStepKind.LOCK: gettext_lazy("lock"),
    EditStepKind.UNLOCK: gettext_lazy("unlock"),
    EditStepKind.FORBID: gettext_lazy("forbid"),
    EditStepKind.ALLOW: gettext_lazy("allow"),
    EditStepKind.REPAIR: gettext_lazy("repair"),
}
"""What a step is called in the log of a draft."""
MOST_TO: Final = 8_000
"""Characters of what a button says is to be put where."""


@dataclass(frozen=True, slots=True)
class TargetCell:
    """What one cell is for the meeting that is picked up. `to` is what its button sends, if there is one."""

    standing: str
    sentence: str
    points: str
    to: str = ""
    at: str = ""
    """The name of the place that it is put at, where that is another one like this."""
    seek: str = ""
    """What a button sends to have a blocked place searched."""


@dataclass(frozen=True, slots=True)
class BestWay:
    """One of the best ways to hold the meeting that is picked up."""

    slot: str
    place: str
    """Its name, with the hall's."""
    sentence: str
    points: str
    is_loss: bool
    to: str
    hall: str
    """The key of its hall."""
    moves: int
    """How many other meetings change."""
    people: tuple[str, ...]
    """The names of the people whose other meetings change."""


@dataclass(frozen=True, slots=True)
class SearchedPlace:
    """What a search for one time and place came to: `found` with a way, `impossible`, or `unknown`."""

    slot: str
    place: str
    outcome: str
    way: BestWay | None


@dataclass(frozen=True, slots=True)
class Offer:
    """All that is known about the meeting that is picked up."""

    cells: Mapping[tuple[str, str], TargetCell]
    best: tuple[BestWay, ...]
    is_aside: bool
    others: BestWay | None = None
    """The best way with other people where the meeting is."""
    searched: SearchedPlace | None = None

    @property
    def has_target(self) -> bool:
        """Whether it can be put somewhere in the view."""
        return any(cell.to for cell in self.cells.values())


def offer_of(answer: Mapping[str, Any]) -> Offer:
    """The offer in an answer of the board's worker."""
    rows = answer.get("targets", ())
    cells = {
        (row["slot"], row["place"]): TargetCell(
            row["standing"],
            from_json(row.get("say", "")),
            points(row.get("gain")),
            _to(row),
            row.get("at", ""),
            f"{row['slot']} {row['place']}" if row["standing"] == "blocked" else "",
        )
        for row in rows
    }
    best = tuple(map(_way, answer.get("best", ())))
    others = next((_way(row["others"]) for row in rows if "others" in row), None)
    return Offer(cells, best, bool(answer.get("aside")), others, _searched(answer.get("searched")))


def _way(row: Mapping[str, Any]) -> BestWay:
    return BestWay(
        row["slot"],
        from_json(row["place_name"]),
        from_json(row["say"]),
        points(row["gain"]),
        row["gain"] < 0,
        _to(row),
        row.get("hall", ""),
        len(row["put"]) - 1 + len(row.get("dropped", ())),
        tuple(row.get("people", ())),
    )


def _searched(row: Mapping[str, Any] | None) -> SearchedPlace | None:
    if row is None:
        return None
    way = _way(row) if "put" in row else None
    return SearchedPlace(row["slot"], from_json(row["place_name"]), row["outcome"], way)


def points(gain: float | None) -> str:
    """What it does to the score: "+12", "−4", or nothing if it is not known."""
    if gain is None:
        return ""
    whole = round(gain)
    return f"+{number(whole)}" if whole > 0 else f"−{number(-whole)}" if whole < 0 else "0"


def _to(row: Mapping[str, Any]) -> str:
    if "put" not in row:
        return ""
    said = {name: row[name] for name in ("put", "dropped") if row.get(name)}
    return json.dumps(said, ensure_ascii=False, separators=(",", ":"))


def read_to(text: str) -> tuple[list[Placement], list[str]] | None:
    """What a button sent, or None if it is not of ours. Nothing of it is trusted."""
    if len(text) > MOST_TO:
        return None
    try:
        said = json.loads(text)
        targets = [_target(row) for row in said["put"]]
        dropped = said.get("dropped", [])
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    if not isinstance(dropped, list) or not all(isinstance(key, str) for key in dropped):
        return None
    return targets, dropped


def _target(row: Sequence[Any]) -> Placement:
    request, slot, place, people, interpreter = row
    texts = (request, slot, place, *people)
    if not isinstance(people, list) or not all(isinstance(each, str) for each in texts):
        raise TypeError("no keys")
    if interpreter is not None and not isinstance(interpreter, str):
        raise TypeError("no key")
    return Placement(request, slot, place, tuple(people), interpreter)


def step_word(kind: EditStepKind) -> str:
    """What a step is called, in the reader's language."""
    return said(STEPS[kind])


RANK: Final = ("here", "free", "like", "moves", "blocked", "no")


def by_person(offer: Offer, people: Sequence[str]) -> Offer:
    """The best target at each time, in the rows of the people of the meeting."""
    best: dict[str, TargetCell] = {}
    for (slot, _), cell in offer.cells.items():
        known = best.get(slot)
        if known is None or RANK.index(cell.standing) < RANK.index(known.standing):
            best[slot] = cell
    cells = {(slot, person): cell for slot, cell in best.items() for person in people}
    return replace(offer, cells=cells)


def sought(text: str) -> tuple[str, str] | None:
    """The slot and place of which a button says that they are to be searched."""
    slot, _, place = text.partition(" ")
    return (slot, place) if slot and place else None


def cheapest(offer: Offer | None, slot: str) -> BestWay | None:
    """The best way to the time that was refused, or else anywhere."""
    if offer is None or not slot:
        return None
    return next((way for way in offer.best if way.slot == slot), next(iter(offer.best), None))
