"""Passkeys: discoverable credentials (Web Authentication Level 3) that sign in instead of a link.

A challenge is a row with hashes: of its octets, and of what it is for with the secret in the browser's
cookie. The response takes the row before anything else of it is read, so it has one use, in the browser that
asked.
Every fault of a response has the same error, which says nothing about accounts or passkeys.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
import webauthn
from cbor2 import CBORError
from sqlalchemy import CursorResult, delete, exists, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from scheduler.config import Settings
from scheduler.domain import fields
from scheduler.domain.errors import Fault, InvalidInput, NotAllowed, NotFound
from scheduler.domain.relying_party import RelyingParty
from scheduler.i18n import gettext_lazy
from scheduler.services.audit_log import recording
from scheduler.services.audit_log.acts import Act
from scheduler.services.audit_log.recording import NamedDoer
from scheduler.services.audit_log.subjects import AuditSubject, pgettext_lazy
from scheduler.services.identity.security_notices import SecurityChange, queue_notice
from scheduler.services.identity.sessions import SignedIn
from scheduler.services.identity.sign_in import AccountRef
from scheduler.services.identity.tokens import hash_token
from scheduler.services.text import clean_line, is_storable
from scheduler.storage.models import Account, Passkey, PasskeyChallenge, RecoveryCode

VALID: Final = timedelta(minutes=5)
"""Time to respond to a challenge, perhaps by a phone that must be unlocked."""
MOST: Final = 20
"""Maximum number of passkeys of an account."""
LONGEST_RESPONSE: Final = 16_384
"""Maximum characters of a response. Those with an RSA key and an attestation have about 5,000."""

_ALGORITHMS: Final = [
    COSEAlgorithmIdentifier.ECDSA_SHA_256,
    COSEAlgorithmIdentifier.EDDSA,
    COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256,
]
_FAULTS: Final = (
    WebAuthnException, CBORError, ValueError, TypeError, LookupError, AttributeError, OverflowError,
    RecursionError,
)  # fmt: skip
"""What reading a malformed response raises."""
ADD, SIGN_IN = "add", "sign-in"
"""What a challenge is for."""
_COPIED = "signature counter"
ADD_PASSKEY = gettext_lazy("add the passkey")
REMOVE_PASSKEY = gettext_lazy("remove the passkey")

log = structlog.get_logger()


class PasskeyRefused(NotAllowed):
    """The response does not prove a passkey.

    `reason` is for the log alone, and `account_id` is the account that was refused, if it is known.
    `copied_id` is the passkey that may have been copied.
    """

    code = "passkey-refused"

    def __init__(self, reason: str, account_id: int | None = None, copied_id: int | None = None) -> None:
        super().__init__(gettext_lazy("The passkey wasn't accepted. Try again, or use a link by email."))
        self.reason, self.account_id, self.copied_id = reason, account_id, copied_id


@dataclass(frozen=True, slots=True)
class PasskeyResponse:
    """A response whose challenge is used up. Its signature is not verified yet."""

    credential: Mapping[str, Any]
    challenge: bytes
    user_handle: str
    party: RelyingParty


@dataclass(frozen=True, slots=True)
class PasskeyCard:
    """A passkey as its person sees it."""

    id: int
    name: str
    created_at: datetime
    last_used_at: datetime | None


def require_relying_party(settings: Settings) -> RelyingParty:
    """Return the relying party. Raises NotFound if the site has no passkeys."""
    party = settings.relying_party
    if party is None:
        raise NotFound("passkey", "")
    return party


def has_second_factor(session: Session, account_id: int) -> bool:
    """Return True if the account has a passkey or an unused recovery code."""
    tables = Passkey, RecoveryCode
    return any(session.scalar(select(exists().where(each.account_id == account_id))) for each in tables)


def list_passkeys(session: Session, account_id: int) -> tuple[PasskeyCard, ...]:
    """Return the account's passkeys, oldest first."""
    columns = (getattr(Passkey, name) for name in PasskeyCard.__dataclass_fields__)
    rows = session.execute(select(*columns).where(Passkey.account_id == account_id).order_by(Passkey.id))
    return tuple(PasskeyCard(*row) for row in rows)


def begin_addition(
    session: Session, asker: SignedIn, browser: str, *, settings: Settings, now: datetime
) -> str:
    """Return the options of `navigator.credentials.create()` as JSON. `browser` is the session's id.

    Raises RecentSignInRequired, SecondFactorRequired, NotFound if the site has no passkeys, and InvalidInput
    if the account has too many.
    """
    asker.require_fresh(ADD_PASSKEY)
    _require_first_or_verified(session, asker)
    party = require_relying_party(settings)
    known = session.scalars(select(Passkey).where(Passkey.account_id == asker.account_id)).all()
    _require_room(len(known))
    handle = base64url_to_bytes(known[0].user_handle) if known else secrets.token_bytes(32)
    options = webauthn.generate_registration_options(
        rp_id=party.id,
        rp_name="Chainmeet",
        user_id=handle,
        user_name=asker.email,
        user_display_name=asker.name or asker.email,
        challenge=_open_challenge(session, ADD, browser, handle, now),
        timeout=int(VALID.total_seconds() * 1000),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[
            PublicKeyCredentialDescriptor(id=base64url_to_bytes(each.credential_id)) for each in known
        ],
        supported_pub_key_algs=_ALGORITHMS,
    )
    return webauthn.options_to_json(options)


def take_response(
    session: Session, purpose: str, browser: str, response: str, *, settings: Settings, now: datetime
) -> PasskeyResponse:
    """Take the challenge of a browser's response: it has no second use. `purpose` is ADD or SIGN_IN.

    Commit before the response is verified, so that one that is refused has used its challenge too. Raises
    PasskeyRefused.
    """
    party = require_relying_party(settings)
    credential, challenge = _read_response(response)
    user_handle = _take_challenge(session, challenge, purpose, browser, now)
    return PasskeyResponse(credential, challenge, user_handle, party)


def require_name(name: str) -> str:
    """Return the name of a passkey without surplus white space. Raises InvalidInput."""
    name = clean_line(name)
    if not fields.limits(fields.PasskeyName).hold(name):
        raise InvalidInput([Fault("name", gettext_lazy("Enter a name, up to 120 characters."))])
    return name


def add_passkey(
    session: Session, asker: SignedIn, response: PasskeyResponse, name: str, *, now: datetime
) -> None:
    """Store the passkey of a response of `navigator.credentials.create()`.

    Raises RecentSignInRequired, SecondFactorRequired, InvalidInput, PasskeyRefused.
    """
    asker.require_fresh(ADD_PASSKEY)
    name = require_name(name)
    # Additions of one account wait for each other, so that their number and user handle hold, and that one
    # alone is the first.
    account = session.get_one(Account, asker.account_id, with_for_update={"key_share": True})
    _require_first_or_verified(session, asker)
    of_account = select(func.count()).where(Passkey.account_id == asker.account_id)
    _require_room(session.scalar(of_account) or 0)
    try:
        found = webauthn.verify_registration_response(
            credential=dict(response.credential),
            expected_challenge=response.challenge,
            expected_rp_id=response.party.id,
            expected_origin=response.party.origin,
            require_user_verification=True,
            supported_pub_key_algs=_ALGORITHMS,
        )
    except _FAULTS as error:
        raise PasskeyRefused(type(error).__name__) from error
    passkey = Passkey(
        account_id=asker.account_id,
        credential_id=bytes_to_base64url(found.credential_id),
        user_handle=response.user_handle,
        public_key=found.credential_public_key,
        sign_count=found.sign_count,
        name=name,
        created_at=now,
    )
    try:
        with session.begin_nested():
            session.add(passkey)
    except IntegrityError:  # it belongs to an account, perhaps to another one
        raise PasskeyRefused("known") from None
    about = pgettext_lazy("audit log", "passkey %(name)s added", name=name)
    recording.record_act(session, NamedDoer(account_id=asker.account_id), Act.SIGN_IN, about, now=now)
    queue_notice(session, account, SecurityChange.PASSKEY_ADDED, name=name, now=now)


def remove_passkey(session: Session, asker: SignedIn, passkey_id: int, *, now: datetime) -> None:
    """Remove a passkey. Raises RecentSignInRequired, and NotFound if it is of another account."""
    asker.require_fresh(REMOVE_PASSKEY)
    row = session.scalar(
        select(Passkey)
        .where(Passkey.id == passkey_id, Passkey.account_id == asker.account_id)
        .with_for_update(key_share=True)
    )
    if row is None:
        raise NotFound("passkey", passkey_id)
    about = pgettext_lazy("audit log", "passkey %(name)s removed", name=row.name)
    session.delete(row)
    session.flush()
    recording.record_act(session, NamedDoer(account_id=asker.account_id), Act.SIGN_OUT, about, now=now)
    account = session.get_one(Account, asker.account_id)
    queue_notice(session, account, SecurityChange.PASSKEY_REMOVED, name=row.name, now=now)


def begin_sign_in(session: Session, browser: str, *, settings: Settings, now: datetime) -> str:
    """Return the options of `navigator.credentials.get()` as JSON: the same for everyone.

    `browser` is a secret in the browser's cookie. Raises NotFound if the site has no passkeys.
    """
    options = webauthn.generate_authentication_options(
        rp_id=require_relying_party(settings).id,
        challenge=_open_challenge(session, SIGN_IN, browser, b"", now),
        timeout=int(VALID.total_seconds() * 1000),
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return webauthn.options_to_json(options)


def sign_in_passkey(session: Session, response: PasskeyResponse, *, now: datetime) -> AccountRef:
    """Return the account whose passkey made the response. Raises PasskeyRefused."""
    credential, party = response.credential, response.party
    passkey = session.scalar(
        select(Passkey).where(Passkey.credential_id == credential["id"]).with_for_update(key_share=True)
    )
    if passkey is None:
        raise PasskeyRefused("unknown")
    try:
        if credential["response"]["userHandle"] != passkey.user_handle:
            raise PasskeyRefused("user handle", passkey.account_id)
        found = webauthn.verify_authentication_response(
            credential=dict(credential),
            expected_challenge=response.challenge,
            expected_rp_id=party.id,
            expected_origin=party.origin,
            credential_public_key=passkey.public_key,
            credential_current_sign_count=0,  # compared below, once the signature has proved it
            require_user_verification=True,
        )
    except _FAULTS as error:
        raise PasskeyRefused(type(error).__name__, passkey.account_id) from error
    if passkey.sign_count and found.new_sign_count <= passkey.sign_count:
        raise PasskeyRefused(_COPIED, passkey.account_id, passkey.id)
    passkey.sign_count, passkey.last_used_at = found.new_sign_count, now
    account = session.get_one(Account, passkey.account_id)
    about = pgettext_lazy("audit log", "signed in with the passkey %(name)s", name=passkey.name)
    recording.record_act(session, NamedDoer(account_id=account.id), Act.SIGN_IN, about, now=now)
    return AccountRef(account.id, account.email)


def record_refusal(session: Session, refused: PasskeyRefused, *, now: datetime) -> None:
    """Record in the audit log that a passkey of an account was refused. Others have no entry."""
    log.warning("a passkey was refused", reason=refused.reason)
    if refused.account_id is not None:
        doer = NamedDoer(account_id=refused.account_id)
        about = _refusal_subject(refused.reason)
        recording.record_act(session, doer, Act.SIGN_IN_FAILED, about, now=now)


def delete_expired_challenges(session: Session, *, now: datetime) -> int:
    """Delete challenges that got no response in time. Return their number."""
    result: CursorResult[Any] = session.connection().execute(
        delete(PasskeyChallenge).where(PasskeyChallenge.expires_at <= now)
    )
    return result.rowcount


def _refusal_subject(reason: str) -> AuditSubject:
    if reason == _COPIED:
        return pgettext_lazy("audit log", "a passkey that may have been copied")
    return pgettext_lazy("audit log", "a passkey that wasn't accepted")


def _require_first_or_verified(session: Session, asker: SignedIn) -> None:
    """Raise SecondFactorRequired unless the session has its second factor, or the account has none yet."""
    if has_second_factor(session, asker.account_id):
        asker.require_second_factor()


def _require_room(number: int) -> None:
    if number >= MOST:
        text = gettext_lazy("You have %(number)s passkeys. Remove one first.", number=MOST)
        raise InvalidInput([Fault("name", text)])


def _open_challenge(session: Session, purpose: str, browser: str, user_handle: bytes, now: datetime) -> bytes:
    challenge = secrets.token_bytes(32)
    session.add(
        PasskeyChallenge(
            challenge_hash=hash_token(bytes_to_base64url(challenge)),
            browser_hash=hash_token(f"{purpose} {browser}"),
            user_handle=bytes_to_base64url(user_handle),
            created_at=now,
            expires_at=now + VALID,
        )
    )
    session.flush()
    return challenge


def _take_challenge(session: Session, challenge: bytes, purpose: str, browser: str, now: datetime) -> str:
    """Delete the challenge and return its user handle. Raises PasskeyRefused."""
    taken = session.execute(
        delete(PasskeyChallenge)
        .where(
            PasskeyChallenge.challenge_hash == hash_token(bytes_to_base64url(challenge)),
            PasskeyChallenge.browser_hash == hash_token(f"{purpose} {browser}"),
            PasskeyChallenge.expires_at > now,
        )
        .returning(PasskeyChallenge.user_handle)
    ).scalar()
    if taken is None:
        raise PasskeyRefused("challenge")
    return taken


def _read_response(response: str) -> tuple[Mapping[str, Any], bytes]:
    """Return the credential of a response, and the challenge that it says it answers.

    Nothing of it is proved yet. Raises PasskeyRefused if it is too long or malformed.
    """
    if len(response) > LONGEST_RESPONSE:
        raise PasskeyRefused("too long")
    try:
        credential = json.loads(response)
        client_data = json.loads(base64url_to_bytes(credential["response"]["clientDataJSON"]))
        challenge = base64url_to_bytes(client_data["challenge"])
        if not isinstance(credential["id"], str) or not is_storable(credential["id"]):
            raise PasskeyRefused("malformed")
    except _FAULTS as error:
        raise PasskeyRefused("malformed") from error
    return credential, challenge
