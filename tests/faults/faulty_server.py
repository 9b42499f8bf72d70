"""A mail server that misbehaves as a fault says, until it is mended."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.support.mail_server import Catcher


@dataclass
class FaultyServer(Catcher):
    """Accepts emails, with a fault at the recipient, before an email is accepted, or after it."""

    recipient: Callable[[str], str | None] = lambda _: None
    """Returns the reply to a recipient instead of 250, or None."""
    before: str = ""
    """The reply instead of acceptance, or `ABORT` to reset the connection."""
    after: Callable[[], bool] = lambda: False
    """Called once an email is accepted. If it returns True, the connection ends without the reply."""
    hangs: bool = False
    """Accept emails, and never reply to one."""
    refused: list[str] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802 -- aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        reply = self.recipient(address)
        if reply is not None:
            self.refused.append(address)
            return reply
        return await super().handle_RCPT(server, session, envelope, address, options)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.before:
            self.refused += envelope.rcpt_tos
            if self.before == "ABORT":
                _abort(server)
            return self.before
        reply = await super().handle_DATA(server, session, envelope)
        if self.hangs:
            await asyncio.get_running_loop().create_future()  # until the client ends the connection
        if self.after():
            _abort(server)
        return reply

    def mend(self) -> None:
        self.recipient, self.before, self.after = lambda _: None, "", lambda: False
        self.hangs = False


def _abort(server: SMTP) -> None:
    assert isinstance(server.transport, asyncio.Transport)
    server.transport.abort()
