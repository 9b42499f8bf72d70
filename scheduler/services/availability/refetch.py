"""Refetching of linked calendars: hourly at most, each claimed by one worker, until the event ends."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session

from scheduler.i18n import gettext_lazy
from scheduler.invites.busy import UnusableCalendar
from scheduler.invites.transport.remote import Fetcher, FetchFailure
from scheduler.secret_keys import SecretKeys
from scheduler.services.availability import busy_times, caldav, calendar_failures
from scheduler.services.availability.busy_times import ADDRESS, REFETCH
from scheduler.services.availability.caldav import DavAccount
from scheduler.services.identity import encryption
from scheduler.storage.database import Database
from scheduler.storage.models import Attendee, BusySource, Event, Slot
from scheduler.untrusted.parsers import UNREADABLE_MESSAGE

_LOST = gettext_lazy("The calendar link can't be read any more. Remove the calendar and add it again.")


def refetch_calendars(
    database: Database,
    *,
    fetcher: Fetcher,
    secret_key: SecretKeys,
    now: Callable[[], datetime],
    should_stop: Callable[[], bool],
    max_seconds: float,
    reads_caldav: bool = True,
) -> int:
    """Fetch calendars that are due, for at most `max_seconds`.

    Return how many were fetched or failed.
    """
    ends, count = time.monotonic() + max_seconds, 0
    while not should_stop() and time.monotonic() < ends:
        with database.write() as session:
            source = _claim(session, now())
        if source is None:
            break
        values = _fetched(database, source, fetcher, secret_key, now(), reads_caldav)
        with database.write() as session:
            session.execute(update(BusySource).where(BusySource.id == source.id).values(**values))
            if values["failure"]:
                calendar_failures.record_failure(session, source.id, now=now())
        count += 1
    return count


def is_refetch_due(session: Session, *, now: datetime) -> bool:
    """Return True if a calendar is due to be fetched."""
    return session.scalar(_due(now)) is not None


def _due(now: datetime) -> Select[BusySource]:
    goes_on = select(Slot.id).where(Slot.of(Attendee.event_id), Slot.end > now).exists()
    return (
        select(BusySource)
        .join(Attendee, Attendee.id == BusySource.attendee_id)
        .join(Event, Event.id == Attendee.event_id)
        .where(BusySource.is_saved, BusySource.next_fetch_at <= now, goes_on, Event.is_there())
        .order_by(BusySource.next_fetch_at, BusySource.id)
        .limit(1)
    )


def _claim(session: Session, now: datetime) -> BusySource | None:
    """Claim the next source that is due, by advancing its next fetch time."""
    while (source := session.scalar(_due(now))) is not None:
        claimed = session.scalar(
            update(BusySource)
            .where(BusySource.id == source.id, BusySource.next_fetch_at == source.next_fetch_at)
            .values(next_fetch_at=now + REFETCH)
            .returning(BusySource.id)
        )
        if claimed is not None:
            return source
        session.expire_all()
    return None


def _fetched(
    database: Database,
    source: BusySource,
    fetcher: Fetcher,
    secret_key: SecretKeys,
    now: datetime,
    reads_caldav: bool,
) -> dict[str, Any]:
    """Return the new column values of a source.

    A failure keeps the known busy times and stores the reason.
    """
    try:
        address = encryption.decrypt(secret_key, ADDRESS, source.address or b"")
        with database.read() as session:
            reading = busy_times.reading_for(session, source.attendee_id)
        values: dict[str, Any] = {"read_at": now} | calendar_failures.CLEARED
        left_out: tuple[str, ...] = ()
        if source.account is None:
            fetched = fetcher.fetch(address, etag=source.etag, modified=source.modified)
            if fetched.octets is None:
                return values
            calendars: tuple[bytes, ...] = (fetched.octets,)
            values |= {"etag": fetched.etag, "modified": fetched.modified}
        elif reads_caldav:
            account = DavAccount.opened(secret_key, source.account)
            served = caldav.fetch_calendars(fetcher, address, account, reading.first, reading.last)
            calendars, left_out = served.octets, served.left_out
        else:
            return {"failure": caldav.OFF}
        found = busy_times.to_json(reading.of(calendars, source.timezone), left_out)
    except encryption.UnreadableSecret:
        return {"failure": _LOST}
    except (FetchFailure, UnusableCalendar, *UNREADABLE_MESSAGE) as error:
        return {"failure": str(error)[:300]}
    known, found = source.found, busy_times.without_titles(found)
    if sorted(found["busy"]) != sorted(known["busy"]):
        values["found_changes"] = BusySource.found_changes + 1
    return values | {"found": found}
