"""Unscheduled requests of a version by reason, with suggested fixes."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint
from flask import flash, make_response, redirect, request, url_for
from flask.wrappers import Response as FlaskResponse
from flask_login import login_required
from werkzeug.wrappers import Response

from api import auth, context, inputs, limits
from api.downloads import download
from api.language.speaking import gettext, said
from api.language.unbroken import unbroken
from api.pages import paging, rendering
from api.pages.formatting import local_moment
from scheduler.domain.errors import InvalidInput, NotFound, WrongState
from scheduler.services.events import events
from scheduler.services.exports.schedule_lists import Export
from scheduler.services.identity.actors import Actor
from scheduler.services.planning.fixes import (
    applying,
    explanation_jobs,
    unscheduled_groups,
    unscheduled_workbook,
)
from scheduler.services.planning.fixes.event_changes import NewPerson
from scheduler.services.planning.runs import commitment_clashes
from scheduler.services.planning.scenarios import fix_trials as trials
from scheduler.services.requests import unscheduled_requests
from scheduler.services.requests.locks import FixNotApplied
from workers import dispatch

blueprint = APIBlueprint(
    "fixes",
    __name__,
    enable_openapi=False,
    url_prefix="/events/<event_key>/versions/<int:number>/fixes",
)

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_PEOPLE = 2
"""Maximum number of people that one fix adds: a colleague of each firm."""
SHOWN = 30
"""Fixes or requests on a page."""
ALL_GROUPS = "all"
"""Form value that tests the fixes of all groups together."""
BEST = 3
"""Fixes of each reason on the overview of all reasons."""
APPLIED = 3
"""Number of recent fixes with an undo button."""


@blueprint.get("")
@login_required
def show_fixes(event_key: str, number: int) -> str:
    """Show all reasons, the fixes of a reason, or the requests of a group, a reason or a search."""
    actor = auth.team(event_key)
    group = inputs.whole(request.args.get("group"), -1)
    reason, words = request.args.get("reason", ""), request.args.get("q", "")
    with context.database().read() as db:
        page = paging.asked_number()
        values: dict[str, Any] = {}
        if group < 0 and not reason and not words.strip():
            values["why"] = unscheduled_groups.list_reasons(db, actor, number, best=BEST)
        elif request.args.get("view") == "fixes":
            values["fixes"] = unscheduled_groups.list_groups(
                db, actor, number, reason=reason, page=page, limit=SHOWN
            )
        else:
            values["rows"] = unscheduled_groups.list_requests(
                db,
                actor,
                number,
                group=group if group >= 0 else None,
                reason=reason,
                words=words,
                page=page,
                limit=SHOWN,
            )
        fixes = unscheduled_groups.list_all_fixes(db, actor, number)
        return rendering.render(
            db,
            actor,
            "fixes",
            "planning/fixes/show.html",
            number=number,
            fix_count=len(fixes),
            together=trials.get_trial_of_all(db, actor, number, fixes),
            clashes=commitment_clashes.list_version_clashes(db, actor, number) if "why" in values else (),
            tally=unscheduled_groups.count_unscheduled(db, actor, number),
            chosen=unscheduled_groups.get_group(db, actor, number, group) if group >= 0 else None,
            trials=trials.list_trials(db, actor, number),
            explaining=explanation_jobs.find_latest_explanation(db, actor, number),
            applied=applying.list_applied_fixes(db, actor, most=APPLIED) if actor.is_organiser else (),
            reason=reason,
            asked=words,
            reasons=unscheduled_requests.GROUPS,
            **values,
        )


@blueprint.post("/explain")
@login_required
def explain_requests(event_key: str, number: int) -> Response:
    """Compute the reasons that no run has examined, and the gain of each fix."""
    actor = auth.organiser(event_key)
    with context.database().write() as db:
        job_id = explanation_jobs.request_explanation(db, actor, number, now=context.now()).id
    dispatch.version_job(job_id, app=context.celery())
    return redirect(url_for("fixes.show_fixes", event_key=event_key, number=number), 303)


@blueprint.post("/try")
@login_required
def try_fix(event_key: str, number: int) -> Response:
    """Test the fixes of a group, or of all groups together, by a run that does not change the plan."""
    actor = auth.organiser(event_key)
    group = inputs.whole(request.form.get("group"), -1)
    with context.database().write() as db:
        if request.form.get("group") == ALL_GROUPS:
            fixes = unscheduled_groups.list_all_fixes(db, actor, number)
            trials.request_trial_of_all(db, actor, number, fixes, now=context.now())
        else:
            fix = unscheduled_groups.get_group_fix(db, actor, number, group)
            trials.request_trial(db, actor, number, group, fix, now=context.now())
    dispatch.solve_scenario(app=context.celery())
    return redirect(
        rendering.back(event_key, url_for("fixes.show_fixes", event_key=event_key, number=number)), 303
    )


@blueprint.get("/panel")
@login_required
def show_panel(event_key: str, number: int) -> FlaskResponse:
    """Return the part of the page with running jobs. When they have ended, htmx reloads the page."""
    actor = auth.team(event_key)
    with context.database().read() as db:
        found, job = (
            trials.list_trials(db, actor, number),
            explanation_jobs.find_latest_explanation(db, actor, number),
        )
        together = trials.get_trial_of_all(
            db, actor, number, unscheduled_groups.list_all_fixes(db, actor, number)
        )
        text = rendering.render(
            db,
            actor,
            "fixes",
            "planning/fixes/_trying.html",
            number=number,
            trials=found,
            together=together,
            explaining=job,
        )
    response = make_response(text)
    if not any(each.is_open for each in (*found.values(), together, job) if each is not None):
        response.headers["HX-Refresh"] = "true"
    return response


@blueprint.get("/workbook.xlsx")
@login_required
def download_workbook(event_key: str, number: int) -> FlaskResponse:
    """Export all groups, and all requests with their fixes, as a workbook."""
    actor = auth.team(event_key)
    limits.require_costly()
    with context.database().read() as db:
        octets = unscheduled_workbook.export_unscheduled(db, actor, number)
    return download(Export(octets, f"why-not-{event_key}-{number}.xlsx"), XLSX)


@blueprint.get("/apply")
@login_required
def show_person_form(event_key: str, number: int) -> str:
    """Show the form for a fix that adds a person."""
    return _ask_who(auth.organiser(event_key), number, {}, {})


@blueprint.post("/apply")
@login_required
def apply_fix(event_key: str, number: int) -> Response | tuple[str, int]:
    """Apply the fix of a group, or one of a request and lock the request to its time."""
    actor = auth.organiser(event_key)
    try:
        flash(_group_done(actor, number) if "group" in request.form else _done(actor, number), "good")
    except InvalidInput as error:
        faults = {fault.path: fault.message for fault in error.faults}
        return _ask_who(actor, number, dict(request.form), faults), 422
    except (FixNotApplied, WrongState) as error:
        flash(said(error.user_message), "error")
    return redirect(
        rendering.back(event_key, url_for("fixes.show_fixes", event_key=event_key, number=number)), 303
    )


def _done(actor: Actor, number: int) -> str:
    key, remedy = request.form.get("request", ""), inputs.whole(request.form.get("remedy"), -1)
    with context.database().write() as db:
        start = applying.apply_request_fix(
            db,
            actor,
            number,
            key,
            remedy,
            people=_people(),
            settings=context.settings(),
            now=context.now(),
        ).start
        zone = events.get_event(db, actor).timezone
    return gettext(
        "Fix applied. The next run schedules the meeting on %(time)s, or explains why it can't.",
        time=unbroken(local_moment(start, zone)),
    )


def _group_done(actor: Actor, number: int) -> str:
    group = inputs.whole(request.form.get("group"), -1)
    with context.database().write() as db:
        applying.apply_group_fix(
            db, actor, number, group, people=_people(), settings=context.settings(), now=context.now()
        )
    return gettext("Fix applied. The next run schedules what fits.")


def _people() -> list[NewPerson]:
    return [
        NewPerson(request.form[f"name{at}"].strip(), request.form.get(f"email{at}", "").strip())
        for at in range(MOST_PEOPLE)
        if f"name{at}" in request.form
    ]


def _ask_who(actor: Actor, number: int, typed: dict[str, str], faults: dict[str, str]) -> str:
    group, remedy = (inputs.whole(request.values.get(name), -1) for name in ("group", "remedy"))
    with context.database().read() as db:
        values: dict[str, Any] = {}
        if group >= 0:
            card = unscheduled_groups.get_group(db, actor, number, group)
            if card.fix is None:
                raise NotFound("remedy of group", group)
            values |= {"chosen": card, "things": card.fix.things, "kind": card.fix.kind}
        else:
            key = request.values.get("request", "")
            way = applying.get_request_fix(db, actor, number, key, remedy)
            (row,) = unscheduled_requests.list_answers(db, actor, number, [key])
            found = row.remedies[remedy]
            values |= {"row": row, "remedy": found, "things": found.things, "kind": way["kind"]}
        return rendering.render(
            db,
            actor,
            "fixes",
            "planning/fixes/who.html",
            number=number,
            typed=typed,
            faults=faults,
            **values,
        )
