"""Email texts that an event has customised, and who changed them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session, aliased

from scheduler.domain.errors import Fault, InvalidInput, NotFound
from scheduler.invites.catalogue import Words, languages, load_words
from scheduler.invites.ical import view
from scheduler.invites.ical.itip import ItipMessage
from scheduler.invites.mail import wording
from scheduler.services.audit_log import recording
from scheduler.services.audit_log.acts import Act
from scheduler.services.audit_log.subjects import pgettext_lazy
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import Account, Attendee, EmailText, Event

Texts = Mapping[str, Mapping[str, str]]
"""Texts by language and key (`wording.part_key`)."""


@dataclass(frozen=True, slots=True)
class Field:
    """The current state of one text. `changed_at` is None while it equals the catalogue's `default`."""

    part: str
    text: str
    default: str
    changed_by: str | None = None
    changed_at: datetime | None = None

    @property
    def rule(self) -> wording.TextPart:
        return wording.PARTS[self.part]


def list_event_texts(session: Session, event_id: int) -> Texts:
    """Return the texts that an event has customised."""
    found: dict[str, dict[str, str]] = {}
    for row in session.scalars(select(EmailText).where(EmailText.event_id == event_id)):
        found.setdefault(row.language, {})[row.key] = row.text
    return found


def build_payload(
    message: ItipMessage, texts: Texts, event: Event, *, has_colleagues: bool = False
) -> dict[str, Any]:
    """Return the payload of an outbox row: the message and the event's current texts.

    So a retry is identical. `has_colleagues`: another attendee of the firm could go instead of the recipient.
    """
    chosen = wording.chosen_texts(texts.get(message.content.language, {}), view.mail_kind(message))
    more = {"has_colleagues": True} if has_colleagues else {}
    return message.to_json() | {"wording": chosen} | email_settings(event) | more


def attendees_with_colleagues(session: Session, people: Collection[int]) -> set[int]:
    """Return those of these attendees whose firm has another active attendee."""
    other = aliased(Attendee)
    is_there = (
        select(other.id)
        .where(other.firm_id == Attendee.firm_id, other.id != Attendee.id, other.withdrawn_at.is_(None))
        .exists()
    )
    return set(session.scalars(select(Attendee.id).where(in_chunks(Attendee.id, people), is_there)))


def email_settings(event: Event) -> dict[str, Any]:
    """Return the event settings that emails show, if set. Changing them alone triggers no email."""
    values = {"contact": event.contact, "remind_minutes": event.remind_minutes}
    return {name: value for name, value in values.items() if value}


def list_fields(session: Session, actor: Actor, language: str, mail_kind: str) -> list[Field]:
    """Return the texts of one kind of email, for organisers.

    Raises NotFound for an unknown language or kind.
    """
    known = _words(actor, language, mail_kind)
    keys = {wording.part_key(part, mail_kind): part for part in wording.PARTS}
    rows = session.execute(
        select(EmailText, Account.email)
        .outerjoin(Account, Account.id == EmailText.changed_by)
        .where(EmailText.event_id == actor.event_id, EmailText.language == language, EmailText.key.in_(keys))
    )
    changed = {
        keys[row.key]: (row.text, email or "an operator of this installation", row.changed_at)
        for row, email in rows
    }
    found = []
    for part in wording.PARTS:
        default = wording.default_text(part, mail_kind, known)
        text, by, at = changed.get(part, (default, None, None))
        found.append(Field(part, text, default, by, at))
    return found


def check_texts(actor: Actor, language: str, mail_kind: str, typed: Mapping[str, str]) -> dict[str, str]:
    """Validate texts by part and return them as plain text. Raises InvalidInput with every fault by part."""
    _words(actor, language, mail_kind)
    texts = {part: wording.clean_template(part, typed[part]) for part in wording.PARTS if part in typed}
    faults: list[Fault] = [
        fault for part, text in texts.items() for fault in wording.template_faults(part, text)
    ]
    if faults:
        raise InvalidInput(faults)
    return texts


def save_texts(
    session: Session, actor: Actor, language: str, mail_kind: str, typed: Mapping[str, str], *, now: datetime
) -> int:
    """Store the texts. Return how many changed. A text equal to the catalogue's is deleted.

    Emails already queued keep their texts. Raises the same errors as `check_texts`.
    """
    texts = check_texts(actor, language, mail_kind, typed)
    before = {field.part: field for field in list_fields(session, actor, language, mail_kind)}
    changed = {part: text for part, text in texts.items() if text != before[part].text}
    _forget(session, actor, language, mail_kind, changed)
    session.add_all(
        EmailText(
            event_id=actor.event_id,
            language=language,
            key=wording.part_key(part, mail_kind),
            text=text,
            changed_by=actor.account_id,
            changed_at=now,
        )
        for part, text in changed.items()
        if text != before[part].default
    )
    session.flush()
    old = {part: before[part].text for part in changed}
    about = pgettext_lazy(
        "audit log", "email texts, %(language)s, %(kind)s", language=language, kind=mail_kind
    )
    recording.record_act(session, actor, Act.EMAIL_TEXTS, about, before=old, after=changed, now=now)
    return len(changed)


def reset_text(
    session: Session, actor: Actor, language: str, mail_kind: str, part: str, *, now: datetime
) -> None:
    """Reset a text to the catalogue's."""
    _words(actor, language, mail_kind)
    if part not in wording.PARTS:
        raise NotFound("text", part)
    _forget(session, actor, language, mail_kind, [part])
    about = pgettext_lazy(
        "audit log",
        "email text %(part)s, %(language)s, %(kind)s, reset to default",
        part=part,
        language=language,
        kind=mail_kind,
    )
    recording.record_act(session, actor, Act.EMAIL_TEXTS, about, now=now)


def _words(actor: Actor, language: str, mail_kind: str) -> Words:
    actor.require(Right.EDIT_EMAIL_TEMPLATES)
    if language not in languages():
        raise NotFound("language of mails", language)
    if mail_kind not in wording.MAIL_KINDS:
        raise NotFound("kind of mail", mail_kind)
    return load_words(language)


def _forget(
    session: Session, actor: Actor, language: str, mail_kind: str, parts: Mapping[str, str] | list[str]
) -> None:
    keys = [wording.part_key(part, mail_kind) for part in parts]
    session.execute(
        delete(EmailText).where(
            EmailText.event_id == actor.event_id, EmailText.language == language, EmailText.key.in_(keys)
        )
    )
