"""Agendas of the published schedule, and the addresses of calendar feeds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from apiflask import APIBlueprint
from flask import flash, redirect, request, url_for
from flask_login import login_required
from sqlalchemy.orm import Session
from werkzeug.utils import secure_filename
from werkzeug.wrappers import Response

from api import auth, context, inputs, limits
from api.language.speaking import gettext
from api.pages import rendering
from api.pages.agendas.feed import address
from scheduler.domain.emails.print_packs import PrintPack
from scheduler.domain.entities import Partstat
from scheduler.domain.errors import WrongState
from scheduler.invites.agenda.agenda import AgendaDocument
from scheduler.invites.agenda.pdf import render_agenda_pdf
from scheduler.services.availability import grid
from scheduler.services.emails.calendar_status import calendar_methods
from scheduler.services.exports import print_codes
from scheduler.services.identity.actors import Actor
from scheduler.services.replies import agenda_replies
from scheduler.services.reports.outcomes import outcomes
from scheduler.services.schedule import agenda_export, agendas, feed_addresses

blueprint = APIBlueprint("agenda", __name__, enable_openapi=False, url_prefix="/events/<event_key>")


@blueprint.get("/agenda")
@login_required
def own(event_key: str) -> str:
    """The reader's own meetings, and how to have them in a calendar; of an archived event them alone."""
    actor = auth.actor(event_key)
    with context.database().read() as db:
        agenda = agendas.attendee_agenda(db, actor)
        now, is_over = context.now(), actor.is_archived
        return rendering.render(
            db,
            actor,
            "agenda",
            "agendas/own.html",
            agenda=agenda,
            grid=None if is_over else grid.show_grid(db, actor, now=now, agenda=agenda),
            feed="" if is_over else address(feed_addresses.own_feed(db, actor)),
            **_around(db, actor, agenda),
        )


@blueprint.post("/agenda/<request_key>/accept")
@login_required
def accept(event_key: str, request_key: str) -> Response:
    """Accept the reader's own invitation, as by the link in its mail."""
    actor = auth.actor(event_key)
    sequence = inputs.whole(request.form.get("sequence"), -1)
    secret_key, now = context.settings().secret_key, context.now()
    try:
        context.database().transact(
            lambda db: agenda_replies.submit_reply(
                db,
                actor,
                request_key,
                Partstat.ACCEPTED,
                sequence=sequence,
                secret_key=secret_key,
                now=now,
            )
        )
    except WrongState:
        flash(gettext("The meeting has changed or is off. Look at it as it is now."), "error")
    else:
        flash(gettext("Accepted. You are expected at this meeting."), "good")
    here = url_for("agenda.own", event_key=event_key, _anchor=f"meeting-{request_key}")
    return redirect(rendering.back(event_key, here), 303)


@blueprint.get("/agenda/firm")
@login_required
def firm(event_key: str) -> str:
    """A day of the reader's firm as a list. Its exhibitors also see the address of its calendar feed."""
    actor = auth.actor(event_key)
    with context.database().read() as db:
        agenda = agendas.firm_agenda(db, actor)
        owner = feed_addresses.own_firm_feed(db, actor)
        return rendering.render(
            db,
            actor,
            "week",
            "agendas/firm.html",
            feed=address(owner) if owner else "",
            **_day(db, actor, agenda),
        )


@blueprint.get("/firms/<firm_key>/agenda")
@login_required
def of_firm(event_key: str, firm_key: str) -> str:
    """The meetings of any firm, for organisers."""
    actor = auth.actor_or_chamber(event_key)
    with context.database().read() as db:
        agenda = agendas.firm_agenda(db, actor, firm_key)
        return rendering.render(db, actor, "firms", "agendas/other.html", **_day(db, actor, agenda))


@blueprint.get("/people/<person_key>/agenda")
@login_required
def of_person(event_key: str, person_key: str) -> str:
    """The meetings of a colleague, for exhibitors, or of anybody, for organisers."""
    actor = auth.actor_or_chamber(event_key)
    with context.database().read() as db:
        agenda = agendas.attendee_agenda(db, actor, person_key)
        return rendering.render(
            db, actor, "firms", "agendas/other.html", agenda=agenda, **_around(db, actor, agenda)
        )


@blueprint.get("/agenda.pdf")
@login_required
@limits.costly
def own_pdf(event_key: str) -> Response:
    """The reader's own meetings to print."""
    actor = auth.actor(event_key)
    made = _person_pdf(event_key, None)
    with context.database().write() as db:
        calendar_methods.record_print_use(db, actor, now=context.now())
    return made


@blueprint.get("/people/<person_key>/agenda.pdf")
@login_required
@limits.costly
def person_pdf(event_key: str, person_key: str) -> Response:
    """A colleague's for exhibitors, anybody's for organisers."""
    return _person_pdf(event_key, person_key)


@blueprint.get("/agenda/firm.pdf")
@login_required
@limits.costly
def own_firm_pdf(event_key: str) -> Response:
    """The meetings of the reader's firm to print."""
    return _firm_pdf(event_key, None)


@blueprint.get("/firms/<firm_key>/agenda.pdf")
@login_required
@limits.costly
def firm_pdf(event_key: str, firm_key: str) -> Response:
    """Any firm's, for organisers."""
    return _firm_pdf(event_key, firm_key)


@blueprint.post("/agenda/feed")
@login_required
def renew_feed(event_key: str) -> Response:
    """Give the reader's feed a new address. The old one ends now."""
    actor = auth.actor(event_key)
    with context.database().write() as db:
        feed_addresses.renew_feed(db, actor, secret_key=context.settings().secret_key)
    flash(gettext("Your calendar has a new address. The old one does not work any more."), "good")
    return redirect(url_for("agenda.own", event_key=event_key, _anchor="calendar"), 303)


@blueprint.post("/agenda/firm/feed")
@login_required
def renew_firm_feed(event_key: str) -> Response:
    """Give the feed of the reader's firm an address, or a new one. An old one ends now."""
    actor = auth.actor(event_key)
    with context.database().write() as db:
        feed_addresses.renew_firm_feed(db, actor, secret_key=context.settings().secret_key)
    flash(gettext("The firm's calendar has a new address. An older one does not work any more."), "good")
    return redirect(url_for("agenda.firm", event_key=event_key, _anchor="calendar"), 303)


@blueprint.post("/agenda/firm/feed/end")
@login_required
def end_firm_feed(event_key: str) -> Response:
    """Leave the reader's firm without a feed."""
    actor = auth.actor(event_key)
    with context.database().write() as db:
        feed_addresses.end_firm_feed(db, actor)
    flash(gettext("The firm's calendar has no address any more."), "good")
    return redirect(url_for("agenda.firm", event_key=event_key, _anchor="calendar"), 303)


def _around(db: Session, actor: Actor, agenda: agendas.Agenda) -> dict[str, Any]:
    """What the meetings of an agenda need besides it."""
    secret_key = context.settings().secret_key
    return {
        "now": context.now(),
        "standing": agenda_replies.list_meeting_replies(db, actor, agenda, secret_key=secret_key),
        "words": outcomes.list_outcomes(db, actor, agenda.items, now=context.now()),
    }


def _day(db: Session, actor: Actor, agenda: agendas.Agenda) -> dict[str, Any]:
    """One day of a firm's agenda, which may have hundreds of meetings."""
    day = agenda.day_shown(inputs.day(request.args.get("day")), context.now())
    days = [(each, len(items)) for each, items in agenda.days()]
    part = agenda.on(day)
    return {"agenda": part, "days_with": days, "day": day, **_around(db, actor, part)}


def _person_pdf(event_key: str, person_key: str | None) -> Response:
    actor = auth.actor(event_key) if person_key is None else auth.actor_or_chamber(event_key)
    with context.database().read() as db:
        agenda = agendas.attendee_agenda(db, actor, person_key)
        sheet = agenda_export.person_sheet(db, actor, agenda)
    return _download(actor, PrintPack.PEOPLE, sheet, agenda)


def _firm_pdf(event_key: str, firm_key: str | None) -> Response:
    actor = auth.actor(event_key) if firm_key is None else auth.actor_or_chamber(event_key)
    with context.database().read() as db:
        agenda = agendas.firm_agenda(db, actor, firm_key)
        sheet = agenda_export.firm_sheet(db, actor, agenda)
    return _download(actor, PrintPack.FIRMS, sheet, agenda)


def _download(actor: Actor, pack: PrintPack, sheet: AgendaDocument, agenda: agendas.Agenda) -> Response:
    """The PDF. Its name says whose agenda it is, and of which version."""
    version = agenda.version
    if version is not None:
        with context.database().write() as db:
            made = print_codes.make_codes(
                db, actor, pack, {agenda.key: sheet.language}, version,
                settings=context.settings(), now=context.now(),
            )  # fmt: skip
        sheet = replace(sheet, check=made[agenda.key])
    response = Response(render_agenda_pdf(sheet), content_type="application/pdf")
    owner = secure_filename(agenda.latin_name) or agenda.key
    end = f"-version-{version}" if version is not None else ""
    name = f"agenda-{owner}-{actor.event_key}{end}.pdf"
    response.headers.set("Content-Disposition", "attachment", filename=name)
    response.headers["Cache-Control"] = "private, no-store"
    return response
