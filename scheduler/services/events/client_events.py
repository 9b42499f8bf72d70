"""Events of an API client: those that it can reach, and whom a new event belongs to."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Row, Select, exists, false, func, or_, select
from sqlalchemy.orm import Session

from scheduler.domain.errors import ChainmeetError, Fault, InvalidInput, NotAllowed, NotFound
from scheduler.domain.team import TeamRole
from scheduler.services.audit_log.recording import NamedDoer
from scheduler.services.events import events
from scheduler.services.events.archives import archiving
from scheduler.services.events.new_event import NewEvent
from scheduler.services.identity.actors import LEADING, Actor, active_team_members, sign_in_condition
from scheduler.services.identity.api_clients import ApiClient, actor_for_client
from scheduler.services.identity.rights import Right
from scheduler.services.identity.sign_in import normalize_email
from scheduler.services.paging import Order, Page, fetch_page
from scheduler.storage.models import Account, Attendee, Event, Slot, TeamMember

_NEWEST_FIRST = Order("events", (Event.id,), (int,), descending=True)
_LEADING_ROLES = tuple(TeamRole(role.value) for role in LEADING)


@dataclass(frozen=True, slots=True)
class EventSummary:
    """An event in a list."""

    key: str
    name: str
    timezone: str
    language: str
    """Language of emails to people whose language is unknown."""
    first_day: date | None
    """In the event's time zone. None without slots."""
    last_day: date | None
    created_at: datetime
    live_at: datetime | None
    """None until the event goes live: until then its emails reach only organisers."""
    archived_at: datetime | None
    """None unless the event is archived, which makes it read-only."""
    version: str
    """Of these values. It is the `ETag` of the event, too."""


class EventChanged(ChainmeetError):
    """The event has another version than the client expects."""

    code = "event-changed"

    def __init__(self, key: str) -> None:
        super().__init__(f"Event {key} was changed meanwhile.")


def list_events(
    session: Session,
    client: ApiClient,
    *,
    is_archived: bool | None = None,
    cursor: str | None = None,
    limit: int = 30,
    now: datetime,
) -> Page[EventSummary]:
    """Return a page of the events in which the client has a role, newest first."""
    query = _query().where(*_reachable(client, now))
    if is_archived is not None:
        query = query.where(Event.archived_at.is_not(None) if is_archived else Event.archived_at.is_(None))
    page = fetch_page(session, query, _NEWEST_FIRST, cursor=cursor, limit=limit)
    return page.of(map(_summary, page.items))


def get_event(session: Session, client: ApiClient, key: str, *, now: datetime) -> EventSummary:
    """Return an event in which the client has a role. Raises NotFound."""
    actor = actor_for_client(session, client, key, now=now)
    actor.require(Right.READ_EVENT)
    return _read(session, actor)


def create_event(
    session: Session, client: ApiClient, form: NewEvent, *, owner: str = "", now: datetime
) -> str:
    """Create an event that belongs to the client's account, or to `owner`. Return its key.

    Raises NotAllowed, and InvalidInput by field of NewEvent and `owner`.
    """
    owner_id = find_owner(session, client, owner)
    by = NamedDoer(
        account_id=client.account_id,
        name=client.name if client.is_service else "",
        api_token_id=client.api_token_id,
        roles=("operator",),
    )
    return events.create_event(session, owner_id, form, by=by, now=now).key


def find_owner(session: Session, client: ApiClient, owner: str) -> int:
    """Return the account that a new event belongs to: the client's, or for a service that with this address.

    It must be an operator's, so that no token makes someone an owner who could not create the event. Raises
    NotAllowed for a token of one event, and InvalidInput by `owner`.
    """
    client.require(Right.MANAGE_EVENT)
    if client.event_key is not None:
        raise NotAllowed("Only a token for all events can create events.")
    if client.account_id is not None:
        if owner:
            raise InvalidInput([Fault("owner", "must be empty: the event belongs to the token's account")])
        return client.account_id
    is_operator = Account.email == normalize_email(owner), Account.is_operator
    found = session.scalar(select(Account.id).where(*is_operator)) if owner else None
    if found is None:
        raise InvalidInput([Fault("owner", "must be the email address of an operator")])
    return found


def set_archived(
    session: Session,
    client: ApiClient,
    key: str,
    *,
    is_archived: bool,
    expected_version: str | None = None,
    now: datetime,
) -> EventSummary:
    """Archive or restore an event. Return it as it is then. Idempotent.

    Raises NotFound, NotAllowed, WrongState, and EventChanged if it has another version than expected.
    """
    actor = actor_for_client(session, client, key, now=now)
    actor.require(Right.MANAGE_EVENT, sentence="Only owners of the event can do this.")
    session.get_one(Event, actor.event_id, with_for_update={"key_share": True})
    if expected_version is not None and _read(session, actor).version != expected_version:
        raise EventChanged(key)
    change = archiving.archive_event if is_archived else archiving.restore_event
    change(session, actor, now=now)
    session.flush()
    return _read(session, actor)


def _query() -> Select[*tuple[Any, ...]]:
    of_event = Slot.of(Event.id)
    first = select(func.min(Slot.start)).where(of_event).correlate(Event).scalar_subquery()
    last = select(func.max(Slot.end)).where(of_event).correlate(Event).scalar_subquery()
    return select(Event, first, last).where(Event.is_there())


def _reachable(client: ApiClient, now: datetime) -> list[ColumnElement[bool]]:
    """Conditions: the events for which `actor_for_client` finds a role."""
    if client.event_key is not None:
        return [Event.key == client.event_key]
    if client.is_service:
        return []
    leads = exists().where(
        TeamMember.event_id == Event.id,
        TeamMember.account_id == client.account_id,
        TeamMember.role.in_(_LEADING_ROLES),
        active_team_members(now),
    )
    exhibits = exists().where(
        Attendee.event_id == Event.id,
        Attendee.account_id == client.account_id,
        Attendee.is_exhibitor,
        sign_in_condition(now),
    )
    kinds = ((client.as_organiser, leads), (client.as_exhibitor, exhibits))
    return [or_(false(), *(condition for has_kind, condition in kinds if has_kind))]


def _read(session: Session, actor: Actor) -> EventSummary:
    row = session.execute(_query().where(Event.id == actor.event_id)).first()
    if row is None:
        raise NotFound("event", actor.event_key)
    return _summary(row)


def _summary(row: Row[*tuple[Any, ...]]) -> EventSummary:
    event, first, last, *_ = row
    zone = ZoneInfo(event.timezone)
    values = (
        event.key,
        event.name,
        event.timezone,
        event.language,
        None if first is None else first.astimezone(zone).date(),
        None if last is None else last.astimezone(zone).date(),
        event.created_at,
        event.live_at,
        event.archived_at,
    )
    return EventSummary(*values, version=hashlib.sha256(repr(values).encode()).hexdigest()[:32])
