"""Delivery of the outbox over SMTP: render, send one by one, and record each result at once."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.config import Settings
from scheduler.domain.emails.rates import EmailRates
from scheduler.domain.entities import Refusal
from scheduler.domain.errors import ChainmeetError
from scheduler.invites import refusals
from scheduler.invites.errors import ConnectionFailure, SendFailure, TemporaryFailure
from scheduler.invites.mail.mime import RenderedMail
from scheduler.invites.pdf.rasters import Raster
from scheduler.invites.transport.smtp import TIMEOUT, Smtp
from scheduler.services.branding import sheets
from scheduler.services.delivery import claims, email_routes, refusal_handling, rehearsal_delivery
from scheduler.services.delivery.email_routes import SERVER, Routes
from scheduler.services.delivery.journal_lines import journal_line
from scheduler.services.delivery.mail_server import build_smtp
from scheduler.services.delivery.rendering import render_email, shows_logo
from scheduler.services.operations import restored_copy, site_pause
from scheduler.services.outbox import outbox
from scheduler.storage.database import Database
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import OutboxEmail, SignInLink

BATCH = 50
"""Emails per claim: few enough that a slow server never holds them longer than the claim."""

RECONNECT_AFTER = timedelta(seconds=30)
LOCKED_OUT = frozenset({530, 534, 535, 538})
"""Reply codes of a mail server that requires authentication or rejects ours (RFC 4954 6)."""

Now = Callable[[], datetime]

log = structlog.get_logger()


def deliver_emails(
    database: Database,
    settings: Settings,
    *,
    worker: str,
    now: Now,
    should_stop: Callable[[], bool] = lambda: False,
    max_seconds: float = 60.0,
    urgent: bool = False,
    sleep: Callable[[float], None] = time.sleep,
    timeout: float = TIMEOUT,
) -> int:
    """Send emails over one connection until none is due, `max_seconds` have passed, or a stop is requested.

    With `urgent`, send only emails that a person waits for. `timeout` is in seconds per network wait. Return
    the number of emails that the server accepted. Each is marked before the next one is sent, so a sender
    that dies leaves at most one email that may be sent again, with the same Message-ID.
    """
    return _Delivery(
        database, settings, worker, now, should_stop, time.monotonic() + max_seconds, urgent, sleep, timeout
    ).run()


def is_delivery_due(session: Session, settings: Settings, *, now: datetime, urgent: bool = False) -> bool:
    """Return True if a delivery would find an email to send, or one of an event in rehearsal."""
    return _may_go(session, settings, now=now, urgent=urgent) or claims.is_rehearsed_email_due(
        session, now=now, urgent=urgent
    )


def _may_go(session: Session, settings: Settings, *, now: datetime, urgent: bool) -> bool:
    return claims.is_email_due(
        session, now=now, urgent=urgent, routes=email_routes.load_routes(session, settings.rates)
    )


@dataclass(slots=True)
class _Delivery:
    """One call of `deliver_emails`. `sent` counts the accepted emails, however the call ends."""

    database: Database
    settings: Settings
    worker: str
    now: Now
    should_stop: Callable[[], bool]
    ends: float
    urgent: bool
    sleep: Callable[[float], None]
    timeout: float
    sent: int = 0
    epoch: int = 0
    """Epoch of the last claim, for the journal."""
    routes: Routes = field(default_factory=lambda: Routes(EmailRates()))
    """State of the routes at the last claim, with this sender's changes since."""
    closed: set[str] = field(default_factory=set)
    """Routes that were paused since the last claim."""
    paused: set[int] = field(default_factory=set)
    """Events whose emails organisers paused since the last claim."""
    logos: Mapping[int, Raster] = field(default_factory=dict)
    """Logos for the PDFs of the last claim, by event."""

    def run(self) -> int:
        if not restored_copy.pause_if_copied(self.database, self.settings, now=self.now()):
            return 0
        self._rehearse()
        while self._goes_on():
            with self.database.write() as session:
                if not _may_go(session, self.settings, urgent=self.urgent, now=self.now()):
                    break
            try:
                with build_smtp(self.settings, timeout=self.timeout) as smtp:
                    self._drain(smtp)
            except ConnectionFailure as failure:
                self._not_connected(failure)
                break
        return self.sent

    def _rehearse(self) -> None:
        """Handle the emails of events in rehearsal, which are not passed to a mail server."""
        while self._goes_on():
            with self.database.write() as session:
                found = rehearsal_delivery.deliver_rehearsed(
                    session, self.settings, worker=self.worker, now=self.now(), urgent=self.urgent
                )
            if not found:
                break

    def _goes_on(self) -> bool:
        return not self.should_stop() and time.monotonic() < self.ends

    def _drain(self, smtp: Smtp) -> None:
        """Claim and send batches over one connection."""
        while self._goes_on():
            with self.database.write() as session:
                now = self.now()
                self.routes = email_routes.load_routes(session, self.settings.rates)
                self.closed, self.paused = set(), set()
                rows = claims.claim_emails(
                    session,
                    worker=self.worker,
                    limit=BATCH,
                    secret_key=self.settings.secret_key,
                    now=now,
                    urgent=self.urgent,
                    routes=self.routes,
                )
                if rows and self.settings.journal:
                    self.epoch = restored_copy.next_epoch(session)
                links = _links(session, rows)
                self.logos = _logos(session, rows)
                more = bool(rows) or claims.is_email_due(
                    session, urgent=self.urgent, now=now, routes=self.routes
                )
            if not more:
                break
            if rows:
                self._send_batch(smtp, rows, links)
            else:  # the rates allow no email yet
                self.sleep(0.2)

    def _not_connected(self, failure: ConnectionFailure) -> None:
        """Postpone all due emails, and pause the server if it rejected the authentication."""
        now = self.now()
        with self.database.write() as session:
            claims.postpone_due(session, reason=str(failure), until=now + RECONNECT_AFTER, now=now)
            if failure.reply_code in LOCKED_OUT:
                routes = email_routes.load_routes(session, self.settings.rates)
                refusal_handling.record_locked_out(session, routes, str(failure), now=now)

    def _send_batch(self, smtp: Smtp, rows: Sequence[OutboxEmail], links: Mapping[int, SignInLink]) -> None:
        give_back_at = time.monotonic() + claims.CLAIM_SECONDS
        for i, row in enumerate(rows):
            if self.should_stop() or time.monotonic() > give_back_at or self._is_site_paused():
                self._give_back(rows[i:], self.now())
                break
            if self._is_closed(row):
                self._give_back([row], self.now())
                continue
            mail = self._rendered(row, links)
            if mail is None:
                continue
            try:
                self._send(smtp, row, mail)
            except ConnectionFailure as failure:
                self._failed(row, str(failure), permanent=False)
                self._give_back(rows[i + 1 :], self.now() + RECONNECT_AFTER)
                raise

    def _is_site_paused(self) -> bool:
        """Return True if operators paused the site, perhaps after the claim. Checked before each email."""
        with self.database.read() as session:
            return site_pause.is_paused(session)

    def _is_closed(self, row: OutboxEmail) -> bool:
        """Return True if the route or the event was paused after the claim. Urgent emails ignore pauses."""
        if row.event_id is None:
            return False
        routes = {SERVER, self.routes.rates.route(row.to_address)}
        return row.event_id in self.paused or bool(self.closed & routes)

    def _send(self, smtp: Smtp, row: OutboxEmail, mail: RenderedMail) -> None:
        """Send an email and record the result.

        Raises ConnectionFailure, in which case nothing is recorded.
        """
        try:
            reply = smtp.send(mail.dated(self.now()))
        except ConnectionFailure:
            raise
        except SendFailure as failure:
            self._refused(row, failure)
        except ChainmeetError as failure:  # the address is not valid in an SMTP envelope
            self._failed(row, str(failure), permanent=True)
        else:
            self._taken(row, reply)
            self.sent += 1

    def _taken(self, row: OutboxEmail, reply: str) -> None:
        self._journal(row)
        with self.database.write() as session:
            claims.mark_sent(session, row.id, worker=self.worker, reply=reply, now=self.now())
            opened = email_routes.record_accepted(session, self.routes, row.to_address)
            if row.event_id is not None and outbox.is_event_paused(session, row.event_id):
                self.paused.add(row.event_id)
        caused_by = {"request": row.web_request} if row.web_request else {}
        log.info("email sent", email_id=row.id, kind=row.kind.value, reply=reply, **caused_by)
        if opened:
            with (
                self.database.write() as session
            ):  # a separate transaction: a claim may lock these emails while it waits for a route
                refusal_handling.release_held(session, self.routes, opened, now=self.now())

    def _journal(self, row: OutboxEmail) -> None:
        """Write the accepted email into the journal, before it is marked as sent.

        An error is only logged: the email has left, and sending it again would be worse.
        """
        journal = restored_copy.open_journal(self.settings)
        if journal is not None:
            try:
                journal.append([journal_line(row, self.epoch, self.settings.secret_key, now=self.now())])
            except OSError:
                log.exception("an accepted email is not in the journal", email_id=row.id)

    def _refused(self, row: OutboxEmail, failure: SendFailure) -> None:
        refusal = refusals.classify_refusal(failure.reply_code, failure.reply)
        if isinstance(failure, TemporaryFailure) and refusal is Refusal.DEAD:
            refusal = Refusal.LATER
        deferred = (
            refusal is Refusal.LATER
            and failure.is_of_recipient
            and refusals.is_deferral(failure.reply_code, failure.reply)
        )
        with self.database.write() as session:
            self.closed |= refusal_handling.record_refusal(
                session, self.routes, row, refusal, str(failure), is_of_server=not deferred, now=self.now()
            )

    def _rendered(self, row: OutboxEmail, links: Mapping[int, SignInLink]) -> RenderedMail | None:
        """Return the rendered email, or None if rendering fails. One bad row must not stop the others."""
        try:
            return render_email(self.settings, row, links, self.logos.get(outbox.event_id_of(row)))
        except Exception as error:
            log.exception("mail not rendered", mail=row.id)
            self._failed(row, f"cannot be made: {type(error).__name__}", permanent=False)
            return None

    def _failed(self, row: OutboxEmail, said: str, *, permanent: bool) -> None:
        with self.database.write() as session:
            refusal_handling.mark_failed(session, row, said, permanent=permanent, now=self.now())

    def _give_back(self, rows: Sequence[OutboxEmail], at: datetime) -> None:
        with self.database.write() as session:
            claims.release_claims(session, rows, at=at)


def _logos(session: Session, rows: Sequence[OutboxEmail]) -> dict[int, Raster]:
    return sheets.load_logos(session, {outbox.event_id_of(row) for row in rows if shows_logo(row)})


def _links(session: Session, rows: Sequence[OutboxEmail]) -> dict[int, SignInLink]:
    wanted = [row.sign_in_link_id for row in rows if row.sign_in_link_id is not None]
    if not wanted:
        return {}
    return {
        link.id: link for link in session.scalars(select(SignInLink).where(in_chunks(SignInLink.id, wanted)))
    }
