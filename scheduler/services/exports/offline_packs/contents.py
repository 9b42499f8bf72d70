"""Contents of a pack: a page for phones, printable agendas, a workbook and calendars, as one ZIP file."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Any, Final, TypeVar

from sqlalchemy import select

from scheduler.domain.emails.print_packs import PrintPack
from scheduler.domain.errors import ChainmeetError, NotFound
from scheduler.invites.agenda.agenda import AgendaDocument
from scheduler.invites.agenda.pdf import render_agendas_pdf
from scheduler.services.exports import meeting_list, prints, schedule_lists
from scheduler.services.exports.offline_packs import phone_page
from scheduler.services.identity import actors
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.schedule import feeds
from scheduler.services.schedule.feed_addresses import FeedOwner
from scheduler.storage.database import Database
from scheduler.storage.models import Attendee, Event, Firm, Interpreter

T = TypeVar("T")

PAGE: Final = "index.html"
WORKBOOK: Final = "schedule.xlsx"
_PDF_NAMES: Final = {
    PrintPack.PEOPLE: "people",
    PrintPack.FIRMS: "companies",
    PrintPack.PLACES: "tables-and-booths",
    PrintPack.INTERPRETERS: "interpreters",
}
_CALENDARS: Final[dict[Any, str]] = {
    Attendee: "people",
    Firm: "companies",
    Interpreter: "interpreters",
}
_AT_ONCE: Final = 100
"""Calendars per transaction."""
_UNSAFE: Final = re.compile(r'[%/\\:*?"<>|\x00-\x1f\x7f]')
"""Characters that some file systems refuse in names."""


class PackInterrupted(ChainmeetError):
    """The process stops. The pack is made again later."""

    code = "pack-interrupted"


@dataclass(frozen=True, slots=True)
class PackedSchedule:
    """The event and the published version that a pack contains."""

    event_id: int
    number: int


def write_pack(
    database: Database,
    pack: PackedSchedule,
    to: IO[bytes],
    *,
    now: datetime,
    should_stop: Callable[[], bool] = lambda: False,
) -> None:
    """Write the ZIP file. Each member has its own transaction, and at most one is in memory.

    Raises PackInterrupted, and NotFound if the event or its version no longer exists.
    """
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, octets in _list_members(database, pack, now):
            packing = zipfile.ZIP_STORED if name.endswith(".pdf") else zipfile.ZIP_DEFLATED
            archive.writestr(name, octets, packing)
            if should_stop():
                raise PackInterrupted("The process is stopping.")


def _list_members(database: Database, pack: PackedSchedule, now: datetime) -> Iterator[tuple[str, bytes]]:
    """Yield each member's name and octets."""
    with database.read() as session:
        yield PAGE, phone_page.make_page(session, _actor(session.get(Event, pack.event_id)), pack.number, now)
    with database.read() as session:
        actor = _actor(session.get(Event, pack.event_id))
        yield WORKBOOK, schedule_lists.export_workbook(session, actor, pack.number).octets
    for kind, name in _PDF_NAMES.items():
        sheets = _list_sheets(database, pack, kind)
        for part, some in enumerate(_split(sheets, prints.SHEETS_PER_PART), 1):
            yield f"agendas/{name}-{part}.pdf", render_agendas_pdf(some)
    for owners in _split(_list_owners(database, pack), _AT_ONCE):
        with database.read() as session:
            for name, owner in owners:
                yield name, feeds.render_feed(session, owner, url="", now=now)


def _list_sheets(database: Database, pack: PackedSchedule, kind: PrintPack) -> list[AgendaDocument]:
    """Return the sheets of a kind. They are rendered after the transaction, which takes minutes."""
    with database.read() as session:
        actor = _actor(session.get(Event, pack.event_id))
        version = meeting_list.find_version(session, actor, pack.number)
        return [sheet for _, sheet in prints.list_sheets(session, actor, kind, version)]


def _list_owners(database: Database, pack: PackedSchedule) -> list[tuple[str, FeedOwner]]:
    """Return the file name and owner of each calendar."""
    found = []
    with database.read() as session:
        _actor(session.get(Event, pack.event_id)).require(Right.READ_AGENDAS)
        for table, folder in _CALENDARS.items():
            rows = session.scalars(
                select(table)
                .where(table.event_id == pack.event_id, table.withdrawn_at.is_(None))
                .order_by(table.id)
            )
            for row in rows:
                name = f"calendars/{folder}/{_file_name(row.key)}.ics"
                owner = FeedOwner(
                    row.id,
                    is_firm=table is Firm,
                    event_id=row.event_id,
                    name=row.name,
                    seed=None,
                    is_interpreter=table is Interpreter,
                )
                found.append((name, owner))
    return found


def _split(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    return (items[first : first + size] for first in range(0, len(items), size))


def _actor(event: Event | None) -> Actor:
    if event is None or event.deleted_at is not None:
        raise NotFound("event", "")
    return actors.operator_actor(event)


def _file_name(key: str) -> str:
    """Return a file name for a key, different for each key."""
    return _UNSAFE.sub(lambda found: f"%{ord(found[0]):02X}", key)
