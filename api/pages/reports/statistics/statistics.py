"""Charts with tables, as CSV, SVG and PNG."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Flask, Response, abort, request, url_for
from flask_login import login_required

from api import auth, context, inputs, limits
from api.language import choosing
from api.language.catalogs import SOURCE
from api.pages import rendering
from api.pages.reports.statistics.convergence import convergence
from api.pages.reports.statistics.fairness_charts import OF_FAIRNESS
from api.pages.reports.statistics.gallery import FIGURES, Figure
from api.pages.reports.statistics.weeks import week
from scheduler.services.planning.runs import run_control
from scheduler.services.reports.statistics.version_choice import resolve_version
from scheduler.services.reports.statistics.weeks import WeekOwner
from scheduler.sheets.writers import write_csv

blueprint = APIBlueprint("statistics", __name__, enable_openapi=False, url_prefix="/events/<event_key>")

_HEAD = "attachment; filename="


@blueprint.get("/statistics")
@login_required
def show_statistics(event_key: str) -> str:
    """Show all charts of a version, by default the published one."""
    actor = auth.team(event_key)
    with context.database().read() as db:
        number = resolve_version(db, actor, _version())
        found = [make(db, actor, number) for make in FIGURES.values()] if number else []
        return rendering.render(
            db, actor, "statistics", "reports/statistics/show.html", figures=found, number=number
        )


@blueprint.get("/statistics/<name>.<ending>")
@login_required
def download_figure(event_key: str, name: str, ending: str) -> Response:
    """Return one chart as a picture, or all its rows as CSV."""
    actor = auth.team(event_key)
    make = {**FIGURES, **OF_FAIRNESS}.get(name)
    if make is None or ending not in ("csv", "png", "svg"):
        abort(404)
    if ending == "png":
        choosing.speak(SOURCE)  # the PNG's font has Latin letters only
    limits.require_costly()
    with context.database().read() as db:
        number = resolve_version(db, actor, _version())
        if number is None:
            abort(404)
        figure = make(db, actor, number)
    return _file(figure, ending, f"{name}-{event_key}-{number}")


@blueprint.get("/runs/<int:number>/convergence.<ending>")
@login_required
def download_convergence(event_key: str, number: int, ending: str) -> Response:
    """Return the convergence chart of a run as a picture, or its data as CSV."""
    actor = auth.team(event_key)
    if ending not in ("csv", "png", "svg"):
        abort(404)
    limits.require_costly()
    with context.database().read() as db:
        figure = convergence(run_control.get_run(db, actor, number).curve)
    if figure is None:
        abort(404)
    return _file(figure, ending, f"convergence-{event_key}-run-{number}")


@blueprint.get("/weeks/<any(people, firms, places):kind>/<key>")
@login_required
def show_week(event_key: str, kind: str, key: str) -> str:
    """Show the week of a person, a firm or a place in a version, by default the published one."""
    actor = auth.team(event_key)
    with context.database().read() as db:
        number = resolve_version(db, actor, _version())
        figure = week(db, actor, number, WeekOwner(kind), key) if number else None
        return rendering.render(
            db,
            actor,
            "statistics",
            "reports/statistics/week.html",
            figure=figure,
            number=number,
            kind=kind,
            key=key,
        )


@blueprint.get("/weeks/<any(people, firms, places):kind>/<key>/week.<ending>")
@login_required
def download_week(event_key: str, kind: str, key: str, ending: str) -> Response:
    """Return the week as a picture, or its rows as CSV."""
    actor = auth.team(event_key)
    if ending not in ("csv", "png", "svg"):
        abort(404)
    limits.require_costly()
    with context.database().read() as db:
        number = resolve_version(db, actor, _version())
        if number is None:
            abort(404)
        figure = week(db, actor, number, WeekOwner(kind), key)
    return _file(figure, ending, f"week-{event_key}-{number}")


def figure_file(event_key: str, figure: Figure, number: int, ending: str) -> str:
    """Return the URL of a chart's file."""
    if figure.name == "convergence":
        return url_for("statistics.download_convergence", event_key=event_key, number=number, ending=ending)
    if figure.whose is not None:
        kind, key = figure.whose
        return url_for(
            "statistics.download_week", event_key=event_key, kind=kind, key=key, ending=ending, version=number
        )
    return url_for(
        "statistics.download_figure", event_key=event_key, name=figure.name, ending=ending, version=number
    )


def init_app(app: Flask) -> None:
    app.add_template_global(convergence)
    app.add_template_global(figure_file)


def _version() -> int | None:
    return inputs.whole(request.args.get("version")) or None


def _file(figure: Figure, ending: str, name: str) -> Response:
    if ending != "csv" and figure.picture is None:
        abort(404)
    if ending == "png" and figure.picture is not None:
        octets, kind = figure.picture.png(), "image/png"
    elif ending == "svg" and figure.picture is not None:
        octets, kind = figure.picture.file().encode(), "image/svg+xml"
    else:
        octets, kind = write_csv(figure.every.header, figure.every.rows), "text/csv; charset=utf-8"
    headers = {"Content-Disposition": f'{_HEAD}"{name}.{ending}"', "Cache-Control": "private, no-store"}
    return Response(octets, content_type=kind, headers=headers)
