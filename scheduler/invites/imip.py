"""One iTIP message as one mail (RFC 6047): the invitation in every form that a mail reader may want."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from scheduler.invites import bodies, mime, text
from scheduler.invites.catalogue import Words, words
from scheduler.invites.ical import Party, build
from scheduler.invites.itip import Kind, Message
from scheduler.invites.mime import RenderedMail
from scheduler.invites.view import Row, changes, rows, tone

__all__ = ["Envelope", "RenderedMail", "message_id", "organizer_address", "render"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """Who gets a message and under which token; all that the mail's bytes need besides the message.

    `token` is this attendee's credential for this meeting, lower case letters, digits and `-`, because
    mail servers may change the case. `thread_id` is the Message-ID of the first mail about the UID. The
    three addresses to answer at are shown where they are given.
    """

    attendee_name: str
    attendee_email: str
    sender_name: str
    domain: str
    token: str
    message_id: str
    thread_id: str | None = None
    accept_url: str = ""
    decline_url: str = ""
    propose_url: str = ""


def render(message: Message, envelope: Envelope) -> RenderedMail:
    """The mail, the same bytes for the same input. Raises InvalidInput for an address that cannot be used."""
    language = words(message.content.language)
    organizer = Party(envelope.sender_name, organizer_address(envelope.token, envelope.domain))
    calendar = build(message, organizer, Party(envelope.attendee_name, envelope.attendee_email))
    page = _page(message, envelope, language)
    head = mime.head(
        (organizer.name, organizer.email),
        (envelope.attendee_name, envelope.attendee_email),
        _subject(message, language),
        message.dtstamp,
        envelope.message_id,
        envelope.thread_id,
    )
    return RenderedMail(
        from_addr=bounce_address(envelope.token, envelope.domain),
        to_addr=text.address(envelope.attendee_email),
        message_id=envelope.message_id,
        data=head + _parts(message, envelope, page, language, calendar),
    )


def organizer_address(token: str, domain: str) -> str:
    """The address that invitations come from and answers go to."""
    return text.address(f"meetings+{token}@{domain}")


def bounce_address(token: str, domain: str) -> str:
    """The address that a mail server reports at that a mail with this token was not delivered."""
    return text.address(f"bounces+{token}@{domain}")


def message_id(message: Message, domain: str) -> str:
    """The Message-ID of a message: fixed by UID, attendee, method, SEQUENCE and DTSTAMP."""
    parts = (message.uid, message.attendee_id, message.method, message.sequence, message.dtstamp.isoformat())
    digest = hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()[:40]
    return f"<{digest}@{domain}>"


def _parts(
    message: Message, envelope: Envelope, page: bodies.Page, language: Words, calendar: bytes
) -> bytes:
    # Outlook looks for the invitation in the first child of multipart/mixed only, as the last alternative.
    alternative = mime.multipart(
        "alternative",
        envelope.message_id,
        [
            mime.text_leaf("plain", bodies.text_body(page, language)),
            mime.text_leaf("html", bodies.html_body(page, language)),
            mime.leaf(
                f"text/calendar; charset=UTF-8; method={message.method.value}; component=VEVENT", calendar
            ),
        ],
    )
    attachment = mime.leaf(
        'application/ics; name="invite.ics"', calendar, disposition='attachment; filename="invite.ics"'
    )
    return mime.multipart("mixed", envelope.message_id, [alternative, attachment])


def _subject(message: Message, language: Words) -> str:
    content = message.content
    local = content.start.astimezone(content.zone)
    return language.subject[tone(message)].format(
        summary=text.clean(content.summary, 120), day=language.day_of(local), time=f"{local:%H:%M}"
    )


def _page(message: Message, envelope: Envelope, language: Words) -> bodies.Page:
    content, key = message.content, tone(message)
    sender = text.clean(envelope.sender_name, text.NAME_LIMIT)
    return bodies.Page(
        tone=key,
        event=content.event_name,
        headline=language.headline[key],
        summary=content.summary,
        note=_note(message, language),
        footer=language.footer.format(sender=sender, event=content.event_name),
        sections=[("", rows(content, language))],
        changes=changes(message.previous, message.content, language),
        links=_links(message, envelope, language),
    )


def _note(message: Message, language: Words) -> str:
    if message.kind is Kind.PROPOSAL and not message.content.proposals:
        return language.answering["closed"]
    return language.note[tone(message)]


def _links(message: Message, envelope: Envelope, language: Words) -> list[Row]:
    answers = [
        (language.accept, envelope.accept_url),
        (language.decline, envelope.decline_url),
        (language.propose, envelope.propose_url if message.content.proposals else ""),
    ]
    wanted = answers if message.method == "REQUEST" else []
    pairs = [
        (label, text.web_address(url))
        for label, url in [*wanted, (language.agenda, message.content.agenda_url)]
    ]
    return [(label, url) for label, url in pairs if url]
