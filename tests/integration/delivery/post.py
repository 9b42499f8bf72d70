"""Many queued emails, and an SMTP server whose providers refuse as configured."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from aiosmtpd.smtp import SMTP, Envelope
from aiosmtpd.smtp import Session as SmtpSession
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from scheduler.domain.entities import AlertKind, OutboxKind, OutboxState
from scheduler.services.delivery import claims, delivery, email_routes
from scheduler.storage.database import Database
from scheduler.storage.models import Alert, Attendee, EmailRoute, OutboxEmail
from tests.integration.delivery.test_outbox import publish_some
from tests.integration.delivery.test_sending import QUEUED, SENT, to
from tests.support.factories import NOW, SECRET_KEY, make_event
from tests.unit.invites.test_transport import Catcher

MINUTE = timedelta(minutes=1)


PROVIDERS = (
    "qq.com",
    "163.com",
    "firm.example",
    "corp.example",
    "works.example",
    "trade.example",
    "x.example",
)


def fill(
    database: Database, mails: int, domains: Sequence[str] = PROVIDERS, *, per_minute: int = 60_000
) -> None:
    """Queue one email to each of `mails` attendees, whose addresses alternate between the domains."""
    with database.write() as session:
        publish_some(session, 1, mail_per_minute=per_minute)
        template = session.scalars(select(OutboxEmail)).first()
        assert template is not None
        expo = make_event(session, firms=-(-mails // 14), people=14, mail_per_minute=per_minute)
        people = [person for firm in expo.people for person in firm][:mails]
        for n, person in enumerate(people):
            person.email = f"p{n}@{domains[n % len(domains)]}"
            session.add(
                OutboxEmail(
                    event_id=expo.event.id,
                    kind=template.kind,
                    attendee_id=person.id,
                    request_id=template.request_id,
                    to_address=person.email,
                    to_name=person.name,
                    message_id=f"<m{n}@expo.example>",
                    uid=f"u{n}@expo.example",
                    method=template.method,
                    sequence=template.sequence,
                    dtstamp=template.dtstamp,
                    payload={**template.payload, "uid": f"u{n}@expo.example", "attendee_id": person.id},
                    state=QUEUED,
                    next_attempt_at=NOW,
                    created_at=NOW,
                )
            )
        session.flush()
        session.execute(
            update(OutboxEmail).where(OutboxEmail.event_id != expo.event.id).values(state=SENT, sent_at=NOW)
        )


@dataclass
class Provider(Catcher):
    """An SMTP server whose reply to a recipient is `says`, or acceptance for None."""

    says: Callable[[str], str | None] = lambda _: None
    tells: bool = True
    """True if it accepts alerts to organisers, whatever its reply to others."""
    asked: list[str] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: SmtpSession, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        is_told = address.startswith("organiser")  # an accepted alert
        self.asked += [] if is_told else [address]
        reply = None if is_told and self.tells else self.says(address)
        if reply is None:
            envelope.rcpt_tos.append(address)
        return reply or "250 OK"

    def got(self) -> list[str]:
        """Return recipients of emails of an event, without alerts."""
        return [to for _, recipients, _ in self.taken for to in recipients if not to.startswith("organiser")]


@dataclass
class Post:
    """A server and a sender that runs at times chosen by the test."""

    database: Database
    server: Provider
    rates: str = " "

    def deliver(self, minutes: float, worker: str = "w", *, most: float = 0.5) -> int:
        """Send from a minute on, for `most` minutes of a clock that only advances while the sender waits."""
        waited = 0.0

        def sleep(seconds: float) -> None:
            nonlocal waited
            waited += seconds

        before = len(self.server.got())
        delivery.deliver_emails(
            self.database,
            replace(to(self.server), mail_rates=self.rates),
            worker=worker,
            now=lambda: NOW + minutes * MINUTE + timedelta(seconds=waited),
            should_stop=lambda: waited > 60 * most,
            sleep=sleep,
        )
        return len(self.server.got()) - before

    def until_empty(self, minutes: Sequence[float]) -> None:
        for minute in minutes:
            self.deliver(minute)

    def rows(self, *domains: str) -> list[OutboxEmail]:
        with self.database.read() as session:
            rows = session.scalars(select(OutboxEmail).where(OutboxEmail.kind != OutboxKind.ALERT))
            return [row for row in rows if not domains or row.domain in domains]

    def states(self, *domains: str) -> Counter[OutboxState]:
        return Counter(row.state for row in self.rows(*domains) if row.sent_at != NOW or row.attempts)

    def route(self, name: str) -> EmailRoute | None:
        with self.database.read() as session:
            return session.get(EmailRoute, name)

    def alerts(self) -> list[Alert]:
        with self.database.read() as session:
            return list(session.scalars(select(Alert).where(Alert.kind == AlertKind.MAILS_REFUSED)))

    def marked(self) -> int:
        with self.database.read() as session:
            return len(session.scalars(select(Attendee).where(Attendee.bounced_at.is_not(None))).all())


FREQUENCY = "550 Connection frequency limited. http://service.mail.qq.com/cgi-bin/help?id=20022&no=1000722"


CONTENT = "550 Mail content denied [x IP: 10.0.0.1]. https://service.mail.qq.com/detail/122/171."


def claim(
    session: Session, minutes: float, routes: email_routes.Routes, worker: str = "w"
) -> list[OutboxEmail]:
    return claims.claim_emails(
        session, worker=worker, limit=50, secret_key=SECRET_KEY, now=NOW + minutes * MINUTE, routes=routes
    )
