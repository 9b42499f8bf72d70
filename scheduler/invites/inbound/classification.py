"""Classification of a raw email."""

from __future__ import annotations

import re
from dataclasses import replace
from email.message import Message
from email.parser import BytesHeaderParser
from email.policy import compat32
from typing import Final

from scheduler.domain.entities import MailKind
from scheduler.i18n import gettext_lazy
from scheduler.invites.charsets import decode_mail_header
from scheduler.invites.inbound import automatic_emails, complaints, forwards, reply_notes, smime
from scheduler.invites.inbound.calendars import Scheduling, read_scheduling
from scheduler.invites.inbound.model import ParsedEmail, UnreadableEmail
from scheduler.invites.inbound.parts import MailPart, own_parts, parse_email
from scheduler.invites.text import clean_lines

_ADDRESS: Final = re.compile(r"(?<![^\s<>()\[\],;:\"@])[^\s<>()\[\],;:\"@]++@[^\s<>()\[\],;:\"@]++")
_MESSAGE_ID: Final = re.compile(r"<[^\s<>]{1,250}>")
_REFERENCES: Final = 4_000
_MOST_REFERENCES: Final = 20
_HEAD: Final = 16_384
_TEXT_LIMIT: Final = 4_000
_NOTE_LIMIT: Final = 1_000
_SIGNED: Final = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})
_SEALED: Final = _SIGNED | {"application/pgp-encrypted"}
_ANSWERS: Final = {"REPLY": MailKind.REPLY, "COUNTER": MailKind.COUNTER, "REFRESH": MailKind.REFRESH}
_OWN: Final = frozenset({"REQUEST", "CANCEL", "PUBLISH", "ADD", "DECLINECOUNTER"})


def read_email(raw: bytes) -> ParsedEmail:
    """Parse and classify an email. Never raises.

    A malformed email is UNREADABLE, with a reason. The content is untrusted: whether a reply may be applied
    depends on the token in its recipient address.
    """
    known = ParsedEmail(kind=MailKind.UNREADABLE)
    try:
        known = _heading(BytesHeaderParser(policy=compat32).parsebytes(raw[:_HEAD]))
        mail = parse_email(raw)
        known = replace(known, takes_reply=automatic_emails.takes_reply(mail))
        parts = [each for part in own_parts(mail) for each in _opened(part)]
        known = replace(known, text=_said(parts))
        return _understood(mail, parts, known)
    except UnreadableEmail as reason:
        return replace(known, kind=MailKind.UNREADABLE, reason=str(reason))
    except Exception as error:  # third-party parsers on untrusted input
        return replace(
            known,
            kind=MailKind.UNREADABLE,
            reason=gettext_lazy("The email can't be read (%(error)s).", error=type(error).__name__),
        )


def _opened(part: MailPart) -> list[MailPart]:
    """Return the parts inside an opaque signed part (RFC 8551 3.5.2), which needs no key, or the part itself.

    The signature is not verified, nor is a detached one: authorisation depends on the recipient's token.
    """
    content = smime.signed_content(part.octets) if part.content_type in _SIGNED else None
    return [part] if content is None else own_parts(parse_email(content))


def _heading(mail: Message[str, str]) -> ParsedEmail:
    addresses = _ADDRESS.findall(decode_mail_header(mail.get("From"), 500))
    return ParsedEmail(
        kind=MailKind.UNREADABLE,
        message_id=decode_mail_header(mail.get("Message-ID")),
        sender=addresses[-1].lower()[:254] if addresses else "",
        subject=decode_mail_header(mail.get("Subject")),
        references=_references(mail),
    )


def _references(mail: Message[str, str]) -> tuple[str, ...]:
    """Return the Message-IDs that an email replies to (RFC 5322 3.6.4), nearest first.

    Outlook and mailing lists keep only one of In-Reply-To and References.
    """
    nearest = _MESSAGE_ID.findall(decode_mail_header(mail.get("In-Reply-To"), 1_000))
    before = _MESSAGE_ID.findall(str(mail.get("References", ""))[-_REFERENCES:])
    return tuple(dict.fromkeys([*nearest[:1], *reversed(before)]))[:_MOST_REFERENCES]


def _understood(mail: Message[str, str], parts: list[MailPart], known: ParsedEmail) -> ParsedEmail:
    complaint = complaints.read_complaint(mail)
    if complaint is not None:
        return replace(known, kind=MailKind.COMPLAINT, complaint=complaint)
    report = automatic_emails.delivery_report(mail, parts)
    forwarded = None if report else forwards.forwarded_to(known.sender, known.subject, known.text)
    if forwarded is not None:
        return replace(known, kind=MailKind.FORWARDED, forwarded_to=forwarded)
    bounce = automatic_emails.read_bounce(mail, known.sender, parts, report)
    if bounce is not None:
        return replace(known, kind=MailKind.BOUNCE, bounce=bounce)
    is_automatic = automatic_emails.is_automatic(mail, known.subject)
    found = read_scheduling(parts)
    if found is not None:
        return _scheduled(known, found, is_automatic)
    if any(part.content_type in _SIGNED and part.smime_type == "signed-data" for part in parts):
        raise UnreadableEmail(gettext_lazy("The email is signed (S/MIME), but its content can't be read."))
    if any(part.content_type in _SEALED and part.name != "smime.p7s" for part in parts):
        raise UnreadableEmail(
            gettext_lazy("The email is encrypted (S/MIME or PGP). Chainmeet doesn't have the key.")
        )
    if any(part.content_type == "application/ms-tnef" or part.name == "winmail.dat" for part in parts):
        raise UnreadableEmail(gettext_lazy("The reply is in Outlook's own format (winmail.dat)."))
    return replace(known, kind=MailKind.AUTO_REPLY if is_automatic else MailKind.TEXT)


def _scheduled(known: ParsedEmail, found: Scheduling, is_automatic: bool) -> ParsedEmail:
    """Classify a calendar email. A reply may have headers of automatic email (RFC 3834): Google adds them."""
    if found.method in _OWN:
        # A person who forwards or answers our invitation manually may have added text above it.
        is_note = bool(known.text) and not is_automatic
        return replace(known, kind=MailKind.TEXT if is_note else MailKind.OWN, answers=found.answers)
    kind = _ANSWERS.get(found.method)
    if kind is None:
        raise UnreadableEmail(
            gettext_lazy("The calendar's method is %(method)s, which isn't a reply.", method=found.method)
        )
    if kind is MailKind.REPLY and any(
        p.partstat == "DELEGATED" for a in found.answers for p in a.participants
    ):
        kind = MailKind.DELEGATION
    return replace(known, kind=kind, note=_note(known, found)[:_NOTE_LIMIT], answers=found.answers)


def _note(known: ParsedEmail, found: Scheduling) -> str:
    """Return the person's note: the longest comment, since some gateways empty some, else from the text."""
    comments = [answer.comment for answer in found.answers]
    comments += [each.comment for answer in found.answers for each in answer.participants]
    return max(comments, key=len, default="") or reply_notes.extract_note(known.text)


def _said(parts: list[MailPart]) -> str:
    """Return the text that a person may have written: the plain text, else the HTML without tags."""
    for content_type in ("text/plain", "text/html"):
        for part in parts:
            if part.content_type == content_type and not part.name.endswith(".ics"):
                text = clean_lines(part.text[: 10 * _TEXT_LIMIT], _TEXT_LIMIT)
                if text:
                    return text
    return ""
