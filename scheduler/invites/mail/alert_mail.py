"""Alert email about a failure, to organisers and operators."""

from __future__ import annotations

from dataclasses import dataclass

from scheduler.domain.entities import AlertKind
from scheduler.invites import text
from scheduler.invites.catalogue import load_words
from scheduler.invites.mail.letter import Letter, render_letter
from scheduler.invites.mail.mime import RenderedMail

REASON_LIMIT = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertMail:
    """A failure. `event` is the event's name, or empty for the installation."""

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
        intro=text.clean(mail.reason, REASON_LIMIT),
        button=said["button"],
        link=mail.link,
        after=said["until"],
        footer=said["footer"].format(sender=sender),
        bounce_token=mail.bounce_token,
        reply_token=mail.reply_token,
    )
    return render_letter(letter, language, domain=mail.domain)
