"""A webhook receiver: an HTTPS server on this machine with configurable responses."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import trustme

from scheduler.invites.transport.remote import Fetcher

HOST = "hooks.agency.example"


@dataclass
class Receiver:
    """A receiver. `answers` are the next statuses, 204 after them. `came` has headers and bodies.

    `headers` and `text` belong to each response.
    """

    port: int = 0
    answers: list[int] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    text: bytes = b""
    came: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    trusting: ssl.SSLContext = field(default_factory=ssl.create_default_context)

    @property
    def address(self) -> str:
        return f"https://{HOST}:{self.port}/chainmeet"

    def fetcher(self, *, max_octets: int = 65_536) -> Fetcher:
        """Return a fetcher that resolves the host to this server and trusts it."""
        return Fetcher(
            max_octets=max_octets,
            resolve=lambda _host, _port: ["127.0.0.1"],
            is_allowed=lambda _address: True,
            ports=frozenset({self.port}),
            context=self.trusting,
        )


@contextmanager
def webhook_receiver() -> Iterator[Receiver]:
    """Run the receiver for the duration of the block."""
    authority, receiver = trustme.CA(), Receiver()
    authority.configure_trust(receiver.trusting)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.came.append((dict(self.headers), body))
            self.send_response(receiver.answers.pop(0) if receiver.answers else 204)
            for name, value in receiver.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(receiver.text)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(HOST).configure_cert(context)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    receiver.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, name="webhooks", daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
