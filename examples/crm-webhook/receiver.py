"""A receiver of webhooks for a CRM, with the standard library alone. It verifies, responds, and passes on.

    CHAINMEET_WEBHOOK_SECRET=whsec_… python receiver.py

Put it behind a web server with TLS: webhooks are only sent to https URLs at port 443.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import time
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

TOLERANCE_SECONDS = 300
MAX_BODY = 20_000


class NotVerified(Exception):
    """The message is not from the sender, or is a replay of an old one."""


def verify(secret: str, headers: Mapping[str, str], body: bytes, *, now: float) -> dict[str, Any]:
    """Return the message if one of its signatures is by the secret. Raises NotVerified."""
    names = {name.lower(): value for name, value in headers.items()}
    message_id, timestamp = names.get("webhook-id", ""), names.get("webhook-timestamp", "")
    if not timestamp.isdigit() or abs(now - int(timestamp)) > TOLERANCE_SECONDS:
        raise NotVerified("the timestamp is missing, too old or too new")
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{message_id}.{timestamp}.".encode() + body
    expected = "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    given = names.get("webhook-signature", "").encode().split(b" ")
    if not any(hmac.compare_digest(each, expected.encode()) for each in given):
        raise NotVerified("no signature matches")
    message: dict[str, Any] = json.loads(body)
    return message


def handler(
    secret: str, take: Callable[[dict[str, Any]], None], clock: Callable[[], float]
) -> type[BaseHTTPRequestHandler]:
    """Return a request handler that passes each verified message to `take` once."""
    seen: set[str] = set()  # a CRM stores these in its database, to survive a restart

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            size = self.headers.get("Content-Length", "")
            if not size.isdigit() or int(size) > MAX_BODY:
                self._respond(413)
                return
            body = self.rfile.read(int(size))
            try:
                message = verify(secret, dict(self.headers), body, now=clock())
            except NotVerified:
                self._respond(401)
                return
            if self.headers["webhook-id"] not in seen:
                take(message)
                seen.add(self.headers["webhook-id"])
            self._respond(204)

        def _respond(self, status: int) -> None:
            self.send_response(status)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Log nothing: `take` does."""

    return Handler


def update_crm(message: dict[str, Any]) -> None:
    """Replace this by a job of your CRM that reads `GET /api/v1/firms` and the agendas."""
    print(message["type"], message["data"]["about"])  # noqa: T201


if __name__ == "__main__":
    made = handler(os.environ["CHAINMEET_WEBHOOK_SECRET"], update_crm, time.time)  # noqa: TID251
    HTTPServer(("127.0.0.1", 8080), made).serve_forever()
