"""Sample of an email for another recipient: marked, and without working links or reply options.

Clients process a calendar part automatically: they add the meeting for the mailbox's owner and reply in their
name. A sample therefore attaches its calendar as a text file, which calendars do not open.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Final

from scheduler.invites import text
from scheduler.invites.catalogue import Words, load_words
from scheduler.invites.mail import bodies, mime
from scheduler.invites.mail.addresses import bounce_address
from scheduler.invites.mail.imip import Envelope, reply_address
from scheduler.invites.mail.look import is_logo
from scheduler.invites.mail.mime import Address, RenderedMail

_BODY: Final = re.compile(r"<body[^<>]*>\n?")


@dataclass(frozen=True, slots=True)
class SampleFile:
    """An attachment of the email. `content_type` is ASCII."""

    name: str
    content_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class MailSample:
    """Content of a sample. `subject`, `text` and `html` are marked as a sample; files are not.

    `own_subject`, `own_text` and `own_html` are unmarked. `sender` is the display name.
    """

    sender: str
    own_subject: str
    own_text: str
    own_html: str
    subject: str
    text: str
    html: str
    files: tuple[SampleFile, ...]


def make_sample(mail: RenderedMail, *, site: str, link: str, language: str) -> MailSample:
    """Return a sample of an email, marked in `language`.

    Links to the site `site` are replaced by `link`, except the address of the logo.
    """
    read = message_from_bytes(mail.data, policy=default)
    said, words_ = load_words(language).rehearsal, load_words(language)
    ours = re.compile(re.escape(site) + r"(?![\w.:-])[^\s\"'<>]*")
    plain, page = (
        ours.sub(lambda found: found[0] if is_logo(found[0]) else link, _body(read, kind))
        for kind in ("plain", "html")
    )
    line = f"{said['line'].format(to=_reader(read))} {said['links']}"
    subject = str(read["Subject"])
    return MailSample(
        sender=_name(read, "From"),
        own_subject=subject,
        own_text=plain,
        own_html=page,
        subject=said["subject"].format(subject=subject),
        text=f"{line}\n\n{plain}",
        html=_marked(page, line, words_),
        files=tuple(_files(read)),
    )


def render_sample(shown: MailSample, envelope: Envelope, *, seed: str) -> RenderedMail:
    """Render the sample as an email, deterministically. Raises InvalidInput for an unusable address."""
    sender: Address = (shown.sender or envelope.sender_name, f"no-reply@{envelope.domain}")
    head = mime.mail_headers(
        sender,
        (envelope.attendee_name, envelope.attendee_email),
        shown.subject,
        envelope.message_id,
        None,
        reply_to=reply_address(envelope),
    )
    readable = mime.multipart(
        "alternative", seed, [mime.text_part("plain", shown.text), mime.text_part("html", shown.html)]
    )
    files = [
        mime.mime_part(file.content_type, file.data, disposition=f'attachment; filename="{file.name}"')
        for file in shown.files
    ]
    return RenderedMail(
        from_addr=bounce_address(envelope.bounce_token, envelope.domain),
        to_addr=text.address(envelope.attendee_email),
        message_id=envelope.message_id,
        data=head + (mime.multipart("mixed", seed, [readable, *files]) if files else readable),
    )


def _body(read: EmailMessage, kind: str) -> str:
    part = read.get_body((kind,))
    return str(part.get_content()).replace("\r\n", "\n") if isinstance(part, EmailMessage) else ""


def _reader(read: EmailMessage) -> str:
    """Return the original recipient's name and address."""
    name, address = _name(read, "To"), read["To"].addresses[0].addr_spec
    return f"{name} ({address})" if name else str(address)


def _name(read: EmailMessage, header: str) -> str:
    return str(read[header].addresses[0].display_name)


def _marked(page: str, line: str, language: Words) -> str:
    """Return the page with the line at the top."""
    mark = bodies.notice_line(line, language)
    found = _BODY.search(page)
    return f"{page[: found.end()]}{mark}{page[found.end() :]}" if found else f"{mark}{page}"


def _files(read: EmailMessage) -> Iterator[SampleFile]:
    for part in read.iter_attachments():
        name, data = part.get_filename() or "file", part.get_payload(decode=True)
        if not isinstance(data, bytes):
            continue
        if name.endswith(".ics"):
            yield SampleFile(f"{name}.txt", "text/plain; charset=UTF-8", data)
        else:
            yield SampleFile(name, part.get_content_type(), data)
