"""Sign-in links that are printed instead of mailed."""

from __future__ import annotations

from datetime import timedelta

from email_validator import EmailNotValidError, validate_email
from sqlalchemy import exists, select

from scheduler.config import Settings
from scheduler.domain.errors import Fault, InvalidInput, NotFound
from scheduler.services import sign_in
from scheduler.storage.database import Database
from scheduler.storage.models import Account, Event


def account_link(database: Database, settings: Settings, email: str, valid: timedelta = sign_in.VALID) -> str:
    """A link for an account that is there; raises NotFound."""
    with database.write() as session:
        account = session.scalar(select(Account).where(Account.email == sign_in.normal_email(email)))
        if account is None:
            raise NotFound("account", email)
        now = database.now_in(session)
        token = sign_in.make_sign_in_link(
            session, account.id, secret_key=settings.secret_key, now=now, valid=valid
        )
    return sign_in_url(settings, token)


def operator_link(
    database: Database, settings: Settings, email: str, valid: timedelta = sign_in.VALID
) -> str:
    """A link for an account that may create events; the account is made if there is none."""
    try:
        address = validate_email(email, check_deliverability=False, test_environment=True).normalized
    except EmailNotValidError as error:
        raise InvalidInput([Fault("email", str(error))]) from error
    with database.write() as session:
        sign_in.ensure_account(session, address, is_operator=True, now=database.now_in(session))
    return account_link(database, settings, address, valid)


def has_events(database: Database) -> bool:
    with database.read() as session:
        return bool(session.scalar(select(exists().select_from(Event))))


def sign_in_url(settings: Settings, token: str) -> str:
    return f"{settings.base_url}/sign-in/{token}"
