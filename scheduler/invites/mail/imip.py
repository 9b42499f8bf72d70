"""iMIP rendering of one iTIP message (RFC 6047), with text, HTML and calendar alternatives."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from scheduler.domain import names
from scheduler.invites import text
from scheduler.invites.catalogue import Words, load_words
from scheduler.invites.ical import view
from scheduler.invites.ical.calendar import Party, build_calendar
from scheduler.invites.ical.content import Content
from scheduler.invites.ical.itip import ItipMessage, MessageKind
from scheduler.invites.ical.view import (
    Row,
    cancellation_reason,
    content_rows,
    describe_changes,
    mail_kind,
    participation_note,
)
from scheduler.invites.mail import bodies, mime, wording
from scheduler.invites.mail.addresses import bounce_address, organizer_address
from scheduler.invites.mail.look import SITE_LOOK, EmailLook
from scheduler.invites.mail.mime import RenderedMail
from scheduler.invites.pdf.rasters import Raster

__all__ = [
    "EmailPreview",
    "Envelope",
    "RenderedMail",
    "message_id",
    "preview_email",
    "render_example",
    "render_invitation",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """The recipient, tokens and other data that determine the bytes of an email.

    `token` is this attendee's credential for this meeting: lower-case letters, digits and `-`, since mail
    servers may change the case. `bounce_token` is only in the SMTP envelope sender, so that a message to it
    cannot come from a person who merely has the invitation. `reply_token` is in the Reply-To of emails other
    than invitations. `thread_id` is the Message-ID of the first email about the UID. Response URLs are shown
    if given. `wording` has the event's customised texts (`wording.PARTS`), in the message's language.
    `contact` is the person to call. `remind_minutes` sets a reminder before the meeting; 0 means none.
    `look` is the event's brand, and `logo` its logo for a PDF.
    """

    attendee_name: str
    attendee_email: str
    sender_name: str
    domain: str
    token: str
    bounce_token: str
    reply_token: str = ""
    message_id: str
    thread_id: str | None = None
    accept_url: str = ""
    decline_url: str = ""
    propose_url: str = ""
    instead_url: str = ""
    wording: Mapping[str, str] = field(default_factory=dict)
    contact: str = ""
    remind_minutes: int = 0
    look: EmailLook = SITE_LOOK
    logo: Raster | None = None


@dataclass(frozen=True, slots=True)
class EmailPreview:
    """The visible parts of an email."""

    subject: str
    text: str
    html: str


def render_invitation(message: ItipMessage, envelope: Envelope) -> RenderedMail:
    """Render the email deterministically. Raises InvalidInput for an unusable address."""
    shown = preview_email(message, envelope)
    organizer = Party(
        _organizer_name(message.content, envelope), organizer_address(envelope.token, envelope.domain)
    )
    attendee = Party(envelope.attendee_name, envelope.attendee_email)
    calendar = build_calendar(message, organizer, attendee, remind_minutes=envelope.remind_minutes)
    return RenderedMail(
        from_addr=bounce_address(envelope.bounce_token, envelope.domain),
        to_addr=text.address(envelope.attendee_email),
        message_id=envelope.message_id,
        data=_head(message, envelope, organizer.email, shown.subject)
        + _parts(message, envelope, shown, calendar),
    )


def render_example(message: ItipMessage, envelope: Envelope) -> RenderedMail:
    """Render the email without its calendar, as a preview of its texts. It replies to no invitation."""
    shown = preview_email(message, envelope)
    sender = f"no-reply@{envelope.domain}"
    return RenderedMail(
        from_addr=bounce_address(envelope.bounce_token, envelope.domain),
        to_addr=text.address(envelope.attendee_email),
        message_id=envelope.message_id,
        data=_head(message, envelope, sender, f"[Test] {shown.subject}", reply_address(envelope))
        + mime.multipart("alternative", envelope.message_id, _readable(shown)),
    )


def preview_email(message: ItipMessage, envelope: Envelope) -> EmailPreview:
    """Return the visible parts of the email."""
    language = load_words(message.content.language)
    said = _said(message, envelope, language)
    page = _page(message, envelope, language, said)
    return EmailPreview(
        said["subject"], bodies.text_body(page, language), bodies.html_body(page, language, envelope.look)
    )


def sender_mailbox(content: Content, envelope: Envelope) -> str:
    """Return the sender's display name: the brand's, or the event's name, or else `sender_name`."""
    return envelope.look.sender or _organizer_name(content, envelope)


def _organizer_name(content: Content, envelope: Envelope) -> str:
    """Return the organizer's name in calendars, which does not depend on the brand."""
    return content.event_name or envelope.sender_name


def message_id(message: ItipMessage, domain: str) -> str:
    """Return the Message-ID, determined by UID, attendee, method, SEQUENCE and DTSTAMP."""
    parts = (message.uid, message.attendee_id, message.method, message.sequence, message.dtstamp.isoformat())
    digest = hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()[:40]
    return f"<{digest}@{domain}>"


def _head(message: ItipMessage, envelope: Envelope, sender: str, subject: str, reply_to: str = "") -> bytes:
    return mime.mail_headers(
        (sender_mailbox(message.content, envelope), sender),
        (envelope.attendee_name, envelope.attendee_email),
        subject,
        envelope.message_id,
        envelope.thread_id,
        reply_to=reply_to,
    )


def reply_address(envelope: Envelope) -> str:
    """Return the Reply-To of an email that is not an invitation, or an empty string."""
    return organizer_address(envelope.reply_token, envelope.domain) if envelope.reply_token else ""


def _readable(shown: EmailPreview) -> list[bytes]:
    return [mime.text_part("plain", shown.text), mime.text_part("html", shown.html)]


def _parts(message: ItipMessage, envelope: Envelope, shown: EmailPreview, calendar: bytes) -> bytes:
    # Outlook only finds the invitation as the last alternative in the first child of multipart/mixed.
    alternative = mime.multipart(
        "alternative",
        envelope.message_id,
        [
            *_readable(shown),
            mime.mime_part(
                f"text/calendar; charset=UTF-8; method={message.method.value}; component=VEVENT", calendar
            ),
        ],
    )
    attachment = mime.mime_part(
        'application/ics; name="invite.ics"', calendar, disposition='attachment; filename="invite.ics"'
    )
    return mime.multipart("mixed", envelope.message_id, [alternative, attachment])


def _said(message: ItipMessage, envelope: Envelope, language: Words) -> dict[str, str]:
    """Return the texts of the email by part, with placeholders filled in."""
    kind, values = mail_kind(message), _values(message.content, envelope, language)
    brief = values | _brief(message.content)
    said = {
        part: names.collapse_full_stops(
            _template(envelope, part, kind, language).format_map(brief if part == "subject" else values)
        )
        for part in ("subject", "headline", "note", "footer")
    }
    if message.kind is MessageKind.PROPOSAL and not message.content.proposals:
        said["note"] = language.answering["closed"]  # the note is about considered proposals
    return said


def _template(envelope: Envelope, part: str, kind: str, language: Words) -> str:
    return language.phrase(envelope.wording.get(part, wording.default_text(part, kind, language)))


def _values(content: Content, envelope: Envelope, language: Words) -> dict[str, str]:
    """Return the value of each placeholder in `wording.MEETING`."""
    local = content.start.astimezone(content.zone)
    return {
        "summary": text.clean(content.summary, 120),
        "partner": content.partner_firm,
        "people": language.listed(content.partner_people),
        "day": language.day_of(local),
        "short_day": language.short_day_of(local),
        "time": f"{local:%H:%M}",
        "zone": language.zone_of(local, content.zone),
        "place": content.place_name,
        "hall": content.hall,
        "interpreter": content.interpreter or language.none,
        "topic": content.topic,
        "event": content.event_name,
        "name": text.clean(envelope.attendee_name, text.NAME_LIMIT),
        "sender": text.clean(envelope.sender_name, text.NAME_LIMIT),
    }


def _brief(content: Content) -> dict[str, str]:
    """Return the shorter values for a subject, with firm names in one script."""
    partner = names.short_form(content.partner_firm)
    return {
        "partner": partner,
        "summary": text.clean(content.summary.replace(content.partner_firm, partner), 120)
        if content.partner_firm
        else text.clean(content.summary, 120),
    }


def _page(
    message: ItipMessage, envelope: Envelope, language: Words, said: Mapping[str, str]
) -> bodies.MailPage:
    content = message.content
    why = cancellation_reason(message, language, envelope.contact)
    about = content_rows(content, language, is_held=message.kind is not MessageKind.CANCEL)
    answering, agenda = _answering(message, envelope, language), _agenda(content, language)
    return bodies.MailPage(
        mail_kind=mail_kind(message),
        event=content.event_name,
        headline=said["headline"],
        summary=content.summary,
        note="\n".join(line for line in (said["note"], participation_note(message, language)) if line),
        footer=said["footer"],
        sections=[("", [*why, *about])],
        changes=describe_changes(message.previous, message.content, language),
        links=answering or agenda,
        lead=view.summarize(content, language),
        facts=[*why, *view.remaining_rows(content, about, language)],
        aside=agenda if answering else [],
    )


def _answering(message: ItipMessage, envelope: Envelope, language: Words) -> list[Row]:
    if message.method != "REQUEST":
        return []
    return _usable(
        (language.accept, envelope.accept_url),
        (language.decline, envelope.decline_url),
        (language.propose, envelope.propose_url if message.content.proposals else ""),
        (language.instead, envelope.instead_url),
    )


def _agenda(content: Content, language: Words) -> list[Row]:
    return _usable((language.agenda, content.agenda_url))


def _usable(*links: Row) -> list[Row]:
    pairs = [(label, text.web_address(url)) for label, url in links]
    return [(label, url) for label, url in pairs if url]
