"""Payloads of outbox emails: their content by kind."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement

from scheduler.domain.entities import OutboxKind, Partstat
from scheduler.invites.ical.content import Content
from scheduler.invites.ical.itip import ItipMessage
from scheduler.invites.ical.view import mail_kind
from scheduler.invites.mail.digest import Digest
from scheduler.invites.mail.summary import Summary
from scheduler.storage.models import OutboxMail

RECEIPT = "receipt"
"""The letter that says why a reply was not applied. Its seed is the UID of the meeting."""


def entry_content(payload: Mapping[str, Any]) -> Content | None:
    """The content that the calendar shows, or None for a mail that is not about one meeting."""
    said = payload.get("content")
    return Content.from_json(said) if said else None


def entry_content_from_text(text: str) -> Content:
    """As `content`, from the payload as the database has it."""
    return Content.from_json(json.loads(text)["content"])


def stored_message_parts(payload: Mapping[str, Any]) -> tuple[dict[str, Any], Partstat]:
    """The parts of a message that an invitation stores: the content as JSON, and the repeated answer."""
    return payload["content"], Partstat(payload["partstat"])


def digest_items(payload: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The items of a digest, each with the id of its `request` and its `kind`."""
    items: list[dict[str, Any]] = payload["items"]
    return items


def digest_requests(payload: Mapping[str, Any]) -> list[tuple[int, str]]:
    """Of each item of a digest that asks for an answer the id of its request, and the other firm."""
    return [(item.request, item.firm) for item in Digest.from_json(payload).items if item.waits]


def mail_label(kind: OutboxKind, payload: Mapping[str, Any]) -> str:
    """What a mail is, more closely than its kind: of an invitation what it says, of a letter which one."""
    if kind in (OutboxKind.INVITATION, OutboxKind.RESEND):
        return mail_kind(ItipMessage.from_json(payload))
    return str(payload["letter"]) if kind is OutboxKind.DESK else kind.value


def sample_payload(
    content: Mapping[str, Any], label: str, mail: int, language: str, path: str
) -> dict[str, Any]:
    """The payload of a mail that shows another one: `content`, `label`, number and page of that one."""
    return {"sample_of": content, "label": label, "mail": mail, "language": language, "path": path}


def sample_source(payload: Mapping[str, Any]) -> tuple[str, int]:
    """The label and the number of the mail that a sample shows."""
    return payload["label"], payload["mail"]


def letter_name_column() -> ColumnElement[str]:
    """Which letter of the catalogue a mail is, for a query."""
    which: ColumnElement[str] = OutboxMail.payload["letter"].as_string()
    return which


def summary_content(payload: Mapping[str, Any]) -> Summary:
    """The content of a summary."""
    return Summary.from_json(payload)


def receipt_content(payload: Mapping[str, Any]) -> tuple[str, str] | None:
    """The UID and the cause of a receipt, or None for another letter."""
    if payload.get("letter") != RECEIPT:
        return None
    return payload["seed"], payload["values"]["cause"]


def is_letter_condition(letter: str) -> ColumnElement[bool]:
    """Whether a mail of the outbox is a letter of that name."""
    found: ColumnElement[bool] = OutboxMail.payload["letter"].as_string() == letter
    return found
