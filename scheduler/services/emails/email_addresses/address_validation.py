"""Validation of email addresses: only addresses that can receive email are accepted."""

from __future__ import annotations

from email_validator import EmailNotValidError, validate_email

from scheduler.domain import fields
from scheduler.domain.errors import InvalidInput
from scheduler.i18n import gettext_lazy
from scheduler.invites import text
from scheduler.services.identity.sign_in import normalize_email

NO_ADDRESS = gettext_lazy("enter an email address, like name@example.com")
NO_LETTERS = gettext_lazy("use only letters from a to z before the @")


class InvalidAddress(ValueError):
    """The address cannot receive email. `user_message` says why, and follows the field's name."""

    def __init__(self, user_message: str) -> None:
        self.user_message = user_message
        super().__init__(user_message)


def normalize_address(email: str, *, is_test: bool = False) -> str:
    """Return the address in normal form. Raises InvalidAddress. `is_test` permits the domain .test.

    Emails are sent without SMTPUTF8 (RFC 6531), so the local part must be ASCII. The domain may be
    international.
    """
    try:
        checked = validate_email(
            email.strip(), check_deliverability=False, allow_smtputf8=False, test_environment=is_test
        )
        address = normalize_email(checked.normalized)
        text.address(address)
    except EmailNotValidError as error:
        raise InvalidAddress(_why(email)) from error
    except InvalidInput as error:
        raise InvalidAddress(NO_ADDRESS) from error
    if not fields.limits(fields.Email).hold(address):
        raise InvalidAddress(fields.limits(fields.Email).sentence(address))
    return address


def _why(email: str) -> str:
    name, at, domain = email.strip().rpartition("@")
    return NO_LETTERS if at and "." in domain and name and not name.isascii() else NO_ADDRESS
