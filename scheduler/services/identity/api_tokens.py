"""API tokens of an account, for one event or for all, and of services. They have scopes, and expire.

A token of an account acts for it, with the roles that the account has in each event when a request is made,
as far as it had them when it created the token. A token of a service belongs to no one: the command line
creates it, and it acts as an organiser of every event.

No token can add, change or remove an owner. A token lies in a file for months, and anyone who finds one with
an owner's rights could take over an event. On pages, changing the team needs a fresh sign-in.

Only owners can grant `team:write` and `events:write`. Every other token of an owner acts as an organiser. The
audit log contains email addresses, so `audit-log:read` also needs `contacts:read`. A stolen token with
`team:write` can still invite an organiser, which owners see and can revoke at once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session

from scheduler.domain import fields
from scheduler.domain.errors import Fault, InvalidInput, NotAllowed, NotFound
from scheduler.i18n import gettext_lazy
from scheduler.services.audit_log import recording
from scheduler.services.audit_log.acts import Act
from scheduler.services.audit_log.recording import Doer, NamedDoer
from scheduler.services.audit_log.subjects import pgettext_lazy
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right, Role
from scheduler.services.identity.tokens import hash_token, random_token
from scheduler.services.text import clean_line
from scheduler.storage.models import Account, ApiToken

SCOPES = MappingProxyType(
    {
        "requests:read": gettext_lazy("Read meeting requests"),
        "requests:write": gettext_lazy("Send, respond to and withdraw meeting requests"),
        "runs:read": gettext_lazy("Read runs and their progress"),
        "runs:write": gettext_lazy("Start and cancel runs"),
        "schedule:read": gettext_lazy("Read schedule versions, changes and agendas"),
        "schedule:publish": gettext_lazy("Publish, restore and discard schedule versions"),
        "people:read": gettext_lazy("Read companies and people"),
        "people:write": gettext_lazy(
            "Import, edit, remove and merge companies, people and interpreters; undo these changes"
        ),
        "contacts:read": gettext_lazy("Include email addresses and phone numbers"),
        "calendar-status:read": gettext_lazy("Read calendar status and failed emails"),
        "venue:write": gettext_lazy("Change days, halls, tables and areas"),
        "team:read": gettext_lazy("Read the team"),
        "team:write": gettext_lazy("Invite team members, change and end their roles, except those of owners"),
        "audit-log:read": gettext_lazy(
            "Read the audit log; also requires contacts:read, as it includes email addresses"
        ),
        "outcomes:read": gettext_lazy("Read meeting outcomes; with schedule:read, also the chain report"),
        "outcomes:write": gettext_lazy("Report outcomes of your company's meetings"),
        "drafts:write": gettext_lazy("Edit manual drafts"),
        "webhooks:write": gettext_lazy("Create webhooks, read their messages and send these again"),
        "settings:write": gettext_lazy("Change settings, overnight runs and scheduling priorities"),
        "events:read": gettext_lazy("List and read events"),
        "events:write": gettext_lazy("Create, copy, archive and restore events"),
    }
)
"""Scopes and what they permit."""

EXHIBITOR_SCOPES = frozenset(
    {
        "requests:read",
        "requests:write",
        "schedule:read",
        "people:read",
        "contacts:read",
        "outcomes:read",
        "outcomes:write",
        "events:read",
    }
)
"""Scopes that an exhibitor may grant to a token."""

OWNER_SCOPES = frozenset({"team:write", "events:write"})
"""Scopes that only an owner may grant. Organisers may grant all others."""

PREFIX = "cm_"
"""Prefix of every token, so that leaked ones are recognised."""

DAYS = (30, 90, 180, 365)
"""Possible validity of a token in days."""
USUAL_DAYS = 90
MOST = 20
"""Maximum number of valid tokens of an account in an event, and of those for all events."""
MOST_SERVICES = 50
"""Maximum number of valid tokens of services."""

_MAX_ID = 2**31 - 1
_OF_SERVICES = (ApiToken.event_id.is_(None), ApiToken.created_by.is_(None))


@dataclass(frozen=True, slots=True)
class TokenCard:
    """A token without its text."""

    id: int
    name: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    is_of_event: bool
    """False if it is for all events."""
    account: str = ""
    """Email address of its account, empty for a service. Only `list_installation_tokens` has it."""


def create_api_token(
    session: Session,
    actor: Actor,
    name: str,
    scopes: Iterable[str],
    *,
    days: int = USUAL_DAYS,
    is_for_all_events: bool = False,
    now: datetime,
) -> tuple[TokenCard, str]:
    """Create a token for the actor's event, or for all events of the account.

    Return it with its text, which is shown once and never stored. A token for all events has the kinds of
    roles that the actor has in this event: organiser or exhibitor.
    """
    account_id = _require_person(actor)
    actor.require_fresh(gettext_lazy("create the token"))
    name, wanted = clean_line(name), sorted(set(scopes))
    faults = [
        *fields.check_field("name", name, fields.TokenName),
        *_scope_faults(wanted, list_offered_scopes(actor)),
    ]
    if days not in DAYS:
        faults.append(
            Fault("days", gettext_lazy("choose one of these: %(days)s", days=", ".join(map(str, DAYS))))
        )
    # serialised, so that concurrent requests cannot exceed the limit
    session.execute(select(Account.id).where(Account.id == account_id).with_for_update(key_share=True))
    event_id = None if is_for_all_events else actor.event_id
    if _count_valid(session, account_id, event_id, now) >= MOST:
        faults.append(Fault("name", _too_many(is_for_all_events)))
    if faults:
        raise InvalidInput(faults)
    token, text = _insert(
        session,
        now + timedelta(days=days),
        event_id=event_id,
        name=name,
        scopes=" ".join(wanted),
        created_by=account_id,
        created_at=now,
        as_organiser=actor.is_organiser,
        as_exhibitor=actor.is_exhibitor,
        firm_id=None if is_for_all_events else actor.firm_id,
    )
    _record_creation(session, actor, token, now)
    return _card(token), text


def create_service_token(
    session: Session, name: str, scopes: Iterable[str], *, days: int = USUAL_DAYS, now: datetime
) -> tuple[TokenCard, str]:
    """Create a token of a service, on the command line. Return it with its text, which is never stored.

    Raises InvalidInput.
    """
    name, wanted = clean_line(name), sorted(set(scopes))
    faults = [*fields.check_field("name", name, fields.TokenName), *_scope_faults(wanted, SCOPES)]
    if not 1 <= days <= max(DAYS):
        faults.append(Fault("days", f"must be from 1 to {max(DAYS)}"))
    valid = session.scalars(select(ApiToken.name).where(is_valid(now), *_OF_SERVICES)).all()
    if name in valid:
        faults.append(Fault("name", "another service has it; revoke its token, or choose another name"))
    if len(valid) >= MOST_SERVICES:
        faults.append(Fault("name", f"there are {MOST_SERVICES} tokens of services; revoke one first"))
    if faults:
        raise InvalidInput(faults)
    token, text = _insert(
        session,
        now + timedelta(days=days),
        event_id=None,
        name=name,
        scopes=" ".join(wanted),
        created_by=None,
        created_at=now,
        as_organiser=True,
        as_exhibitor=False,
    )
    _record_creation(session, NamedDoer(), token, now)
    return _card(token), text


def list_api_tokens(session: Session, actor: Actor) -> tuple[TokenCard, ...]:
    """Return the actor's tokens that are not revoked, newest first; for organisers all of the event, too."""
    _require_person(actor)
    live = _visible(actor).where(ApiToken.revoked_at.is_(None))
    return tuple(map(_card, session.scalars(live.order_by(ApiToken.id.desc()))))


def list_service_tokens(session: Session, actor: Actor) -> tuple[TokenCard, ...]:
    """Return the tokens of services that are not revoked, newest first. Only owners see them."""
    if not actor.may(Right.READ_SERVICE_TOKENS):
        return ()
    live = select(ApiToken).where(*_OF_SERVICES, ApiToken.revoked_at.is_(None))
    return tuple(map(_card, session.scalars(live.order_by(ApiToken.id.desc()))))


def list_installation_tokens(session: Session) -> tuple[TokenCard, ...]:
    """Return all tokens for all events that are not revoked, newest first, for the command line."""
    rows = session.execute(
        select(ApiToken, Account.email)
        .outerjoin(Account, Account.id == ApiToken.created_by)
        .where(ApiToken.event_id.is_(None), ApiToken.revoked_at.is_(None))
        .order_by(ApiToken.id.desc())
    )
    return tuple(replace(_card(token), account=email or "") for token, email in rows)


def revoke_api_token(session: Session, actor: Actor, token_id: int, *, now: datetime) -> None:
    """Revoke a token. Idempotent. Raises NotFound for a token that the actor may not see."""
    account_id = _require_person(actor)
    token = session.scalar(_visible(actor).where(ApiToken.id == token_id)) if _is_id(token_id) else None
    if token is None:
        raise NotFound("API token", token_id)
    _revoke(session, token, actor, account_id, now)


def revoke_installation_token(session: Session, token_id: int, *, now: datetime) -> TokenCard:
    """Revoke a token for all events on the command line. Idempotent. Raises NotFound."""
    wide = select(ApiToken).where(ApiToken.id == token_id, ApiToken.event_id.is_(None))
    token = session.scalar(wide) if _is_id(token_id) else None
    if token is None:
        raise NotFound("API token", token_id)
    _revoke(session, token, NamedDoer(), None, now)
    return _card(token)


def is_valid(now: datetime) -> ColumnElement[bool]:
    """Condition: the token is neither revoked nor expired."""
    return and_(ApiToken.revoked_at.is_(None), ApiToken.expires_at > now)


def list_offered_scopes(actor: Actor) -> Mapping[str, str]:
    """Return the scopes that the actor may grant, and what each permits."""
    if not actor.is_organiser:
        return {scope: SCOPES[scope] for scope in SCOPES if scope in EXHIBITOR_SCOPES}
    may_all = actor.team_role is Role.OWNER
    return {scope: does for scope, does in SCOPES.items() if may_all or scope not in OWNER_SCOPES}


def _insert(session: Session, expires_at: datetime, **values: Any) -> tuple[ApiToken, str]:
    text = PREFIX + random_token()
    token = ApiToken(token_hash=hash_token(text), expires_at=expires_at, **values)
    session.add(token)
    session.flush()
    return token, text


def _record_creation(session: Session, by: Doer, token: ApiToken, now: datetime) -> None:
    after = {"scopes": token.scopes, "expires_at": token.expires_at}
    named = {"number": token.id, "name": token.name}
    if token.event_id is None:
        about = pgettext_lazy("audit log", "token %(number)s, %(name)s, created for all events", **named)
    else:
        about = pgettext_lazy("audit log", "token %(number)s, %(name)s, created", **named)
    recording.record_act(session, by, Act.TOKEN, about, after=after, now=now)


def _revoke(session: Session, token: ApiToken, by: Doer, account_id: int | None, now: datetime) -> None:
    if token.revoked_at is None:
        token.revoked_at, token.revoked_by = now, account_id
        session.flush()
        about = pgettext_lazy(
            "audit log", "token %(number)s, %(name)s, revoked", number=token.id, name=token.name
        )
        recording.record_act(session, by, Act.TOKEN, about, now=now)


def _card(row: ApiToken) -> TokenCard:
    return TokenCard(
        id=row.id,
        name=row.name,
        scopes=tuple(row.scopes.split()),
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        is_of_event=row.event_id is not None,
    )


def _is_id(number: int) -> bool:
    return 0 < number <= _MAX_ID


def _count_valid(session: Session, account_id: int, event_id: int | None, now: datetime) -> int:
    """Count the account's valid tokens of the event, or those for all events."""
    return session.scalars(
        select(func.count())
        .select_from(ApiToken)
        .where(
            ApiToken.event_id.is_not_distinct_from(event_id),
            ApiToken.created_by == account_id,
            is_valid(now),
        )
    ).one()


def _too_many(is_for_all_events: bool) -> str:
    if is_for_all_events:
        return gettext_lazy("you already have %(most)s tokens for all events; revoke one first", most=MOST)
    return gettext_lazy("you already have %(most)s tokens for this event; revoke one first", most=MOST)


def _require_person(actor: Actor) -> int:
    if actor.account_id is None or actor.scopes is not None:
        raise NotAllowed(gettext_lazy("Only a signed-in person can manage API tokens."))
    actor.require(
        Right.CREATE_TOKENS,
        attendee_id=actor.attendee_id,
        sentence=gettext_lazy("Only organisers and company contacts can have API tokens."),
    )
    return actor.account_id


def _visible(actor: Actor) -> Select[ApiToken]:
    """Query for tokens of the event: the actor's, or all. One for all events is seen by its account only."""
    of_event = ApiToken.event_id == actor.event_id
    own = ApiToken.created_by == actor.account_id
    if actor.may(Right.MANAGE_ALL_TOKENS):
        return select(ApiToken).where(or_(of_event, and_(ApiToken.event_id.is_(None), own)))
    return select(ApiToken).where(or_(of_event, ApiToken.event_id.is_(None)), own)


def _scope_faults(scopes: Sequence[str], allowed: Collection[str]) -> list[Fault]:
    if not scopes:
        return [Fault("scopes", gettext_lazy("choose at least one"))]
    return [
        Fault("scopes", gettext_lazy("%(scope)s is not a scope you can grant", scope=repr(scope)))
        for scope in scopes
        if scope not in allowed
    ]
