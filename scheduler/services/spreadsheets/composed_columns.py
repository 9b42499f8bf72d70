"""Composed columns: hall and booth in one cell, a name in two."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from scheduler.domain.entities import RequestState
from scheduler.i18n import gettext_lazy
from scheduler.services.spreadsheets import cell_values, request_faults, time_parsing
from scheduler.services.spreadsheets.columns import ImportKind, fold_text, is_family_name_first
from scheduler.services.spreadsheets.proposals import AllowedValues
from scheduler.services.text import narrow_text

_HALL_WORD: Final = r"(?:halls?|halle|hal|pav(?:illon|illion|ell[oó]n|ilion)?\.?|csarnok|nave|sala|building)"
_HALL: Final = re.compile(
    rf"\b{_HALL_WORD}\b|号馆|號館|号館|馆|館|ホール|홀|관|전시관|\bcsarnok\b", re.IGNORECASE
)
# Of a text with single spaces. Parts are bounded, so that untrusted text costs linear time.
_HALL_FIRST: Final = (
    re.compile(rf"(?P<hall>{_HALL_WORD} ?\.? ?[\w.]{{1,12}}) (?P<booth>\S.*)", re.IGNORECASE),
    re.compile(r"(?P<hall>.{0,12}?(?:号馆|號館|号館|馆|館|ホール|홀|전시관|관)) ?(?P<booth>\S.*)"),
    re.compile(r"(?P<hall>\w{1,12}\.? ?csarnok) (?P<booth>\S.*)", re.IGNORECASE),
    re.compile(r"(?P<booth>[^()]{1,24})\((?P<hall>[^()]{1,24})\)"),
)
_BOOTH_WORD: Final = re.compile(
    r"^(?:(?:booth|stand|stall|estand|caseta)\b|展位号?|摊位号?|展台号?|小間|ブース|부스)\s*(?:nr|no|n°|nº|#|号)?\s*[.:]?\s*",
    re.IGNORECASE,
)
_SIGNS: Final = re.compile(r" ?[/,;|·、，：:–—] ?| - ")
_IDEOGRAPHS: Final = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]+")


@dataclass(slots=True)
class ComposedCells:
    """The cells of a row by our columns.

    `wrong` lists unreadable cells: column, message, allowed values.
    """

    cells: dict[str, str]
    wrong: list[tuple[str, str, AllowedValues | None]] = field(default_factory=list)


def compose_cells(kind: ImportKind, read: Mapping[str, str], headers: Mapping[str, str]) -> ComposedCells:
    """Return the cells of a row without composed columns. `headers` are the header texts."""
    made = ComposedCells(dict(read))
    if "first_name" in read or "last_name" in read:
        _name(made, headers)
    if "hall_and_booth" in read:
        _hall_and_booth(made)
    elif kind is ImportKind.FIRMS and "hall" not in read:
        hall, booth = split_hall_and_booth(read.get("booth", "")) or ("", "")
        if _HALL.search(hall):
            made.cells["hall"], made.cells["booth"] = hall, booth
    if "when" in read:
        _when(made)
    if "answer" in read:
        _answer(made, headers)
    return made


def split_hall_and_booth(text: str) -> tuple[str, str] | None:
    """Split a cell such as `Hall 3 / B-12`, `3号馆 B12` or `B-12 (Hall 3)` into hall and booth; None if
    impossible.
    """
    text = narrow_text(text)
    parts = [part for part in _SIGNS.split(text) if part]
    if len(parts) == 2:
        hall, booth = parts
        if _HALL.search(booth) and not _HALL.search(hall):
            hall, booth = booth, hall
        return hall, _BOOTH_WORD.sub("", booth)
    for pattern in _HALL_FIRST:
        if len(parts) == 1 and (match := pattern.fullmatch(text)) and _HALL.search(match["hall"]):
            return match["hall"].strip(), _BOOTH_WORD.sub("", match["booth"].strip())
    return None


def join_name(first: str, last: str, *, family_first: bool) -> str:
    """Return a person's full name in the customary order of its language."""
    if _IDEOGRAPHS.fullmatch(last) and _IDEOGRAPHS.fullmatch(first):
        return last + first
    return " ".join(filter(None, (last, first) if family_first else (first, last)))


def _name(made: ComposedCells, headers: Mapping[str, str]) -> None:
    """Compose the name from its parts, unless a column has all of it."""
    first, last = (made.cells.pop(part, "") for part in ("first_name", "last_name"))
    whole = made.cells.get("name", "")
    known = fold_text(whole)
    if whole and all(fold_text(part) in known for part in (first, last)):
        return
    family_first = any(is_family_name_first(headers.get(part, "")) for part in ("first_name", "last_name"))
    if whole and first and not last:
        last = whole
    elif whole and last and not first:
        first = whole
    elif whole:
        made.wrong.append(("name", gettext_lazy("enter the same name as in the columns for its parts"), None))
        return
    made.cells["name"] = join_name(first, last, family_first=family_first)


def _hall_and_booth(made: ComposedCells) -> None:
    text = made.cells.pop("hall_and_booth")
    parts = split_hall_and_booth(text) if text else ("", "")
    if parts is None:
        said = gettext_lazy(
            "%(text)s is not a hall and a booth; enter it like Hall 3 / B-12", text=repr(text[:40])
        )
        made.wrong.append(("hall_and_booth", said, None))
        return
    for column, part in zip(("hall", "booth"), parts, strict=True):
        made.cells.setdefault(column, part)


def _when(made: ComposedCells) -> None:
    text = made.cells.pop("when")
    found = (
        time_parsing.parse_span(text, has_day=bool(made.cells.get("day")))
        if text
        else time_parsing.ParsedSpan("", "", "")
    )
    if found is None:
        said = gettext_lazy(
            "%(text)s is not one time; enter the day and times like 2027-06-22 14:00-16:00",
            text=repr(text[:40]),
        )
        made.wrong.append(("when", said, None))
        return
    for column, part in (("day", found.day), ("start", found.start), ("end", found.end)):
        if part and made.cells.get(column):
            both = gettext_lazy("enter the time in only one column; it's also in another")
            made.wrong.append(("when", both, None))
            return
        made.cells[column] = part or made.cells.get(column, "")


def _answer(made: ComposedCells, headers: Mapping[str, str]) -> None:
    """Derive the state of a request from its response column, beside an optional state column.

    A state that only says pending or answered defers to the response.
    """
    answer, state = made.cells.pop("answer"), made.cells.get("state", "")
    if not answer or not state:
        made.cells["state"] = answer or ("" if cell_values.is_answered(state) else state)
        return
    of_answer, of_state = cell_values.parse_request_state(answer), cell_values.parse_request_state(state)
    if of_answer is None:
        made.wrong.append(
            ("answer", request_faults.unknown_state_fault(answer[:40]), cell_values.allowed_request_states())
        )
    elif cell_values.is_answered(state) or of_state in (RequestState.PENDING, of_answer):
        made.cells["state"] = answer
    elif of_state is RequestState.WITHDRAWN or of_answer is RequestState.PENDING or of_state is None:
        made.cells["state"] = state
    else:
        said = gettext_lazy(
            "enter the same status in both columns: %(answer)s here, but %(state)s in %(header)s",
            answer=repr(answer[:40]),
            header=headers.get("state", "state"),
            state=repr(state[:40]),
        )
        made.wrong.append(("answer", said, cell_values.allowed_request_states()))


Cleaner = Callable[[str], str]


def clean_address(text: str) -> str:
    """Return the address in `Anna <a@example.org>` or `mailto:a@example.org`; other texts unchanged."""
    match = re.fullmatch(r"[^<>]*<\s*([^<>\s]+)\s*>", text.strip())
    return re.sub(r"^mailto:", "", (match[1] if match else text).strip(), flags=re.IGNORECASE)


def clean_phone(text: str) -> str:
    """Return a phone number without surrounding text: `Tel. +49‑69 12 ext. 3` is `+49-69 12 x3`."""
    text = narrow_text(text).translate(_DASHES)
    return _EXTENSION.sub(" x", _TELEPHONE_WORD.sub("", text))


def clean_number(text: str) -> str:
    """Return a whole number as `8` for `8.0`, `8,0`, `８`; `1 200` is `1200`; other texts unchanged."""
    match = re.fullmatch(r"([0-9]{1,3}(?:[ \u00a0\u202f'][0-9]{3})*|[0-9]+)(?:[.,]0+)?", narrow_text(text))
    return re.sub(r"[^0-9]", "", match[1]) if match else text


_TELEPHONE_WORD: Final = re.compile(
    r"^(?:tel(?:efon|ephone)?|phone|mob(?:il|ile)?|fon|电话|手机) ?[.:]{0,2} ?(?=[+0-9(])", re.IGNORECASE
)
_EXTENSION: Final = re.compile(
    r" ?(?:ext|extension|durchwahl|dw|poste|mellék|分机|转|内線|내선)\.? ?(?=[0-9]{1,8}$)", re.IGNORECASE
)
_DASHES: Final = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-"))
CLEANERS: Final[Mapping[str, Cleaner]] = {
    "email": clean_address,
    "phone": clean_phone,
    "escort_phone": clean_phone,
    **dict.fromkeys(
        (
            *("max_per_day", "max_in_row", "max_days", "min_meetings"),
            *("booth_capacity", "capacity", "minutes", "length"),
        ),
        clean_number,
    ),
}
"""Cleaners of decorated values, by column."""
