"""Short email with one link, as text and HTML: sign-in, alert and similar."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from scheduler.domain.errors import Fault, InvalidInput
from scheduler.i18n import gettext_lazy
from scheduler.invites import text
from scheduler.invites.catalogue import Words
from scheduler.invites.mail import bodies, mime
from scheduler.invites.mail.addresses import bounce_address, organizer_address
from scheduler.invites.mail.look import SITE_LOOK, EmailLook
from scheduler.invites.mail.mime import Address, RenderedMail

_QUOTED = (
    "padding-left:12px;border-left:3px solid #b7c5c6;",
    "padding-right:12px;border-right:3px solid #b7c5c6;",
)
"""The look of a quotation, from left to right and from right to left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """The texts of an email in reading order.

    The tokens are those of the bounce address in the envelope, and of the reply address.
    """

    sender: Address
    recipient: Address
    subject: str
    message_id: str
    headline: str
    intro: str
    button: str
    link: str
    after: str
    footer: str
    bounce_token: str
    reply_token: str
    note: str = ""
    """A person's message, shown after the intro, or empty."""
    look: EmailLook = SITE_LOOK


def render_letter(letter: Letter, words: Words, *, domain: str) -> RenderedMail:
    """Render the email deterministically. Raises InvalidInput for an unusable link or address."""
    link = text.web_address(letter.link)
    if not link:
        raise InvalidInput([Fault("link", gettext_lazy("enter a link that starts with https:// or http://"))])
    head = mime.mail_headers(
        letter.sender,
        letter.recipient,
        letter.subject,
        letter.message_id,
        None,
        reply_to=organizer_address(letter.reply_token, domain),
    )
    texts = [letter.headline, letter.intro, letter.note, link, letter.after, letter.footer]
    plain = "\n\n".join(filter(None, texts)) + "\n"
    parts = [mime.text_part("plain", plain), mime.text_part("html", _html(letter, link, words))]
    return RenderedMail(
        from_addr=bounce_address(letter.bounce_token, domain),
        to_addr=text.address(letter.recipient[1]),
        message_id=letter.message_id,
        data=head + mime.multipart("alternative", letter.message_id, parts),
    )


def _html(letter: Letter, link: str, words: Words) -> str:
    said = {name: escape(getattr(letter, name)) for name in ("headline", "intro", "after")}
    sender = text.clean(letter.sender[0], text.NAME_LIMIT)
    named = sender in letter.headline
    made = {
        "link": escape(link),
        "buttons": bodies.html_buttons([(letter.button, link)], words),
        "note": bodies.paragraph(letter.note, margin="0 0 16px", more=_QUOTED[words.is_rtl]),
        "sender": "" if named else bodies.paragraph(sender, soft=True, size=14, margin="0 0 10px"),
    }
    return bodies.html_frame(
        bodies.fill_html("letter.html", words, said | made),
        words,
        headline=letter.headline,
        preview=letter.intro,
        foot=bodies.paragraph(letter.footer, soft=True, size=13),
        look=letter.look,
    )
