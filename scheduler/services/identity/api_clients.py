"""API clients: the programs that API tokens identify, and what they are in each event.

An account's roles in an event are looked up at each request, so a role that ends is lost at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from scheduler.domain.errors import NotAllowed, NotFound
from scheduler.services.identity.actors import Actor, actor_for, service_actor
from scheduler.services.identity.api_tokens import OWNER_SCOPES, PREFIX, is_valid
from scheduler.services.identity.rights import Right, Role, in_scope, out_of_scope
from scheduler.services.identity.tokens import hash_token
from scheduler.storage.models import ApiToken, Event

_NOTED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class ApiClient:
    """The program that a valid token identifies: it acts for an account, or is a service."""

    api_token_id: int
    name: str
    """Name of the token."""
    scopes: frozenset[str]
    account_id: int | None = None
    """None for a service."""
    event_key: str | None = None
    """The event of the token, None if it is for all events."""
    as_organiser: bool = True
    as_exhibitor: bool = False
    firm_id: int | None = None
    """As in ApiToken."""

    @property
    def is_service(self) -> bool:
        return self.account_id is None

    def has_scope(self, scope: str) -> bool:
        return scope in self.scopes

    def require(self, right: Right) -> None:
        """Raise NotAllowed if no scope of the token permits the right, in whatever event."""
        if not in_scope(self.scopes, right):
            raise NotAllowed(out_of_scope(right))


def find_client(session: Session, token: str, *, now: datetime) -> ApiClient:
    """Return the client that a token identifies. Raises NotFound if it is unknown, revoked or has expired."""
    found = session.execute(
        select(ApiToken, Event.key)
        .outerjoin(Event, Event.id == ApiToken.event_id)
        .where(
            ApiToken.token_hash == hash_token(token),
            is_valid(now),
            or_(ApiToken.event_id.is_(None), Event.is_there()),
        )
    ).first()
    if found is None:
        raise NotFound("API token", token[: len(PREFIX) + 4] + "...")
    row, event_key = found
    return ApiClient(
        api_token_id=row.id,
        name=row.name,
        scopes=frozenset(row.scopes.split()),
        account_id=row.created_by,
        event_key=event_key,
        as_organiser=row.as_organiser,
        as_exhibitor=row.as_exhibitor,
        firm_id=row.firm_id,
    )


def actor_for_client(session: Session, client: ApiClient, event_key: str, *, now: datetime) -> Actor:
    """Return a client as an actor of an event.

    Its roles are those that the account had when creating the token and has in this event now. A service is
    an organiser. Raises NotFound if its token is for another event, or there is no such role or event.
    """
    if client.event_key not in (None, event_key):
        raise NotFound("event", event_key)
    if client.account_id is None:
        role = _team_role(True, client.scopes)
        return service_actor(session, client.api_token_id, client.name, client.scopes, role, event_key)
    person = actor_for(session, client.account_id, event_key, now=now)
    is_organiser = client.as_organiser and person.is_organiser
    if client.event_key is None:
        in_firm = client.as_exhibitor and person.is_exhibitor
    else:
        in_firm = client.firm_id is not None and client.firm_id == person.firm_id
    if not (is_organiser or in_firm):
        raise NotFound("event", event_key)
    role = _team_role(person.team_role is Role.OWNER, client.scopes)
    return Actor(
        account_id=person.account_id,
        event_id=person.event_id,
        event_key=person.event_key,
        team_role=role if is_organiser else None,
        attendee_id=person.attendee_id if in_firm else None,
        firm_id=person.firm_id if in_firm else None,
        is_exhibitor=in_firm and client.as_exhibitor and person.is_exhibitor,
        scopes=client.scopes,
        api_token_id=client.api_token_id,
        is_archived=person.is_archived,
    )


def record_use(session: Session, client: ApiClient, *, now: datetime) -> None:
    """Record that a token is in use, at most once a minute."""
    session.execute(
        update(ApiToken)
        .where(
            ApiToken.id == client.api_token_id,
            or_(ApiToken.last_used_at.is_(None), ApiToken.last_used_at <= now - _NOTED_EVERY),
        )
        .values(last_used_at=now)
    )


def _team_role(may_own: bool, scopes: frozenset[str]) -> Role:
    """Return the owner role only if the token has a scope that only an owner could grant."""
    return Role.OWNER if may_own and not scopes.isdisjoint(OWNER_SCOPES) else Role.ORGANISER
