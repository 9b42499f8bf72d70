"""From the octets of a mail to what it is."""

from __future__ import annotations

import re
from dataclasses import replace
from email.message import Message
from email.parser import BytesHeaderParser
from email.policy import compat32
from typing import Final

from scheduler.domain.entities import MailKind
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
    """A mail as understood. Any octets give a result.

    A mail that cannot be read is UNREADABLE, with the reason. Nothing here is trusted: whether an answer may
    be applied is for the token of its recipient to say.
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
    except Exception as error:  # two parsers of other people's, on anybody's octets
        return replace(
            known,
            kind=MailKind.UNREADABLE,
            reason=f"The mail cannot be taken apart ({type(error).__name__}).",
        )


def _opened(part: MailPart) -> list[MailPart]:
    """The parts inside an opaque signed part (RFC 8551 3.5.2), which needs no key; others as they are.

    The signature is not looked at, as with one beside the text: the token of the recipient is what counts.
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
    """What a mail answers (RFC 5322 3.6.4), the nearest first. Outlook and lists keep only one of the two."""
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
        raise UnreadableEmail("The mail is signed (S/MIME), but what it signs cannot be read.")
    if any(part.content_type in _SEALED and part.name != "smime.p7s" for part in parts):
        raise UnreadableEmail("The mail is encrypted or sealed (S/MIME or PGP); we have no key to it.")
    if any(part.content_type == "application/ms-tnef" or part.name == "winmail.dat" for part in parts):
        raise UnreadableEmail("The answer is in Outlook's own format (winmail.dat).")
    return replace(known, kind=MailKind.AUTO_REPLY if is_automatic else MailKind.TEXT)


def _scheduled(known: ParsedEmail, found: Scheduling, is_automatic: bool) -> ParsedEmail:
    """Google marks people's own answers as automatic, so for an answer that says nothing (RFC 3834)."""
    if found.method in _OWN:
        # Who forwards or answers our invitation by hand may have written something above it.
        is_note = bool(known.text) and not is_automatic
        return replace(known, kind=MailKind.TEXT if is_note else MailKind.OWN, answers=found.answers)
    kind = _ANSWERS.get(found.method)
    if kind is None:
        raise UnreadableEmail(f"The calendar's method is {found.method}, which is no answer.")
    if kind is MailKind.REPLY and any(
        p.partstat == "DELEGATED" for a in found.answers for p in a.participants
    ):
        kind = MailKind.DELEGATION
    return replace(known, kind=kind, note=_note(known, found)[:_NOTE_LIMIT], answers=found.answers)


def _note(known: ParsedEmail, found: Scheduling) -> str:
    """What a person wrote: the longest comment, for gateways empty some, else the words of the text."""
    comments = [answer.comment for answer in found.answers]
    comments += [each.comment for answer in found.answers for each in answer.participants]
    return max(comments, key=len, default="") or reply_notes.extract_note(known.text)


def _said(parts: list[MailPart]) -> str:
    """The text that a person may have written: the plain text, else the HTML without tags."""
    for content_type in ("text/plain", "text/html"):
        for part in parts:
            if part.content_type == content_type and not part.name.endswith(".ics"):
                text = clean_lines(part.text[: 10 * _TEXT_LIMIT], _TEXT_LIMIT)
                if text:
                    return text
    return ""
