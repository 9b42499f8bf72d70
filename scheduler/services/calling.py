"""The people to phone before day one, as a CSV file for spreadsheets."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from zoneinfo import ZoneInfo

from babel import Locale

from scheduler.services.calendar_health import Board
from scheduler.services.calendar_people import Person

BOM = "\ufeff"
"""By it Excel knows UTF-8."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
_ENGLISH = Locale("en")


def calls_csv(board: Board) -> str:
    """One row a person of the board who needs a call, in its order; times are the venue's."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_header(board.timezone))
    zone = ZoneInfo(board.timezone)
    writer.writerows(map(harmless, _row(person, zone)) for person in board.people if person.calls)
    return BOM + text.getvalue()


def harmless(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula: behind an apostrophe if it begins like one."""
    return f"'{cell}" if cell.lstrip(" ").startswith(_FORMULA) else cell


def _header(timezone: str) -> Iterable[str]:
    return (
        "Name",
        "Name in Latin letters",
        "Firm",
        "Country",
        "Languages",
        "Phone",
        "Email",
        "Reason",
        f"First meeting ({timezone})",
        "Meetings",
    )


def _row(person: Person, zone: ZoneInfo) -> Iterable[str]:
    languages = (_ENGLISH.languages.get(code.replace("-", "_"), code) for code in person.languages)
    return (
        person.name,
        person.latin_name,
        person.firm.latin_name,
        _ENGLISH.territories.get(person.firm.country, person.firm.country),
        ", ".join(languages),
        person.phone,
        person.email,
        person.reason,
        f"{person.calls[0].start.astimezone(zone):%Y-%m-%d %H:%M}",
        str(len(person.calls)),
    )
