"""Calendar methods: how people add meetings to their calendars, recorded when used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from scheduler.domain.emails.calendar_imports import CalendarImportMethod
from scheduler.i18n import gettext_lazy
from scheduler.services.directory.references import find_person
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.replies import reply_links
from scheduler.services.schedule.feed_addresses import FeedOwner
from scheduler.storage.models import Attendee, CalendarUse

SAME = timedelta(hours=12)
"""A use is not recorded again within this time, because calendars fetch feeds every hour."""

WORDS: Mapping[CalendarImportMethod, str] = {
    CalendarImportMethod.FEED: gettext_lazy("Subscribed to all meetings"),
    CalendarImportMethod.FOLLOW: gettext_lazy("Subscribed to one meeting"),
    CalendarImportMethod.FILE: gettext_lazy("Calendar file"),
    CalendarImportMethod.GOOGLE: gettext_lazy("Google Calendar form"),
    CalendarImportMethod.OUTLOOK: gettext_lazy("Outlook form"),
    CalendarImportMethod.MICROSOFT_365: gettext_lazy("Microsoft 365 form"),
    CalendarImportMethod.COPY: gettext_lazy("Copied as text"),
    CalendarImportMethod.CODE: gettext_lazy("QR code"),
    CalendarImportMethod.PRINT: gettext_lazy("PDF"),
}


@dataclass(frozen=True, slots=True)
class UsedMethod:
    """A calendar method that a person used, and when last, to half a day."""

    way: CalendarImportMethod
    last_used_at: datetime


def record_link_use(session: Session, token: str, way: CalendarImportMethod, *, now: datetime) -> None:
    """Record a method used by the owner of an invitation's link. Raises NotFound for an invalid link."""
    _note(session, reply_links.find_owner(session, token), way, now)


def record_feed_use(session: Session, owner: FeedOwner, *, now: datetime) -> None:
    """Record that an attendee's calendar fetched their feed.

    Feeds of firms and interpreters are not recorded.
    """
    if _is_of_person(owner):
        _note(session, owner.id, CalendarImportMethod.FEED, now)


def is_feed_use_due(owner: FeedOwner, last_used_at: datetime | None, *, now: datetime) -> bool:
    """Return True if `record_feed_use` would record a use now, so that most polls write nothing."""
    return _is_of_person(owner) and _is_due(last_used_at, now)


def record_print_use(session: Session, actor: Actor, *, now: datetime) -> None:
    """Record that the actor downloaded their own agenda as a PDF."""
    own = actor.own(Right.READ_AGENDAS)
    if own is not None:
        _note(session, own, CalendarImportMethod.PRINT, now)


def list_methods_of_person(session: Session, actor: Actor, key: str) -> tuple[UsedMethod, ...]:
    """Return the methods that a person used, latest first. Raises NotFound, NotAllowed."""
    actor.require(Right.READ_CALENDAR_STATUS)
    person = find_person(session, actor.event_id, key)
    rows = session.execute(
        select(CalendarUse.way, CalendarUse.last_used_at)
        .where(CalendarUse.attendee_id == person.id)
        .order_by(CalendarUse.last_used_at.desc(), CalendarUse.way)
    )
    return tuple(UsedMethod(way, last_used_at) for way, last_used_at in rows)


def count_methods(session: Session, actor: Actor) -> dict[CalendarImportMethod, int]:
    """Return the number of people of the event by method, without unused ones."""
    actor.require(Right.READ_CALENDAR_STATUS)
    rows = session.execute(
        select(CalendarUse.way, func.count())
        .join(Attendee, Attendee.id == CalendarUse.attendee_id)
        .where(Attendee.event_id == actor.event_id)
        .group_by(CalendarUse.way)
    )
    found = {way: number for way, number in rows}  # noqa: C416 -- dict(rows) loses the types
    return {way: found[way] for way in WORDS if way in found}


def _note(session: Session, attendee_id: int, way: CalendarImportMethod, now: datetime) -> None:
    """Upsert the use of a method, unless it was recorded within `SAME`."""
    last = session.scalar(
        select(CalendarUse.last_used_at).where(CalendarUse.attendee_id == attendee_id, CalendarUse.way == way)
    )
    if not _is_due(last, now):
        return
    dialect: Any = {"postgresql": postgresql, "sqlite": sqlite}[session.get_bind().dialect.name]
    row = {"attendee_id": attendee_id, "way": way, "last_used_at": now}
    session.execute(
        dialect.insert(CalendarUse)
        .values(row)
        .on_conflict_do_update(index_elements=["attendee_id", "way"], set_={"last_used_at": now})
    )


def _is_of_person(owner: FeedOwner) -> bool:
    return not owner.is_firm and not owner.is_interpreter


def _is_due(last_used_at: datetime | None, now: datetime) -> bool:
    return last_used_at is None or now - last_used_at >= SAME
