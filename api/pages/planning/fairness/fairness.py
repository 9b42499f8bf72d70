"""Fairness of a version: distribution over all firms and by group, and firms with the lowest shares."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from apiflask import APIBlueprint
from flask import Response as FlaskResponse
from flask import flash, make_response, redirect, request, url_for
from flask_login import login_required
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from api import auth, context, limits
from api.downloads import download
from api.language.speaking import gettext
from api.pages import paging, rendering
from api.pages.exports.exports import XLSX
from api.pages.planning.fairness.drawing import lowest_of_scale, picture
from api.pages.planning.fairness.groups import GROUPINGS, group_name
from api.pages.reports.statistics.fairness_charts import MOST_DRAWN, dial, drawn_shares
from api.pages.schedule.priority_levels import LEVELS, point_of, with_point
from scheduler.services.events import events
from scheduler.services.exports.schedule_lists import Export
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.paging import Page
from scheduler.services.planning.fairness import fairness_workbook, main_reasons, shares
from scheduler.services.planning.fairness.shares import Grouping
from scheduler.services.planning.scenarios import fairness_curve
from scheduler.services.requests import unscheduled_requests
from workers import dispatch

blueprint = APIBlueprint(
    "fairness",
    __name__,
    enable_openapi=False,
    url_prefix="/events/<event_key>/versions/<int:number>/fairness",
)

MOST_SHOWN = 20
"""Exhibitors on a page."""


@blueprint.get("")
@login_required
def show_fairness(event_key: str, number: int) -> str:
    actor = auth.team(event_key)
    asked = request.args.get("by", "")
    only = Grouping(asked) if asked in list(Grouping) else None
    with context.database().read() as db:
        view = shares.get_fairness(db, actor, number)
        page = paging.asked_number()
        firms = tuple(view.list_firms(slice((page - 1) * MOST_SHOWN, page * MOST_SHOWN)))
        return rendering.render(
            db,
            actor,
            "fairness",
            "planning/fairness/show.html",
            view=view,
            only=only,
            most=MOST_DRAWN,
            low=lowest_of_scale(view),
            groupings=GROUPINGS,
            group_name=group_name,
            figure=drawn_shares(view),
            page=Page(firms, None, len(view.shares), page, MOST_SHOWN),
            main=main_reasons.list_main_reasons(db, actor, number, [line.key for line in firms]),
            reasons=unscheduled_requests.GROUPS,
            **_curve(db, actor, number),
        )


@blueprint.get("/workbook.xlsx")
@login_required
def download_workbook(event_key: str, number: int) -> FlaskResponse:
    """Export the shares of all exhibitors, each with its groups and main reason, as a workbook."""
    actor = auth.team(event_key)
    limits.require_costly()
    with context.database().read() as db:
        octets = fairness_workbook.export_fairness(db, actor, number)
    return download(Export(octets, f"fairness-{event_key}-{number}.xlsx"), XLSX)


@blueprint.get("/curve")
@login_required
def show_curve_panel(event_key: str, number: int) -> FlaskResponse:
    """Return the part of the page that shows the curve. When it is solved, htmx reloads the page."""
    actor = auth.team(event_key)
    with context.database().read() as db:
        values = _curve(db, actor, number)
        text = rendering.render(db, actor, "fairness", "planning/fairness/_curve.html", **values)
    response = make_response(text)
    if values["curve"] is None or not values["curve"].is_open:
        response.headers["HX-Refresh"] = "true"
    return response


@blueprint.post("/curve")
@login_required
def solve_curve(event_key: str, number: int) -> Response:
    """Request solving the curve's five points, or discard the curve."""
    actor = auth.organiser(event_key)
    is_asked = request.form.get("do", "ask") == "ask"
    with context.database().write() as db:
        (fairness_curve.request_curve if is_asked else fairness_curve.discard_curve)(
            db, actor, now=context.now()
        )
    if is_asked:
        dispatch.solve_scenario(app=context.celery())
    return redirect(
        url_for("fairness.show_fairness", event_key=event_key, number=number, _anchor="curve"), 303
    )


@blueprint.post("/priority")
@login_required
def set_priority(event_key: str, number: int) -> Response:
    """Set the fairness priority to a point of the curve, for the next run."""
    actor, point = auth.organiser(event_key), request.form.get("point", "")
    with context.database().write() as db:
        before = events.get_settings(db, actor)
        policy = with_point(before.policy, point)
        if policy != before.policy:
            events.update_settings(db, actor, replace(before, policy=policy), now=context.now())
    flash(gettext("Fairness level saved. The next run uses it."), "good")
    return redirect(
        url_for("fairness.show_fairness", event_key=event_key, number=number, _anchor="curve"), 303
    )


def _curve(db: Session, actor: Actor, number: int) -> dict[str, Any]:
    """Return the template values of the curve."""
    found = fairness_curve.get_curve(db, actor)
    may_set = actor.may(Right.CHANGE_SETTINGS)
    is_whole = found is not None and found.is_whole
    return {
        "number": number,
        "curve": found,
        "drawn": picture(found.points) if found is not None and is_whole else None,
        "saved": dial(db, actor, number) if is_whole else None,
        "points": LEVELS,
        "at": point_of(events.get_settings(db, actor).policy) if may_set else None,
        "may_set": may_set,
        "may_try": actor.may(Right.MANAGE_SCENARIOS),
    }
