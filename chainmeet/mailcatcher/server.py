"""The SMTP side: takes every mail for anybody."""

from __future__ import annotations

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from chainmeet.mailcatcher.store import MailStore

LARGEST = 10_000_000


class Keeper:
    """aiosmtpd's handler: into the store, or an error that makes the sender try again."""

    def __init__(self, store: MailStore) -> None:
        self.store = store

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 -- aiosmtpd's name
        content = envelope.content or b""
        raw = content.encode() if isinstance(content, str) else content
        self.store.add(envelope.mail_from or "", envelope.rcpt_tos, raw)
        return "250 2.0.0 Kept"


def smtp_server(store: MailStore, port: int) -> Controller:
    """A server on the loopback address; `start` and `stop` it. It has a thread of its own."""
    return Controller(
        Keeper(store),
        hostname="127.0.0.1",
        port=port,
        data_size_limit=LARGEST,
        ready_timeout=10,
        ident="Chainmeet",
    )
