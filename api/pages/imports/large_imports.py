"""Large imports, which a worker previews and applies: requests, progress, results."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Response as FlaskResponse
from flask import make_response, redirect, render_template, url_for
from flask_login import login_required
from werkzeug.wrappers import Response

from api import auth, context
from api.pages import rendering
from scheduler.services.identity.actors import Actor
from scheduler.services.imports.bulk_import import import_jobs
from scheduler.services.imports.bulk_import.import_jobs import ImportJobCard
from scheduler.services.imports.sheet_import import ImportPreview
from workers import dispatch

blueprint = APIBlueprint("large_imports", __name__, enable_openapi=False)
EVENT = "/events/<event_key>/imports/<int:number>"


def follow(actor: Actor, number: int) -> ImportJobCard | None:
    """Return the job of a file, or None for a small file that needs none."""
    with context.database().read() as db:
        return import_jobs.find_job(db, actor, number)


def kept(actor: Actor, number: int) -> ImportPreview | None:
    """Return the preview that a worker computed."""
    with context.database().read() as db:
        return import_jobs.load_preview(db, actor, number)


def look(actor: Actor, number: int) -> None:
    """Ask a worker for a preview."""
    with context.database().write() as db:
        import_jobs.request_preview(db, actor, number, now=context.now())
    dispatch.import_file(number, app=context.celery())


def take(actor: Actor, number: int, digest: str) -> None:
    """Ask a worker to import a file as previewed."""
    with context.database().write() as db:
        import_jobs.request_import(db, actor, number, digest=digest, now=context.now())
    dispatch.import_file(number, app=context.celery())


def page(actor: Actor, job: ImportJobCard) -> str:
    """Render the page with the progress of a pending or failed job."""
    with context.database().read() as db:
        return rendering.render(db, actor, "imports", "imports/working.html", job=job)


def part(job: ImportJobCard, panel: str, again: str) -> FlaskResponse:
    """Render the progress of a job. When it has ended, htmx reloads the page."""
    response = make_response(render_template("imports/_job.html", job=job, panel=panel, again=again))
    if not job.is_open:
        response.headers["HX-Refresh"] = "true"
    return response


@blueprint.get(f"{EVENT}/panel")
@login_required
def show_panel(event_key: str, number: int) -> Response | FlaskResponse:
    actor = auth.organiser(event_key)
    job = follow(actor, number)
    show = url_for("imports.show_preview", event_key=event_key, number=number)
    if job is None:
        return redirect(show)
    again = url_for("large_imports.restart_preview", event_key=event_key, number=number)
    return part(job, url_for("large_imports.show_panel", event_key=event_key, number=number), again)


@blueprint.post(f"{EVENT}/retry")
@login_required
def restart_preview(event_key: str, number: int) -> Response:
    """Ask a worker for a new preview, after a failure or a change of the event."""
    look(auth.organiser(event_key), number)
    return redirect(url_for("imports.show_preview", event_key=event_key, number=number))
