"""Mailbox of the installation: unread emails are moved into the inboxes of their events."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from typing import cast

import structlog

from scheduler.config import Settings
from scheduler.invites.transport.mailbox import Mailbox, Security
from scheduler.services.emails.inbound import failed_attempts, inbound_addresses, inbox
from scheduler.storage.database import Database
from scheduler.untrusted import parsers

BATCH = 200
"""The most mails of one visit. The others wait for the next visit."""
VISIT_SECONDS = 45.0
"""After this time a visit takes no further mail."""

log = structlog.get_logger()


def fetch_mailbox(database: Database, settings: Settings, *, now: Callable[[], datetime]) -> int:
    """Read the unread mails of the mailbox into the inboxes of their events, and return their number.

    A mail that names none of our addresses is taken as one to the postmaster. One for an address that had too
    much stays unread, like one that cannot be taken in: people are told of it. Raises MailboxFailure.
    """

    def take(raw: bytes) -> None:
        # Two of its headers may name two addresses. Each belongs to one answer.
        recipients = inbound_addresses.recipients_in(_addressees(raw), settings.mail_domain)
        if not inbox.receive_for_recipients(database, settings, recipients, raw, now=now()):
            inbox.receive_email(database, settings, postmaster, raw, now=now())

    postmaster = f"{inbound_addresses.POSTMASTER}@{settings.mail_domain}"
    ends = time.monotonic() + VISIT_SECONDS
    with Mailbox(
        settings.imap_host,
        settings.imap_port,
        cast("Security", settings.imap_security),
        settings.imap_username,
        settings.imap_password,
        settings.imap_folder,
    ) as mailbox:
        attempts = failed_attempts.attempts_for(database, settings, now=now)
        try:
            return mailbox.each(
                take, most=BATCH, attempts=attempts, should_stop=lambda: time.monotonic() > ends
            )
        finally:
            attempts.tell()


def _addressees(raw: bytes) -> str:
    try:
        return parsers.read_addressees(raw)
    except parsers.LimitExceeded as error:
        log.warning("headers of a mail not read", reason=str(error), octets=len(raw))
        return ""
