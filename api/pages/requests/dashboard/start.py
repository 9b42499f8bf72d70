"""Start: what an exhibitor does now, the most pressing first."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import flash, redirect, request, url_for
from flask_login import login_required
from werkzeug.wrappers import Response

from api import auth, context
from api.language import speaking
from api.language.speaking import gettext, ngettext
from api.pages import rendering
from scheduler.saying import say
from scheduler.services.requests.dashboard import start

blueprint = APIBlueprint("start", __name__, enable_openapi=False, url_prefix="/events/<event_key>/start")

GAPS = {
    "logo": (say("Your logo"), say("others know you by it in lists")),
    "description": (say("About your firm"), say("a description is what others find you by")),
    "offers": (say("Your products and what you offer, in lists"), say("who needs them finds you")),
    "needs": (say("What you need"), say("firms that offer it are suggested to you")),
    "website": (say("Your website"), say("the directory links to it")),
    "areas": (say("Your chain areas"), say("suggestions go by them")),
    "booth": (say("Your hall and booth"), say("meetings near you are held there")),
    "titles": (say("What your people do"), say("a job title each says whom to ask for")),
    "phones": (say("Telephone numbers"), say("for the organisers, if somebody is late")),
}
"""What is missing, and what it is for."""


@blueprint.get("")
@login_required
def show(event_key: str) -> str | Response:
    """What to do; once the event was put away, and nothing can be done, what was agreed."""
    actor = auth.actor(event_key)
    if actor.is_archived:
        return redirect(url_for("agenda.own", event_key=event_key))
    with context.database().read() as db:
        page = start.start_page(db, actor, language=speaking.language(), now=context.now())
        return rendering.render(
            db, actor, "start", "requests/dashboard/show.html", start=page, now=context.now(), gaps=GAPS
        )


@blueprint.get("/changes")
@login_required
def changes(event_key: str) -> str:
    """All that is new, where the first page has no room for it."""
    actor = auth.actor(event_key)
    with context.database().read() as db:
        news, firms = start.changes(db, actor, now=context.now())
        return rendering.render(db, actor, "start", "requests/dashboard/changes.html", news=news, firms=firms)


@blueprint.post("/seen")
@login_required
def seen(event_key: str) -> Response:
    """What a page showed was seen."""
    actor = auth.actor(event_key)
    with context.database().write() as db:
        number = start.mark_seen(db, actor, request.form.getlist("seen"), now=context.now())
    flash(
        ngettext("%(num)s change marked as seen.", "%(num)s changes marked as seen.", number)
        if number
        else gettext("These changes were marked as seen already."),
        "good",
    )
    return redirect(rendering.back(event_key, url_for("start.show", event_key=event_key)), 303)
