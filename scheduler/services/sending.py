"""Send what waits in the outbox: render, hand to the mail server one by one, and mark each at once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal, cast

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.config import Settings
from scheduler.domain.entities import AlertKind
from scheduler.domain.errors import ChainmeetError
from scheduler.invites.alert_mail import AlertMail, render_alert
from scheduler.invites.errors import ConnectionFailure, TemporaryFailure
from scheduler.invites.imip import Envelope, RenderedMail, render, render_example
from scheduler.invites.itip import Message
from scheduler.invites.sign_in import SignIn, render_sign_in
from scheduler.invites.summary import Summary
from scheduler.invites.summary_mail import render as render_summary
from scheduler.invites.transport import Smtp
from scheduler.services import alerts, answer_links, outbox, wordings
from scheduler.services.tokens import SIGN_IN, derive_token
from scheduler.storage.database import Database
from scheduler.storage.models import OutboxMail, SignInLink

BATCH = 50
"""Mails claimed at a time: few enough that one slow server never keeps them beyond the claim."""

RECONNECT_AFTER = timedelta(seconds=30)

Now = Callable[[], datetime]

log = structlog.get_logger()


def deliver(
    database: Database,
    settings: Settings,
    *,
    worker: str,
    now: Now,
    should_stop: Callable[[], bool] = lambda: False,
    max_seconds: float = 60.0,
    urgent: bool = False,
) -> int:
    """Send mails over one connection until none is due, `max_seconds` are over or a stop is asked.

    With `urgent` only those that a person waits for.
    Gives the number of mails that the server took. A mail is marked before the next one is sent, so a
    sender that dies leaves at most one mail that may be sent again, with the same Message-ID.
    """
    return _Delivery(
        database, settings, worker, now, should_stop, time.monotonic() + max_seconds, urgent
    ).run()


@dataclass(slots=True)
class _Delivery:
    """One call of `deliver`; `sent` counts what the server took, however it ends."""

    database: Database
    settings: Settings
    worker: str
    now: Now
    should_stop: Callable[[], bool]
    ends: float
    urgent: bool
    sent: int = 0

    def run(self) -> int:
        while self._goes_on():
            with self.database.write() as session:
                if not outbox.waiting(session, urgent=self.urgent, now=self.now()):
                    break
            try:
                with _smtp(self.settings) as smtp:
                    self._drain(smtp)
            except ConnectionFailure as failure:
                now = self.now()
                with self.database.write() as session:
                    outbox.postpone(session, reason=str(failure), until=now + RECONNECT_AFTER, now=now)
                break
        return self.sent

    def _goes_on(self) -> bool:
        return not self.should_stop() and time.monotonic() < self.ends

    def _drain(self, smtp: Smtp) -> None:
        """Claim and send batch after batch on one connection."""
        while self._goes_on():
            with self.database.write() as session:
                rows = outbox.claim(
                    session,
                    worker=self.worker,
                    limit=BATCH,
                    secret_key=self.settings.secret_key,
                    now=self.now(),
                    urgent=self.urgent,
                )
                links = _links(session, rows)
                more = bool(rows) or outbox.waiting(session, urgent=self.urgent, now=self.now())
            if not more:
                break
            if rows:
                self._send_batch(smtp, rows, links)
            else:  # the event's rate lets nothing out yet
                time.sleep(0.2)

    def _send_batch(self, smtp: Smtp, rows: Sequence[OutboxMail], links: Mapping[int, SignInLink]) -> None:
        give_back_at = time.monotonic() + outbox.CLAIM_SECONDS
        for i, row in enumerate(rows):
            if self.should_stop() or time.monotonic() > give_back_at:
                self._give_back(rows[i:], self.now())
                break
            mail = self._rendered(row, links)
            if mail is None:
                continue
            try:
                self._send(smtp, row, mail)
            except ConnectionFailure as failure:
                self._failed(row, failure)
                self._give_back(rows[i + 1 :], self.now() + RECONNECT_AFTER)
                raise

    def _send(self, smtp: Smtp, row: OutboxMail, mail: RenderedMail) -> None:
        """Send a mail and mark it; raises ConnectionFailure, after which nothing is marked."""
        try:
            smtp.send(mail)
        except ConnectionFailure:
            raise
        except ChainmeetError as failure:  # the server refused this mail
            self._failed(row, failure)
        else:
            with self.database.write() as session:
                outbox.mark_sent(session, row.id, worker=self.worker, now=self.now())
            self.sent += 1

    def _rendered(self, row: OutboxMail, links: Mapping[int, SignInLink]) -> RenderedMail | None:
        """The mail of a row; None if it cannot be made, which must not keep the others back."""
        try:
            return _rendered(self.settings, row, links)
        except Exception as error:
            log.exception("mail not rendered", mail=row.id)
            self._failed(row, TemporaryFailure("", None, f"cannot be made: {type(error).__name__}"))
            return None

    def _failed(self, row: OutboxMail, failure: ChainmeetError) -> None:
        permanent = not isinstance(failure, TemporaryFailure)
        with self.database.write() as session:
            outbox.mark_failed(session, row, str(failure), permanent=permanent, now=self.now())

    def _give_back(self, rows: Sequence[OutboxMail], at: datetime) -> None:
        with self.database.write() as session:
            outbox.give_back(session, rows, at=at)


@contextmanager
def _smtp(settings: Settings) -> Iterator[Smtp]:
    security = cast(Literal["none", "starttls", "tls"], settings.smtp_security)
    with Smtp(
        settings.smtp_host, settings.smtp_port, security, settings.smtp_username, settings.smtp_password
    ) as smtp:
        yield smtp


def _links(session: Session, rows: Sequence[OutboxMail]) -> dict[int, SignInLink]:
    wanted = [row.sign_in_link_id for row in rows if row.sign_in_link_id is not None]
    if not wanted:
        return {}
    return {link.id: link for link in session.scalars(select(SignInLink).where(SignInLink.id.in_(wanted)))}


def _rendered(settings: Settings, row: OutboxMail, links: Mapping[int, SignInLink]) -> RenderedMail:
    if row.sign_in_link_id is not None:
        return sign_in_mail(settings, row, links[row.sign_in_link_id])
    if row.kind == alerts.ALERT:
        return alert_mail(settings, row)
    if row.kind == outbox.SUMMARY:
        return summary_mail(settings, row)
    if row.kind == wordings.TEST:
        return test_mail(settings, row)
    return invitation_mail(settings, row)


def invitation_mail(settings: Settings, row: OutboxMail) -> RenderedMail:
    """The mail of an outbox row: the same bytes each time."""
    token = outbox.address_token(row, settings.secret_key)
    links = answer_links.addresses(settings, token)
    return render(Message.from_json(row.payload), _answerable(_envelope(settings, row, token), links))


def test_mail(settings: Settings, row: OutboxMail) -> RenderedMail:
    """The mail that shows an organiser the event's texts; its links lead back to where they are written."""
    links = dict.fromkeys(answer_links.STEPS, row.payload["link"])
    return render_example(Message.from_json(row.payload), _answerable(_envelope(settings, row, ""), links))


def _answerable(envelope: Envelope, links: Mapping[str, str]) -> Envelope:
    return replace(
        envelope,
        accept_url=links["accept"],
        decline_url=links["decline"],
        propose_url=links["propose"],
    )


def summary_mail(settings: Settings, row: OutboxMail) -> RenderedMail:
    """The summary of an outbox row with its PDF: the same bytes each time."""
    token = outbox.address_token(row, settings.secret_key)
    return render_summary(Summary.from_json(row.payload), _envelope(settings, row, token))


def _envelope(settings: Settings, row: OutboxMail, token: str) -> Envelope:
    return Envelope(
        attendee_name=row.to_name,
        attendee_email=row.to_address,
        sender_name=settings.mail_sender,
        domain=settings.mail_domain,
        token=token,
        message_id=row.message_id,
        thread_id=row.thread_id,
        wording=row.payload.get("wording", {}),
    )


def sign_in_mail(settings: Settings, row: OutboxMail, link: SignInLink) -> RenderedMail:
    """The mail with a one-time link: the same bytes each time."""
    token = derive_token(settings.secret_key, SIGN_IN, link.seed)
    return render_sign_in(
        SignIn(
            to_name=row.to_name,
            to_email=row.to_address,
            sender_name=settings.mail_sender,
            domain=settings.mail_domain,
            message_id=row.message_id,
            link=f"{settings.base_url}/sign-in/{token}",
            valid_for=link.expires_at - link.created_at,
            sent_at=link.created_at,
            language=row.payload.get("language", "en"),
        )
    )


def alert_mail(settings: Settings, row: OutboxMail) -> RenderedMail:
    """The mail about something that failed: the same bytes each time."""
    said = row.payload
    return render_alert(
        AlertMail(
            to_name=row.to_name,
            to_email=row.to_address,
            sender_name=settings.mail_sender,
            domain=settings.mail_domain,
            message_id=row.message_id.replace(alerts.LATER_DOMAIN, f"@{settings.mail_domain}"),
            kind=AlertKind(said["kind"]),
            event=said["event"],
            reason=said["reason"],
            link=settings.base_url + said["path"],
            opened_at=row.created_at,
            language=said["language"],
        )
    )
