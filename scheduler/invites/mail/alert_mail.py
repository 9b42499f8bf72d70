"""Alert email about a failure, to organisers and operators."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from scheduler.domain.entities import AlertKind
from scheduler.i18n import LazyText
from scheduler.invites import text
from scheduler.invites.catalogue import SOURCE, Words, load_words
from scheduler.invites.mail.letter import Letter, render_letter
from scheduler.invites.mail.mime import RenderedMail

REASON_LIMIT = 1000
_PLACEHOLDER: Final = re.compile(r"%\((\w+)\)s")


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertMail:
    """A failure. `event` is the event's name, or empty for the installation.

    `reason` is translated if it is a message, or has some as values.
    """

    to_name: str
    to_email: str
    sender_name: str
    domain: str
    message_id: str
    kind: AlertKind
    event: str
    reason: str
    link: str
    bounce_token: str
    reply_token: str
    language: str = "en"


def render_alert(mail: AlertMail) -> RenderedMail:
    """Render the email deterministically. Raises InvalidInput for an unusable link or address."""
    language = load_words(mail.language)
    sender = text.clean(mail.sender_name, text.NAME_LIMIT)
    said = language.alert
    headline = said[mail.kind.value]
    event = text.clean(mail.event, text.NAME_LIMIT) or sender
    letter = Letter(
        sender=(event, f"alerts@{mail.domain}"),
        recipient=(mail.to_name, mail.to_email),
        subject=said["subject"].format(headline=headline, event=event),
        message_id=mail.message_id,
        headline=headline,
        intro=text.clean(_translated(mail.reason, language), REASON_LIMIT),
        button=said["button"],
        link=mail.link,
        after=said["until"],
        footer=said["footer"].format(sender=sender),
        bounce_token=mail.bounce_token,
        reply_token=mail.reply_token,
    )
    return render_letter(letter, language, domain=mail.domain)


def _translated(reason: str, words: Words) -> str:
    """Return a reason in the language of the email. What the catalogue does not have stays as it is."""
    if not isinstance(reason, LazyText):
        key = _keys().get(reason)
        return reason if key is None else words.alert_reason[key]
    is_plural = bool(reason.msgid_plural) and reason.values["num"] != 1
    key = _keys().get(_PLACEHOLDER.sub(r"{\1}", reason.msgid_plural if is_plural else reason.msgid))
    if key is None:
        return str(reason)
    values = {
        name: _translated(value, words) if isinstance(value, str) else value
        for name, value in reason.values.items()
    }
    return words.alert_reason[key].format(**values)


@lru_cache(maxsize=1)
def _keys() -> dict[str, str]:
    """Return the keys of the reasons by their English texts."""
    return {str(english): key for key, english in load_words(SOURCE).alert_reason.items()}
