"""Send what waits in the outbox: render, hand to the mail server one by one, and mark each at once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Literal, cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.config import Settings
from scheduler.domain.errors import ChainmeetError
from scheduler.invites.errors import ConnectionFailure, TemporaryFailure
from scheduler.invites.imip import Envelope, RenderedMail, render
from scheduler.invites.itip import Message
from scheduler.invites.sign_in import SignIn, render_sign_in
from scheduler.invites.transport import Smtp
from scheduler.services import outbox
from scheduler.services.tokens import SIGN_IN, derive_token
from scheduler.storage.database import Database
from scheduler.storage.models import OutboxMail, SignInLink

BATCH = 50
"""Mails claimed at a time: few enough that one slow server never keeps them beyond the claim."""

RECONNECT_AFTER = timedelta(seconds=30)

Now = Callable[[], datetime]


def deliver(
    database: Database,
    settings: Settings,
    *,
    worker: str,
    now: Now,
    should_stop: Callable[[], bool] = lambda: False,
    max_seconds: float = 60.0,
) -> int:
    """Send mails over one connection until none is due, `max_seconds` are over or a stop is asked.

    Gives the number of mails that the server took. A mail is marked before the next one is sent, so a
    sender that dies leaves at most one mail that may be sent again, with the same Message-ID.
    """
    ends, sent = time.monotonic() + max_seconds, 0
    while not should_stop() and time.monotonic() < ends:
        with database.write() as session:
            if not outbox.waiting(session, now=now()):
                return sent
        try:
            with _smtp(settings) as smtp:
                sent += _drain(database, settings, smtp, worker, now, should_stop, ends)
        except ConnectionFailure as failure:
            with database.write() as session:
                outbox.postpone(session, reason=str(failure), until=now() + RECONNECT_AFTER, now=now())
            return sent
    return sent


@contextmanager
def _smtp(settings: Settings) -> Iterator[Smtp]:
    security = cast(Literal["none", "starttls", "tls"], settings.smtp_security)
    with Smtp(
        settings.smtp_host, settings.smtp_port, security, settings.smtp_username, settings.smtp_password
    ) as smtp:
        yield smtp


def _drain(
    database: Database,
    settings: Settings,
    smtp: Smtp,
    worker: str,
    now: Now,
    should_stop: Callable[[], bool],
    ends: float,
) -> int:
    """Claim and send batch after batch on one connection; gives the number sent."""
    sent = 0
    while not should_stop() and time.monotonic() < ends:
        with database.write() as session:
            rows = outbox.claim(
                session, worker=worker, limit=BATCH, secret_key=settings.secret_key, now=now()
            )
            links = _links(session, rows)
            more = bool(rows) or outbox.waiting(session, now=now())
        if not more:
            break
        if not rows:  # the event's rate lets nothing out yet
            time.sleep(0.2)
            continue
        sent += _send_batch(database, settings, smtp, rows, links, now, should_stop)
    return sent


def _send_batch(
    database: Database,
    settings: Settings,
    smtp: Smtp,
    rows: Sequence[OutboxMail],
    links: Mapping[int, SignInLink],
    now: Now,
    should_stop: Callable[[], bool],
) -> int:
    sent, give_back_at = 0, time.monotonic() + outbox.CLAIM_SECONDS
    for i, row in enumerate(rows):
        if should_stop() or time.monotonic() > give_back_at:
            _give_back(database, rows[i:], now())
            break
        try:
            smtp.send(_rendered(settings, row, links))
        except ConnectionFailure as failure:
            with database.write() as session:
                outbox.mark_failed(session, row, str(failure), permanent=False, now=now())
                outbox.give_back(session, rows[i + 1 :], at=now() + RECONNECT_AFTER)
            raise
        except (
            ChainmeetError
        ) as failure:  # this mail's own fault: the server refused it, or it cannot be rendered
            permanent = not isinstance(failure, TemporaryFailure)
            with database.write() as session:
                outbox.mark_failed(session, row, str(failure), permanent=permanent, now=now())
        else:
            with database.write() as session:
                outbox.mark_sent(session, row.id, worker=row.claimed_by or "", now=now())
            sent += 1
    return sent


def _give_back(database: Database, rows: Sequence[OutboxMail], at: datetime) -> None:
    with database.write() as session:
        outbox.give_back(session, rows, at=at)


def _links(session: Session, rows: Sequence[OutboxMail]) -> dict[int, SignInLink]:
    wanted = [row.sign_in_link_id for row in rows if row.sign_in_link_id is not None]
    if not wanted:
        return {}
    return {link.id: link for link in session.scalars(select(SignInLink).where(SignInLink.id.in_(wanted)))}


def _rendered(settings: Settings, row: OutboxMail, links: Mapping[int, SignInLink]) -> RenderedMail:
    if row.sign_in_link_id is not None:
        return sign_in_mail(settings, row, links[row.sign_in_link_id])
    return invitation_mail(settings, row)


def invitation_mail(settings: Settings, row: OutboxMail) -> RenderedMail:
    """The mail of an outbox row: the same bytes each time."""
    return render(
        Message.from_json(row.payload),
        Envelope(
            attendee_name=row.to_name,
            attendee_email=row.to_address,
            sender_name=settings.mail_sender,
            domain=settings.mail_domain,
            token=outbox.address_token(row, settings.secret_key),
            message_id=row.message_id,
            thread_id=row.thread_id,
        ),
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
        )
    )
