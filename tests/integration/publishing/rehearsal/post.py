"""A mail server that records recipients, and a sender for it."""

from __future__ import annotations

import contextlib
import email
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from email.message import EmailMessage
from email.policy import default

from scheduler.config import Settings
from scheduler.services.delivery import delivery
from scheduler.storage.database import Database
from tests.support.factories import NOW
from tests.support.publishing import SETTINGS
from tests.unit.invites.test_transport import Catcher, serving


@dataclass
class Post:
    """Delivers due emails to a mail server. `taken` are the emails that it accepted."""

    database: Database
    settings: Settings
    catcher: Catcher

    def deliver(self, now: datetime = NOW, *, urgent: bool = False) -> int:
        return delivery.deliver_emails(
            self.database, self.settings, worker="w", now=lambda: now, urgent=urgent
        )

    @property
    def readers(self) -> set[str]:
        return {address for _, addresses, _ in self.catcher.taken for address in addresses}

    @property
    def mails(self) -> list[EmailMessage]:
        return [email.message_from_bytes(data, policy=default) for _, _, data in self.catcher.taken]


@contextlib.contextmanager
def post(database: Database) -> Iterator[Post]:
    """Return a mail server, and a sender for it."""
    with serving(Catcher()) as catcher:
        settings = replace(
            SETTINGS, smtp_host="127.0.0.1", smtp_port=catcher.port, smtp_security="none", mail_sender="Team"
        )
        yield Post(database, settings, catcher)
