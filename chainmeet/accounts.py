"""Commands of operators: printed sign-in links, session revocation, and the pause of the site."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from scheduler.config import Settings
from scheduler.domain import fields
from scheduler.domain.errors import Fault, InvalidInput, NotFound
from scheduler.services import links
from scheduler.services.audit_log import recording
from scheduler.services.audit_log.acts import Act
from scheduler.services.audit_log.recording import NamedDoer
from scheduler.services.audit_log.subjects import operator_subject
from scheduler.services.emails.email_addresses.address_validation import InvalidAddress, normalize_address
from scheduler.services.identity import oidc_sign_in, second_factor, sessions, sign_in
from scheduler.services.identity.sessions import ProviderRequired, SessionCard
from scheduler.services.operations import restored_copy, site_pause
from scheduler.services.publishing import restored_calendars
from scheduler.storage.database import Database
from scheduler.storage.models import Account, Event


def account_link(database: Database, settings: Settings, email: str, valid: timedelta = sign_in.VALID) -> str:
    """Return a sign-in link for an account, or for an interpreter without one. Raises NotFound.

    If the account's role must sign in with an OpenID provider, it is the address of the sign-in page.
    """
    with database.write() as session:
        now = database.now_in(session)
        account = sign_in.find_account(session, email, now=now)
        if account is None:
            raise NotFound("account", email)
        try:
            sessions.require_link_allowed(session, account.id, settings=settings)
        except ProviderRequired:
            return links.absolute_url(settings, links.SIGN_IN)
        token = sign_in.make_sign_in_link(
            session, account.id, secret_key=settings.secret_key, now=now, valid=valid
        )
    return sign_in_url(settings, token)


def operator_link(
    database: Database, settings: Settings, email: str, valid: timedelta = sign_in.VALID
) -> str:
    """Return a sign-in link for an operator, who may create events. Creates a missing account."""
    try:
        address = normalize_address(email, is_test=True)
    except InvalidAddress as error:
        raise InvalidInput([Fault("email", error.user_message)]) from error
    with database.write() as session:
        now = database.now_in(session)
        sign_in.ensure_account(session, address, is_operator=True, now=now)
        about = operator_subject(address)
        recording.record_act(session, NamedDoer(), Act.ROLE, about, after={"operator": True}, now=now)
    return account_link(database, settings, address, valid)


def sessions_of(database: Database, email: str) -> tuple[SessionCard, ...]:
    """Return the active sessions of an account. Raises NotFound."""
    with database.read() as session:
        return sessions.list_sessions(session, _account(session, email).id, now=database.now_in(session))


def end_sessions(database: Database, email: str) -> int:
    """End all sessions of an account and return their number. Raises NotFound."""
    with database.write() as session:
        account = _account(session, email)
        now, about = database.now_in(session), sessions.audit_subject_of_end(account.email)
        recording.record_act(session, NamedDoer(), Act.SIGN_OUT, about, now=now)
        return sessions.end_all_sessions(session, account.id)


def unlink_account(database: Database, email: str) -> int:
    """Unlink an account from OpenID providers and end its sessions. Return the number of links.

    Raises NotFound.
    """
    with database.write() as session:
        account = _account(session, email)
        sessions.end_all_sessions(session, account.id)
        return oidc_sign_in.unlink_account(session, account, now=database.now_in(session))


def reset_second_factor(database: Database, email: str) -> int:
    """Remove the passkeys and recovery codes of an account, and end its sessions.

    Return the number of passkeys. Raises NotFound.
    """
    with database.write() as session:
        account = _account(session, email)
        return second_factor.reset_second_factor(session, account, now=database.now_in(session))


def pause_site(database: Database, reason: str) -> bool:
    """Pause the site. Return False if it is paused already. Raises InvalidInput."""
    fields.require_valid("reason", reason, fields.PauseReason)
    with database.write() as session:
        return site_pause.pause(session, NamedDoer(), reason, now=database.now_in(session))


def resume_site(database: Database, settings: Settings, *, accepts_copy: bool = False) -> bool:
    """Resume the site. Return False if it is not paused. The next ticks send what waits.

    Accepting a copy corrects calendars. Raises RestoredDatabase for a copy, unless the caller accepts it.
    """
    restored_copy.pause_if_copied(database, settings, now=database.now())
    with database.write() as session:
        now = database.now_in(session)
        if accepts_copy:
            restored_calendars.correct_calendars(session, settings, NamedDoer(), now=now)
        return site_pause.resume(session, NamedDoer(), now=now)


def has_events(database: Database) -> bool:
    with database.read() as session:
        return bool(session.scalar(select(exists().select_from(Event))))


def _account(session: Session, email: str) -> Account:
    account = session.scalar(select(Account).where(Account.email == sign_in.normalize_email(email)))
    if account is None:
        raise NotFound("account", email)
    return account


def sign_in_url(settings: Settings, token: str) -> str:
    return links.absolute_url(settings, links.sign_in(token))
