"""Unsubscribe link of digests, without sign-in (RFC 8058)."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import redirect, url_for
from werkzeug.wrappers import Response

from api import context, limits
from api.pages.identity.unsubscribe_page import stop_page
from scheduler.invites.catalogue import load_words
from scheduler.services.identity.summary_subscriptions import Subscription
from scheduler.services.requests.digests import digest_settings

blueprint = APIBlueprint("digests", __name__, enable_openapi=False)


@blueprint.get("/digests/<token>")
def show_unsubscribe_form(token: str) -> str:
    """Show which emails the link stops. Email scanners may open it."""
    return _page(_counted(token), token)


@blueprint.post("/digests/<token>")
def unsubscribe(token: str) -> str:
    """Unsubscribe. Email clients send this by themselves, without cookies and redirects (RFC 8058)."""
    _counted(token)
    with context.database().write() as db:
        found = digest_settings.unsubscribe(
            db, token, secret_key=context.settings().secret_key, now=context.now()
        )
    return _page(found, token)


@blueprint.post("/digests/<token>/again")
def resubscribe(token: str) -> Response:
    """Resubscribe."""
    _counted(token)
    with context.database().write() as db:
        digest_settings.resubscribe(db, token, secret_key=context.settings().secret_key, now=context.now())
    return redirect(url_for("digests.show_unsubscribe_form", token=token), 303)


def _counted(token: str) -> Subscription:
    """Return the subscription of a known link, and count its use."""
    with limits.looking_up_a_token(), context.database().read() as db:
        found = digest_settings.show_subscription(
            db, token, secret_key=context.settings().secret_key, now=context.now()
        )
    limits.require_link(token)
    return found


def _page(found: Subscription, token: str) -> str:
    texts = load_words(found.language).digest
    return stop_page(
        found,
        title=texts["stop_title"].format(event=found.event_name),
        sentence=texts["stop_done" if found.is_stopped else "stop_ask"].format(name=found.person),
        button=texts["stop_again" if found.is_stopped else "stop"],
        to=url_for("digests.resubscribe" if found.is_stopped else "digests.unsubscribe", token=token),
    )
