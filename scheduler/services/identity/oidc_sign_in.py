"""Sign-in by an OpenID provider: requests in the browser's own row, and accounts found by issuer and subject.

An email address leads to an account the first time only, if the provider has verified it and may speak for
its domain. From then on the subject counts alone: an address can be given to someone else, a subject cannot.
So a second subject of the same provider never gets an account that has one already.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import CursorResult, delete, exists, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from scheduler.domain import fields
from scheduler.domain.emails.rates import email_domain
from scheduler.domain.errors import NotAllowed, NotFound
from scheduler.domain.oidc_providers import OidcProvider
from scheduler.i18n import gettext_lazy
from scheduler.services.audit_log import recording
from scheduler.services.audit_log.acts import Act
from scheduler.services.audit_log.recording import NamedDoer
from scheduler.services.audit_log.subjects import AuditSubject, operator_subject, pgettext_lazy
from scheduler.services.identity.oidc_client import SKEW, AuthenticationRequest, Subject
from scheduler.services.identity.sign_in import AccountRef, ensure_account, find_account, normalize_email
from scheduler.services.identity.tokens import hash_token, random_token
from scheduler.storage.models import Account, FederatedIdentity, OidcRequest

VALID: Final = timedelta(minutes=15)
"""Time to authenticate at the provider, perhaps with a new second factor."""


class UnknownResponse(NotFound):
    """The response is to no open request of this browser: it was used, has expired, or is of another one."""

    code = "unknown-response"

    def __init__(self) -> None:
        super().__init__("sign-in", "")

    def __str__(self) -> str:
        return gettext_lazy("This sign-in has expired, or was started in another browser. Sign in again.")


class SignInRefused(NotAllowed):
    """The person was authenticated, but gets no session. `reason` is a key of the sentences.

    `account_id` is the account that was refused, if it is known.
    """

    code = "sign-in-refused"

    def __init__(self, reason: str, provider: str, email: str = "", account_id: int | None = None) -> None:
        super().__init__(_sentence(reason, provider, email))
        self.reason, self.account_id = reason, account_id


@dataclass(frozen=True, slots=True)
class OpenRequest:
    """An authentication request that its response has taken: it cannot be taken again."""

    values: AuthenticationRequest
    is_fresh: bool
    errand: Mapping[str, Any]
    created_at: datetime


def open_request(
    session: Session,
    provider: OidcProvider,
    browser: str,
    *,
    is_fresh: bool = False,
    errand: Mapping[str, Any] | None = None,
    now: datetime,
) -> AuthenticationRequest:
    """Store an authentication request of a browser. `browser` is the secret in its cookie."""
    state = random_token()
    session.add(
        OidcRequest(
            provider=provider.key,
            state_hash=hash_token(state),
            browser_hash=hash_token(browser),
            is_fresh=is_fresh,
            errand=dict(errand or {}),
            created_at=now,
            expires_at=now + VALID,
        )
    )
    session.flush()
    return AuthenticationRequest.derive(browser, state)


def take_request(
    session: Session, provider: OidcProvider, browser: str, state: str, *, now: datetime
) -> OpenRequest:
    """Take the request that a response answers. Of two concurrent responses one gets it.

    Raises UnknownResponse, also for a request of another browser or provider, which stays open.
    """
    row = session.execute(
        delete(OidcRequest)
        .where(
            OidcRequest.state_hash == hash_token(state),
            OidcRequest.browser_hash == hash_token(browser),
            OidcRequest.provider == provider.key,
            OidcRequest.expires_at > now,
        )
        .returning(OidcRequest.is_fresh, OidcRequest.errand, OidcRequest.created_at)
        .execution_options(synchronize_session=False)
    ).first()
    if row is None or not browser:
        raise UnknownResponse
    return OpenRequest(AuthenticationRequest.derive(browser, state), *row)


def sign_in_subject(
    session: Session, provider: OidcProvider, subject: Subject, request: OpenRequest, *, now: datetime
) -> AccountRef:
    """Return the account of an authenticated subject, linked the first time. Raises SignInRefused."""
    authenticated = subject.authenticated_at
    if request.is_fresh and authenticated is not None and authenticated < request.created_at - SKEW:
        raise SignInRefused("stale", provider.name)
    identity = session.scalar(
        select(FederatedIdentity).where(
            FederatedIdentity.issuer == provider.issuer, FederatedIdentity.subject == subject.subject
        )
    )
    if identity is None:
        identity = _link(session, provider, subject, now)
    account = session.get_one(Account, identity.account_id, with_for_update={"key_share": True})
    if email_domain(account.email) not in provider.domains:
        raise SignInRefused("domain", provider.name, account.email, account.id)
    identity.last_used_at = now
    _set_operator(session, account, identity, is_operator=subject.is_operator, now=now)
    about = pgettext_lazy("audit log", "signed in with %(provider)s", provider=provider.name)
    recording.record_act(session, NamedDoer(account_id=account.id), Act.SIGN_IN, about, now=now)
    return AccountRef(account.id, account.email)


def record_refusal(
    session: Session, provider: OidcProvider, refused: SignInRefused, *, now: datetime
) -> None:
    """Record in the audit log that an account of this site was refused. Others have no entry."""
    if refused.account_id is not None:
        about = _refusal_subject(refused.reason, provider.name)
        doer = NamedDoer(account_id=refused.account_id)
        recording.record_act(session, doer, Act.SIGN_IN_FAILED, about, now=now)


def unlink_account(session: Session, account: Account, *, now: datetime) -> int:
    """Remove an account's links to providers, so that its address can be linked anew. Return their number.

    An operator by a claim is none until the next sign-in.
    """
    rows = session.scalars(select(FederatedIdentity).where(FederatedIdentity.account_id == account.id)).all()
    for row in rows:
        _set_operator(session, account, row, is_operator=False, now=now)
        session.delete(row)
    if rows:
        about = pgettext_lazy("audit log", "%(address)s unlinked from providers", address=account.email)
        recording.record_act(session, NamedDoer(), Act.SIGN_OUT, about, now=now)
    session.flush()
    return len(rows)


def delete_expired_requests(session: Session, *, now: datetime) -> int:
    """Delete requests that got no response in time. Return their number."""
    result: CursorResult[Any] = session.connection().execute(
        delete(OidcRequest).where(OidcRequest.expires_at <= now)
    )
    return result.rowcount


def _link(session: Session, provider: OidcProvider, subject: Subject, now: datetime) -> FederatedIdentity:
    """Link a subject to the account of its email address, or to that of a new operator."""
    email = normalize_email(subject.email)
    if (
        not subject.is_verified
        or email != subject.email.lower()
        or not fields.limits(fields.Email).hold(email)
    ):
        raise SignInRefused("unverified", provider.name)
    if email_domain(email) not in provider.domains:
        raise SignInRefused("domain", provider.name, email)
    account = find_account(session, email, now=now)
    if account is None and subject.is_operator:
        account = ensure_account(session, email, now=now)
    if account is None:
        raise SignInRefused("unknown", provider.name, email)
    of_account = FederatedIdentity.account_id == account.id, FederatedIdentity.issuer == provider.issuer
    if session.scalar(select(exists().where(*of_account))):
        raise SignInRefused("linked", provider.name, email, account.id)
    identity = FederatedIdentity(
        account_id=account.id,
        issuer=provider.issuer,
        subject=subject.subject,
        created_at=now,
        last_used_at=now,
    )
    try:
        with session.begin_nested():
            session.add(identity)
    except IntegrityError:  # linked concurrently
        raise SignInRefused("linked", provider.name, email, account.id) from None
    about = pgettext_lazy(
        "audit log", "%(address)s linked to %(provider)s", address=email, provider=provider.name
    )
    recording.record_act(session, NamedDoer(account_id=account.id), Act.SIGN_IN, about, now=now)
    return identity


def _set_operator(
    session: Session, account: Account, identity: FederatedIdentity, *, is_operator: bool, now: datetime
) -> None:
    """Make or unmake an operator by the provider's claim. A role that operators gave stays."""
    if is_operator == identity.is_operator or (is_operator and account.is_operator):
        return
    account.is_operator = identity.is_operator = is_operator
    session.flush()
    about = operator_subject(account.email)
    before, after = ({}, {"operator": True}) if is_operator else ({"operator": True}, {})
    doer = NamedDoer(account_id=account.id)
    recording.record_act(session, doer, Act.ROLE, about, before=before, after=after, now=now)


def _sentence(reason: str, provider: str, email: str) -> str:
    who = {"provider": provider, "email": email}
    return {
        "unverified": gettext_lazy(
            "%(provider)s hasn't verified your email address. Ask your organisation to verify it.", **who
        ),
        "domain": gettext_lazy(
            "%(provider)s can't sign in %(email)s here. Use an address of your organisation.", **who
        ),
        "unknown": gettext_lazy(
            "No event or team here knows %(email)s. Ask the organiser to add this address, or use another.",
            **who,
        ),
        "linked": gettext_lazy(
            "%(email)s is linked to another person at %(provider)s. Contact the operator of this site.",
            **who,
        ),
        "stale": gettext_lazy(
            "%(provider)s didn't ask you to sign in again. Sign out there first, and try again.", **who
        ),
    }[reason]


def _refusal_subject(reason: str, provider: str) -> AuditSubject:
    if reason == "linked":
        return pgettext_lazy("audit log", "another person at %(provider)s", provider=provider)
    return pgettext_lazy("audit log", "refused with %(provider)s", provider=provider)
