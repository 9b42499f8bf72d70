"""Replies of calendar clients and mail servers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from scheduler.services.delivery import sent_records
from scheduler.storage.models import OutboxEmail
from tests.support.factories import NOW, SECRET_KEY

DOMAIN = "expo.example"


def token(row: OutboxEmail) -> str:
    return sent_records.address_token(row, SECRET_KEY)


def address(row: OutboxEmail, box: str = "meetings") -> str:
    """Return the reply address of an email, or with `bounces` that for mail servers."""
    of_servers = box == "bounces"
    return f"{box}+{sent_records.bounce_token(row, SECRET_KEY) if of_servers else token(row)}@{DOMAIN}"


def calendar(
    row: OutboxEmail,
    partstat: str = "ACCEPTED",
    *,
    method: str = "REPLY",
    attendee: str | None = None,
    sequence: int | None = None,
    minutes: float = 1,
    uid: str | None = None,
    start: datetime | None = None,
    lines: str = "",
) -> bytes:
    """Return a calendar reply to an invitation, made `minutes` after NOW."""
    stamp = NOW + timedelta(minutes=minutes)
    times = ""
    if start is not None:
        end = start + timedelta(minutes=30)
        times = f"DTSTART:{_utc(start)}\nDTEND:{_utc(end)}\n"
    body = (
        f"BEGIN:VCALENDAR\nPRODID:-//Client//EN\nVERSION:2.0\nMETHOD:{method}\nBEGIN:VEVENT\n"
        f"UID:{uid or row.uid}\nSEQUENCE:{row.payload['sequence'] if sequence is None else sequence}\n"
        f"DTSTAMP:{_utc(stamp)}\nATTENDEE;PARTSTAT={partstat}:mailto:{attendee or row.to_address}\n"
        f"{times}{lines}END:VEVENT\nEND:VCALENDAR\n"
    )
    return mail(row, f"Content-Type: text/calendar; charset=UTF-8; method={method}\n\n{body}")


def mail(row: OutboxEmail, content: str, subject: str = "Re: Meeting") -> bytes:
    """Return an email with these headers and this body."""
    head = f"From: <{row.to_address}>\nTo: <{address(row)}>\nSubject: {subject}\nMIME-Version: 1.0\n"
    return (head + content).replace("\n", "\r\n").encode()


def bounce(
    row: OutboxEmail,
    status: str = "5.1.1",
    *,
    recipient: str | None = None,
    said: str = "550 no such user",
    message_id: str | None = None,
    action: str = "failed",
) -> bytes:
    """Return a delivery status notification (RFC 3464) with the email's headers."""
    to = recipient or row.to_address
    about = row.message_id if message_id is None else message_id
    return mail(
        row,
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n'
        "--b\nContent-Type: text/plain\n\nNot delivered.\n"
        "--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\n"
        f"Final-Recipient: rfc822;{to}\nAction: {action}\nStatus: {status}\n"
        f"Diagnostic-Code: smtp; {said}\n"
        f"--b\nContent-Type: text/rfc822-headers\n\nFrom: x\nMessage-ID: {about}\n--b--\n",
        "Undelivered Mail Returned to Sender",
    )


def failure_notice(row: OutboxEmail) -> bytes:
    """Return a bounce of a server without RFC 3464."""
    said = f"Hi. This is the program.\n<{row.to_address}>:\n550 5.1.1 no such user\n"
    return f"From: MAILER-DAEMON@mx.example\nSubject: failure notice\n\n{said}".replace("\n", "\r\n").encode()


def _utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"
