"""The example workflow for n8n reads our API after a signed message, and refuses all others."""

from __future__ import annotations

import base64
import json
import re
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask

from scheduler.domain.webhooks import SignatureScheme
from scheduler.services.webhooks.event_types import EVENT_TYPES
from scheduler.services.webhooks.signatures import TOLERANCE_SECONDS, make_key, signature_header
from scheduler.storage.database import Database
from tests.support import missing_programs
from tests.support.api import Program, make_token
from tests.support.factories import make_event
from tests.support.web import web_app

WORKFLOW = json.loads(
    (Path(__file__).parents[3] / "examples/no-code/n8n-workflow.json").read_text(encoding="utf-8")
)
NODES: dict[str, dict[str, Any]] = {node["name"]: node["parameters"] for node in WORKFLOW["nodes"]}
VERIFY, READ, ROWS, SPREADSHEET = "Verify signature", "Read changed firms", "Make rows", "Update spreadsheet"
PLACEHOLDER = "whsec_…"
SECRET = make_key(SignatureScheme.HMAC_SHA256)
NOW = 1_800_000_000
BODY = b'{"type":"firm.changed","timestamp":"2027-01-15T08:00:00+00:00","data":{"about":"Caf\xc3\xa9"}}'

# what n8n gives to the JavaScript of a Code node: $input, this.helpers, require
RUN = """
const { code, json, body, now } = JSON.parse(require('fs').readFileSync(0, 'utf8'));
Date.now = () => now * 1000;
const node = { helpers: { getBinaryDataBuffer: async () => Buffer.from(body, 'base64') } };
const AsyncFunction = (async () => {}).constructor;
new AsyncFunction('$input', 'require', code).call(node, { first: () => ({ json }) }, require).then(
  (items) => console.log(JSON.stringify({ items })),
  (error) => console.log(JSON.stringify({ error: error.message })),
);
"""


def run_code(name: str, document: dict[str, Any], body: bytes = b"", *, secret: str = SECRET) -> Any:
    """Return the items of a Code node, or the message of its error."""
    missing_programs.require("Node.js")
    given = {
        "code": NODES[name]["jsCode"].replace(PLACEHOLDER, secret),
        "json": document,
        "body": base64.b64encode(body).decode(),
        "now": NOW,
    }
    done = subprocess.run(
        ["node", "-e", RUN], input=json.dumps(given), capture_output=True, text=True, check=True, timeout=60
    )
    said = json.loads(done.stdout)
    return said["error"] if "error" in said else [item["json"] for item in said["items"]]


def deliver(
    body: bytes = BODY, *, sent: bytes | None = None, key: str = SECRET, timestamp: int = NOW, **more: Any
) -> Any:
    """Deliver a message that is signed as `body`, and arrives as `sent`."""
    keys = [make_key(SignatureScheme.ED25519), key]
    headers = {
        "webhook-id": "audit_1-7",
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature_header(keys, "audit_1-7", timestamp, body),
    }
    return run_code(VERIFY, {"headers": headers}, body if sent is None else sent, **more)


@pytest.fixture
def app(database: Database, broker_url: str) -> Flask:
    return web_app(database, broker_url)


def test_nodes_are_connected_in_order() -> None:
    names = list(NODES)
    assert [WORKFLOW["connections"][name]["main"][0][0]["node"] for name in names[:-1]] == names[1:]
    assert NODES["Webhook"]["options"] == {"rawBody": True}


def test_each_address_is_a_path_of_the_api_with_its_parameters(app: Flask) -> None:
    paths = app.test_client().get("/api/v1/openapi.json").json["paths"]  # type: ignore[index]
    urls = re.findall(r"https://[^\s\"']+", json.dumps(WORKFLOW))
    assert urls == [NODES[READ]["url"]]
    operation = paths[urlsplit(urls[0]).path][NODES[READ]["method"].lower()]
    sent = {each["name"] for each in NODES[READ]["queryParameters"]["parameters"]}
    assert sent <= {each["name"] for each in operation["parameters"] if each["in"] == "query"}


def test_each_event_type_is_in_the_catalogue() -> None:
    (listed,) = re.findall(r"TYPES = \[(.*)\]", NODES[VERIFY]["jsCode"])
    types = re.findall(r"'([^']+)'", listed)
    assert types
    assert set(types) <= set(EVENT_TYPES.values())


def test_a_signed_message_reads_firms_from_ten_minutes_before_it() -> None:
    assert deliver() == [{"type": "firm.changed", "updated_since": "2027-01-15T07:50:00.000Z"}]
    assert deliver(timestamp=NOW - TOLERANCE_SECONDS) == deliver()


def test_other_event_types_read_nothing() -> None:
    assert deliver(BODY.replace(b"firm.changed", b"schedule.published")) == []


def test_other_messages_are_refused() -> None:
    assert deliver(sent=BODY + b" ") == "No signature matches."
    assert deliver(sent=BODY.replace(b"firm", b"person")) == "No signature matches."
    assert deliver(key=make_key(SignatureScheme.HMAC_SHA256)) == "No signature matches."
    assert run_code(VERIFY, {"headers": {"webhook-timestamp": str(NOW)}}, BODY) == "No signature matches."
    for timestamp in (NOW - TOLERANCE_SECONDS - 1, NOW + TOLERANCE_SECONDS + 1):
        assert deliver(timestamp=timestamp) == "The timestamp is missing, too old or too new."
    assert deliver(secret=PLACEHOLDER) == "SECRET is not the signing secret of a webhook."


def test_firms_that_the_api_returns_become_rows(database: Database, app: Flask) -> None:
    with database.write() as session:
        expo = make_event(session)
    client = Program(app, make_token(database, expo.organiser_actor(), "people:read"))
    (found,) = deliver(BODY.replace(b"2027", b"2020"))
    page = client.get("/firms", updated_since=found["updated_since"], limit=200)
    rows = run_code(ROWS, page)
    assert [row["key"] for row in rows] == ["f0", "f1", "f2"]
    columns = [each["id"] for each in NODES[SPREADSHEET]["columns"]["schema"]]
    assert all(list(row) == columns for row in rows)
    assert NODES[SPREADSHEET]["options"] == {"cellFormat": "RAW"}  # a name is no formula
    assert "More than 200 firms" in run_code(ROWS, page | {"next_cursor": "x"})
