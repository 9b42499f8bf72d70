"""Operators of the installation, who create events and receive alerts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.config import Settings
from scheduler.domain.errors import ChainmeetError, Fault, InvalidInput, NotAllowed, NotFound
from scheduler.i18n import gettext_lazy
from scheduler.services.audit_log import recording
from scheduler.services.audit_log.acts import Act
from scheduler.services.audit_log.recording import NamedDoer
from scheduler.services.audit_log.subjects import operator_subject
from scheduler.services.emails.email_addresses.address_validation import InvalidAddress, normalize_address
from scheduler.services.identity import preferences, sign_in
from scheduler.services.identity.actors import LET_IN
from scheduler.services.identity.sessions import SignedIn
from scheduler.services.outbox import letters
from scheduler.services.outbox.letters import NewLetter
from scheduler.storage.models import Account


class LastOperator(ChainmeetError):
    """Raised if the change would leave the installation without an operator."""

    code = "last-operator"

    def __init__(self) -> None:
        super().__init__(gettext_lazy("The site needs an operator. Add another operator first."))


@dataclass(frozen=True, slots=True)
class OperatorCard:
    """An operator of the installation."""

    account_id: int
    email: str
    name: str
    is_oneself: bool


def list_operators(session: Session, asker: SignedIn) -> tuple[OperatorCard, ...]:
    """Return the operators by address. Raises NotAllowed if the caller is not an operator."""
    _require(asker)
    rows = session.scalars(select(Account).where(Account.is_operator).order_by(Account.email))
    return tuple(OperatorCard(row.id, row.email, row.name, row.id == asker.account_id) for row in rows)


def add_operator(session: Session, asker: SignedIn, email: str, *, settings: Settings, now: datetime) -> str:
    """Make an address an operator and notify them by email. Return the address.

    Raises NotAllowed, SignInNeeded, InvalidInput.
    """
    _require(asker)
    asker.require_fresh(LET_IN)
    try:
        address = normalize_address(email, is_test=bool(settings.mail_catcher_url))
    except InvalidAddress as error:
        raise InvalidInput([Fault("email", error.user_message)]) from error
    if asker.account_id not in _lock_operators(session):
        raise NotAllowed(gettext_lazy("Only an operator of this site can do this."))
    account = sign_in.ensure_account(session, address, now=now)
    if account.is_operator:
        raise InvalidInput([Fault("email", gettext_lazy("this person is already an operator"))])
    account.is_operator = True
    session.flush()
    letter = NewLetter(
        letter="operator",
        to_address=address,
        language=preferences.account_language(session, account.id),
        values={"by": asker.name or asker.email},
        path="/sign-in",
    )
    letters.queue_letters(session, [letter], now=now)
    recording.record_act(
        session, _audit_actor(asker), Act.ROLE, operator_subject(address), after={"operator": True}, now=now
    )
    return address


def remove_operator(session: Session, asker: SignedIn, account_id: int, *, now: datetime) -> None:
    """Remove an operator, or oneself. Raises NotAllowed, NotFound, LastOperator."""
    _require(asker)
    asker.require_fresh(gettext_lazy("remove the role"))
    held = _lock_operators(session)
    if asker.account_id not in held:
        raise NotAllowed(gettext_lazy("Only an operator of this site can do this."))
    if account_id not in held:
        raise NotFound("operator", account_id)
    if len(held) < 2:
        raise LastOperator
    account = session.get_one(Account, account_id)
    account.is_operator = False
    session.flush()
    about = operator_subject(account.email)
    recording.record_act(session, _audit_actor(asker), Act.ROLE, about, before={"operator": True}, now=now)


def _lock_operators(session: Session) -> list[int]:
    """Lock the operators until the commit, so that two cannot remove each other."""
    query = select(Account.id).where(Account.is_operator).order_by(Account.id)
    return list(session.scalars(query.with_for_update(key_share=True)))


def _audit_actor(asker: SignedIn) -> NamedDoer:
    return NamedDoer(account_id=asker.account_id, roles=("operator",))


def _require(asker: SignedIn) -> None:
    if not asker.is_operator:
        raise NotAllowed(gettext_lazy("Only an operator of this site can do this."))
