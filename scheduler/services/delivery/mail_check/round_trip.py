"""Round trip: emails that Chainmeet sends to its own two kinds of addresses, and receives again.

The token in the address has the minute of sending, and a proof. So nothing is stored before an email arrives,
and only Chainmeet can have sent it. Arrivals are recorded as job runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from time import sleep
from typing import Final

from sqlalchemy.orm import Session

from scheduler.config import Settings
from scheduler.domain.findings import Finding, error, ok
from scheduler.invites.mail.mime import RenderedMail
from scheduler.services.delivery.mail_server import build_smtp
from scheduler.services.identity import tokens
from scheduler.services.operations import job_intervals
from scheduler.storage.database import Database

BOXES: Final = ("meetings", "bounces")
"""Local parts before the plus: replies, and delivery reports."""
EVERY: Final = 5.0
"""Seconds between two looks for an arrival."""
VALID: Final = timedelta(days=1)
"""A later arrival proves nothing."""
CHECK: Final = "round trip"


@dataclass(frozen=True, slots=True)
class RoundTripEmail:
    """An email of a round trip: its address, and the minute in which it was sent."""

    box: str
    sent_at: datetime


def address(box: str, sent_at: datetime, settings: Settings) -> str:
    """Return the address of an email that is sent now."""
    minute = int(sent_at.timestamp()) // 60
    token = tokens.row_token(settings.secret_key, _purpose(box), minute, "")
    return f"{box}+{token}@{settings.mail_domain}"


def recognise(box: str, token: str, settings: Settings) -> RoundTripEmail | None:
    """Return the email with this token in its address, or None if it is not of a round trip."""
    minute = tokens.row_id(token)
    if not tokens.is_row_token(settings.secret_key, token, _purpose(box), minute, ""):
        return None
    return RoundTripEmail(box, datetime.fromtimestamp(minute * 60, UTC))


def record_arrival(session: Session, email: RoundTripEmail, *, now: datetime) -> None:
    """Record that the email arrived, unless it is old or a newer one did."""
    known = job_intervals.last_run_at(session, _purpose(email.box))
    if now - email.sent_at < VALID and (known is None or known < email.sent_at):
        job_intervals.record_run(session, _purpose(email.box), now=email.sent_at)


def send(settings: Settings, *, now: datetime) -> None:
    """Send both emails. Raises ConnectionFailure or SendFailure."""
    with build_smtp(settings) as smtp:
        for box in BOXES:
            smtp.send(_email(box, settings, now))


def missing(session: Session, sent_at: datetime) -> list[str]:
    """Return the boxes to which no email sent at this time or later has arrived."""
    minute = sent_at.replace(second=0, microsecond=0)
    runs = {box: job_intervals.last_run_at(session, _purpose(box)) for box in BOXES}
    return [box for box, at in runs.items() if at is None or at < minute]


def wait(
    database: Database, sent_at: datetime, *, attempts: int, pause: Callable[[float], None] | None = None
) -> list[str]:
    """Look for arrivals up to `attempts` times. Return the boxes without one."""
    lost = list(BOXES)
    for attempt in range(attempts):
        if attempt:
            (pause or sleep)(EVERY)
        with database.read() as session:
            lost = missing(session, sent_at)
        if not lost:
            break
    return lost


def findings(lost: list[str], settings: Settings, waited: timedelta) -> Iterator[Finding]:
    """Yield a finding for each box."""
    for box in BOXES:
        where = f"{box}+…@{settings.mail_domain}"
        if box not in lost:
            yield ok(CHECK, f"An email to {where} arrived.")
            continue
        lacking = "Replies" if box == BOXES[0] else "Delivery reports"
        yield error(
            CHECK,
            f"An email to {where} was sent and didn't arrive in {waited.total_seconds():.0f} seconds. "
            f"{lacking} don't arrive either.",
            "Route all addresses in Email delivery to Chainmeet, and keep the part after the plus.",
        )


def _email(box: str, settings: Settings, now: datetime) -> RenderedMail:
    to = address(box, now, settings)
    message = EmailMessage(policy=SMTP)
    message["From"] = f"no-reply@{settings.mail_domain}"
    message["To"] = to
    message["Subject"] = "Email check"
    message["Message-ID"] = f"<{to.replace('+', '-')}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content("Chainmeet sent this email to itself, to check that replies arrive.\n")
    mail = RenderedMail(
        from_addr=address(BOXES[1], now, settings),
        to_addr=to,
        message_id=str(message["Message-ID"]),
        data=message.as_bytes(),
    )
    return mail.dated(now)


def _purpose(box: str) -> str:
    """Return the name of the job run that records an arrival, also the purpose of the token."""
    return f"mail_check_{box}"
