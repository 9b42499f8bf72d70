"""States of calendar feeds: owner and entity tag (RFC 9110, 8.8.3) by a secret address, with one query.

Calendars poll their feeds every hour, and most feeds have not changed. The tag is a digest of the rows that a
feed is rendered from, instead of the rendered bytes, so a response without content renders no event.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Dialect, Select, bindparam, null, select
from sqlalchemy.engine import Compiled
from sqlalchemy.orm import Session, aliased

from scheduler.domain.emails.calendar_imports import CalendarImportMethod
from scheduler.domain.entities import Method
from scheduler.domain.errors import NotFound
from scheduler.invites.ical.feed import build_feed
from scheduler.services.identity.tokens import hash_token
from scheduler.services.outbox import payloads
from scheduler.services.schedule import feed_addresses, feeds
from scheduler.services.schedule.feed_addresses import FeedOwner
from scheduler.storage.base import parse_utc
from scheduler.storage.cache.cache_keys import new_digest, split_text, text_query
from scheduler.storage.models import (
    Attendee,
    CalendarUse,
    Event,
    Firm,
    Invitation,
    MeetingRequest,
    OutboxEmail,
)
from scheduler.version import installed_version


@dataclass(frozen=True, slots=True)
class FeedState:
    """A feed at the moment `now` of the database's clock, and when it was last recorded as used.

    `rows` are the texts of the rows that its events are rendered from.
    """

    owner: FeedOwner
    event_name: str
    timezone: str
    rows: tuple[str, ...]
    last_used_at: datetime | None
    now: datetime

    def etag(self, url: str) -> str:
        """Return the strong entity tag of the feed at its address, with quotes.

        Equal tags mean equal bytes of `render_feed`. A release may render the same rows differently, so its
        version is part of the tag.
        """
        frame = build_feed([], feeds.feed_name(self.event_name, self.owner), url, self.timezone)
        return f'"{new_digest(*self.rows, frame.decode(), _version())}"'


def find_person_state(
    connection: Connection, token: str, *, now: ColumnElement[datetime]
) -> FeedState | None:
    """Return the state of a person's feed by its token with one query, or None if it is no person's.

    `now` is `Database.clock()`.
    """
    return _find(connection, _OF_PERSON, token, now, is_firm=False)


def find_feed_state(session: Session, token: str, *, now: ColumnElement[datetime]) -> FeedState:
    """Return the state of a person's, firm's or interpreter's feed by its token.

    Raises NotFound if the token is invalid or revoked.
    """
    connection = session.connection()
    found = find_person_state(connection, token, now=now)
    found = found or _find(connection, _OF_FIRM, token, now, is_firm=True)
    found = found or _find_interpreter_state(session, token, now)
    if found is None:
        raise NotFound("calendar feed", token[:4] + "...")
    return found


def _find_interpreter_state(session: Session, token: str, now: ColumnElement[datetime]) -> FeedState | None:
    owner = feed_addresses.find_interpreter_feed(session, hash_token(token))
    if owner is None:
        return None
    of_event = select(Event.name, Event.timezone, now).where(Event.id == owner.event_id)
    name, timezone, moment = session.execute(of_event).one()
    summary = feeds.find_interpreter_summary(session, owner)
    rows: tuple[str, ...] = ()
    if summary is not None:
        is_expired = moment - payloads.summary_content(summary).stamp >= feeds.KEEP_CANCELLED
        rows = (json.dumps(summary), str(is_expired))
    return FeedState(owner, name, timezone, rows, None, moment)


def _find(
    connection: Connection,
    query: Select[*tuple[Any, ...]],
    token: str,
    now: ColumnElement[datetime],
    *,
    is_firm: bool,
) -> FeedState | None:
    values, dialect = {"hashed": hash_token(token)}, connection.dialect
    if dialect.name == "sqlite":
        row = connection.execute(_with_time(query, now), values).first()
    else:
        compiled = _compiled(query, now, dialect)
        row = connection.exec_driver_sql(str(compiled), compiled.construct_params(values)).first()
    return None if row is None else _state(*row, is_firm=is_firm)


def _state(
    owner_id: int,
    event_id: int,
    name: str,
    seed: str | None,
    address: bytes | None,
    event_name: str,
    timezone: str,
    told: str | None,
    queued: str | None,
    people: str | None,
    last_used_at: datetime | None,
    now: datetime,
    *,
    is_firm: bool,
) -> FeedState:
    owner = FeedOwner(owner_id, is_firm, event_id, name, seed, address=address)
    expired = sum(_is_expired(line, now) for text in (told, queued) for line in split_text(text or ""))
    rows = (told or "", queued or "", people or "", str(expired))
    last_used_at = last_used_at and last_used_at.astimezone(UTC)  # may be in the zone of the connection
    return FeedState(owner, event_name, timezone, rows, last_used_at, now.astimezone(UTC))


_METHOD, _DTSTAMP = 1, 2
"""Positions of these columns in a row's text."""


def _is_expired(line: list[str], now: datetime) -> bool:
    """Return True if the row cancels a meeting that the feed no longer shows."""
    is_cancelled = line[_METHOD] == Method.CANCEL.value
    return is_cancelled and now - parse_utc(line[_DTSTAMP]) >= feeds.KEEP_CANCELLED


def _columns(table: type[Invitation] | type[OutboxEmail], content: Any) -> tuple[Any, ...]:
    """Return the columns that the feed's events are made of, the row's id first."""
    shown = (table.request_id, table.attendee_id, table.uid, table.sequence, content)
    return (table.id, table.method, table.dtstamp, *shown)


def _query(table: type[Attendee] | type[Firm]) -> Select[*tuple[Any, ...]]:
    """Return the query for the owner, the event, the rows of sent and of queued emails, and the last use."""
    is_firm = table is Firm
    found, person = aliased(table), aliased(Attendee)
    owner_id = select(found.id).where(found.feed_hash == bindparam("hashed")).scalar_subquery()

    def rows(table: type[Invitation] | type[OutboxEmail], content: Any, *which: Any) -> Select[str | None]:
        columns = _columns(table, content)
        if not is_firm:
            return text_query(columns, table.attendee_id == owner_id, *which)
        of_firm = person.id == table.attendee_id, person.firm_id == owner_id
        of_request = MeetingRequest.id == table.request_id
        return text_query((*columns, MeetingRequest.uid), *of_firm, of_request, *which)

    told = rows(Invitation, Invitation.content)
    queued = rows(OutboxEmail, OutboxEmail.payload, feeds.QUEUED)
    people = text_query((person.id, person.name, person.latin_name), person.firm_id == owner_id)
    used = select(CalendarUse.last_used_at).where(
        CalendarUse.attendee_id == owner_id, CalendarUse.way == feeds.constant(CalendarImportMethod.FEED)
    )
    return (
        select(
            table.id,
            table.event_id,
            table.name,
            table.feed_seed,
            table.feed_address,
            Event.name,
            Event.timezone,
            told.scalar_subquery(),
            queued.scalar_subquery(),
            people.scalar_subquery() if is_firm else null(),
            null() if is_firm else used.scalar_subquery(),
        )
        .join(Event, Event.id == table.event_id)
        .where(table.feed_hash == bindparam("hashed"), Event.deleted_at.is_(None))
    )


_OF_PERSON, _OF_FIRM = _query(Attendee), _query(Firm)


@lru_cache(maxsize=16)
def _with_time(query: Select[*tuple[Any, ...]], now: ColumnElement[datetime]) -> Select[*tuple[Any, ...]]:
    """Add the database's time. Cached, because `Database.clock` is always the same object."""
    return query.add_columns(now)


@lru_cache(maxsize=16)
def _compiled(query: Select[*tuple[Any, ...]], now: ColumnElement[datetime], dialect: Dialect) -> Compiled:
    """Return the query with the time, compiled for PostgreSQL.

    For a query of elements, SQLAlchemy looks up the compiled one by a key of them all, and this query has
    about 200. Every poll runs it, so it runs as SQL. Its results then have the types of the driver.
    """
    return _with_time(query, now).compile(dialect=dialect)


@cache
def _version() -> str:
    return installed_version()
