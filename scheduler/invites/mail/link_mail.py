"""Emails with one link: invitations to the team or event, and reports of overnight runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from scheduler.invites import text
from scheduler.invites.catalogue import Words, load_words
from scheduler.invites.mail.letter import Letter, render_letter
from scheduler.invites.mail.look import SITE_LOOK, EmailLook
from scheduler.invites.mail.mime import RenderedMail

VALUE_LIMIT, NOTE_LIMIT = 200, 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkMail:
    """An email from the catalogue's section `desk`. `letter` is the prefix of its keys.

    `values` fill the placeholders, such as `by` and `role`. Those of `counts` above 0 are listed, in this
    order. A `cause` among the values is the key of the text after the headline. `event` is the event's name,
    empty for the installation. A `note` among the values is the organisers' message.
    """

    to_name: str
    to_email: str
    sender_name: str
    domain: str
    message_id: str
    letter: str
    event: str
    values: Mapping[str, str]
    counts: Mapping[str, int]
    link: str
    bounce_token: str
    reply_token: str
    language: str = "en"
    look: EmailLook = SITE_LOOK


def render_link_mail(mail: LinkMail) -> RenderedMail:
    """Render the email deterministically. Raises InvalidInput for an unusable link or address."""
    language = load_words(mail.language)
    sender = text.clean(mail.sender_name, text.NAME_LIMIT)
    event = text.clean(mail.event, text.NAME_LIMIT) or sender
    values = {
        name: text.clean(value, NOTE_LIMIT if name in ("note", "checkpoint") else VALUE_LIMIT)
        for name, value in mail.values.items()
    }
    values |= {"event": event, "sender": sender, "counts": list_counts(mail.counts, language)}
    if "role" in values:
        values["role"] = language.desk[values["role"]]
    if "day" in values:
        values["day"] = language.day_of(date.fromisoformat(values["day"]))

    def said(part: str) -> str:
        return language.desk[f"{mail.letter}_{part}"].format(**values)

    letter = Letter(
        sender=(mail.look.sender or event, f"desk@{mail.domain}"),
        recipient=(mail.to_name, mail.to_email),
        subject=said("subject"),
        message_id=mail.message_id,
        headline=said("headline"),
        intro=said(mail.values.get("cause", "intro")),
        note=language.desk["note"].format(**values) if values.get("note") else "",
        button=said("button"),
        link=mail.link,
        after=said("after"),
        footer=language.desk["footer"].format(**values),
        bounce_token=mail.bounce_token,
        reply_token=mail.reply_token,
        look=mail.look,
    )
    return render_letter(letter, language, domain=mail.domain)


def list_counts(counts: Mapping[str, int], language: Words) -> str:
    """Return the nonzero counts as a list: 3 moved, 12 new, 1 declined."""
    forms = language.count | {"declined": language.desk["declined"]}
    return language.list_comma.join(forms[name].format(count=n) for name, n in counts.items() if n)
