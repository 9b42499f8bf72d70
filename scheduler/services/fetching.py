"""Take in what came to the mailbox of the installation."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import cast

import structlog

from scheduler.config import Settings
from scheduler.invites.mailbox import Mailbox, Security, addressees
from scheduler.services import inbox
from scheduler.storage.database import Database

BATCH = 200
"""Mails of one visit; the rest waits for the next one."""

log = structlog.get_logger()


def fetch(database: Database, settings: Settings, *, now: Callable[[], datetime]) -> int:
    """Read the unread mails of the mailbox into the inboxes of their events, and give their number.

    A mail that is for none of our addresses is only marked as read. Raises MailboxFailure.
    """

    def take(raw: bytes) -> None:
        # Two of its headers may name two addresses; each is one answer's own.
        known = [
            inbox.receive(database, settings, address, raw, now=now())
            for address in inbox.recipients_in(addressees(raw))
        ]
        if not any(known):
            log.info("mail for none of our addresses", octets=len(raw))

    with Mailbox(
        settings.imap_host,
        settings.imap_port,
        cast("Security", settings.imap_security),
        settings.imap_username,
        settings.imap_password,
        settings.imap_folder,
    ) as mailbox:
        return mailbox.each(take, most=BATCH)
