"""Rehearsal page: recorded emails, each as rendered, and going live."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Response, flash, make_response, redirect, request, url_for
from flask_login import login_required
from werkzeug.wrappers import Response as BaseResponse

from api import auth, context
from api.language.speaking import gettext, said
from api.pages import paging, rendering
from api.pages.events.email_texts import preview_policy
from scheduler.domain.errors import PublishingInProgress, WrongState
from scheduler.i18n import gettext_lazy
from scheduler.services.publishing.rehearsal import going_live, rehearsed_emails
from workers import dispatch

blueprint = APIBlueprint(
    "rehearsal", __name__, enable_openapi=False, url_prefix="/events/<event_key>/rehearsal"
)

KINDS = {
    "welcome": gettext_lazy("Event invitation"),
    "attendee": gettext_lazy("Event invitation for attendees"),
    "colleague": gettext_lazy("Added by a colleague"),
    "address": gettext_lazy("Email address changed"),
    "digest": gettext_lazy("Requests digest"),
    "new": gettext_lazy("Meeting invitation"),
    "update": gettext_lazy("Meeting changed"),
    "details": gettext_lazy("Meeting details changed"),
    "again": gettext_lazy("Meeting invitation, resent"),
    "cancel": gettext_lazy("Meeting cancelled"),
    "uninvited": gettext_lazy("Removed from a meeting"),
    "proposal": gettext_lazy("Proposed time declined"),
    "summary": gettext_lazy("Agenda summary"),
    "briefing": gettext_lazy("Interpreter briefing"),
    "free": gettext_lazy("Colleague asked to make time"),
    "make_time": gettext_lazy("Exhibitor asked to make time"),
    "calendar": gettext_lazy("Calendar not syncing"),
    "receipt": gettext_lazy("Reply not applied"),
    "register": gettext_lazy("Registration to confirm"),
    "registered": gettext_lazy("Registration accepted"),
    "unregistered": gettext_lazy("Registration declined"),
}
"""Kinds of emails by label."""


@blueprint.get("")
@login_required
def show_rehearsal(event_key: str) -> str:
    """Show the recorded emails, and what going live would send."""
    actor = auth.organiser(event_key)
    label, text = request.args.get("kind", ""), request.args.get("text", "")
    label = label if label in KINDS else ""
    with context.database().read() as db:
        return rendering.render(
            db,
            actor,
            "rehearsal",
            "publishing/rehearsal/show.html",
            live=going_live.show_live_state(db, actor),
            counts=rehearsed_emails.count_rehearsed_emails(db, actor),
            page=rehearsed_emails.list_rehearsed_emails(
                db, actor, label=label, search=text, number=paging.asked_number()
            ),
            kinds=KINDS,
            kind=label,
            text=text,
            samples=rehearsed_emails.SAMPLES,
        )


@blueprint.get("/<int:mail_id>")
@login_required
def show_email(event_key: str, mail_id: int) -> Response:
    """Show an email as its recipient would have seen it."""
    actor = auth.organiser(event_key)
    with context.database().read() as db:
        shown = rehearsed_emails.show_rehearsed_email(db, actor, mail_id, settings=context.settings())
        page = rendering.render(
            db, actor, "rehearsal", "publishing/rehearsal/mail.html", shown=shown, kinds=KINDS
        )
    response = make_response(page)
    response.headers["Content-Security-Policy"] = preview_policy(shown.html)
    return response


@blueprint.post("/go-live")
@login_required
def go_live(event_key: str) -> BaseResponse:
    """End the rehearsal, and send the selected emails."""
    actor = auth.organiser(event_key)
    try:
        with context.database().write() as db:
            job = going_live.go_live(
                db, actor, tell=request.form.get("tell") == "published", now=context.now()
            )
    except (PublishingInProgress, WrongState) as error:
        flash(said(error.user_message), "error")
        return redirect(url_for("rehearsal.show_rehearsal", event_key=event_key), 303)
    if job is None:
        flash(gettext("The event is live. No emails were sent."), "good")
    else:
        dispatch.version_job(job, app=context.celery())
        flash(gettext("The event is live. Invitations are being sent."), "good")
    return redirect(url_for("organiser_dashboard.show_dashboard", event_key=event_key), 303)
