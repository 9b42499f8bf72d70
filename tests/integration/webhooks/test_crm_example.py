"""The example receiver for a CRM takes a signed message once, and refuses all others."""

from __future__ import annotations

import importlib.util
import threading
from collections.abc import Iterator
from http.client import HTTPConnection
from http.server import HTTPServer
from pathlib import Path
from typing import Any

import pytest

from scheduler.domain.webhooks import SignatureScheme
from scheduler.services.webhooks.signatures import TOLERANCE_SECONDS, make_key, signature_header

PATH = Path(__file__).parents[3] / "examples/crm-webhook/receiver.py"
SECRET = make_key(SignatureScheme.HMAC_SHA256)
NOW = 1_800_000_000
BODY = b'{"type":"schedule.published","data":{"about":"version 7 published"}}'


@pytest.fixture(scope="module")
def receiver() -> Any:
    spec = importlib.util.spec_from_file_location("crm_receiver", PATH)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def taken() -> list[str]:
    return []


@pytest.fixture
def port(receiver: Any, taken: list[str]) -> Iterator[int]:
    made = receiver.handler(SECRET, lambda message: taken.append(message["type"]), lambda: float(NOW))
    server = HTTPServer(("127.0.0.1", 0), made)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()
    thread.join()


def send(port: int, key: str = SECRET, *, body: bytes = BODY, timestamp: int = NOW) -> int:
    headers = {
        "webhook-id": "audit_1-7",
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature_header(
            [make_key(SignatureScheme.ED25519), key], "audit_1-7", timestamp, BODY
        ),
    }
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("POST", "/", body, headers)
    status = connection.getresponse().status
    connection.close()
    return status


def test_a_signed_message_is_taken_once(port: int, taken: list[str]) -> None:
    assert [send(port), send(port)] == [204, 204]
    assert taken == ["schedule.published"]


def test_other_messages_are_refused(port: int, taken: list[str]) -> None:
    assert send(port, make_key(SignatureScheme.HMAC_SHA256)) == 401
    assert send(port, body=BODY + b" ") == 401
    assert send(port, timestamp=NOW - TOLERANCE_SECONDS - 1) == 401
    assert send(port, timestamp=NOW + TOLERANCE_SECONDS) == 204
    assert send(port, body=b" " * 20_001) == 413
    assert taken == ["schedule.published"]
