"""Sample emails: a preview of edited texts, and a test email to the actor."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.config import Settings
from scheduler.domain.entities import OutboxKind, VersionState
from scheduler.domain.errors import NotAllowed
from scheduler.invites.catalogue import load_words
from scheduler.invites.ical import itip_revisions
from scheduler.invites.ical.content import Content
from scheduler.invites.ical.itip import ItipMessage, MessageKind
from scheduler.invites.mail import imip
from scheduler.invites.mail.look import EmailLook
from scheduler.services import links
from scheduler.services.branding import brands
from scheduler.services.delivery import email_texts
from scheduler.services.identity.actors import Actor
from scheduler.services.outbox import looks, outbox
from scheduler.services.outbox.outbox import NewMail
from scheduler.services.schedule import calendar_entries
from scheduler.services.schedule.calendar_rows import Recipient
from scheduler.storage.models import Account, Event, Hall, ScheduleVersion, Slot


def preview_email(
    session: Session,
    actor: Actor,
    language: str,
    mail_kind: str,
    typed: Mapping[str, str],
    *,
    settings: Settings,
    now: datetime,
) -> imip.EmailPreview:
    """Return a preview of an email with the typed texts, about a meeting of the event.

    Raises like `email_texts.check_texts`.
    """
    texts = email_texts.check_texts(actor, language, mail_kind, typed)
    message, name = _example(session, actor, language, mail_kind, texts, settings, now)
    back = texts_page_url(settings, actor, language, mail_kind)
    event = session.get_one(Event, actor.event_id)
    envelope = imip.Envelope(
        attendee_name=name,
        attendee_email="attendee@example.com",
        sender_name=settings.mail_sender,
        domain=settings.mail_domain,
        bounce_token="",
        token="",
        message_id=f"<preview@{settings.mail_domain}>",
        accept_url=back,
        decline_url=back,
        propose_url=back,
        instead_url=back,
        wording=texts,
        look=EmailLook.from_json(looks.email_look(brands.brand_of(event)), settings.base_url),
        **email_texts.email_settings(event),
    )
    return imip.preview_email(message, envelope)


def queue_test_email(
    session: Session,
    actor: Actor,
    language: str,
    mail_kind: str,
    typed: Mapping[str, str],
    *,
    settings: Settings,
    now: datetime,
) -> str:
    """Queue a sample email to the actor's own address, and return the address.

    It has no calendar part to import.

    Raises like `email_texts.check_texts`, and NotAllowed if the actor has no address.
    """
    texts = email_texts.check_texts(actor, language, mail_kind, typed)
    account = session.get(Account, actor.account_id) if actor.account_id is not None else None
    if account is None:
        raise NotAllowed("Sign in to get a test mail.")
    message, _ = _example(session, actor, language, mail_kind, texts, settings, now)
    payload = message.to_json() | {
        "wording": texts,
        "link": texts_page_url(settings, actor, language, mail_kind),
    }
    mail = NewMail(
        kind=OutboxKind.TEST,
        event_id=actor.event_id,
        to_address=account.email,
        to_name=account.name,
        message_id=f"<{uuid.uuid4()}@{settings.mail_domain}>",
        payload=payload | email_texts.email_settings(session.get_one(Event, actor.event_id)),
        created_at=now,
        next_attempt_at=now,
    )
    outbox.enqueue(session, [mail])
    return account.email


def texts_page_url(settings: Settings, actor: Actor, language: str, mail_kind: str) -> str:
    """Return the URL of the page with the email's texts, the target of all links in a preview."""
    return links.absolute_url(settings, links.mail_text(actor.event_key, language, mail_kind))


def _example(
    session: Session,
    actor: Actor,
    language: str,
    mail_kind: str,
    texts: Mapping[str, str],
    settings: Settings,
    now: datetime,
) -> tuple[ItipMessage, str]:
    """Return a message of this kind in this language, and its recipient's name."""
    event = session.get_one(Event, actor.event_id)
    own = {language: texts}
    url = links.absolute_url(settings, links.agenda(event.key))
    meeting = _meeting(session, event) or _placeholder_meeting(session, event, now)
    reader = replace(meeting.people[0], language=language)
    content = calendar_entries.entry_content(event, meeting, reader, url, own)
    message = itip_revisions.example_message(
        MessageKind.CANCEL if mail_kind == "uninvited" else MessageKind(mail_kind),
        content,
        reader.id,
        now,
        domain=settings.mail_domain,
        previous=_before(content, mail_kind),
        meeting_is_off=mail_kind == "cancel",
    )
    return message, reader.name


def _before(content: Content, mail_kind: str) -> Content | None:
    """Return the previous content of an update, of changed details or of a repeated invitation, else None."""
    if mail_kind in ("update", "again"):
        return replace(
            content, start=content.start - timedelta(hours=1), end=content.end - timedelta(hours=1)
        )
    return replace(content, topic="–") if mail_kind == "details" else None


def _meeting(session: Session, event: Event) -> calendar_entries.ScheduledMeeting | None:
    """Return the first meeting of the published version, else of the newest draft that has one."""
    versions = session.scalars(
        select(ScheduleVersion.id)
        .where(
            ScheduleVersion.event_id == event.id,
            ScheduleVersion.state.in_((VersionState.PUBLISHED, VersionState.DRAFT)),
        )
        .order_by((ScheduleVersion.state == VersionState.PUBLISHED).desc(), ScheduleVersion.number.desc())
        .limit(2)
    ).all()
    for version_id in versions:
        meeting = calendar_entries.find_first_meeting(session, event, version_id)
        if meeting is not None and meeting.people:
            return meeting
    return None


def _placeholder_meeting(session: Session, event: Event, now: datetime) -> calendar_entries.ScheduledMeeting:
    """Return a meeting in the event's first slot and hall, for an event without meetings."""
    slot = session.scalar(select(Slot).where(Slot.of(event.id)).order_by(Slot.position).limit(1))
    first = select(Hall).where(Hall.event_id == event.id).order_by(Hall.position).limit(1)
    hall = session.scalar(first)
    start = slot.start if slot else now.replace(minute=0, second=0, microsecond=0)
    people = (
        Recipient(0, 1, "Ada Example", "", "", ""),
        Recipient(1, 2, "Bo Example", "", "", ""),
    )
    return calendar_entries.ScheduledMeeting(
        request_id=0,
        request_key="example",
        uid="example",
        topic=load_words(event.language).topic,
        start=start,
        end=slot.end if slot else start + timedelta(minutes=30),
        place_name="A1",
        hall_name=hall.name if hall else "1",
        hall_names=hall.names if hall else {},
        firms={1: "Example One", 2: "Example Two"},
        people=people,
        interpreter=None,
    )
