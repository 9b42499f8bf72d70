"""Busy times of an attendee: marked slots, and calendars that are previewed before they are saved.

Busy times from calendars are stored apart from marked slots, so that removing a calendar frees exactly the
slots it took. A run uses the union of both.

Event titles and files are not stored, so an uploaded file cannot be read again. The address of a linked
calendar is encrypted with the secret key (Fernet) and unreadable under another key.

Our own invitations in a calendar, matched by UID, are ignored. Otherwise they would block their own meeting.
Frozen meetings stay, whatever a calendar contains. A person may have five calendars. Linked ones are fetched
each hour.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import delete, func, select, union
from sqlalchemy.orm import Session

from scheduler.domain import fields
from scheduler.domain.errors import Fault, InvalidInput, NotFound
from scheduler.i18n import gettext_lazy
from scheduler.invites.busy import Busy, BusyKind, BusyTimes
from scheduler.invites.ical.content import find_zone
from scheduler.invites.transport.remote import Fetcher, https_address
from scheduler.secret_keys import SecretKeys
from scheduler.services.availability import caldav
from scheduler.services.availability.caldav import DavAccount
from scheduler.services.identity import encryption, onboarding
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.identity.tokens import random_token
from scheduler.services.text import clean_line
from scheduler.storage.database import Database
from scheduler.storage.models import (
    Attendee,
    AttendeeBusy,
    BusySource,
    Interpreter,
    InterpreterBusy,
    Invitation,
    OutboxEmail,
    Slot,
)
from scheduler.untrusted import parsers

ADDRESS = "busy-address"
MOST_SOURCES = 5
REFETCH = timedelta(hours=1)
"""Interval between two fetches of a linked calendar."""
_MARGIN = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class CalendarWindow:
    """The window in which to read an attendee's calendar, and how to recognise our own invitations in it."""

    first: datetime
    last: datetime
    own_uids: frozenset[str]
    own_addresses: frozenset[str]

    def of(self, calendars: Sequence[bytes], zone: str) -> BusyTimes:
        """Return the busy times of a person's calendars.

        Each calendar is parsed separately, because a UID is unique only within one. Without calendars there
        are no busy times. Raises UnusableCalendar, InvalidInput for an unknown time zone, or what
        `untrusted.parsers` raises.
        """
        find_zone(zone)
        own = {"own_uids": self.own_uids, "own_addresses": self.own_addresses}
        found = [parsers.read_busy_times(each, self.first, self.last, zone, **own) for each in calendars]
        if len(found) == 1:
            return found[0]
        busy = sorted(
            {busy for each in found for busy in each.busy},
            key=lambda each: (each.start, each.end, each.kind, each.title),
        )
        counts = sum((each.counts for each in found), Counter[str]())
        notes = dict.fromkeys(note for each in found for note in each.notes)
        return BusyTimes(tuple(busy), counts, tuple(notes))


@dataclass(frozen=True, slots=True)
class BusyCalendar:
    """An attendee's calendar, saved or only previewed. `found` is the output of `to_json`.

    `address` is encrypted, and None for an uploaded file. `account` is the encrypted CalDAV account; its
    password is never shown. `failure` is the reason why the last fetch failed.
    """

    key: str
    name: str
    timezone: str
    address: bytes | None
    account: bytes | None
    found: Mapping[str, Any]
    failure: str
    read_at: datetime
    next_fetch_at: datetime | None

    @classmethod
    def of(cls, row: BusySource) -> BusyCalendar:
        return cls(**{name: getattr(row, name) for name in cls.__dataclass_fields__})

    def opened(self, secret_key: SecretKeys) -> str:
        """Return the decrypted address, for its owner.

        It is empty for a file, or if it cannot be decrypted.
        """
        try:
            return encryption.decrypt(secret_key, ADDRESS, self.address) if self.address else ""
        except encryption.UnreadableSecret:
            return ""


def attendee_id_of(actor: Actor) -> int:
    """Return the id of the actor's attendee. Busy times are private: raises NotFound for anyone else."""
    attendee_id = actor.own(Right.EDIT_BUSY_TIMES)
    if attendee_id is None:
        raise NotFound("attendee", actor.event_key)
    return attendee_id


def interpreter_id_of(actor: Actor) -> int | None:
    """Return the id of the actor's interpreter, or None if there is none or the actor is also an attendee.

    A person who is both has one set of busy times: the attendee's.
    """
    return None if actor.attendee_id is not None else actor.own_interpreter(Right.EDIT_BUSY_TIMES)


def reading_for(session: Session, attendee_id: int) -> CalendarWindow:
    """Return the window for reading an attendee's calendars.

    Raises InvalidInput if the event has no slots yet. UIDs of invitations that were sent or are queued are
    excluded, because a published meeting would block itself.
    """
    attendee = session.get_one(Attendee, attendee_id)
    first, last = session.execute(
        select(func.min(Slot.start), func.max(Slot.end)).where(Slot.of(attendee.event_id))
    ).one()
    if first is None:
        raise InvalidInput(
            [Fault("calendar", gettext_lazy("The event has no meeting times yet. Try again later."))]
        )
    told = select(Invitation.uid).where(Invitation.attendee_id == attendee_id)
    queued = select(OutboxEmail.uid).where(
        OutboxEmail.attendee_id == attendee_id, OutboxEmail.uid.is_not(None)
    )
    uids = frozenset(str(uid) for uid in session.scalars(union(told, queued)))
    return CalendarWindow(first - _MARGIN, last + _MARGIN, uids, frozenset({attendee.email}))


def preview_upload(
    database: Database, actor: Actor, name: str, octets: bytes, zone: str, *, now: datetime
) -> str:
    """Parse an uploaded calendar as a preview without saving it. Return the preview's key."""
    source = BusySource(
        name=clean_line(name)[: fields.limits(fields.CalendarName).most] or "calendar.ics", timezone=zone
    )
    return _preview(database, actor, source, (octets,), now=now)


def preview_link(
    database: Database,
    actor: Actor,
    typed: str,
    zone: str,
    *,
    fetcher: Fetcher,
    secret_key: SecretKeys,
    now: datetime,
) -> str:
    """Fetch and parse a calendar as a preview without saving it.

    Return the preview's key. Raises FetchFailure.
    """
    attendee_id_of(actor)
    address = https_address(typed)
    fetched = fetcher.fetch(address)
    source = BusySource(
        name=urlsplit(address).hostname,
        timezone=zone,
        address=encryption.encrypt(secret_key, ADDRESS, address),
        etag=fetched.etag,
        modified=fetched.modified,
    )
    return _preview(database, actor, source, (fetched.octets or b"",), now=now)


def preview_caldav(
    database: Database,
    actor: Actor,
    typed: str,
    account: DavAccount,
    zone: str,
    *,
    fetcher: Fetcher,
    secret_key: SecretKeys,
    now: datetime,
) -> str:
    """Read a CalDAV server as a preview without saving it. Return the preview's key. Raises FetchFailure."""
    attendee_id = attendee_id_of(actor)
    address = https_address(typed)
    with database.read() as session:
        window = reading_for(session, attendee_id)
    fetched = caldav.fetch_calendars(fetcher, address, account, window.first, window.last)
    source = BusySource(
        name=urlsplit(address).hostname,
        timezone=zone,
        address=encryption.encrypt(secret_key, ADDRESS, address),
        account=account.sealed(secret_key),
    )
    return _preview(database, actor, source, fetched.octets, fetched.left_out, now=now)


def reread_preview(database: Database, actor: Actor, key: str, zone: str) -> None:
    """Parse a preview again in another time zone."""
    with database.read() as session:
        source = _own(session, actor, key)
        window = reading_for(session, source.attendee_id)
    found = window.of(_unpacked(source.octets or b""), zone)
    with database.write() as session:
        source = _own(session, actor, key)
        source.timezone, source.found = zone, to_json(found, source.found.get("left_out", ()))


def get_preview(session: Session, actor: Actor, key: str) -> BusyCalendar:
    """Return the actor's preview. Raises NotFound once it was saved, discarded or replaced."""
    return BusyCalendar.of(_own(session, actor, key))


def save_calendar(session: Session, actor: Actor, key: str, *, now: datetime) -> BusyCalendar:
    """Save a preview, dropping the file and the titles.

    Raises InvalidInput if the actor has too many calendars.
    """
    _lock(session, actor)
    source = _own(session, actor, key)
    if len(list_calendars(session, actor)) >= MOST_SOURCES:
        raise InvalidInput(
            [
                Fault(
                    "calendar",
                    gettext_lazy(
                        "You already have %(most)s calendars here. Remove one first.",
                        most=MOST_SOURCES,
                    ),
                )
            ]
        )
    source.is_saved, source.octets, source.found = True, None, without_titles(source.found)
    source.next_fetch_at = now + REFETCH if source.address else None
    session.flush()
    return BusyCalendar.of(source)


def discard_preview(session: Session, actor: Actor, key: str) -> None:
    """Delete a preview."""
    session.delete(_own(session, actor, key))


def remove_calendar(session: Session, actor: Actor, key: str) -> str:
    """Delete a saved calendar, which frees its slots. Return its name."""
    source = _own(session, actor, key, is_saved=True)
    session.delete(source)
    return source.name


def list_calendars(session: Session, actor: Actor) -> tuple[BusyCalendar, ...]:
    """Return the actor's saved calendars."""
    own = select(BusySource).where(BusySource.attendee_id == attendee_id_of(actor), BusySource.is_saved)
    return tuple(map(BusyCalendar.of, session.scalars(own.order_by(BusySource.id))))


def mark_slots(session: Session, actor: Actor, slot_keys: Collection[str]) -> int:
    """Replace the slots that an attendee or interpreter marked as unavailable. Return their number.

    Unknown keys are ignored. Raises NotFound for anyone else.
    """
    interpreter_id = interpreter_id_of(actor)
    if interpreter_id is None:
        attendee_id = _lock(session, actor)
        onboarding.record_saved_times(session, actor)
        session.execute(delete(AttendeeBusy).where(AttendeeBusy.attendee_id == attendee_id))
    else:
        session.get_one(Interpreter, interpreter_id, with_for_update={"key_share": True})
        session.execute(delete(InterpreterBusy).where(InterpreterBusy.interpreter_id == interpreter_id))
    slots = session.scalars(select(Slot).where(Slot.of(actor.event_id))).all()
    chosen = [slot.id for slot in slots if slot.key in set(slot_keys)]
    session.add_all(
        AttendeeBusy(attendee_id=attendee_id, slot_id=slot_id)
        if interpreter_id is None
        else InterpreterBusy(interpreter_id=interpreter_id, slot_id=slot_id)
        for slot_id in chosen
    )
    session.flush()
    return len(chosen)


def to_json(found: BusyTimes, left_out: Sequence[str] = ()) -> dict[str, Any]:
    """Return the busy times as JSON values. `left_out` are sentences about content that was not read."""
    busy_ = [[each.start.isoformat(), each.end.isoformat(), each.kind, each.title] for each in found.busy]
    return {
        "busy": busy_,
        "counts": dict(found.counts),
        "notes": list(found.notes),
        "left_out": list(left_out),
    }


def from_json(found: Mapping[str, Any]) -> BusyTimes:
    """Parse busy times written by `to_json`."""
    times = (
        Busy(datetime.fromisoformat(start), datetime.fromisoformat(end), BusyKind(kind), title)
        for start, end, kind, title in found["busy"]
    )
    return BusyTimes(tuple(times), Counter(found["counts"]), tuple(found["notes"]))


def without_titles(found: dict[str, Any]) -> dict[str, Any]:
    """Return the busy times without titles and without duplicates."""
    times = dict.fromkeys((start, end, kind) for start, end, kind, _ in found["busy"])
    return {**found, "busy": [[*each, ""] for each in times]}


def _packed(calendars: Sequence[bytes]) -> bytes:
    """Concatenate the compressed calendars. Each zlib stream marks its own end."""
    return b"".join(map(zlib.compress, calendars))


def _unpacked(octets: bytes) -> list[bytes]:
    """Return the calendars joined by `_packed`."""
    found = []
    while octets:
        one = zlib.decompressobj()
        found.append(one.decompress(octets))
        octets = one.unused_data
    return found


def _preview(
    database: Database,
    actor: Actor,
    source: BusySource,
    calendars: Sequence[bytes],
    left_out: Sequence[str] = (),
    *,
    now: datetime,
) -> str:
    """Parse calendars and store them as the actor's only preview. No transaction is open while parsing."""
    attendee_id = attendee_id_of(actor)
    with database.read() as session:
        window = reading_for(session, attendee_id)
    found = window.of(calendars, source.timezone)
    source.attendee_id, source.key = attendee_id, random_token()
    source.found, source.octets = to_json(found, left_out), _packed(calendars)
    source.read_at = now
    with database.write() as session:
        session.execute(delete(BusySource).where(BusySource.attendee_id == attendee_id, ~BusySource.is_saved))
        session.add(source)
    return source.key


def _lock(session: Session, actor: Actor) -> int:
    """Lock the attendee's row to serialise the actor's changes. Return the attendee's id."""
    attendee_id = attendee_id_of(actor)
    session.execute(select(Attendee.id).where(Attendee.id == attendee_id).with_for_update(key_share=True))
    return attendee_id


def _own(session: Session, actor: Actor, key: str, *, is_saved: bool = False) -> BusySource:
    source = session.scalar(
        select(BusySource).where(
            BusySource.attendee_id == attendee_id_of(actor),
            BusySource.key == (key if key.isalnum() else ""),
            BusySource.is_saved == is_saved,
        )
    )
    if source is None:
        raise NotFound("calendar" if is_saved else "preview", key)
    return source
