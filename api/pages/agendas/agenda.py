"""Agendas of the published schedule, and URLs of calendar feeds."""

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
def show_own_agenda(event_key: str) -> str:
    """Show the reader's own meetings and calendar options. Archived events show only the meetings."""
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
def accept_invitation(event_key: str, request_key: str) -> Response:
    """Accept the reader's own invitation, like the link in its email."""
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
        flash(gettext("The meeting was changed or cancelled. Check its current details."), "error")
    else:
        flash(gettext("Accepted. The other attendees expect you at this meeting."), "good")
    here = url_for("agenda.show_own_agenda", event_key=event_key, _anchor=f"meeting-{request_key}")
    return redirect(rendering.back(event_key, here), 303)


@blueprint.get("/agenda/firm")
@login_required
def show_own_firm_agenda(event_key: str) -> str:
    """Show one day of the reader's firm as a list. Exhibitors also see its feed URL."""
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
def show_firm_agenda(event_key: str, firm_key: str) -> str:
    """Show the meetings of any firm to organisers."""
    actor = auth.actor_or_delegation_manager(event_key)
    with context.database().read() as db:
        agenda = agendas.firm_agenda(db, actor, firm_key)
        return rendering.render(db, actor, "firms", "agendas/other.html", **_day(db, actor, agenda))


@blueprint.get("/people/<person_key>/agenda")
@login_required
def show_person_agenda(event_key: str, person_key: str) -> str:
    """Show the meetings of a colleague to exhibitors, and of any person to organisers."""
    actor = auth.actor_or_delegation_manager(event_key)
    with context.database().read() as db:
        agenda = agendas.attendee_agenda(db, actor, person_key)
        return rendering.render(
            db, actor, "firms", "agendas/other.html", agenda=agenda, **_around(db, actor, agenda)
        )


@blueprint.get("/agenda.pdf")
@login_required
@limits.costly
def download_own_agenda(event_key: str) -> Response:
    """Return the reader's own meetings as a PDF."""
    actor = auth.actor(event_key)
    made = _person_pdf(event_key, None)
    with context.database().write() as db:
        calendar_methods.record_print_use(db, actor, now=context.now())
    return made


@blueprint.get("/people/<person_key>/agenda.pdf")
@login_required
@limits.costly
def download_person_agenda(event_key: str, person_key: str) -> Response:
    """Return a colleague's agenda to exhibitors, and any agenda to organisers, as a PDF."""
    return _person_pdf(event_key, person_key)


@blueprint.get("/agenda/firm.pdf")
@login_required
@limits.costly
def download_own_firm_agenda(event_key: str) -> Response:
    """Return the meetings of the reader's firm as a PDF."""
    return _firm_pdf(event_key, None)


@blueprint.get("/firms/<firm_key>/agenda.pdf")
@login_required
@limits.costly
def download_firm_agenda(event_key: str, firm_key: str) -> Response:
    """Return the meetings of any firm to organisers, as a PDF."""
    return _firm_pdf(event_key, firm_key)


@blueprint.post("/agenda/feed")
@login_required
def renew_feed(event_key: str) -> Response:
    """Reset the URL of the reader's feed. The old URL stops working."""
    actor = auth.actor(event_key)
    with context.database().write() as db:
        feed_addresses.renew_feed(db, actor, secret_key=context.settings().secret_key)
    flash(gettext("Your calendar feed has a new link. The old link no longer works."), "good")
    return redirect(url_for("agenda.show_own_agenda", event_key=event_key, _anchor="calendar"), 303)


@blueprint.post("/agenda/firm/feed")
@login_required
def renew_firm_feed(event_key: str) -> Response:
    """Create or reset the URL of the firm's feed. An old URL stops working."""
    actor = auth.actor(event_key)
    with context.database().write() as db:
        feed_addresses.renew_firm_feed(db, actor, secret_key=context.settings().secret_key)
    flash(gettext("The company calendar feed has a new link. Any earlier link no longer works."), "good")
    return redirect(url_for("agenda.show_own_firm_agenda", event_key=event_key, _anchor="calendar"), 303)


@blueprint.post("/agenda/firm/feed/end")
@login_required
def end_firm_feed(event_key: str) -> Response:
    """Remove the feed of the reader's firm."""
    actor = auth.actor(event_key)
    with context.database().write() as db:
        feed_addresses.end_firm_feed(db, actor)
    flash(gettext("Company calendar link removed."), "good")
    return redirect(url_for("agenda.show_own_firm_agenda", event_key=event_key, _anchor="calendar"), 303)


def _around(db: Session, actor: Actor, agenda: agendas.Agenda) -> dict[str, Any]:
    """Return template values that accompany an agenda."""
    secret_key = context.settings().secret_key
    return {
        "now": context.now(),
        "replies": agenda_replies.list_meeting_replies(db, actor, agenda, secret_key=secret_key),
        "words": outcomes.list_outcomes(db, actor, agenda.items, now=context.now()),
    }


def _day(db: Session, actor: Actor, agenda: agendas.Agenda) -> dict[str, Any]:
    """Return one day of a firm's agenda, because a firm may have hundreds of meetings."""
    day = agenda.day_shown(inputs.day(request.args.get("day")), context.now())
    days = [(each, len(items)) for each, items in agenda.days()]
    part = agenda.on(day)
    return {"agenda": part, "days_with": days, "day": day, **_around(db, actor, part)}


def _person_pdf(event_key: str, person_key: str | None) -> Response:
    actor = auth.actor(event_key) if person_key is None else auth.actor_or_delegation_manager(event_key)
    with context.database().read() as db:
        agenda = agendas.attendee_agenda(db, actor, person_key)
        sheet = agenda_export.person_sheet(db, actor, agenda)
    return _download(actor, PrintPack.PEOPLE, sheet, agenda)


def _firm_pdf(event_key: str, firm_key: str | None) -> Response:
    actor = auth.actor(event_key) if firm_key is None else auth.actor_or_delegation_manager(event_key)
    with context.database().read() as db:
        agenda = agendas.firm_agenda(db, actor, firm_key)
        sheet = agenda_export.firm_sheet(db, actor, agenda)
    return _download(actor, PrintPack.FIRMS, sheet, agenda)


def _download(actor: Actor, pack: PrintPack, sheet: AgendaDocument, agenda: agendas.Agenda) -> Response:
    """Return the PDF. Its file name contains the agenda's owner and the version."""
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
