"""An SMTP server in this process, which stores accepted emails."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass
class Catcher:
    """Handler of the server: stores accepted emails, and replies as configured."""

    taken: list[tuple[str, list[str], bytes]] = field(default_factory=list)
    connections: list[str] = field(default_factory=list)
    replies: dict[str, str] = field(default_factory=dict)
    """Replies by recipient, and by `DATA` after the data. The reply `HANG UP` closes the connection."""
    port: int = 0

    async def handle_EHLO(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, _envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        self.connections.append(hostname)
        session.host_name = hostname
        return responses

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        reply = self.replies.get(address, "250 OK")
        if reply.startswith("250"):
            envelope.rcpt_tos.append(address)
        if reply == "HANG UP":
            _hang_up(server)
        return reply

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        reply = self.replies.get("DATA", "250 OK")
        if reply == "HANG UP":
            _hang_up(server)
        elif reply.startswith("250"):
            content = envelope.content
            assert isinstance(content, bytes)
            self.taken.append((envelope.mail_from or "", envelope.rcpt_tos, content))
        return reply


@contextmanager
def serving(catcher: Catcher, tls: ssl.SSLContext | None = None, **options: Any) -> Iterator[Catcher]:
    """Run the server in a thread on a free port."""
    loop = asyncio.new_event_loop()

    def factory() -> SMTP:
        return SMTP(catcher, hostname="test.example", loop=loop, **options)

    server = loop.run_until_complete(loop.create_server(factory, "127.0.0.1", 0, ssl=tls))
    catcher.port = server.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield catcher
    finally:
        loop.call_soon_threadsafe(server.close)  # in the loop's thread, where a connection may be closing
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def _hang_up(server: SMTP) -> None:
    assert isinstance(server.transport, asyncio.Transport)
    server.transport.abort()
