"""Sign-in email with a one-time link."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from scheduler.invites import text
from scheduler.invites.catalogue import load_words
from scheduler.invites.mail.letter import Letter, render_letter
from scheduler.invites.mail.mime import RenderedMail


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """A one-time sign-in link for one person, valid for `valid_for`."""

    to_name: str
    to_email: str
    sender_name: str
    domain: str
    message_id: str
    link: str
    valid_for: timedelta
    bounce_token: str
    reply_token: str
    language: str = "en"


def render_sign_in(mail: SignIn) -> RenderedMail:
    """Render the email deterministically. Raises InvalidInput for an unusable link or address."""
    language = load_words(mail.language)
    sender = text.clean(mail.sender_name, text.NAME_LIMIT)
    duration = language.lasting(mail.valid_for)
    said = {key: value.format(sender=sender, duration=duration) for key, value in language.sign_in.items()}
    letter = Letter(
        sender=(mail.sender_name, f"sign-in@{mail.domain}"),
        recipient=(mail.to_name, mail.to_email),
        subject=said["subject"],
        message_id=mail.message_id,
        headline=said["headline"],
        intro=said["intro"],
        button=said["button"],
        link=mail.link,
        after=said["valid"],
        footer=said["ignore"],
        bounce_token=mail.bounce_token,
        reply_token=mail.reply_token,
    )
    return render_letter(letter, language, domain=mail.domain)
