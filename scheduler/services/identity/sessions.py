"""Browser sessions: rows that end by expiry, by their person, or by an operator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    CursorResult,
    Delete,
    Select,
    bindparam,
    case,
    delete,
    exists,
    func,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.orm import Session

from scheduler.config import Settings
from scheduler.domain.errors import NotAllowed, NotFound, RecentSignInRequired
from scheduler.domain.team import TeamRole
from scheduler.i18n import gettext_lazy
from scheduler.services.audit_log.subjects import AuditSubject, pgettext_lazy
from scheduler.services.identity.actors import Actor, actor_of_row, add_role_columns
from scheduler.services.identity.rights import Role
from scheduler.services.identity.tokens import hash_token, random_token
from scheduler.services.text import clean_line, is_storable
from scheduler.storage.models import Account, Attendee, Event, Interpreter, TeamMember, WebSession
from scheduler.storage.rows import rows_of

SECOND_FACTOR_WITHIN: Final = timedelta(minutes=15)
"""A session that waits for its second factor ends after this time."""
SEEN_EVERY = timedelta(minutes=5)
"""Precision of "last seen", so that not every page view writes."""

_RUNS_EVENTS = or_(
    Account.is_operator, exists().where(TeamMember.account_id == Account.id).correlate(Account)
)


def _has_been(role: Role) -> ColumnElement[bool]:
    of_role = exists().where(TeamMember.account_id == Account.id, TeamMember.role == TeamRole(role.value))
    return of_role.correlate(Account)


_LEADS = case(*((_has_been(role), role.value) for role in (Role.OWNER, Role.ORGANISER)), else_="")
"""The highest role with which the account runs, or ran, an event. Empty if it never led one."""

_CHOSEN_LANGUAGES = (
    select(Attendee.mail_language)
    .where(Attendee.account_id == Account.id, Attendee.mail_language != "")
    .order_by(Attendee.id.desc())
    .limit(1)
    .correlate(Account)
    .scalar_subquery(),
    select(Interpreter.mail_language)
    .where(Interpreter.email == Account.email, Interpreter.mail_language != "")
    .order_by(Interpreter.id.desc())
    .limit(1)
    .correlate(Account)
    .scalar_subquery(),
)
"""The language chosen as an attendee, and as an interpreter."""

_FIND = (
    select(
        WebSession.expires_at, _RUNS_EVENTS, WebSession.id, Account.id, Account.email, Account.name,
        Account.is_operator, WebSession.created_at, WebSession.last_seen_at,
        WebSession.provider, func.coalesce(WebSession.authenticated_at, WebSession.created_at), _LEADS,
        func.coalesce(*_CHOSEN_LANGUAGES, ""), WebSession.verified_at,
    )
    .join(Account, Account.id == WebSession.account_id)
    .where(WebSession.id_hash == bindparam("id_hash"))
)  # fmt: skip
"""Built once, because every request runs it."""

_FIND_IN_EVENT = add_role_columns(_FIND.outerjoin(Event, Event.by_key(bindparam("event_key"))), Account.id)


class SecondFactorRequired(NotAllowed):
    """The session waits for its second factor."""

    code = "second-factor-required"

    def __init__(self) -> None:
        super().__init__(gettext_lazy("Your role requires a passkey or a recovery code after the link."))


class ProviderRequired(NotAllowed):
    """The account's role must sign in with an OpenID provider, not by a link."""

    code = "provider-required"

    def __init__(self) -> None:
        super().__init__(gettext_lazy("Your role requires that you sign in with your organisation."))


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A valid session and its account."""

    session_id: int
    account_id: int
    email: str
    name: str
    is_operator: bool
    created_at: datetime
    last_seen_at: datetime
    found_at: datetime
    language: str = ""
    """The language chosen for emails and pages, or an empty text."""
    is_stale: bool = False
    """True if the sign-in is too old for sensitive actions."""
    provider: str = ""
    """Key of the OpenID provider that signed the person in, empty for a link."""
    authenticated_at: datetime | None = None
    """When the person proved who they are, to the provider or by the link. None for a worker."""
    requires_second_factor: bool = False
    """True if the account's role requires a second factor after a link."""
    is_verified: bool = True
    """True after a second factor, and for a sign-in with a provider, which has its own."""

    @property
    def awaits_second_factor(self) -> bool:
        """True if the session is closed until the person proves a second factor."""
        return self.requires_second_factor and not self.is_verified

    def require_second_factor(self) -> None:
        """Raise SecondFactorRequired if the session waits for its second factor."""
        if self.awaits_second_factor:
            raise SecondFactorRequired

    def require_fresh(self, what: str) -> None:
        """Raise RecentSignInRequired if the sign-in is too old, for operators' actions."""
        if self.is_stale:
            raise RecentSignInRequired(what)


def begin_session(
    session: Session,
    account_id: int,
    *,
    settings: Settings,
    agent: str = "",
    errand: Mapping[str, Any] | None = None,
    provider: str = "",
    authenticated_at: datetime | None = None,
    is_verified: bool = False,
    now: datetime,
) -> str:
    """Create a session and return its id, which only the browser keeps.

    `provider` is the key of the OpenID provider that authenticated the person, empty for a link. With
    `is_verified` the person proved a second factor. Raises ProviderRequired for a link if the account's role
    requires a provider.
    """
    if not provider:
        require_link_allowed(session, account_id, settings=settings)
    secret = random_token()
    session.add(
        WebSession(
            id_hash=hash_token(secret),
            account_id=account_id,
            created_at=now,
            last_seen_at=now,
            expires_at=now + _lifetime(settings, session.scalar(_runs_events(account_id))),
            agent=clean_line(agent)[:200],
            errand=dict(errand or {}),
            provider=provider,
            authenticated_at=authenticated_at,
            verified_at=now if is_verified else None,
        )
    )
    first = Attendee.account_id == account_id, Attendee.first_sign_in_at.is_(None)
    signed_in = {"first_sign_in_at": now, "updated_at": Attendee.updated_at}  # no list of updates shows it
    session.execute(update(Attendee).where(*first).values(signed_in))
    session.flush()
    return secret


def find_session(
    session: Session, secret: str, *, settings: Settings, now: ColumnElement[datetime]
) -> SignedIn | None:
    """Return the account of a session id and the time, with one query.

    None if it has ended, waits for its second factor, or never existed.
    """
    found = _find(session, secret, settings, now)
    return None if found is None or found.awaits_second_factor else found


def find_awaiting_session(
    session: Session, secret: str, *, settings: Settings, now: ColumnElement[datetime]
) -> SignedIn | None:
    """Return the account of a session that waits for its second factor, or None."""
    found = _find(session, secret, settings, now)
    return found if found is not None and found.awaits_second_factor else None


def _find(session: Session, secret: str, settings: Settings, now: ColumnElement[datetime]) -> SignedIn | None:
    row = rows_of(session, _with_time(_FIND, now), id_hash=hash_token(secret)).first()
    return _holding(row, settings) if row is not None else None


def find_session_in_event(
    session: Session, secret: str, event_key: str, *, settings: Settings, now: ColumnElement[datetime]
) -> tuple[SignedIn | None, Actor | None]:
    """Like `find_session`, with the actor in an event, or None.

    One query, because every page of an event needs both.
    """
    if not is_storable(event_key):
        return find_session(session, secret, settings=settings, now=now), None
    asked = {"id_hash": hash_token(secret), "event_key": event_key}
    row = session.execute(_with_time(_FIND_IN_EVENT, now), asked).first()
    found = _holding((*row[:_FOUND], row[-1]), settings) if row is not None else None
    if row is None or found is None or found.awaits_second_factor:
        return None, None
    return found, actor_of_row(session, found.account_id, row[_FOUND:-1], now=found.found_at)


_FOUND = 14
"""Number of columns of `_FIND`."""


@lru_cache(maxsize=16)
def _with_time(query: Select[*tuple[Any, ...]], now: ColumnElement[datetime]) -> Select[*tuple[Any, ...]]:
    """Add the database's time. Cached, because `Database.clock` is always the same object."""
    return query.add_columns(now)


def _holding(row: Sequence[Any], settings: Settings) -> SignedIn | None:
    """Return the session for a row of `_FIND` and the time, unless it has ended."""
    expires_at, runs_events, *rest, provider, authenticated_at, leads, language, verified_at, found_at = row
    is_stale = found_at - authenticated_at > timedelta(minutes=settings.fresh_sign_in_minutes)
    signed_in = SignedIn(*(*rest, found_at, language, is_stale, provider, authenticated_at))
    found = replace(
        signed_in,
        requires_second_factor=_is_named(settings.second_factor_required, signed_in.is_operator, leads),
        is_verified=verified_at is not None or bool(provider),
    )
    if found.provider:
        is_of_site = found.provider in settings.providers
    else:
        is_of_site = not _is_named(settings.oidc_required, found.is_operator, leads)
    if not is_of_site:
        return None
    # the account may have become an organiser's, or the setting may have changed
    expires_at = min(expires_at, found.created_at + _lifetime(settings, runs_events))
    if found.awaits_second_factor:
        expires_at = min(expires_at, found.created_at + SECOND_FACTOR_WITHIN)
    return found if found.found_at < expires_at else None


def require_link_allowed(session: Session, account_id: int, *, settings: Settings) -> None:
    """Raise ProviderRequired if the account's role requires a sign-in with an OpenID provider."""
    row = session.execute(select(Account.is_operator, _LEADS).where(Account.id == account_id)).one()
    if _is_named(settings.oidc_required, *row):
        raise ProviderRequired


def _is_named(required: str, is_operator: bool, leads: str) -> bool:
    """Return True if a setting requires something of the account. `leads` is its role as of `_LEADS`."""
    named = {"owners": (Role.OWNER,), "organisers": (Role.OWNER, Role.ORGANISER)}.get(required, ())
    return required != "off" and (is_operator or leads in named)


def record_session_use(session: Session, signed_in: SignedIn, *, now: datetime) -> None:
    session.execute(update(WebSession).where(WebSession.id == signed_in.session_id).values(last_seen_at=now))


def read_errand(session: Session, signed_in: SignedIn) -> Mapping[str, Any]:
    """Return the errand: what the person was about to do when asked to sign in again."""
    return session.scalar(select(WebSession.errand).where(WebSession.id == signed_in.session_id)) or {}


@dataclass(frozen=True, slots=True)
class SessionCard:
    """A browser in which an account is signed in."""

    id: int
    agent: str
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime


def list_sessions(session: Session, account_id: int, *, now: datetime) -> tuple[SessionCard, ...]:
    """Return the account's valid sessions, last seen first."""
    columns = (getattr(WebSession, name) for name in SessionCard.__dataclass_fields__)
    rows = session.execute(
        select(*columns)
        .where(WebSession.account_id == account_id, WebSession.expires_at > now)
        .order_by(WebSession.last_seen_at.desc(), WebSession.id.desc())
    )
    return tuple(SessionCard(*row) for row in rows)


def end_session(session: Session, account_id: int, session_id: int) -> None:
    """End one session of the account. Raises NotFound if it has ended or belongs to another account."""
    if not _deleted(
        session,
        delete(WebSession).where(WebSession.id == session_id, WebSession.account_id == account_id),
    ):
        raise NotFound("session", session_id)


def end_session_by_secret(session: Session, secret: str) -> None:
    """End the session with this id, if there is one."""
    _deleted(session, delete(WebSession).where(WebSession.id_hash == hash_token(secret)))


def end_all_sessions(session: Session, account_id: int, *, but: int | None = None) -> int:
    """End every session of the account, except `but` if given. Return their number."""
    others = WebSession.id != but if but is not None else true()
    return _deleted(session, delete(WebSession).where(WebSession.account_id == account_id, others))


def audit_subject_of_end(email: str) -> AuditSubject:
    """Return the audit subject of an account that the command line signs out everywhere."""
    return pgettext_lazy("audit log", "sessions of %(address)s ended", address=email)


def delete_ended_sessions(session: Session, *, now: datetime) -> int:
    """Delete expired sessions. Return their number."""
    return _deleted(session, delete(WebSession).where(WebSession.expires_at <= now))


def _deleted(session: Session, statement: Delete) -> int:
    result: CursorResult[Any] = session.connection().execute(statement)
    return result.rowcount


def _lifetime(settings: Settings, runs_events: bool | None) -> timedelta:
    return timedelta(hours=settings.organiser_session_hours if runs_events else settings.session_hours)


def _runs_events(account_id: int) -> Any:
    return select(_RUNS_EVENTS).where(Account.id == account_id)
