"""Mailbox of the installation: unread emails are moved into the inboxes of their events."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from typing import cast

import structlog
from sqlalchemy import select, update

from scheduler.config import Settings
from scheduler.invites.transport.mailbox import LeftUnread, Mailbox, Security
from scheduler.services.emails.inbound import failed_attempts, inbound_addresses, inbox
from scheduler.services.operations import site_pause
from scheduler.storage.database import Database
from scheduler.storage.models import Installation
from scheduler.untrusted import parsers

BATCH = 200
"""Maximum number of emails per visit. The others wait for the next visit."""
VISIT_SECONDS = 45.0
"""A visit starts no further email after this time."""

log = structlog.get_logger()


def fetch_mailbox(database: Database, settings: Settings, *, now: Callable[[], datetime]) -> int | None:
    """Move unread emails of the mailbox into the inboxes of their events.

    Return their number, or None if the site is paused: the mailbox is then not opened.

    An email to another installation stays unread, because the mailbox may be shared with it. Any other email
    without one of our addresses is stored as one to the postmaster. An email to an address over its
    limit stays unread, like one that cannot be stored; an alert reports them. Raises MailboxFailure.
    """

    def take(raw: bytes) -> None:
        # Two headers may contain two of our addresses, which belong to different replies.
        addressees = _addressees(raw)
        recipients = inbound_addresses.recipients_in(addressees, settings.mail_domain)
        if not inbox.receive_for_recipients(database, settings, recipients, raw, now=now()):
            with database.read() as session:
                if inbound_addresses.is_for_another_site(session, addressees, settings.mail_domain):
                    raise LeftUnread
            inbox.receive_email(database, settings, postmaster, raw, now=now())

    def is_paused() -> bool:
        with database.read() as session:
            return site_pause.is_paused(session)

    if is_paused():
        return None
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
        _mark_unread(database, mailbox)
        attempts = failed_attempts.attempts_for(database, settings, now=now)
        try:
            return mailbox.each(
                take,
                most=BATCH,
                attempts=attempts,
                should_stop=lambda: time.monotonic() > ends or is_paused(),
            )
        finally:
            attempts.tell()


def _mark_unread(database: Database, mailbox: Mailbox) -> None:
    """Have emails read again that a restored database may not have. It ignores those that it has."""
    with database.read() as session:
        since = session.scalar(select(Installation.mailbox_from))
    if since is not None:
        log.warning("emails since the backup are read again", count=mailbox.mark_unread(since))
        with database.write() as session:
            session.execute(update(Installation).values(mailbox_from=None))


def _addressees(raw: bytes) -> str:
    try:
        return parsers.read_addressees(raw)
    except parsers.LimitExceeded as error:
        log.warning("headers of a mail not read", reason=str(error), octets=len(raw))
        return ""
