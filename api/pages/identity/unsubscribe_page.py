"""Unsubscribe page of an email's link: what it stops, and one button."""

from __future__ import annotations

from flask import render_template

from api.language import choosing
from scheduler.invites.catalogue import load_words
from scheduler.services.identity.summary_subscriptions import Subscription


def stop_page(found: Subscription, *, title: str, sentence: str, button: str, to: str) -> str:
    """Render the page in the language of the email. Its button posts to the URL `to`."""
    choosing.speak(found.language)
    language = load_words(found.language)
    return render_template(
        "identity/stop.html",
        title=title,
        sentence=sentence if found.is_stopped or found.is_permitted else "",
        is_permitted=found.is_permitted,
        button=button,
        to=to,
        words=language,
        say=language.answering,
    )
