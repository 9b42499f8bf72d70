"""Posts audit log entries to a webhook, signed so that the receiver can verify the sender."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import time

from scheduler.invites.transport.posting import post
from scheduler.plugins import AuditEvent


def receive(event: AuditEvent) -> None:
    """POST the entry as JSON. Raises PostFailure if the webhook rejects it; the entry is then retried."""
    body = json.dumps(event.to_json()).encode()
    secret = os.environ["AGENCY_WEBHOOK_SECRET"].encode()
    sent_at = str(int(time.time()))  # noqa: TID251 -- compared with the receiver's clock
    signature = hmac.digest(secret, sent_at.encode() + b"." + body, hashlib.sha256).hex()
    headers = {
        "Content-Type": "application/json",
        "Chainmeet-Signature": f"t={sent_at},v1={signature}",
        "Idempotency-Key": event.id,
    }
    post(os.environ["AGENCY_WEBHOOK_URL"], body, headers)
