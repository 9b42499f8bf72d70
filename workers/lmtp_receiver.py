"""LMTP receiver (RFC 2033): an email is stored before it is acknowledged."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import structlog
from aiosmtpd.controller import Controller
from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session

from scheduler.config import Settings
from scheduler.services.emails.inbound import inbound_addresses, inbox, intake
from scheduler.storage.database import Database
from scheduler.storage.schema import DatabaseUnavailable
from scheduler.storage.schema_gate import SchemaGate
from scheduler.watchdog import Watchdog

LARGEST = 25 * 1024 * 1024
"""The most octets of an accepted mail. Of a large mail only the beginning is stored."""

LATER = "451 4.3.0 Try again later"

THREADS = 12
"""Fewer than a database's connections."""

log = structlog.get_logger()


class Receiver:
    """aiosmtpd's handler. Names of methods and answers are SMTP's (RFC 5321 4.2)."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self.database, self.settings = database, settings
        self.gate = SchemaGate(database)

    async def handle_RCPT(  # noqa: N802 -- aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """One recipient a mail: its answer is about that one alone, and a server sends the others next."""
        if envelope.rcpt_tos:
            return "452 4.5.3 One recipient at a time"
        try:
            known = await asyncio.to_thread(self._knows, address)
        except DatabaseUnavailable:
            return LATER
        except Exception:
            log.exception("recipient not looked up")
            return LATER
        if not known:
            return "550 5.1.1 There is no such address here"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Ok"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 -- as above
        try:
            kept = await asyncio.to_thread(self._keep, envelope)
        except DatabaseUnavailable:
            return LATER
        except intake.InboxFull:
            return "452 4.2.2 The address had too much mail; try again later"
        except Exception:
            log.exception("mail not kept")
            return LATER
        return "250 2.6.0 Kept" if kept else "550 5.1.1 There is no such address here"

    def _knows(self, address: str) -> bool:
        self.gate.require()
        with self.database.read() as session:
            return inbound_addresses.parse_address(session, address, self.settings) is not None

    def _keep(self, envelope: Envelope) -> bool:
        self.gate.require()
        content = envelope.content or b""
        raw = content.encode() if isinstance(content, str) else content
        return inbox.receive_email(
            self.database, self.settings, envelope.rcpt_tos[0], raw, now=self.database.now()
        )


class _LongLines(LMTP):
    # Some clients write longer lines than RFC 5321 allows. The reader is made with the object, so it is here.
    line_length_limit = LARGEST


class _Lmtp(Controller):
    def factory(self) -> SMTP:
        return _LongLines(self.handler, **self.SMTP_kwargs)


def watch(server: Controller, watchdog: Watchdog, every: float = 10.0) -> None:
    """Have the server's loop tell the watchdog that it goes round."""

    def pulse() -> None:
        watchdog.pulse()
        server.loop.call_later(every, pulse)

    server.loop.call_soon_threadsafe(pulse)


def lmtp_server(database: Database, settings: Settings, host: str, port: int) -> Controller:
    """An LMTP server (RFC 2033) in its own thread. Call `start` and `stop`."""
    receiver = Receiver(database, settings)
    server = _Lmtp(
        receiver, hostname=host, port=port, ready_timeout=10, ident="Chainmeet", data_size_limit=LARGEST
    )
    # Who waits for a reader has a thread. The next mail needs one all the same.
    server.loop.set_default_executor(ThreadPoolExecutor(THREADS, thread_name_prefix="mail"))
    return server
