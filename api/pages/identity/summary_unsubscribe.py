"""Unsubscribe link of summaries, without sign-in.

GET only shows a page, and POST unsubscribes.
"""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import redirect, url_for
from werkzeug.wrappers import Response

from api import context, limits
from api.pages.identity.unsubscribe_page import stop_page
from scheduler.invites.catalogue import load_words
from scheduler.services.identity import summary_subscriptions
from scheduler.services.identity.summary_subscriptions import Subscription

blueprint = APIBlueprint(
    "summary_unsubscribe", __name__, enable_openapi=False, url_prefix="/summaries/<token>"
)


@blueprint.get("")
def show_unsubscribe_form(token: str) -> str:
    """Show which summaries the link stops. Email scanners may open it."""
    return _page(_counted(token), token)


@blueprint.post("")
def unsubscribe(token: str) -> str:
    """Unsubscribe. Email clients send this by themselves, without cookies and redirects (RFC 8058)."""
    _counted(token)
    with context.database().write() as db:
        found = summary_subscriptions.unsubscribe(
            db, token, secret_key=context.settings().secret_key, now=context.now()
        )
    return _page(found, token)


@blueprint.post("/again")
def resubscribe(token: str) -> Response:
    """Resubscribe."""
    _counted(token)
    with context.database().write() as db:
        summary_subscriptions.resubscribe(
            db, token, secret_key=context.settings().secret_key, now=context.now()
        )
    return redirect(url_for("summary_unsubscribe.show_unsubscribe_form", token=token), 303)


def _counted(token: str) -> Subscription:
    """Return the subscription of a known link, and count its use."""
    with limits.looking_up_a_token(), context.database().read() as db:
        found = summary_subscriptions.show_subscription(
            db, token, secret_key=context.settings().secret_key, now=context.now()
        )
    limits.require_link(token)
    return found


def _page(found: Subscription, token: str) -> str:
    texts = load_words(found.language).stopping
    return stop_page(
        found,
        title=texts["title"].format(event=found.event_name),
        sentence=texts["done" if found.is_stopped else "ask"].format(
            name=found.person, event=found.event_name
        ),
        button=texts["again" if found.is_stopped else "stop"],
        to=url_for(
            "summary_unsubscribe.resubscribe" if found.is_stopped else "summary_unsubscribe.unsubscribe",
            token=token,
        ),
    )
