"""Agendas of the published schedule, and the address of a person's calendar feed."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import flash, redirect, url_for
from flask_login import login_required
from werkzeug.wrappers import Response

from api import auth, context, pages
from api.views.feed import address
from scheduler.services import access, agendas
from scheduler.storage.models import Attendee

blueprint = APIBlueprint("agenda", __name__, enable_openapi=False, url_prefix="/events/<event_key>")


@blueprint.get("/agenda")
@login_required
def own(event_key: str) -> str:
    """The reader's own meetings, and how to have them in a calendar."""
    actor = auth.actor(event_key)
    with context.database().read() as db:
        agenda = agendas.attendee_agenda(db, actor)
        attendee = db.get_one(Attendee, actor.attendee_id)
        return pages.render(db, actor, "agenda", "agenda/own.html", agenda=agenda, feed=address(attendee))


@blueprint.get("/agenda/firm")
@login_required
def firm(event_key: str) -> str:
    """The meetings of the reader's firm."""
    return _of_firm(event_key, None, "firm_agenda")


@blueprint.get("/firms/<firm_key>/agenda")
@login_required
def of_firm(event_key: str, firm_key: str) -> str:
    """The meetings of any firm, for organisers."""
    return _of_firm(event_key, firm_key, "firms")


@blueprint.get("/people/<person_key>/agenda")
@login_required
def of_person(event_key: str, person_key: str) -> str:
    """The meetings of a colleague, for exhibitors; of anybody, for organisers."""
    actor = auth.actor(event_key)
    with context.database().read() as db:
        agenda = agendas.attendee_agenda(db, actor, person_key)
        return pages.render(db, actor, "firms", "agenda/other.html", agenda=agenda)


@blueprint.post("/agenda/feed")
@login_required
def renew_feed(event_key: str) -> Response:
    """Give the reader's feed a new address; the old one ends now."""
    actor = auth.actor(event_key)
    with context.database().write() as db:
        access.revoke_feed(db, actor, secret_key=context.settings().secret_key)
    flash("Your calendar has a new address. The old one does not work any more.", "good")
    return redirect(url_for("agenda.own", event_key=event_key, _anchor="calendar"), 303)


def _of_firm(event_key: str, firm_key: str | None, here: str) -> str:
    actor = auth.actor(event_key)
    with context.database().read() as db:
        agenda = agendas.firm_agenda(db, actor, firm_key)
        return pages.render(db, actor, here, "agenda/other.html", agenda=agenda)
