"""Targets on the board for templates, and parsing of submitted placements."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from jinja2.utils import htmlsafe_json_dumps

from api.language.speaking import said
from api.pages.formatting import number
from scheduler.domain.manual_edits import EditStepKind
from scheduler.i18n import from_json, gettext_lazy
from scheduler.services.board.commands import Placement

SAID: Final[Mapping[EditStepKind, str]] = {
    EditStepKind.MOVE: gettext_lazy("Meeting moved."),
    EditStepKind.PLACE: gettext_lazy("Location changed."),
    EditStepKind.PEOPLE: gettext_lazy("Attendees changed."),
    EditStepKind.SWAP: gettext_lazy("Meetings swapped."),
    EditStepKind.ADD: gettext_lazy("Meeting added."),
    EditStepKind.CANCEL: gettext_lazy("Meeting cancelled. The next run leaves it out."),
    EditStepKind.LOCK: gettext_lazy("Meeting locked. The next run leaves it where it is."),
    EditStepKind.UNLOCK: gettext_lazy("Meeting unlocked. The next run may move it."),
    EditStepKind.FORBID: gettext_lazy("Time forbidden. The next run doesn't schedule the meeting then."),
    EditStepKind.ALLOW: gettext_lazy("Time allowed again."),
    EditStepKind.REPAIR: gettext_lazy("Meeting moved, along with other meetings."),
}
"""Messages after a step."""
STEPS: Final[Mapping[EditStepKind, str]] = {
    EditStepKind.MOVE: gettext_lazy("move"),
    EditStepKind.PLACE: gettext_lazy("change location"),
    EditStepKind.PEOPLE: gettext_lazy("change attendees"),
    EditStepKind.SWAP: gettext_lazy("swap"),
    EditStepKind.ADD: gettext_lazy("add"),
    EditStepKind.CANCEL: gettext_lazy("cancel"),
    EditStepKind.LOCK: gettext_lazy("lock"),
    EditStepKind.UNLOCK: gettext_lazy("unlock"),
    EditStepKind.FORBID: gettext_lazy("forbid time"),
    EditStepKind.ALLOW: gettext_lazy("allow time"),
    EditStepKind.REPAIR: gettext_lazy("move with other meetings"),
}
"""Names of steps in the log of a draft."""
MOST_TO: Final = 8_000
"""Maximum length of a submitted placement, in characters."""


@dataclass(frozen=True, slots=True)
class TargetCell:
    """A cell as target of the selected meeting. `to` is the value of its button, or "" without one."""

    standing: str
    sentence: str
    points: str
    to: str = ""
    at: str = ""
    """Name of the actual place, if it is an equivalent one."""
    seek: str = ""
    """Value of the button that searches a blocked place."""


@dataclass(frozen=True, slots=True)
class BestWay:
    """One of the best placements of the selected meeting."""

    slot: str
    place: str
    """Name of the place, with that of the hall."""
    sentence: str
    points: str
    is_loss: bool
    to: str
    hall: str
    """ID of its hall."""
    moves: int
    """Number of other meetings that change."""
    people: tuple[str, ...]
    """Names of people whose other meetings change."""


@dataclass(frozen=True, slots=True)
class SearchedPlace:
    """The result of a search for one slot and place: `found` with a placement, `impossible` or `unknown`."""

    slot: str
    place: str
    outcome: str
    way: BestWay | None


@dataclass(frozen=True, slots=True)
class Offer:
    """All targets of the selected meeting."""

    cells: Mapping[tuple[str, str], TargetCell]
    best: tuple[BestWay, ...]
    is_aside: bool
    others: BestWay | None = None
    """The best placement with other attendees at the present slot and place."""
    searched: SearchedPlace | None = None

    @property
    def has_target(self) -> bool:
        """True if the view has a target."""
        return any(cell.to for cell in self.cells.values())


def offer_of(answer: Mapping[str, Any]) -> Offer:
    """Parse the answer of the board's worker."""
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
    """Format the change of the score: "+12", "−4", or "" if unknown."""
    if gain is None:
        return ""
    whole = round(gain)
    return f"+{number(whole)}" if whole > 0 else f"−{number(-whole)}" if whole < 0 else "0"


def _to(row: Mapping[str, Any]) -> str:
    """Return the value of a button for an attribute in single quotes: JSON needs fewer escapes there."""
    if "put" not in row:
        return ""
    said = {name: row[name] for name in ("put", "dropped") if row.get(name)}
    return htmlsafe_json_dumps(said, ensure_ascii=False, separators=(",", ":"))


def read_to(text: str) -> tuple[list[Placement], list[str]] | None:
    """Parse the untrusted value of a button. Return None if invalid."""
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
    """Return the name of a step in the reader's language."""
    return said(STEPS[kind])


RANK: Final = ("here", "free", "like", "moves", "blocked", "no")


def by_person(offer: Offer, people: Sequence[str]) -> Offer:
    """Return the best target at each time, in the rows of the meeting's attendees."""
    best: dict[str, TargetCell] = {}
    for (slot, _), cell in offer.cells.items():
        known = best.get(slot)
        if known is None or RANK.index(cell.standing) < RANK.index(known.standing):
            best[slot] = cell
    cells = {(slot, person): cell for slot, cell in best.items() for person in people}
    return replace(offer, cells=cells)


def sought(text: str) -> tuple[str, str] | None:
    """Parse the slot and place of a search button. Return None if invalid."""
    slot, _, place = text.partition(" ")
    return (slot, place) if slot and place else None


def cheapest(offer: Offer | None, slot: str) -> BestWay | None:
    """Return the best placement at the rejected slot, or otherwise anywhere."""
    if offer is None or not slot:
        return None
    return next((way for way in offer.best if way.slot == slot), next(iter(offer.best), None))
