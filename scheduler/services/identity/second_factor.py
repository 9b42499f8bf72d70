"""Second factor after a sign-in by a link: a passkey, or one of ten recovery codes.

A session of a role that requires it is closed until then (`sessions.find_session`). Codes are random, stored
as hashes with a secret key, and deleted when they are used. Of two uses of a code at the same time, one
deletes the row.
"""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any, Final

from sqlalchemy import CursorResult, delete, func, select
from sqlalchemy.orm import Session

from scheduler.domain.errors import NotAllowed
from scheduler.i18n import gettext_lazy
from scheduler.secret_keys import SecretKeys
from scheduler.services.audit_log import recording
from scheduler.services.audit_log.acts import Act
from scheduler.services.audit_log.recording import NamedDoer
from scheduler.services.audit_log.subjects import pgettext_lazy
from scheduler.services.identity import passkeys, sessions
from scheduler.services.identity.passkeys import PasskeyResponse
from scheduler.services.identity.security_notices import SecurityChange, queue_notice
from scheduler.services.identity.sessions import SignedIn
from scheduler.services.identity.tokens import RECOVERY, hash_token, named_token
from scheduler.storage.models import Account, Passkey, RecoveryCode

NUMBER: Final = 10
"""Number of recovery codes that a person gets."""
LONGEST_CODE: Final = 64
"""Maximum characters of an entered code, with white space and hyphens."""
MAKE_CODES = gettext_lazy("make new recovery codes")

_ALPHABET: Final = "23456789abcdefghjkmnpqrstuvwxyz"
"""Digits and letters that aren't confused. Ten of them are 49 bits."""
_LENGTH: Final = 10


class CodeRefused(NotAllowed):
    """The recovery code is unknown, was used, or is of another account."""

    code = "code-refused"

    def __init__(self) -> None:
        super().__init__(gettext_lazy("This recovery code isn't valid, or was already used."))


def count_codes(session: Session, account_id: int) -> int:
    """Return the number of the account's unused recovery codes."""
    of_account = select(func.count()).where(RecoveryCode.account_id == account_id)
    return session.scalar(of_account) or 0


def make_codes(
    session: Session, asker: SignedIn, *, secret_key: SecretKeys, now: datetime
) -> tuple[str, ...]:
    """Replace the person's recovery codes, and return the new ones, which cannot be shown again.

    Raises RecentSignInRequired, and SecondFactorRequired if the session waits for its second factor.
    """
    asker.require_fresh(MAKE_CODES)
    asker.require_second_factor()
    account = session.get_one(Account, asker.account_id, with_for_update={"key_share": True})
    return _replace_codes(session, account, secret_key, now)


def enrol_passkey(
    session: Session,
    asker: SignedIn,
    response: PasskeyResponse,
    name: str,
    *,
    secret_key: SecretKeys,
    now: datetime,
) -> tuple[str, ...]:
    """Add the first passkey in a session that waits for its second factor. Return recovery codes.

    Raises as `passkeys.add_passkey`.
    """
    passkeys.add_passkey(session, asker, response, name, now=now)
    return _replace_codes(session, session.get_one(Account, asker.account_id), secret_key, now)


def use_code(session: Session, asker: SignedIn, text: str, *, secret_key: SecretKeys, now: datetime) -> None:
    """Use a recovery code of the account. Raises CodeRefused."""
    code = text.lower().replace("-", "").replace(" ", "") if len(text) <= LONGEST_CODE else ""
    hashes = [_hash_code(secret_key, asker.account_id, code, number) for number in secret_key]
    result: CursorResult[Any] = session.connection().execute(
        delete(RecoveryCode).where(
            RecoveryCode.account_id == asker.account_id, RecoveryCode.code_hash.in_(hashes)
        )
    )
    if not result.rowcount:
        raise CodeRefused
    about = pgettext_lazy("audit log", "signed in with a recovery code")
    recording.record_act(session, NamedDoer(account_id=asker.account_id), Act.SIGN_IN, about, now=now)
    left = str(count_codes(session, asker.account_id))
    account = session.get_one(Account, asker.account_id)
    queue_notice(session, account, SecurityChange.CODE_USED, left=left, now=now)


def record_refused_code(session: Session, asker: SignedIn, *, now: datetime) -> None:
    """Record in the audit log that a recovery code was refused."""
    about = pgettext_lazy("audit log", "a recovery code that isn't valid")
    doer = NamedDoer(account_id=asker.account_id)
    recording.record_act(session, doer, Act.SIGN_IN_FAILED, about, now=now)


def reset_second_factor(session: Session, account: Account, *, now: datetime) -> int:
    """Remove all passkeys and recovery codes of an account, and end its sessions.

    Return the number of passkeys. The person's next sign-in by a link may add a new one.
    """
    removed: CursorResult[Any] = session.connection().execute(
        delete(Passkey).where(Passkey.account_id == account.id)
    )
    session.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account.id))
    sessions.end_all_sessions(session, account.id)
    about = pgettext_lazy(
        "audit log", "passkeys and recovery codes of %(address)s removed", address=account.email
    )
    recording.record_act(session, NamedDoer(), Act.SIGN_OUT, about, now=now)
    queue_notice(session, account, SecurityChange.RESET, now=now)
    return removed.rowcount


def _replace_codes(
    session: Session, account: Account, secret_key: SecretKeys, now: datetime
) -> tuple[str, ...]:
    session.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account.id))
    codes = tuple("".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH)) for _ in range(NUMBER))
    session.add_all(
        RecoveryCode(
            account_id=account.id,
            code_hash=_hash_code(secret_key, account.id, code, secret_key.newest),
            key_number=secret_key.newest,
            created_at=now,
        )
        for code in codes
    )
    session.flush()
    about = pgettext_lazy("audit log", "recovery codes made")
    recording.record_act(session, NamedDoer(account_id=account.id), Act.SIGN_IN, about, now=now)
    queue_notice(session, account, SecurityChange.CODES_MADE, now=now)
    return tuple(f"{code[:5]}-{code[5:]}" for code in codes)


def _hash_code(secret_key: SecretKeys, account_id: int, code: str, number: int) -> str:
    """Return the hash of a code: without the secret key, 49 bits could be guessed from it."""
    return hash_token(named_token(secret_key, RECOVERY, f"{account_id}:{code}", number))
