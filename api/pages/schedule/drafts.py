"""Draft actions of organisers: discard and restore."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import flash, redirect, url_for
from flask_login import login_required
from werkzeug.wrappers import Response

from api import auth, context
from api.language.speaking import gettext
from scheduler.services.publishing import version_actions

blueprint = APIBlueprint("drafts", __name__, enable_openapi=False, url_prefix="/events/<event_key>")


@blueprint.post("/versions/<int:number>/discard")
@login_required
def discard_draft(event_key: str, number: int) -> Response:
    actor = auth.organiser(event_key)
    with context.database().write() as db:
        version_actions.discard_draft(db, actor, number, now=context.now())
    flash(gettext("Version %(number)s discarded. No one was notified.", number=str(number)))
    return redirect(url_for("runs.show_schedule", event_key=event_key))


@blueprint.post("/versions/<int:number>/restore-draft")
@login_required
def restore_draft(event_key: str, number: int) -> Response:
    actor = auth.organiser(event_key)
    with context.database().write() as db:
        version_actions.restore_draft(db, actor, number, now=context.now())
    flash(gettext("Version %(number)s is a draft again. No one was notified.", number=str(number)), "good")
    return redirect(url_for("versions.show_version", event_key=event_key, number=number))


@blueprint.post("/drafts/discard")
@login_required
def discard_old_drafts(event_key: str) -> Response:
    """Discard old drafts."""
    actor = auth.organiser(event_key)
    with context.database().write() as db:
        count = version_actions.discard_old_drafts(db, actor, now=context.now())
    flash(gettext("Drafts discarded: %(count)s. No one was notified.", count=count))
    return redirect(url_for("runs.show_schedule", event_key=event_key))
