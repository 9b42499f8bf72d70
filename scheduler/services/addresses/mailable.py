"""Mail addresses that people type: only such as mails can be sent to."""

from __future__ import annotations

from email_validator import EmailNotValidError, validate_email

from scheduler.domain import fields
from scheduler.domain.errors import InvalidInput
from scheduler.invites import text
from scheduler.services.access.sign_in import normal_email


class Unmailable(ValueError):
    """No mail can be sent to the address. The message says why."""


def mailable(email: str, *, is_test: bool = False) -> str:
    """The address as it is stored and compared. Raises Unmailable. `is_test` lets the domain .test through.

    Mails are sent without SMTPUTF8 (RFC 6531): the part before the @ is ASCII. A domain may have any letters.
    """
    try:
        checked = validate_email(
            email.strip(), check_deliverability=False, allow_smtputf8=False, test_environment=is_test
        )
        address = normal_email(checked.normalized)
        text.address(address)
    except EmailNotValidError as error:
        raise Unmailable(str(error)) from error
    except InvalidInput as error:
        raise Unmailable(error.faults[0].message) from error
    if not fields.limits(fields.Email).hold(address):
        raise Unmailable(fields.limits(fields.Email).sentence(address))
    return address
