"""Rate limit of an email's link, and the language of that email."""

from __future__ import annotations

from typing import cast

from flask import g

from api import context, limits
from api.language import choosing
from scheduler.invites.catalogue import Words, load_words
from scheduler.services.replies import reply_links


def counted(token: str) -> Words:
    """Count one use of a link, and return the texts of its email's language."""
    with limits.looking_up_a_token(), context.database().read() as db:
        g.words = load_words(reply_links.link_language(db, token))
    choosing.speak(g.words.language)
    limits.require_link(token)
    return cast(Words, g.words)
