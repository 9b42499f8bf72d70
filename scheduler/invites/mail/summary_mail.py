"""Summary email with the agenda as a PDF. It has no calendar part, so clients do not import it."""

from __future__ import annotations

import hashlib
from typing import Final

from scheduler.domain import names
from scheduler.invites import text
from scheduler.invites.agenda.agenda import AgendaDocument, AgendaEntry
from scheduler.invites.agenda.pdf import render_agenda_pdf
from scheduler.invites.catalogue import Words, load_words
from scheduler.invites.ical import view
from scheduler.invites.ical.content import Content
from scheduler.invites.ical.view import Row
from scheduler.invites.mail import bodies, mime
from scheduler.invites.mail.addresses import bounce_address, organizer_address
from scheduler.invites.mail.imip import Envelope, reply_address, sender_mailbox
from scheduler.invites.mail.mime import RenderedMail
from scheduler.invites.mail.summary import Summary, SummaryChange, SummaryKind
from scheduler.invites.pdf.blocks import SheetLook

MAX_UNSCHEDULED: Final = 20
"""Maximum number of unscheduled requests listed in an email."""


def render_summary(summary: Summary, envelope: Envelope, *, stop_url: str = "") -> RenderedMail:
    """Render the email deterministically. Raises InvalidInput for an unusable address.

    The envelope's token is that of one of the person's invitations, so that replies are handled alike.
    `stop_url` unsubscribes from summaries. A test email has no token: replies to it are handled as for any
    email, and its subject marks it as a test.
    """
    shown = latest_meeting(summary)
    language = load_words(shown.language)
    agenda = _agenda(summary, envelope)
    page = _page(summary, envelope, agenda, language, text.web_address(stop_url))
    is_test = not envelope.token
    sender = f"no-reply@{envelope.domain}" if is_test else organizer_address(envelope.token, envelope.domain)
    name = sender_mailbox(shown, envelope)
    subject = language.overview["subject"].format(counts=page.summary, event=shown.event_name)
    head = mime.list_headers(name, f"summaries.{envelope.domain}", stop_url) + mime.mail_headers(
        (name, sender),
        (envelope.attendee_name, envelope.attendee_email),
        f"[Test] {subject}" if is_test else subject,
        envelope.message_id,
        envelope.thread_id,
        reply_to=reply_address(envelope) if is_test else "",
    )
    return RenderedMail(
        from_addr=bounce_address(envelope.bounce_token, envelope.domain),
        to_addr=text.address(envelope.attendee_email),
        message_id=envelope.message_id,
        data=head + _parts(envelope, page, language, render_agenda_pdf(agenda)),
    )


def render_briefing(summary: Summary, envelope: Envelope) -> RenderedMail:
    """Render the summary for an interpreter: nothing to accept, and full details of each meeting.

    Deterministic. Raises InvalidInput for an unusable address.
    """
    shown = latest_meeting(summary)
    language = load_words(shown.language)
    said = language.briefing
    agenda = _agenda(summary, envelope)
    sender = text.clean(envelope.sender_name, text.NAME_LIMIT)
    days = [
        (day, [_row(agenda, each, all_details=True) for each in entries]) for day, entries in agenda.days()
    ]
    page = bodies.MailPage(
        mail_kind="overview",
        event=shown.event_name,
        headline=said["headline"],
        summary=_counted(summary, language),
        note=said["note"],
        footer=said["footer"].format(sender=sender, event=shown.event_name),
        sections=[(said["agenda" if days else "none"], []), *days, *_contact(envelope.contact, language)],
        changes=_changes(summary, language),
        links=[(said["open"], shown.agenda_url)] if shown.agenda_url else [],
    )
    head = mime.mail_headers(
        (sender_mailbox(shown, envelope), f"no-reply@{envelope.domain}"),
        (envelope.attendee_name, envelope.attendee_email),
        said["subject"].format(counts=page.summary, event=shown.event_name),
        envelope.message_id,
        envelope.thread_id,
        reply_to=reply_address(envelope),
    )
    return RenderedMail(
        from_addr=bounce_address(envelope.bounce_token, envelope.domain),
        to_addr=text.address(envelope.attendee_email),
        message_id=envelope.message_id,
        data=head + _parts(envelope, page, language, render_agenda_pdf(agenda)),
    )


def message_id(summary: Summary, attendee_id: int, domain: str) -> str:
    """Return the Message-ID of a person's summary of one publication."""
    return _hashed(("summary", attendee_id, summary.version, summary.stamp.isoformat()), domain)


def briefings_thread_id(interpreter_id: int, domain: str) -> str:
    """Return the thread id of all briefings to an interpreter."""
    return _hashed(("briefings", interpreter_id), domain)


def thread_id(attendee_id: int, domain: str) -> str:
    """Return the thread id of all summaries to a person, by which clients group them."""
    return _hashed(("summaries", attendee_id), domain)


def latest_meeting(summary: Summary) -> Content:
    """Return a meeting for what all of them share: event, zone, language and agenda URL."""
    return next(iter(summary.agenda.values()), summary.changes[0].content)


def _hashed(parts: tuple[object, ...], domain: str) -> str:
    digest = hashlib.sha256("\n".join(map(str, (*parts, domain))).encode()).hexdigest()[:40]
    return f"<{digest}@{domain}>"


def _parts(envelope: Envelope, page: bodies.MailPage, language: Words, pdf: bytes) -> bytes:
    seed, look = envelope.message_id, envelope.look
    alternative = mime.multipart(
        "alternative",
        seed,
        [
            mime.text_part("plain", bodies.text_body(page, language)),
            mime.text_part("html", bodies.html_body(page, language, look)),
        ],
    )
    attachment = mime.mime_part(
        'application/pdf; name="agenda.pdf"', pdf, disposition='attachment; filename="agenda.pdf"'
    )
    return mime.multipart("mixed", seed, [alternative, attachment])


def _agenda(summary: Summary, envelope: Envelope) -> AgendaDocument:
    shown = latest_meeting(summary)
    in_order = sorted(summary.agenda.items(), key=lambda item: (item[1].start, item[0]))
    return AgendaDocument(
        owner=envelope.attendee_name,
        event_name=shown.event_name,
        timezone=shown.timezone,
        language=shown.language,
        entries=[AgendaEntry.of(content) for _, content in in_order],
        version=summary.version,
        published_at=summary.stamp,
        contact=envelope.contact,
        look=SheetLook(
            accent=int(envelope.look.accent[1:], 16) if envelope.look.accent else None, logo=envelope.logo
        ),
    )


def _page(
    summary: Summary, envelope: Envelope, agenda: AgendaDocument, language: Words, stop: str
) -> bodies.MailPage:
    shown = latest_meeting(summary)
    sender = text.clean(envelope.sender_name, text.NAME_LIMIT)
    days = [(day, [_row(agenda, entry) for entry in entries]) for day, entries in agenda.days()]
    title = language.overview["agenda" if days else "none"]
    return bodies.MailPage(
        mail_kind="overview",
        event=shown.event_name,
        headline=language.overview["headline"],
        summary=_counted(summary, language),
        note=language.overview["note"],
        footer=language.phrase(envelope.wording.get("footer", language.footer)).format(
            sender=sender, event=shown.event_name
        ),
        sections=[(title, []), *days, *_unheld(summary, language), *_contact(envelope.contact, language)],
        changes=_changes(summary, language),
        links=[(language.agenda, shown.agenda_url)] if shown.agenda_url else [],
        aside=[(language.stopping["stop"], stop)] if stop else [],
    )


def _unheld(summary: Summary, language: Words) -> list[bodies.Section]:
    """Return a section of accepted but unscheduled requests with reasons, or none if there are none."""
    if not summary.unscheduled:
        return []
    rows = [
        (
            names.localize_joined(text.clean(each.partner, text.SUMMARY_LIMIT), language.language),
            language.reason_of(each.reason),
        )
        for each in summary.unscheduled[:MAX_UNSCHEDULED]
    ]
    more = len(summary.unscheduled) - len(rows)
    if more:
        rows.append(("", language.overview["more"].format(count=more)))
    return [(language.overview["unheld"], rows)]


def _contact(contact: str, language: Words) -> list[bodies.Section]:
    """Return a section with the event's contact, or none."""
    found = view.contact_row(contact, language)
    return [("", found)] if found else []


def _counted(summary: Summary, language: Words) -> str:
    """Return counts such as "2 moved, 1 new, 1 cancelled"."""
    counts = summary.counts().items()
    return language.list_comma.join(language.count[kind].format(count=count) for kind, count in counts)


def _row(agenda: AgendaDocument, entry: AgendaEntry, *, all_details: bool = False) -> Row:
    details = [value for _, value in agenda.rows(entry)]
    shown = details if all_details else details[: 1 if entry.partner_people else 0]
    named = map(agenda.words.isolated, (entry.partner, agenda.location(entry)))
    return agenda.times(entry), "\n".join([*named, *shown])


def _changes(summary: Summary, language: Words) -> list[Row]:
    """Return each change in words. Empty if the whole agenda is new, since the agenda shows it."""
    if summary.counts() == {SummaryKind.NEW: len(summary.agenda)}:
        return []
    order = list(SummaryKind)
    changes = sorted(summary.changes, key=lambda c: (order.index(c.kind), c.content.start, c.uid))
    return [
        (language.tag[each.kind], "\n".join([each.content.summary, *_told(each, language)]))
        for each in changes
    ]


def _told(change: SummaryChange, language: Words) -> list[str]:
    """Return the old and new values, or time and place for a new or cancelled meeting."""
    content = change.content
    if change.previous is None:
        when = language.span_of(content.start, content.end, content.zone)
        return [part for part in (when, content.location) if part]
    rows = view.describe_changes(change.previous, content, language)
    return [f"{label}{language.colon}{value}" for label, value in rows]
