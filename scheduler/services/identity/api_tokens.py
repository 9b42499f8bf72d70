"""API tokens of one event: they act for their creator, within scopes, until they expire.

No token can add, change or remove an owner. A token lies in a file for months, and anyone who finds one with
an owner's rights could take over an event. On pages, changing the team needs a fresh sign-in.

Only owners can grant `team:write`. Every other token of an owner acts as an organiser. The audit log contains
email addresses, so `audit-log:read` also needs `contacts:read`. A stolen token with `team:write` can still
invite an organiser, which owners see and can revoke at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from sqlalchemy import Select, func, or_, select, update
from sqlalchemy.orm import Session

from scheduler.domain import fields
from scheduler.domain.errors import Fault, InvalidInput, NotAllowed, NotFound
from scheduler.i18n import gettext_lazy
from scheduler.services.audit_log import recording
from scheduler.services.audit_log.acts import Act
from scheduler.services.audit_log.subjects import pgettext_lazy
from scheduler.services.identity.actors import Actor, actor_for
from scheduler.services.identity.rights import Right, Role
from scheduler.services.identity.tokens import hash_token, random_token
from scheduler.services.text import clean_line
from scheduler.storage.models import Account, ApiToken, Event

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
    }
)
"""Scopes that an exhibitor may grant to a token."""

OWNER_SCOPES = frozenset({"team:write"})
"""Scopes that only an owner may grant. Organisers may grant all others."""

PREFIX = "cm_"
"""Prefix of every token, so that leaked ones are recognised."""

DAYS = (30, 90, 180, 365)
"""Possible validity of a token in days."""
USUAL_DAYS = 90
MOST = 20
"""Maximum number of valid tokens of an account in an event."""

_MAX_ID = 2**31 - 1
_NOTED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class TokenCard:
    """A token as its creator sees it, without its text."""

    id: int
    name: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None


def create_api_token(
    session: Session,
    actor: Actor,
    name: str,
    scopes: Iterable[str],
    *,
    days: int = USUAL_DAYS,
    now: datetime,
) -> tuple[TokenCard, str]:
    """Create a token for the actor's event. Return it with its text, which is shown once and never stored."""
    account_id = _require_person(actor)
    actor.require_fresh(gettext_lazy("create the token"))
    name, wanted = clean_line(name), sorted(set(scopes))
    faults = [*fields.check_field("name", name, fields.TokenName), *_scope_faults(wanted, actor)]
    if days not in DAYS:
        faults.append(
            Fault("days", gettext_lazy("choose one of these: %(days)s", days=", ".join(map(str, DAYS))))
        )
    # serialised, so that concurrent requests cannot exceed the limit
    session.execute(select(Account.id).where(Account.id == account_id).with_for_update(key_share=True))
    if _number(session, actor, now) >= MOST:
        faults.append(
            Fault(
                "name",
                gettext_lazy("you already have %(most)s tokens for this event; revoke one first", most=MOST),
            )
        )
    if faults:
        raise InvalidInput(faults)
    text = PREFIX + random_token()
    token = ApiToken(
        event_id=actor.event_id,
        name=name,
        token_hash=hash_token(text),
        scopes=" ".join(wanted),
        created_by=account_id,
        created_at=now,
        expires_at=now + timedelta(days=days),
        as_organiser=actor.is_organiser,
        as_exhibitor=actor.is_exhibitor,
        firm_id=actor.firm_id,
    )
    session.add(token)
    session.flush()
    after = {"scopes": token.scopes, "expires_at": token.expires_at}
    about = pgettext_lazy("audit log", "token %(number)s, %(name)s, created", number=token.id, name=name)
    recording.record_act(session, actor, Act.TOKEN, about, after=after, now=now)
    return _card(token), text


def list_api_tokens(session: Session, actor: Actor) -> tuple[TokenCard, ...]:
    """Return the actor's tokens that are not revoked, newest first. Organisers see everyone's."""
    _require_person(actor)
    live = _visible(actor).where(ApiToken.revoked_at.is_(None))
    return tuple(map(_card, session.scalars(live.order_by(ApiToken.id.desc()))))


def revoke_api_token(session: Session, actor: Actor, token_id: int, *, now: datetime) -> None:
    """Revoke a token. Idempotent. Raises NotFound for a token that the actor may not see."""
    account_id = _require_person(actor)
    token = None
    if 0 < token_id <= _MAX_ID:
        token = session.scalar(_visible(actor).where(ApiToken.id == token_id))
    if token is None:
        raise NotFound("API token", token_id)
    if token.revoked_at is None:
        token.revoked_at, token.revoked_by = now, account_id
        session.flush()
        about = pgettext_lazy(
            "audit log", "token %(number)s, %(name)s, revoked", number=token.id, name=token.name
        )
        recording.record_act(session, actor, Act.TOKEN, about, now=now)


def actor_for_token(session: Session, token: str, *, now: datetime) -> Actor:
    """Return the actor that a token acts for.

    Raises NotFound if it is unknown, ended, or its account has no role. Its roles are those that the account
    had when creating the token and still has. Its use is recorded once a minute, only in a session of
    `Database.write()`, because a read session must not become a writer.
    """
    found = session.execute(
        select(ApiToken, Event.key)
        .join(Event, Event.id == ApiToken.event_id)
        .where(
            ApiToken.token_hash == hash_token(token),
            ApiToken.revoked_at.is_(None),
            ApiToken.expires_at > now,
            Event.is_there(),
        )
    ).first()
    if found is None:
        raise NotFound("API token", token[: len(PREFIX) + 4] + "...")
    row, event_key = found
    person = actor_for(session, row.created_by, event_key, now=now)
    is_organiser = row.as_organiser and person.is_organiser
    scopes = frozenset(row.scopes.split())
    in_firm = row.firm_id is not None and row.firm_id == person.firm_id
    if not (is_organiser or in_firm):
        raise NotFound("API token", token[: len(PREFIX) + 4] + "...")
    if session.connection().get_execution_options().get("writes", False):
        _note_use(session, row.id, now)
    return Actor(
        account_id=person.account_id,
        event_id=person.event_id,
        event_key=event_key,
        team_role=_team_role(person, scopes) if is_organiser else None,
        attendee_id=person.attendee_id if in_firm else None,
        firm_id=person.firm_id if in_firm else None,
        is_exhibitor=in_firm and row.as_exhibitor and person.is_exhibitor,
        scopes=scopes,
        api_token_id=row.id,
        is_archived=person.is_archived,
    )


def list_offered_scopes(actor: Actor) -> Mapping[str, str]:
    """Return the scopes that the actor may grant, and what each permits."""
    if not actor.is_organiser:
        return {scope: SCOPES[scope] for scope in SCOPES if scope in EXHIBITOR_SCOPES}
    may_all = actor.team_role is Role.OWNER
    return {scope: does for scope, does in SCOPES.items() if may_all or scope not in OWNER_SCOPES}


def _team_role(person: Actor, scopes: frozenset[str]) -> Role:
    """Return the owner role only if the token has a scope that only an owner could grant."""
    is_owner = person.team_role is Role.OWNER and not scopes.isdisjoint(OWNER_SCOPES)
    return Role.OWNER if is_owner else Role.ORGANISER


def _card(row: ApiToken) -> TokenCard:
    return TokenCard(
        id=row.id,
        name=row.name,
        scopes=tuple(row.scopes.split()),
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
    )


def _number(session: Session, actor: Actor, now: datetime) -> int:
    """Count the actor's valid tokens of the event."""
    return session.scalars(
        select(func.count())
        .select_from(ApiToken)
        .where(
            ApiToken.event_id == actor.event_id,
            ApiToken.created_by == actor.account_id,
            ApiToken.revoked_at.is_(None),
            ApiToken.expires_at > now,
        )
    ).one()


def _note_use(session: Session, token_id: int, now: datetime) -> None:
    session.execute(
        update(ApiToken)
        .where(
            ApiToken.id == token_id,
            or_(ApiToken.last_used_at.is_(None), ApiToken.last_used_at <= now - _NOTED_EVERY),
        )
        .values(last_used_at=now)
    )


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
    query = select(ApiToken).where(ApiToken.event_id == actor.event_id)
    return (
        query if actor.may(Right.MANAGE_ALL_TOKENS) else query.where(ApiToken.created_by == actor.account_id)
    )


def _scope_faults(scopes: Sequence[str], actor: Actor) -> list[Fault]:
    allowed = list_offered_scopes(actor)
    if not scopes:
        return [Fault("scopes", gettext_lazy("choose at least one"))]
    return [
        Fault("scopes", gettext_lazy("%(scope)s is not a scope you can grant", scope=repr(scope)))
        for scope in scopes
        if scope not in allowed
    ]
