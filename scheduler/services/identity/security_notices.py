"""Security notices: emails to a person about changes of how they sign in.

They are sent whatever was chosen about notifications, so that the person learns about someone else who signed
in. None has a name, because a person's name in one event must not be revealed in another.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy.orm import Session

from scheduler.services import links
from scheduler.services.identity import preferences
from scheduler.services.outbox import letters
from scheduler.services.outbox.letters import SECURITY, NewLetter
from scheduler.storage.models import Account


class SecurityChange(StrEnum):
    """What has changed. The value is the key of the text."""

    PASSKEY_ADDED = "added"
    PASSKEY_REMOVED = "removed"
    CODES_MADE = "codes"
    CODE_USED = "used"
    RESET = "reset"


def queue_notice(
    session: Session, account: Account, change: SecurityChange, *, now: datetime, **values: str
) -> None:
    """Queue the notice about a change. `values` fill the placeholders of its text."""
    letter = NewLetter(
        letter=SECURITY,
        to_address=account.email,
        language=preferences.account_language(session, account.id),
        values={"cause": change.value, **values},
        path=links.SESSIONS,
    )
    letters.queue_letters(session, [letter], now=now)
