"""Call list as a CSV file for spreadsheets."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from babel import Locale
from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.domain import names
from scheduler.services.audit_log import recording
from scheduler.services.audit_log.acts import Act
from scheduler.services.audit_log.subjects import pgettext_lazy
from scheduler.services.emails.calendar_status import calls
from scheduler.services.emails.calendar_status.board import Board, BoardEntry
from scheduler.services.emails.calendar_status.calls import CallCard
from scheduler.services.emails.calendar_status.people import call_reason
from scheduler.services.identity.actors import TAKE_CONTACTS, Actor
from scheduler.services.identity.rights import Right
from scheduler.sheets.writers import escape_formula
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import Attendee

BOM = "\ufeff"
"""Makes Excel read the file as UTF-8."""

_ENGLISH = Locale("en")


def export_calls_csv(session: Session, actor: Actor, board: Board, *, now: datetime) -> str:
    """Export the people of the board who need a call, one row each, in its order.

    Times are in the venue's zone. The export of contacts is recorded in the audit log.
    """
    actor.require(Right.READ_CALENDAR_STATUS)
    actor.require(Right.READ_CONTACTS)
    actor.require_fresh(TAKE_CONTACTS)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_header(board.timezone))
    zone = ZoneInfo(board.timezone)
    listed = [person for person in board.people if person.tally.calls]
    about = pgettext_lazy("audit log", "call list")
    recording.record_act(session, actor, Act.EXPORT, about, after={"people": len(listed)}, now=now)
    contacts = _contacts(session, [person.id for person in listed])
    known = calls.list_call_cards(session, actor, [person.key for person in listed])
    rows = ((*_row(person, contacts[person.id], zone), *_call(known.get(person.key))) for person in listed)
    writer.writerows(map(escape_formula, row) for row in rows)
    return BOM + text.getvalue()


class _Contact(NamedTuple):
    """A person's contact details, and the mail server's reply if their address bounces."""

    name: str
    email: str
    phone: str
    languages: list[str]
    bounce: str


def _contacts(session: Session, ids: Sequence[int]) -> dict[int, _Contact]:
    columns = (getattr(Attendee, name) for name in _Contact._fields)
    rows = session.execute(select(Attendee.id, *columns).where(in_chunks(Attendee.id, ids)))
    return {row[0]: _Contact(*row[1:]) for row in rows}


def spreadsheet_safe_phone(phone: str) -> str:
    """Return a number behind a no-break space, so that spreadsheets do not treat it as a formula."""
    return f"\N{NO-BREAK SPACE}{phone}" if phone else ""


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
        "Who calls",
        "Note",
    )


def _call(known: CallCard | None) -> tuple[str, str]:
    return (known.caller, known.note) if known else ("", "")


def _row(person: BoardEntry, contact: _Contact, zone: ZoneInfo) -> Iterable[str]:
    languages = (_ENGLISH.languages.get(code.replace("-", "_"), code) for code in contact.languages)
    start = person.tally.first_call[0].astimezone(zone) if person.tally.first_call else None
    return (
        contact.name,
        person.latin_name,
        names.record_name(person.firm.name, person.firm.latin_name),
        _ENGLISH.territories.get(person.firm.country, person.firm.country),
        ", ".join(languages),
        spreadsheet_safe_phone(contact.phone),
        contact.email,
        call_reason(person.tally.calls, contact.bounce),
        f"{start:%Y-%m-%d %H:%M}" if start else "",
        str(sum(person.tally.calls.values())),
    )
