"""Payloads of outbox emails: their content by kind."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement

from scheduler.domain.entities import OutboxKind, Partstat
from scheduler.invites.ical.content import Content
from scheduler.invites.ical.itip import ItipMessage, MessageKind
from scheduler.invites.ical.view import mail_kind
from scheduler.invites.mail.digest import Digest
from scheduler.invites.mail.summary import Summary
from scheduler.storage.models import OutboxEmail

RECEIPT = "receipt"
"""The letter stating why a reply was not applied. Its seed is the UID of the meeting."""


def entry_content(payload: Mapping[str, Any]) -> Content | None:
    """Return the content of the calendar entry, or None if the email is not about one meeting."""
    said = payload.get("content")
    return Content.from_json(said) if said else None


def entry_content_from_text(text: str) -> Content:
    """Return the content of the calendar entry from a payload as JSON text."""
    return Content.from_json(json.loads(text)["content"])


def entry_start_column() -> ColumnElement[str]:
    """Return the SQL expression of the start of a meeting, as ISO 8601 in UTC. Only for emails about one."""
    start: ColumnElement[str] = OutboxEmail.payload["content"]["start"].as_string()
    return start


def stored_message_parts(payload: Mapping[str, Any]) -> tuple[dict[str, Any], Partstat]:
    """Return what an invitation stores of a message: the content as JSON, and the participation status."""
    return payload["content"], Partstat(payload["partstat"])


def is_schedule_change(payload: Mapping[str, Any]) -> bool:
    """Return True if an invitation tells of a change of a meeting that the recipient knew.

    A meeting without the recipient, or that is not scheduled any more, is a change. One that somebody
    withdrew is none.
    """
    if payload.get("kind") == MessageKind.CANCEL:
        return not payload["meeting_is_off"] or bool((payload.get("off") or {}).get("code"))
    return bool(payload.get("kind") == MessageKind.UPDATE)


def digest_items(payload: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the items of a digest, each with the id of its `request` and its `kind`."""
    items: list[dict[str, Any]] = payload["items"]
    return items


def digest_requests(payload: Mapping[str, Any]) -> list[tuple[int, str]]:
    """Return the request id and the other firm of each item that needs a response."""
    return [(item.request, item.firm) for item in Digest.from_json(payload).items if item.waits]


def mail_label(kind: OutboxKind, payload: Mapping[str, Any]) -> str:
    """Return a more specific label than the kind: an invitation's kind of message, a letter's name."""
    if kind in (OutboxKind.INVITATION, OutboxKind.RESEND):
        return mail_kind(ItipMessage.from_json(payload))
    return str(payload["letter"]) if kind is OutboxKind.DESK else kind.value


def sample_payload(
    content: Mapping[str, Any], label: str, mail: int, language: str, path: str
) -> dict[str, Any]:
    """Return the payload of a sample: the `content`, `label`, number and page of the sampled email."""
    return {"sample_of": content, "label": label, "mail": mail, "language": language, "path": path}


def sample_source(payload: Mapping[str, Any]) -> tuple[str, int]:
    """Return the label and number of the sampled email."""
    return payload["label"], payload["mail"]


def letter_name_column() -> ColumnElement[str]:
    """Column expression for the name of the letter."""
    which: ColumnElement[str] = OutboxEmail.payload["letter"].as_string()
    return which


def summary_content(payload: Mapping[str, Any]) -> Summary:
    """Return the content of a summary."""
    return Summary.from_json(payload)


def receipt_content(payload: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return the UID and the cause of a receipt, or None for another letter."""
    if payload.get("letter") != RECEIPT:
        return None
    return payload["seed"], payload["values"]["cause"]


def is_letter_condition(letter: str) -> ColumnElement[bool]:
    """Condition: the email is the letter with this name."""
    found: ColumnElement[bool] = OutboxEmail.payload["letter"].as_string() == letter
    return found
