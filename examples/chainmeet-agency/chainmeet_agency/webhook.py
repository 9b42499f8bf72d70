"""Posts each entry of the audit log to a webhook, signed so that its receiver knows who sent it."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import time

from scheduler.invites.transport.posting import post
from scheduler.plugins import AuditEvent


def receive(event: AuditEvent) -> None:
    """POST the entry as JSON. Raises PostFailure if it is not taken: then it is sent again later."""
    body = json.dumps(event.to_json()).encode()
    secret = os.environ["AGENCY_WEBHOOK_SECRET"].encode()
    sent_at = str(int(time.time()))  # noqa: TID251 -- receivers compare it with their own clock
    signature = hmac.digest(secret, sent_at.encode() + b"." + body, hashlib.sha256).hex()
    headers = {
        "Content-Type": "application/json",
        "Chainmeet-Signature": f"t={sent_at},v1={signature}",
        "Idempotency-Key": event.id,
    }
    post(os.environ["AGENCY_WEBHOOK_URL"], body, headers)
