"""Dashboard page of an exhibitor: what to do now, most urgent first."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import flash, redirect, request, url_for
from flask_login import login_required
from werkzeug.wrappers import Response

from api import auth, context
from api.language import speaking
from api.language.speaking import gettext, ngettext
from api.pages import rendering
from api.pages.events import first_steps
from scheduler.i18n import gettext_lazy
from scheduler.services.requests.dashboard import dashboard

blueprint = APIBlueprint(
    "exhibitor_dashboard", __name__, enable_openapi=False, url_prefix="/events/<event_key>/dashboard"
)

GAPS = {
    "logo": (gettext_lazy("Your logo"), gettext_lazy("helps others recognise you in lists")),
    "description": (
        gettext_lazy("About your company"),
        gettext_lazy("a description helps others find you"),
    ),
    "offers": (
        gettext_lazy("Your products and offers, as lists"),
        gettext_lazy("companies that need them can find you"),
    ),
    "needs": (gettext_lazy("What you need"), gettext_lazy("companies that offer it are suggested to you")),
    "website": (gettext_lazy("Your website"), gettext_lazy("the directory links to it")),
    "areas": (gettext_lazy("Your chain areas"), gettext_lazy("suggestions are based on them")),
    "booth": (gettext_lazy("Your hall and booth"), gettext_lazy("send them to the organisers")),
    "titles": (
        gettext_lazy("Your colleagues' job titles"),
        gettext_lazy("job titles show others who to meet"),
    ),
    "phones": (
        gettext_lazy("Phone numbers"),
        gettext_lazy("send them to the organisers, in case someone is late"),
    ),
}
"""Missing parts of the profile: label and benefit."""


@blueprint.get("")
@login_required
def show_dashboard(event_key: str) -> str | Response:
    """Show the dashboard. In an archived event, redirect to the agenda."""
    actor = auth.actor(event_key)
    if actor.is_archived:
        return redirect(url_for("agenda.show_own_agenda", event_key=event_key))
    with context.database().read() as db:
        page = dashboard.show_dashboard(db, actor, language=speaking.language(), now=context.now())
        return rendering.render(
            db,
            actor,
            "dashboard",
            "requests/dashboard/show.html",
            start=page,
            checklist=first_steps.list_exhibitor(db, actor),
            now=context.now(),
            gaps=GAPS,
        )


@blueprint.get("/changes")
@login_required
def list_changes(event_key: str) -> str:
    """List all changes, because the dashboard shows only some."""
    actor = auth.actor(event_key)
    with context.database().read() as db:
        news, firms = dashboard.list_news(db, actor, now=context.now())
        return rendering.render(
            db, actor, "dashboard", "requests/dashboard/changes.html", news=news, firms=firms
        )


@blueprint.post("/seen")
@login_required
def mark_changes_seen(event_key: str) -> Response:
    """Mark the changes on the page as seen."""
    actor = auth.actor(event_key)
    with context.database().write() as db:
        number = dashboard.mark_seen(db, actor, request.form.getlist("seen"), now=context.now())
    flash(
        ngettext("%(num)s change marked as seen.", "%(num)s changes marked as seen.", number)
        if number
        else gettext("These changes were already marked as seen."),
        "good",
    )
    return redirect(
        rendering.back(event_key, url_for("exhibitor_dashboard.show_dashboard", event_key=event_key)), 303
    )
