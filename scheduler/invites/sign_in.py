"""The mail with a one-time link to sign in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape

from scheduler.domain.errors import Fault, InvalidInput
from scheduler.invites import bodies, mime, text
from scheduler.invites.catalogue import Words, words
from scheduler.invites.mime import RenderedMail


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """A link for one person, good once and for `valid_for` from `sent_at` (aware)."""

    to_name: str
    to_email: str
    sender_name: str
    domain: str
    message_id: str
    link: str
    valid_for: timedelta
    sent_at: datetime
    language: str = "en"


def render_sign_in(mail: SignIn) -> RenderedMail:
    """The mail, the same bytes for the same input. Raises InvalidInput for a link or address of no use."""
    link = text.web_address(mail.link)
    if not link:
        raise InvalidInput([Fault("link", "A link to sign in starts with https:// or http://.")])
    language = words(mail.language)
    shown = _words(mail, language)
    head = mime.head(
        (mail.sender_name, f"sign-in@{mail.domain}"),
        (mail.to_name, mail.to_email),
        shown["subject"],
        mail.sent_at,
        mail.message_id,
        None,
    )
    parts = [
        mime.text_leaf("plain", _text(shown, link)),
        mime.text_leaf("html", _html(shown, link, language)),
    ]
    return RenderedMail(
        from_addr=text.address(f"bounces@{mail.domain}"),
        to_addr=text.address(mail.to_email),
        message_id=mail.message_id,
        data=head + mime.multipart("alternative", mail.message_id, parts),
    )


def _words(mail: SignIn, language: Words) -> dict[str, str]:
    sender = text.clean(mail.sender_name, text.NAME_LIMIT)
    duration = language.lasting(mail.valid_for)
    return {key: value.format(sender=sender, duration=duration) for key, value in language.sign_in.items()}


def _text(shown: dict[str, str], link: str) -> str:
    return "\n\n".join([shown["headline"], shown["intro"], link, shown["valid"], shown["ignore"]]) + "\n"


def _html(shown: dict[str, str], link: str, language: Words) -> str:
    values = {key: escape(shown[key]) for key in ("headline", "intro", "valid", "ignore")}
    button = bodies.buttons([(shown["button"], link)])
    return bodies.fill("sign_in.html", language, values | {"link": escape(link), "buttons": button})
