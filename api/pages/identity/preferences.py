"""A person's preferences at an event: language and time zone, emails, calendar feed, sessions.

Each section has its own save button and confirmation message.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from apiflask import APIBlueprint
from flask import flash, redirect, request, url_for
from flask_login import login_required
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from api import auth, context
from api.language import choosing
from api.language.speaking import gettext, pgettext, said
from api.pages import formatting, rendering, zones
from api.pages.agendas.feed import address
from api.pages.identity import sessions
from scheduler.domain.errors import InvalidInput
from scheduler.i18n import gettext_lazy
from scheduler.invites.catalogue import languages, load_words
from scheduler.services.identity import consents, preferences, summary_subscriptions
from scheduler.services.identity.actors import Actor
from scheduler.services.requests.digests import digest_settings
from scheduler.services.schedule import feed_addresses

blueprint = APIBlueprint(
    "preferences", __name__, enable_openapi=False, url_prefix="/events/<event_key>/preferences"
)

FAULTS = {"language": gettext_lazy("Choose a language from the list."), "timezone": zones.UNKNOWN}
KINDS = {
    "asked": (
        gettext_lazy("New requests"),
        gettext_lazy("If you choose once a day, must-have requests are still sent right away."),
    ),
    "reminders": (
        gettext_lazy("Requests about to expire"),
        gettext_lazy("Three days and one day before they expire."),
    ),
    "answers": (
        gettext_lazy("Responses to your requests"),
        gettext_lazy("Accepted, declined, cancelled or expired."),
    ),
}
"""Kinds of emails about requests: label and help text."""
OFTEN = {
    digest_settings.HowOften.AT_ONCE: gettext_lazy("Right away"),
    digest_settings.HowOften.DAILY: gettext_lazy("Once a day"),
    digest_settings.HowOften.OFF: gettext_lazy("Off"),
}


@blueprint.get("")
@login_required
def show_preferences(event_key: str) -> str:
    actor = auth.participant(event_key)
    with context.database().read() as db:
        return _page(db, actor, None, {})


@blueprint.post("")
@login_required
def save_preferences(event_key: str) -> Response | tuple[str, int]:
    """Save language and time zone."""
    actor = auth.participant(event_key)
    language = request.form.get("language", "")
    timezone = zones.meant(request.form.get("timezone", "").strip())
    try:
        with context.database().write() as db:
            preferences.save_preferences(db, actor, language=language, timezone=timezone)
    except InvalidInput as error:
        with context.database().read() as db:
            return _page(
                db, actor, request.form, {f.path: FAULTS.get(f.path, f.message) for f in error.faults}
            ), 422
    if language:
        choosing.speak(language)
    return _saved(event_key, "language", gettext("Language and time zone saved."))


@blueprint.post("/emails")
@login_required
def save_email_settings(event_key: str) -> Response:
    """Save which emails the person gets. Settings missing in the form are unchanged."""
    actor, form = auth.actor(event_key), request.form
    with context.database().write() as db:
        wishes = digest_settings.read_own_settings(db, actor, now=context.now())
        if wishes is not None and {*KINDS, "clock"} & set(form):
            digest_settings.save_settings(db, actor, wishes.changed(form))
        if form.get("summaries") in ("on", "off"):
            summary_subscriptions.set_own_subscription(
                db, actor, is_wanted=form["summaries"] == "on", now=context.now()
            )
    return _saved(event_key, "emails", gettext("Email settings saved."))


@blueprint.post("/feed")
@login_required
def reset_feed(event_key: str) -> Response:
    """Reset the URL of the person's feed. The old URL stops working."""
    actor = auth.actor(event_key)
    with context.database().write() as db:
        feed_addresses.renew_feed(db, actor, secret_key=context.settings().secret_key)
    sentence = gettext("Your calendar feed has a new address. The old one no longer works.")
    return _saved(event_key, "feed", sentence)


def _saved(event_key: str, section: str, sentence: str) -> Response:
    """Redirect to a section of the page, which shows the message."""
    flash(sentence, f"at {section}")
    return redirect(url_for("preferences.show_preferences", event_key=event_key, _anchor=section), 303)


def _page(db: Session, actor: Actor, typed: Mapping[str, str] | None, faults: Mapping[str, str]) -> str:
    now = preferences.read_preferences(db, actor, now=context.now())
    moment = now.first_slot.start if now.first_slot else None
    if typed is None:
        typed = {"language": now.language, "timezone": now.timezone}
    automatic = gettext("Automatic: %(choice)s", choice=load_words(now.derived_language).name)
    zone = now.derived_timezone
    feed = address(feed_addresses.own_feed(db, actor)) if actor.attendee_id else ""
    digests = digest_settings.read_own_settings(db, actor, now=context.now()) if actor.attendee_id else None
    return rendering.render(
        db,
        actor,
        "preferences",
        "identity/preferences.html",
        typed={**typed, "timezone": zones.shown(typed.get("timezone", "").strip(), moment)},
        faults=faults,
        languages=[("", automatic), *languages().items()],
        derived_zone=zones.label(zone, moment) if zone else gettext("the venue's time only"),
        words=load_words(now.language or now.derived_language),
        summaries=summary_subscriptions.read_own_subscription(db, actor) if actor.attendee_id else None,
        digests=digests,
        has_agreed=consents.read_own_permission(db, actor) if actor.attendee_id else True,
        clocks=_clocks(digests) if digests else (),
        email_kinds=KINDS,
        said_often=[(often, said(label)) for often, label in OFTEN.items()],
        said_switch=[("on", pgettext("of emails", "On")), ("off", gettext("Off"))],
        slot=now.first_slot,
        own_zone=now.timezone or now.derived_timezone,
        feed=feed,
        quoted_feed=quote(feed, safe=""),
        **sessions.listed(db),
    )


def _clocks(wishes: digest_settings.DigestSettings) -> list[tuple[str, str]]:
    """Return the clocks for the daily email: the person's own, and the venue's if it differs."""
    own = formatting.own_clock(wishes.morning, wishes.own_timezone).striptags()
    venue = gettext("%(time)s at the venue", time=f"{wishes.morning:%H:%M}")
    return [("own", own)] + [("venue", venue)] * (wishes.own_timezone != wishes.venue_timezone)
