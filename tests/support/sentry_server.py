"""A Sentry server in this process, which stores the events that it gets."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.support.http_receiver import receiving_posts


@dataclass
class SentryServer:
    """The server. `bodies` are the envelopes as they came, without compression."""

    port: int = 0
    bodies: list[str] = field(default_factory=list)
    headers: list[str] = field(default_factory=list)

    @property
    def dsn(self) -> str:
        return f"http://public-key@127.0.0.1:{self.port}/1"

    @property
    def events(self) -> list[dict[str, Any]]:
        """Payloads of the envelopes: an envelope has a header, a header of the item, and the item."""
        return [json.loads(body.splitlines()[2]) for body in self.bodies]


@contextmanager
def serving_sentry() -> Iterator[SentryServer]:
    """Run the server on a free port."""
    sentry = SentryServer()

    def take(_path: str, headers: str, body: bytes) -> None:
        sentry.headers.append(headers)
        sentry.bodies.append(body.decode())

    with receiving_posts(take) as sentry.port:
        yield sentry
