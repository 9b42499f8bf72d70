"""A mail as a sample: what it says, marked, to somebody else than its reader. Nothing in it can be answered.

A calendar in a mail is answered by programs that nobody asked: they enter the meeting for the owner of the
mailbox, and reply in their name. So a sample has its calendar as a file of text, which no calendar opens.
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
from scheduler.invites.mail.mime import Address, RenderedMail

_BODY: Final = re.compile(r"<body[^<>]*>\n?")


@dataclass(frozen=True, slots=True)
class SampleFile:
    """A file that came with the mail. `content_type` is ASCII."""

    name: str
    content_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class MailSample:
    """What a mail says: `subject`, `text` and `html` are marked, the files are as they were.

    `own_subject`, `own_text` and `own_html` are without the mark. `sender` is the name that it shows.
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
    """What a mail says, each link to a page of the site `site` replaced by `link`. Marked in `language`."""
    read = message_from_bytes(mail.data, policy=default)
    said, words_ = load_words(language).rehearsal, load_words(language)
    ours = re.compile(re.escape(site) + r"(?![\w.:-])[^\s\"'<>]*")
    plain, page = (ours.sub(lambda _: link, _body(read, kind)) for kind in ("plain", "html"))
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
    """The mail with a sample: the same bytes for the same input. Raises InvalidInput for a bad address."""
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
    """To whom the mail is: name and address."""
    name, address = _name(read, "To"), read["To"].addresses[0].addr_spec
    return f"{name} ({address})" if name else str(address)


def _name(read: EmailMessage, header: str) -> str:
    return str(read[header].addresses[0].display_name)


def _marked(page: str, line: str, language: Words) -> str:
    """The page with the line above all else."""
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
