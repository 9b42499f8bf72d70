"""An interpreter's day page, for phones and computers, and their agenda as a PDF."""

from __future__ import annotations

from dataclasses import replace

from apiflask import APIBlueprint
from flask import Response, abort, flash, redirect, request, url_for
from flask_login import login_required
from werkzeug.utils import secure_filename
from werkzeug.wrappers import Response as BaseResponse

from api import auth, context, inputs, limits
from api.language.speaking import gettext
from api.pages import rendering
from api.pages.agendas.feed import address
from api.pages.agendas.my_day import offline
from scheduler.domain.emails.print_packs import PrintPack
from scheduler.invites.agenda.pdf import render_agenda_pdf
from scheduler.services.agendas.interpreter_day import day as days
from scheduler.services.exports import print_codes
from scheduler.services.schedule import feed_addresses

blueprint = APIBlueprint(
    "interpreter_day", __name__, enable_openapi=False, url_prefix="/events/<event_key>/interpreter-day"
)


@blueprint.get("")
@login_required
def show_day(event_key: str) -> Response:
    """Show the reader's meetings of one day, with the next one prominent. Available offline."""
    actor = auth.interpreter(event_key)
    now = context.now()
    with context.database().read() as db:
        mine = days.show_day(db, actor, inputs.day(request.args.get("day")), now=now)
        owner = feed_addresses.own_interpreter_feed(db, actor)
        page = rendering.render(
            db,
            actor,
            "interpreter_day",
            "agendas/interpreter_day/show.html",
            mine=mine,
            feed=address(owner),
            now=now,
        )
    return offline.kept(page, actor)


@blueprint.get("/manifest.webmanifest")
@login_required
def serve_manifest(event_key: str) -> Response:
    """Return the web app manifest of the page."""
    actor = auth.interpreter(event_key)
    return offline.manifest(
        actor,
        url_for("interpreter_day.show_day", event_key=event_key),
        gettext("Interpreting"),
        lambda event: gettext("Interpreting, %(event)s", event=event),
    )


@blueprint.get("/worker.js")
@login_required
def serve_worker(event_key: str) -> Response:
    """Return the service worker, scoped to this page."""
    auth.interpreter(event_key)
    return offline.worker(url_for("interpreter_day.show_day", event_key=event_key))


@blueprint.post("/feed")
@login_required
def renew_feed(event_key: str) -> BaseResponse:
    """Create or reset the URL of the reader's feed. An old URL stops working."""
    actor = auth.interpreter(event_key)
    with context.database().write() as db:
        feed_addresses.renew_interpreter_feed(db, actor, secret_key=context.settings().secret_key)
    flash(gettext("Your calendar feed has a new link. Any earlier link no longer works."), "good")
    return redirect(url_for("interpreter_day.show_day", event_key=event_key, _anchor="calendar"), 303)


@blueprint.get("/agenda.pdf")
@login_required
@limits.costly
def download_agenda(event_key: str) -> Response:
    """Return the reader's meetings of the published schedule as a PDF, one page per day."""
    actor = auth.interpreter(event_key)
    with context.database().read() as db:
        key, sheet = days.build_own_sheet(db, actor)
    if sheet is None or sheet.version is None:
        abort(404)
    with context.database().write() as db:
        made = print_codes.make_codes(
            db,
            actor,
            PrintPack.INTERPRETERS,
            {key: sheet.language},
            sheet.version,
            settings=context.settings(),
            now=context.now(),
        )
    response = Response(render_agenda_pdf(replace(sheet, check=made[key])), content_type="application/pdf")
    owner = secure_filename(sheet.owner) or key
    name = f"agenda-{owner}-{event_key}-version-{sheet.version}.pdf"
    response.headers.set("Content-Disposition", "attachment", filename=name)
    response.headers["Cache-Control"] = "private, no-store"
    return response
