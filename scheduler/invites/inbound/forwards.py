"""Forward notices of Exchange and Outlook ([MS-OXOCAL] 3.1.4.10.1)."""

from __future__ import annotations

import re
from typing import Final

from scheduler.invites.text import clean

MAX_RECIPIENTS: Final = 10
"""Maximum number of recipients read from a notice."""
_EXCHANGE: Final = re.compile(r"(?i)^microsoftexchange[0-9a-f]+@")
_SUBJECT: Final = re.compile(r"(?i)^\s*meeting forward notification\b")
_FORWARDED: Final = re.compile(
    r"(?i)forwarded your|weitergeleitet|transféré|reenvi(ado|ó)|inoltrat|encaminh(ado|ou)|doorgestuurd"
    r"|vidarebefordra|videresend|przesłał|přeposl|továbbít|переслал|iletti|转发|轉寄|転送|전달"
)
_LABEL: Final = re.compile(
    r"(?im)^[ \t]*(recipients?|empfänger|destinataires?|destinatarios?|destinatári(?:os?|as?)|destinatari"
    r"|ontvangers?|mottagare|modtagere?|mottakere?|odbiorcy|příjemci|címzettek?|получатели|alıcılar"
    r"|收件人|收件者|受信者|宛先|받는 사람)[ \t]*[:：]?[ \t]*(?:\n\s*)?([^\n]+)"
)
_ADDRESS: Final = re.compile(r"(?<![^\s<>()\[\],;:\"])[^\s<>()\[\],;:\"@]{1,64}@[^\s<>()\[\],;:\"@]{3,189}")
_NAMES: Final = re.compile(r"[;,、；]")


def forwarded_to(sender: str, subject: str, text: str) -> tuple[str, ...] | None:
    """Return whom an invitation was forwarded to, by address or else name. None if it is no notice.

    Exchange sends the notice from the address it also uses for bounces, in the forwarder's language. Outlook
    sends it from the forwarder's address.
    """
    is_one = _SUBJECT.match(subject) or (_EXCHANGE.match(sender) and _FORWARDED.search(text))
    if not is_one:
        return None
    label = _LABEL.search(text)
    said = label[2] if label else ""
    people = _ADDRESS.findall(said) or [name for name in map(str.strip, _NAMES.split(said)) if name]
    if not label:
        people = [each for each in _ADDRESS.findall(text) if each.lower() != sender]
    return tuple(dict.fromkeys(clean(each, 120) for each in people[:MAX_RECIPIENTS]))
