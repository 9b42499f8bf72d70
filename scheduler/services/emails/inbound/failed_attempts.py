"""Failed attempts to read an email of the mailbox, and the alert after the last one."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, and_, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from scheduler.config import Settings
from scheduler.invites.transport.mailbox import MAX_ATTEMPTS
from scheduler.services.delivery import email_alerts
from scheduler.storage.database import Database
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import FailedEmailRead


@dataclass(slots=True)
class FailedAttempts:
    """Attempts of one mailbox (`transport.mailbox.Attempts`), shared by all processes."""

    database: Database
    mailbox: str
    now: Callable[[], datetime]
    validity: int = field(default=0, init=False)

    def known(self, validity: int, unread: Sequence[int]) -> Mapping[int, int]:
        """Return the number of attempts by UID.

        Counts of emails that are no longer unread are deleted (RFC 3501 2.3.1.1).
        """
        self.validity = validity
        gone = (FailedEmailRead.validity != validity) | ~in_chunks(FailedEmailRead.uid, unread)
        with self.database.write() as session:
            session.execute(delete(FailedEmailRead).where(FailedEmailRead.mailbox == self.mailbox, gone))
            rows = session.execute(select(FailedEmailRead.uid, FailedEmailRead.attempts).where(self._mine()))
            return {uid: attempts for uid, attempts in rows}  # noqa: C416 -- dict(rows) loses the types

    def begin(self, uid: int) -> int:
        with self.database.write() as session:
            attempts = self._count(session, uid)
            if attempts is not None:
                return attempts
            row = {"mailbox": self.mailbox, "validity": self.validity, "uid": uid}
            try:
                with session.begin_nested():
                    session.execute(
                        insert(FailedEmailRead).values(**row, attempts=1, attempted_at=self.now())
                    )
            except IntegrityError:  # another visit inserted it first
                return self._count(session, uid) or 1
            return 1

    def taken(self, uid: int) -> None:
        with self.database.write() as session:
            session.execute(delete(FailedEmailRead).where(self._mine(), FailedEmailRead.uid == uid))

    def tell(self) -> None:
        """Raise an alert while abandoned emails exist. It ends when a person has read or moved them."""
        left = select(func.count()).where(
            FailedEmailRead.mailbox == self.mailbox, FailedEmailRead.attempts >= MAX_ATTEMPTS
        )
        with self.database.write() as session:
            email_alerts.record_abandoned_emails(session, session.scalars(left).one(), now=self.now())

    def _count(self, session: Session, uid: int) -> int | None:
        """Count one more attempt. Return None if the email has no row."""
        one = update(FailedEmailRead).where(self._mine(), FailedEmailRead.uid == uid)
        more = one.values(attempts=FailedEmailRead.attempts + 1, attempted_at=self.now())
        return session.scalar(more.returning(FailedEmailRead.attempts))

    def _mine(self) -> ColumnElement[bool]:
        return and_(FailedEmailRead.mailbox == self.mailbox, FailedEmailRead.validity == self.validity)


def attempts_for(database: Database, settings: Settings, *, now: Callable[[], datetime]) -> FailedAttempts:
    """Return the attempts of the configured mailbox."""
    name = "\0".join((settings.imap_host, settings.imap_username, settings.imap_folder))
    return FailedAttempts(database, hashlib.sha256(name.encode()).hexdigest(), now)
