"""A published meeting whose emails a server accepts or refuses."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from scheduler.services.delivery import claims, failed_emails, refusal_handling
from scheduler.services.emails.inbound import inbox_actions
from scheduler.storage.models import Attendee, OutboxEmail
from tests.support import replies
from tests.support.factories import NOW, SECRET_KEY, meet
from tests.support.published import Published
from tests.support.publishing import draft, publish

MINUTE = timedelta(minutes=1)


class Letters(Published):
    """A published meeting of firms 0 and 1. The server refuses what the test specifies."""

    def send(self, minutes: float = 0, *, refuse: str = "", permanent: bool = True) -> dict[str, OutboxEmail]:
        """Send queued emails, refusing those to one address. Return those accepted."""
        now = NOW + minutes * MINUTE
        with self.database.write() as session:
            rows = claims.claim_emails(session, worker="w", limit=50, secret_key=SECRET_KEY, now=now)
            for row in rows:
                if row.to_address == refuse:
                    refusal_handling.mark_failed(session, row, "550 no", permanent=permanent, now=now)
                else:
                    claims.mark_sent(session, row.id, worker="w", now=now)
        return {row.to_address: row for row in rows if row.to_address != refuse}

    def move(self, slot: int, minutes: float, refuse: str = "", permanent: bool = True) -> None:
        """Publish the meeting in another slot, and send the emails."""
        with self.database.write() as session:
            number = draft(session, self.expo, [meet(self.request, self.expo, slot=slot)])
            publish(session, self.expo, number, number - 1, minutes=minutes)
        self.send(minutes + 0.5, refuse=refuse, permanent=permanent)

    @property
    def first(self) -> str:
        return self.person(0).email

    def dead(self, retrying: bool = False) -> list[failed_emails.FailedEmail]:
        with self.database.read() as session:
            found = failed_emails.list_failed_emails(session, self.expo.organiser_actor(), retrying=retrying)
            return list(found.items)

    def resend(self, *ids: int, minutes: float) -> int:
        """Resend these failed emails, or all of them."""
        with self.database.write() as session:
            actor, now = self.expo.organiser_actor(), NOW + minutes * MINUTE
            if ids:
                return failed_emails.resend_emails(session, actor, ids, now=now)
            return failed_emails.resend_all_emails(session, actor, now=now)

    def rows(self) -> list[OutboxEmail]:
        with self.database.read() as session:
            return list(session.scalars(select(OutboxEmail).order_by(OutboxEmail.id)))

    def bounce(self, minutes: float) -> None:
        """Receive a bounce for an invalid address, which an organiser confirms."""
        now = NOW + minutes * MINUTE
        report = self.receive(replies.failure_notice(self.mail_to(0)), self.mail_to(0), now, box="bounces")
        with self.database.write() as session:
            inbox_actions.confirm_bounce(session, self.expo.organiser_actor(), report.id, now=now)

    def is_marked(self) -> bool:
        with self.database.read() as session:
            return session.get_one(Attendee, self.person(0).id).bounced_at is not None
