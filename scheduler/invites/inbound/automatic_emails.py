"""Automatic emails: bounces (RFC 3464), automatic responses (RFC 3834), read receipts (RFC 8098)."""

from __future__ import annotations

import re
from dataclasses import replace
from email.message import Message
from typing import Final

from scheduler.invites.charsets import decode_text
from scheduler.invites.inbound.model import Bounce
from scheduler.invites.inbound.parts import MailPart, read_parameter
from scheduler.invites.text import clean

_DAEMONS: Final = re.compile(r"(?i)^(mailer-daemon|postmaster|microsoftexchange[0-9a-f]+)@")
"""Bounce senders. Exchange sends RFC 3464 reports, and other notices, from the same address."""
_STATUS: Final = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
_COMMENT: Final = re.compile(r"[\s(;]")
"""End of a field's keyword: a comment (RFC 822), such as in `failed (user unknown)`."""
_FIELD: Final = re.compile(r"(?im)^([a-z-]{1,40}):[ \t]*+([^\n]*+(?:\n[ \t][^\n]*+)*+)")
_SAYS_AUTOMATIC: Final = (
    "automatic reply|auto[- ]?reply|automated (?:reply|response)|auto(?:matic)?[- ]response|autoresponse"
    "|automatische (?:antwort|e-mail-antwort)|auto[- ]?antwort|abwesenheits(?:notiz|meldung|nachricht|agent)"
    "|réponse automatique|respuesta autom[aá]tica|contestaci[oó]n autom[aá]tica|risposta automatica"
    "|resposta autom[aá]tica|automatisch antwoord|automatische beantwoording|afwezigheids(?:bericht|melding)"
    "|automatiskt svar|autosvar|automatisk svar|frånvaromeddelande|automaattinen vastaus"
    "|automatyczna odpowiedź|odpowiedź automatyczna|autoodpowiedź|automatická odpově[dď]"
    "|automatická odpoveď|automatikus válasz|automatski odgovor|samodejni odgovor|răspuns automat"
    "|otomatik yanıt|otomatik cevap|автоответ|автоматический ответ|автоматична відповідь|автоматичен отговор"
    "|αυτόματη απάντηση|trả lời tự động|tự động trả lời|balasan otomatis|ตอบกลับอัตโนมัติ"
    "|رد تلقائي|الرد التلقائي|תשובה אוטומטית|מענה אוטומטי|자동 ?회신|자동 ?응답"
    "|自动回复|自动答复|自動回覆|自動回復|自動応答|自動返信"
)
"""Start of an automatic subject."""
_SAYS_AWAY: Final = (
    "out of (?:the )?office|out of office autoreply|ooo|away from (?:my|the) (?:mail|office|desk)"
    "|abwesend|abwesenheit|nicht im büro|absent(?:e)? du bureau|absence du bureau|absent|en congés?"
    "|fuera de (?:la )?oficina|ausente|ausente de la oficina|fuori (?:ufficio|sede)|assente|assenza"
    "|fora do escritório|ausente do escritório|ausência|afwezig|afwezigheid|niet aanwezig|buiten kantoor"
    "|frånvarande|frånvaro|fraværende|fravær|ikke til stede|poissa|poza biurem|nieobecność|urlop"
    "|mimo kancelář|mimo kancelárie|nepřítomnost|nem vagyok az irodában|irodán kívül|házon kívül"
    "|szabadságon(?: vagyok)?|távollét|în afara biroului|ofis dışında|ofis dışındayım"
    "|вне офиса|отсутствую|в отпуске|поза офісом|εκτός γραφείου|vắng mặt|tôi vắng mặt"
    "|خارج المكتب|מחוץ למשרד|부재중|외근중|휴가중|外出|外出中|不在办公室|不在辦公室|休假|休假中|不在|不在通知"
)
"""Away phrases count only alone or before a colon, since people use them in sentences too."""
_BRACKET: Final = r"[\s\[(（【<《「]*+(?:external\W*+)?"
_CLOSING: Final = r"[\s\])）】>》」.!。！]*+"
_AWAY: Final = re.compile(
    rf"(?i)^{_BRACKET}(?:(?:{_SAYS_AUTOMATIC})(?!\w*+\?)|(?:{_SAYS_AWAY}){_CLOSING}(?:$|[:：–—-]))"
)
_LISTS: Final = (
    "List-Id", "List-Post", "List-Unsubscribe", "List-Help", "Mailing-List", "X-Mailing-List", "X-BeenThere"
)  # fmt: skip
_TEXT_LIMIT: Final = 20_000
_REPORTS: Final = ("message/delivery-status", "message/global-delivery-status")
_HEADERS: Final = ("text/rfc822-headers", "message/rfc822-headers", "message/global-headers")


def read_bounce(mail: Message[str, str], sender: str, parts: list[MailPart], report: str) -> Bounce | None:
    """Return the delivery report about one of our emails, or None.

    `report` is the text of a message/delivery-status part. Servers that do not implement RFC 3464 are
    recognised by their sender. A status code is then searched in their text, and the reason is the text from
    that line on.
    """
    if report:
        return replace(_from_report(report), is_report=_is_report(mail), message_id=returned_id(mail))
    if not _DAEMONS.match(sender):
        return None
    said = "\n".join(part.text[:_TEXT_LIMIT] for part in parts if part.content_type == "text/plain")
    status = _STATUS.search(said)
    failed = status is None or status[1] == "5"
    recipient = clean(str(mail.get("X-Failed-Recipients", "")), 254).lower()
    reason = said[said.rfind("\n", 0, status.start()) + 1 :] if status else said
    return Bounce(
        "failed" if failed else "delayed", status[0] if status else "", recipient, clean(reason, 300)
    )


def delivery_report(mail: Message[str, str], parts: list[MailPart]) -> str:
    """Return the fields of a delivery report, or an empty string. Only its parts' types are reliable."""
    for leaf in mail.walk():
        if leaf.get_content_type() in _REPORTS:
            payload = leaf.get_payload()
            blocks = payload if isinstance(payload, list) else [payload]
            return "\n".join(str(block) for block in blocks)[:_TEXT_LIMIT]
    for part in parts:  # some gateways send it as text
        if part.name == "details.txt" and b"Final-Recipient" in part.octets:
            return decode_text(part.octets, part.charset)[:_TEXT_LIMIT]
    return ""


def _is_report(mail: Message[str, str]) -> bool:
    return any(leaf.get_content_type() in _REPORTS for leaf in mail.walk())


def returned_id(mail: Message[str, str]) -> str:
    """Return the Message-ID of the original email, enclosed as a message or as its headers."""
    for leaf in mail.walk():
        kind, payload = leaf.get_content_type(), leaf.get_payload()
        if kind in ("message/rfc822", "message/global"):
            returned = payload[0] if isinstance(payload, list) and payload else None
            return clean(str(returned.get("Message-ID", "")), 255) if isinstance(returned, Message) else ""
        if kind in _HEADERS and isinstance(payload, str):
            head = payload[:_TEXT_LIMIT].split("\n\n", 1)[0].replace("\n ", " ").replace("\n\t", " ")
            lines = [line for line in head.split("\n") if line.lower().startswith("message-id:")]
            return clean(lines[0].partition(":")[2], 255) if lines else ""
    return ""


def is_automatic(mail: Message[str, str], subject: str) -> bool:
    """Return True if the email is automatic: an out-of-office note, a read receipt or a ticket number.

    `Precedence: bulk` alone proves nothing: ezmlm and Majordomo add it to every personal post.
    """
    content_type = str(mail.get("Content-Type", ""))
    return (
        _submitted(mail) not in ("", "no")
        or read_parameter(content_type, "report-type").lower() == "disposition-notification"
        or any(mail.get(name) is not None for name in ("X-Autoreply", "X-Autorespond", "X-Auto-Reply-From"))
        or _precedence(mail) in ("auto_reply", "junk")
        or _AWAY.match(subject) is not None
    )


def takes_reply(mail: Message[str, str]) -> bool:
    """Return True if a reply may be sent: not to mailing lists and automatic responders (RFC 3834).

    `auto-generated` is allowed, since Google marks personal calendar replies with it.
    """
    return (
        _submitted(mail) in ("", "no", "auto-generated")
        and not _precedence(mail)
        and not any(mail.get(name) is not None for name in _LISTS)
        and not str(mail.get("Sender", "")).strip().lower().startswith("owner-")
    )


def _submitted(mail: Message[str, str]) -> str:
    return clean(str(mail.get("Auto-Submitted", "")), 60).lower().partition(";")[0].partition("(")[0].strip()


def _precedence(mail: Message[str, str]) -> str:
    return clean(str(mail.get("Precedence", "")), 20).lower()


def _from_report(report: str) -> Bounce:
    """Parse the per-recipient fields of the first recipient. Each of our emails has one recipient."""
    fields = report_fields(report)
    status = _STATUS.search(fields.get("status", "")) or _STATUS.search(fields.get("diagnostic-code", ""))
    recipient = fields.get("original-recipient") or fields.get("final-recipient", "")
    return Bounce(
        action=_COMMENT.split(fields.get("action", "failed"), 1)[0].strip().lower(),
        status=status[0] if status else "",
        recipient=recipient.rpartition(";")[2].strip("<> ").lower(),
        diagnostic=fields.get("diagnostic-code", ""),
    )


def report_fields(report: str) -> dict[str, str]:
    """Return the first value of each report field, by lower-case name."""
    fields: dict[str, str] = {}
    for match in _FIELD.finditer(report):
        fields.setdefault(match[1].lower(), clean(match[2], 300))
    return fields
