"""Reminder page: previews and sends reminders to firms with pending requests."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import flash, redirect, url_for
from flask_login import login_required
from werkzeug.wrappers import Response

from api import auth, context
from api.language.speaking import gettext, ngettext
from api.pages import rendering
from scheduler.services.requests.digests import reminders
from workers import dispatch

blueprint = APIBlueprint("reminders", __name__, enable_openapi=False)


@blueprint.get("/events/<event_key>/reminders")
@login_required
def preview_reminders(event_key: str) -> str:
    actor = auth.organiser(event_key)
    with context.database().read() as db:
        found = reminders.preview_reminder(db, actor, now=context.now())
        return rendering.render(db, actor, "dashboard", "requests/digests/remind.html", found=found)


@blueprint.post("/events/<event_key>/reminders")
@login_required
def send_reminders(event_key: str) -> Response:
    actor = auth.organiser(event_key)
    with context.database().write() as db:
        count = reminders.send_reminders(db, actor, context.settings(), now=context.now())
    if count:
        flash(
            ngettext("%(num)s reminder queued.", "%(num)s reminders queued, one per exhibitor.", count),
            "good",
        )
        dispatch.deliver(app=context.celery())
    else:
        flash(
            gettext(
                "No exhibitor was reminded. Each got an email in the last 24 hours "
                "or has turned these emails off."
            )
        )
    return redirect(url_for("organiser_dashboard.show_dashboard", event_key=event_key))
