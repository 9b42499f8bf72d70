"""The SMTP server: accepts every email for any recipient."""

from __future__ import annotations

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from chainmeet.mailcatcher.store import MailStore

LARGEST = 10_000_000
CHUNK = 1 << 16
END = b"\r\n.\r\n"


class MailKeeper:
    """aiosmtpd handler that stores emails. Errors make the sender retry."""

    def __init__(self, store: MailStore) -> None:
        self.store = store

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 -- aiosmtpd's name
        content = envelope.content or b""
        raw = content.encode() if isinstance(content, str) else content
        self.store.add(envelope.mail_from or "", envelope.rcpt_tos, raw)
        return "250 2.0.0 Kept"


class BulkSMTP(SMTP):
    """SMTP server that reads an email in chunks, twice as fast as aiosmtpd's reading by line."""

    line_length_limit = LARGEST

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802 -- aiosmtpd's name
        if arg or self.envelope is None or not self.envelope.rcpt_tos:
            await super().smtp_DATA(arg)  # sends the error
            return
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        content = bytearray(b"\r\n")  # so that an empty email has the same end as others
        while not content.endswith(END):  # the client waits for our reply: nothing follows the end
            chunk = await self._reader.read(CHUNK)
            if not chunk or len(content) > LARGEST:
                self._writer.close()
                return
            content += chunk
        self.envelope.content = bytes(content[:-3].replace(b"\r\n..", b"\r\n.")[2:])
        answer = await self.event_handler.handle_DATA(self, self.session, self.envelope)
        self._set_post_data_state()
        await self.push(answer)


class _Controller(Controller):
    def factory(self) -> SMTP:
        return BulkSMTP(self.handler, **self.SMTP_kwargs)


def smtp_server(store: MailStore, port: int) -> Controller:
    """Return a server on the loopback address that runs in its own thread. Call `start` and `stop`."""
    return _Controller(
        MailKeeper(store), hostname="127.0.0.1", port=port, ready_timeout=10, ident="Chainmeet"
    )
