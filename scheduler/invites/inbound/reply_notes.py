"""A person's note in a calendar reply: the text without client boilerplate and quotations."""

from __future__ import annotations

import re
from typing import Final

_LINE_LIMIT: Final = 300
"""Characters of a line that are searched for boilerplate."""

_QUOTATION: Final = re.compile(
    r"(?i)^(?:>|-{2,}\s*(?:original|forwarded|ursprüngliche|weitergeleitete|message d.origine|eredeti|"
    r"továbbított|mensaje original|messaggio originale|原始邮件|转发)"
    r"|_{10,}|-{10,}|\*{10,}|={10,}|(?:from|von|de|da|feladó|van|från|od|от|发件人|寄件者)\s*[:：]\s*\S.{0,200}[@<]"
    r"|(?:on|am|le|el|il|op|den|dne|em)\b.{4,200}(?:wrote|schrieb|a écrit|escribió|ha scritto|schreef|skrev|"
    r"napsal\(?a?\)?|escreveu)\s?:$|.{4,200}(?:ezt írta|写道|寫道)[^:：]{0,60}[:：]$)"
)
"""Start of the quoted text."""
_SIGNATURE: Final = re.compile(r"^--$")
_ANSWERED: Final = frozenset(
    [
        "accepted",
        "declined",
        "replied",
        "angenommen",
        "abgelehnt",
        "zugesagt",
        "accepté",
        "décliné",
        "refusé",
        "aceptado",
        "rechazado",
        "accettato",
        "rifiutato",
        "geaccepteerd",
        "geweigerd",
        "afgewezen",
        "elfogadta",
        "elutasította",
        "visszautasította",
        "lemondta",
        "accepterat",
        "avböjt",
        "zaakceptował",
        "odrzucił",
        "принял",
        "отклонил",
    ]
)
_HAS: Final = frozenset(["has", "have", "hat", "a", "ha", "heeft", "har"])
_OBJECT: Final = frozenset(["this", "your", "the", "diese", "ihre", "az", "cette", "votre"])
_OWN: Final = frozenset(
    ["i", "we", "ich", "wir", "je", "nous", "ik", "wij", "io", "noi", "yo", "én", "mi", "jag", "vi"]
)
"""Words that mark a sentence as a person's own."""
_BETWEEN: Final = 8
"""Words allowed between "has" and the verb."""
_LABELS: Final = frozenset(
    [
        "accepted",
        "declined",
        "tentative",
        "angenommen",
        "abgelehnt",
        "accepté",
        "refusé",
        "décliné",
        "elfogadva",
        "elutasítva",
        "已接受",
        "已拒绝",
        "已婉拒",
        "暂定",
        "when",
        "where",
        "who",
        "wann",
        "wo",
        "wer",
        "quand",
        "où",
        "qui",
        "mikor",
        "hol",
        "ki",
        "时间",
        "地点",
        "参与者",
        "calendar",
        "kalender",
        "naptár",
    ]
)
"""Labels that clients put before a colon."""
_BEGINNINGS: Final = (
    "invitation from google calendar",
    "this is an event reply",
    "this is an event response",
    "this is a reply",
    "this is a response",
    "this is an reply",
    "this is an response",
    "view on google calendar",
    "sent from my",
    "get outlook for",
    "von meinem",
    "envoyé de mon",
    "az én",
    "发自我的",
    "来自我的",
)
_CHINESE_ANSWERS: Final = ("已接受", "已拒绝", "已婉拒", "接受了", "拒绝了", "谢绝了", "婉拒了")
_CHINESE_OBJECTS: Final = ("邀请", "会议", "日程", "活动")
_GOOGLE: Final = "google calendar"
_QUOTED_NOTE: Final = "with this note:"
"""Google quotes the person's note after it."""


def _is_of_program(line: str) -> bool:
    """Return True for client boilerplate: a statement of the reply, a field label or a product line."""
    plain = line.casefold()
    label, colon, _ = plain.replace("：", ":").partition(":")
    if colon and label.strip() in _LABELS:
        return True
    if plain.startswith(_BEGINNINGS) or (plain.startswith(("https://", "http://")) and " " not in plain):
        return True
    answer = min((at for each in _CHINESE_ANSWERS if (at := plain.find(each)) >= 0), default=-1)
    if 0 <= answer <= 80 and any(each in plain[answer : answer + 30] for each in _CHINESE_OBJECTS):
        return True
    words = [word.strip(".,;:!?\"'“”„()") for word in plain.split()]
    if not _OWN.isdisjoint(words[:12]):
        return False
    done = [number for number, word in enumerate(words) if word in _ANSWERED]
    return any(
        not _HAS.isdisjoint(words[max(0, number - _BETWEEN - 1) : number])
        or (number + 1 < len(words) and words[number + 1] in _OBJECT)
        for number in done
    )


def _quoted_note(text: str) -> str | None:
    """Return the note quoted by Google, or None."""
    at = text.lower().find(_QUOTED_NOTE)
    note = text[at + len(_QUOTED_NOTE) :].lstrip()[:_LONGEST_NOTE] if at >= 0 else ""
    if not note.startswith(('"', "“")):
        return None
    ends = [end for quote in ('"\n', "”\n") if (end := note.find(quote, 1)) > 0]
    if note.rstrip().endswith(('"', "”")):
        ends.append(len(note.rstrip()) - 1)
    return note[1 : min(ends)].strip() if ends else None


_LONGEST_NOTE: Final = 2_002


def extract_note(text: str) -> str:
    """Return the person's note in the text of a reply, or an empty string. Never raises."""
    quoted = _quoted_note(text)
    if quoted is not None:
        return quoted
    kept: list[str] = []
    for line in text.split("\n"):
        shown = line.strip()
        head = shown[:_LINE_LIMIT]
        if _QUOTATION.match(head) or _SIGNATURE.match(shown):
            break
        if _is_of_program(head):
            if _GOOGLE in text.lower():
                break  # the rest describes the meeting
            continue
        kept.append(shown)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip()
