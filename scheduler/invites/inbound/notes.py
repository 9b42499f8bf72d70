"""What a person wrote beside an answer: the text without what programs write and without quotations."""

from __future__ import annotations

import re
from typing import Final

_LINE_LIMIT: Final = 300
"""Characters of a line in which a program's words are looked for."""

_QUOTATION: Final = re.compile(
    r"(?i)^(?:>|-{2,}\s*(?:original|forwarded|ursprüngliche|weitergeleitete|message d.origine|eredeti|"
    r"továbbított|mensaje original|messaggio originale|原始邮件|转发)"
    r"|_{10,}|-{10,}|\*{10,}|={10,}|(?:from|von|de|da|feladó|van|från|od|от|发件人|寄件者)\s*[:：]\s*\S.{0,200}[@<]"
    r"|(?:on|am|le|el|il|op|den|dne|em)\b.{4,200}(?:wrote|schrieb|a écrit|escribió|ha scritto|schreef|skrev|"
    r"napsal\(?a?\)?|escreveu)\s?:$|.{4,200}(?:ezt írta|写道|寫道)[^:：]{0,60}[:：]$)"
)
"""Where the words end, and what is quoted begins."""
_SIGNATURE: Final = re.compile(r"^--$")
_ANSWERED: Final = (
    r"accepted|declined|replied|angenommen|abgelehnt|zugesagt|accepté|décliné|refusé|aceptado|rechazado"
    r"|accettato|rifiutato|geaccepteerd|geweigerd|afgewezen|elfogadta|elutasította|visszautasította|lemondta"
    r"|accepterat|avböjt|zaakceptował|odrzucił|принял|отклонил"
)
_HAS: Final = rf"(?:has|have|hat|a|ha|heeft|har)\s+(?:\S+\s+){{0,8}}?(?:{_ANSWERED})\b"
_OBJECT: Final = "this|your|the|diese|ihre|az|cette|votre"
_LABELS: Final = (
    "accepted|declined|tentative|angenommen|abgelehnt|accepté|refusé|décliné|elfogadva|elutasítva"
)
_FIELDS: Final = (
    "when|where|who|wann|wo|wer|quand|où|qui|mikor|hol|ki|时间|地点|参与者|calendar|kalender|naptár"
)
_OF_PROGRAMS: Final = re.compile(
    # of somebody else than the writer
    rf"(?i)^(?:(?!(?:.{{0,60}}\s)?(?:i|we|ich|wir|je|nous|ik|wij|io|noi|yo|én|mi|jag|vi)\s)"
    rf"(?:.{{0,160}}\b{_HAS}.{{0,160}}|.{{0,120}}\b(?:{_ANSWERED})\s+(?:{_OBJECT})\b.{{0,160}})"
    rf"|(?:{_LABELS}|已接受|已拒绝|已婉拒|暂定)\s*[:：].{{0,200}}"
    r"|.{0,80}(?:已接受|已拒绝|接受了|拒绝了|谢绝了|婉拒了).{0,20}(?:邀请|会议|日程|活动).{0,80}"
    r"|(?:invitation from google calendar|this is an (?:event )?(?:reply|response)|view on google calendar"
    r"|sent from my|get outlook for|von meinem|envoyé de mon|az én .{1,30} küldve|发自我的|来自我的).{0,200}"
    rf"|(?:{_FIELDS})\s*[:：].{{0,200}}"
    r"|https?://\S+)$"
)
_GOOGLE: Final = "google calendar"
_WITH_NOTE: Final = re.compile(r"(?is)\bwith this note:\s*[\"“](.{1,2000}?)[\"”]\s*(?:\n|$)")
"""How Google quotes what its reader wrote."""


def written(text: str) -> str:
    """The words of a person in the text of an answer's mail, or an empty text. Any text gives a result."""
    quoted = _WITH_NOTE.search(text)
    if quoted is not None:
        return quoted[1].strip()
    kept: list[str] = []
    for line in text.split("\n"):
        shown = line.strip()
        head = shown[:_LINE_LIMIT]
        if _QUOTATION.match(head) or _SIGNATURE.match(shown):
            break
        if _OF_PROGRAMS.match(head):
            if _GOOGLE in text.lower():
                break  # it describes the meeting below
            continue
        kept.append(shown)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip()
