"""Sign-in by an emailed single-use link.

A sign-in request takes the same work for every address, otherwise the response time would reveal which
addresses have an account. It inserts one row, which a task processes later from the urgent queue. So the page
cannot say that an address is unknown. Using a link ends the other links of its account.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, exists, func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from scheduler.config import Settings
from scheduler.domain.entities import OutboxKind
from scheduler.domain.errors import NotFound
from scheduler.i18n import gettext_lazy
from scheduler.secret_keys import SecretKeys
from scheduler.services.audit_log import recording
from scheduler.services.audit_log.acts import Act
from scheduler.services.audit_log.recording import NamedDoer
from scheduler.services.audit_log.subjects import pgettext_lazy, unusable_link_subject
from scheduler.services.identity import interpreters, preferences
from scheduler.services.identity.actors import list_events
from scheduler.services.identity.tokens import SIGN_IN, derive_token, hash_token, new_seed
from scheduler.services.outbox import outbox
from scheduler.services.outbox.outbox import NewMail
from scheduler.services.text import clean_line
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import Account, SignInLink, SignInRequest

VALID = timedelta(minutes=15)
MAX_OPEN_LINKS = 10
"""Maximum number of unused links of an account, so that nobody can flood a mailbox."""
MAX_REQUESTS_PER_BATCH = 200
"""Requests processed in one transaction."""
STRANGERS = 50_000
"""Requests for unknown addresses dropped in one transaction."""

_SENTENCES = {
    "unknown": gettext_lazy(
        "This sign-in link isn't valid. Check that you copied all of it, or request a new one."
    ),
    "used": gettext_lazy(
        "This sign-in link was already used, or you've signed in with another one since. Request a new one."
    ),
    "expired": gettext_lazy("This sign-in link has expired. Request a new one."),
}


class UnusableLink(NotFound):
    """The sign-in link cannot be used. `reason` is "unknown", "used" or "expired"."""

    code = "unusable-link"

    def __init__(self, reason: str) -> None:
        super().__init__("sign-in link", reason)
        self.reason = reason

    def __str__(self) -> str:
        return _SENTENCES[self.reason]


@dataclass(frozen=True, slots=True)
class AccountRef:
    """The account of a sign-in link."""

    id: int
    email: str


@dataclass(frozen=True, slots=True)
class RedeemedLink:
    """The account that a link has signed in, and its errand."""

    account: AccountRef
    errand: Mapping[str, Any]


def normalize_email(email: str) -> str:
    """Return the form in which addresses are stored and compared."""
    return clean_line(email).lower()


def ensure_account(
    session: Session, email: str, *, name: str = "", is_operator: bool = False, now: datetime
) -> Account:
    """Return the account of an address, created if needed. Operators may create events."""
    email = normalize_email(email)
    account = session.scalar(select(Account).where(Account.email == email))
    if account is None:
        account = _create_account(session, email, name, now)
    if is_operator and not account.is_operator:
        account.is_operator = True
        session.flush()
    return account


def find_account(session: Session, email: str, *, now: datetime) -> Account | None:
    """Return the account of an address, or None. An interpreter's account is created on first use."""
    account = session.scalar(select(Account).where(Account.email == normalize_email(email)))
    if account is None and (name := interpreters.find_interpreter_name(session, normalize_email(email))):
        account = ensure_account(session, email, name=name, now=now)
    return account


def ensure_accounts(session: Session, names: Mapping[str, str], *, now: datetime) -> dict[str, int]:
    """Return the account ids of many addresses, created if needed. `names` are by address.

    Takes two statements for any number, because an import has thousands.
    """
    emails = {email: normalize_email(email) for email in names}
    query = select(Account.email, Account.id).where(in_chunks(Account.email, emails.values()))
    known = {row.email: row.id for row in session.execute(query)}
    new = {normal: names[email] for email, normal in emails.items() if normal not in known}
    try:
        with session.begin_nested():
            added = [Account(email=email, name=name, created_at=now) for email, name in new.items()]
            session.add_all(added)
        known |= {account.email: account.id for account in added}
    except IntegrityError:  # one of them was created concurrently
        known |= {email: _create_account(session, email, name, now).id for email, name in new.items()}
    return {email: known[normal] for email, normal in emails.items()}


def _create_account(session: Session, email: str, name: str, now: datetime) -> Account:
    account = Account(email=email, name=name, created_at=now)
    try:
        with session.begin_nested():
            session.add(account)
    except IntegrityError:  # created concurrently
        return session.scalars(select(Account).where(Account.email == email)).one()
    return account


def request_sign_in(
    session: Session, email: str, *, errand: Mapping[str, Any] | None = None, now: datetime
) -> None:
    """Record a request for a sign-in link. The work is the same for known and unknown addresses.

    `process_sign_in_requests` handles it in the background, so that neither response nor timing reveals who
    is known.
    """
    session.add(SignInRequest(email=normalize_email(email), errand=dict(errand or {}), created_at=now))
    session.flush()


def process_sign_in_requests(session: Session, settings: Settings, *, now: datetime) -> int:
    """Queue emails with links for the oldest known requests, at most `MAX_REQUESTS_PER_BATCH`.

    Requests for unknown addresses get no email and are dropped first, so that they delay nobody. Return the
    number of requests handled.
    """
    dropped = _drop_wishes_of_strangers(session)
    oldest = select(SignInRequest).order_by(SignInRequest.id).limit(MAX_REQUESTS_PER_BATCH)
    wishes = session.scalars(oldest.with_for_update(skip_locked=True, key_share=True)).all()
    for each in wishes:
        queue_sign_in_email(
            session,
            each.email,
            errand=each.errand,
            secret_key=settings.secret_key,
            mail_domain=settings.mail_domain,
            now=now,
        )
        session.delete(each)
    session.flush()
    return dropped + len(wishes)


def _drop_wishes_of_strangers(session: Session) -> int:
    is_known = or_(
        exists().where(Account.email == SignInRequest.email),
        interpreters.is_interpreter_address(SignInRequest.email),
    )
    strangers = session.scalars(
        select(SignInRequest.id)
        .where(~is_known)
        .order_by(SignInRequest.id)
        .limit(STRANGERS)
        .with_for_update(skip_locked=True, key_share=True)
    ).all()
    if strangers:
        session.execute(delete(SignInRequest).where(in_chunks(SignInRequest.id, strangers)))
    return len(strangers)


def queue_sign_in_email(
    session: Session,
    email: str,
    *,
    errand: Mapping[str, Any] | None = None,
    secret_key: SecretKeys,
    mail_domain: str,
    now: datetime,
) -> SignInLink | None:
    """Queue an email with a sign-in link.

    Return None, without an email, for an unknown address or too many links. The token is not stored. The
    renderer derives it from the link's seed with the purpose `tokens.SIGN_IN`. The email contains no name,
    because a person's name in one event must not be revealed in another.
    """
    account = find_account(session, email, now=now)
    if account is None or _open_links(session, account.id, now) >= MAX_OPEN_LINKS:
        return None
    link, _ = _make_link(session, account.id, secret_key, now, VALID, errand)
    mail = NewMail(
        kind=OutboxKind.SIGN_IN,
        sign_in_link_id=link.id,
        to_address=account.email,
        payload={
            "language": preferences.account_language(session, account.id),
            "event": _event_name(session, account.id, errand or {}, now),
        },
        message_id=f"<{uuid.uuid4()}@{mail_domain}>",
        created_at=now,
        next_attempt_at=now,
    )
    outbox.enqueue(session, [mail])
    return link


def _event_name(session: Session, account_id: int, errand: Mapping[str, Any], now: datetime) -> str:
    """Return the name of the event that a link leads to: the one viewed, or the account's only one, or empty.

    Events in rehearsal are named only to their team.
    """
    found = list_events(session, account_id, now=now)
    events = [event for event in found if event.team_role is not None or not event.is_rehearsing]
    path = f"{errand.get('path', '')}/"
    wanted = [event for event in events if path.startswith(f"/events/{event.key}/")] or events
    return wanted[0].name if len(wanted) == 1 else ""


def make_sign_in_link(
    session: Session, account_id: int, *, secret_key: SecretKeys, now: datetime, valid: timedelta = VALID
) -> str:
    """Create a link and return its token, to print it instead of emailing it."""
    return _make_link(session, account_id, secret_key, now, valid)[1]


def preview_sign_in_link(session: Session, token: str, *, now: datetime) -> AccountRef:
    """Return the account that the link would sign in, without using the link. Raises UnusableLink.

    Email scanners open links, so the page only previews the link, and its button redeems it.
    """
    found = session.execute(
        select(SignInLink, Account.id, Account.email)
        .join(Account, Account.id == SignInLink.account_id)
        .where(SignInLink.token_hash == hash_token(token))
    ).first()
    if found is None:
        raise UnusableLink("unknown")
    link, account_id, email = found
    if link.used_at is not None:
        raise UnusableLink("used")
    if link.expires_at <= now:
        raise UnusableLink("expired")
    return AccountRef(account_id, email)


def redeem_sign_in_link(session: Session, token: str, *, now: datetime) -> RedeemedLink:
    """Redeem a link and end all other links of its account. Of two concurrent attempts one succeeds.

    Raises UnusableLink.
    """
    account = preview_sign_in_link(session, token, now=now)
    # Serialised per account: two of its links would each end the other, and deadlock.
    session.execute(select(Account.id).where(Account.id == account.id).with_for_update(key_share=True))
    used = session.execute(
        update(SignInLink)
        .where(
            SignInLink.token_hash == hash_token(token),
            SignInLink.used_at.is_(None),
            SignInLink.expires_at > now,
        )
        .values(used_at=now)
        .returning(SignInLink.errand)
        .execution_options(synchronize_session="fetch")
    ).first()
    if used is None:
        raise UnusableLink("used")  # concurrently, after the preview
    session.execute(
        update(SignInLink)
        .where(SignInLink.account_id == account.id, SignInLink.used_at.is_(None))
        .values(used_at=now)
        .execution_options(synchronize_session="fetch")
    )
    about = pgettext_lazy("audit log", "signed in with a link")
    recording.record_act(session, NamedDoer(account_id=account.id), Act.SIGN_IN, about, now=now)
    return RedeemedLink(account, used.errand)


def record_sign_in_failure(session: Session, token: str, error: UnusableLink, *, now: datetime) -> None:
    """Record in the audit log that a link of ours could not be used.

    Unknown links have no account to record.
    """
    of_link = SignInLink.token_hash == hash_token(token)
    account_id = session.scalar(select(SignInLink.account_id).where(of_link))
    if account_id is not None:
        recording.record_act(
            session,
            NamedDoer(account_id=account_id),
            Act.SIGN_IN_FAILED,
            unusable_link_subject(error.reason),
            now=now,
        )


def _open_links(session: Session, account_id: int, now: datetime) -> int:
    return session.scalars(
        select(func.count())
        .select_from(SignInLink)
        .where(
            SignInLink.account_id == account_id,
            SignInLink.used_at.is_(None),
            SignInLink.expires_at > now,
        )
    ).one()


def _make_link(
    session: Session,
    account_id: int,
    secret_key: SecretKeys,
    now: datetime,
    valid: timedelta,
    errand: Mapping[str, Any] | None = None,
) -> tuple[SignInLink, str]:
    seed = new_seed(secret_key)
    token = derive_token(secret_key, SIGN_IN, seed)
    link = SignInLink(
        account_id=account_id,
        seed=seed,
        token_hash=hash_token(token),
        created_at=now,
        expires_at=now + valid,
        errand=dict(errand or {}),
    )
    session.add(link)
    session.flush()
    return link, token
