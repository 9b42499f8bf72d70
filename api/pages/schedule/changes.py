"""Review of a version's changes: reason, affected weeks, gain; accept or reject."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import flash, redirect, request, url_for
from flask.wrappers import Response as FlaskResponse
from flask_login import login_required
from werkzeug.wrappers import Response

from api import auth, context, inputs, limits
from api.downloads import download
from api.language.speaking import gettext, said
from api.pages import paging, rendering
from api.pages.schedule.week_strips import HEIGHT, WIDTH, day_boxes, strip
from scheduler.domain.errors import RunAlreadyOpen, WrongState
from scheduler.i18n import gettext_lazy
from scheduler.services.events import events
from scheduler.services.exports.schedule_lists import Export
from scheduler.services.identity.rights import Right
from scheduler.services.planning.change_review import change_workbook, rejection, review
from scheduler.services.planning.change_review.change_workbook import CAUSES
from scheduler.services.planning.change_review.review import ChangeQuery
from scheduler.services.planning.change_review.reviewed_change import ChangeGroup, PartyKind
from scheduler.services.requests import locks
from workers import dispatch

blueprint = APIBlueprint(
    "changes", __name__, enable_openapi=False, url_prefix="/events/<event_key>/versions/<int:number>/changes"
)

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
GROUPS = {
    ChangeGroup.CHOICE: (gettext_lazy("Optional"), gettext_lazy("Optional changes")),
    ChangeGroup.HAD_TO: (gettext_lazy("Unavoidable"), gettext_lazy("Unavoidable changes")),
    ChangeGroup.CHANGED: (gettext_lazy("Changed"), gettext_lazy("Changed")),
    ChangeGroup.NEW: (gettext_lazy("New"), gettext_lazy("New")),
    ChangeGroup.ENDS: (gettext_lazy("Cancelled"), gettext_lazy("Cancelled meetings")),
}
"""Labels of each group: on its button, and as a heading."""
SIDES = {
    None: gettext_lazy("By change"),
    PartyKind.FIRM: gettext_lazy("By exhibitor"),
    PartyKind.PERSON: gettext_lazy("By person"),
}


@blueprint.get("")
@login_required
def show_changes(event_key: str, number: int) -> str | Response:
    """Show a page of the changes. Redirect to the version's page while the comparison is pending."""
    actor = auth.team(event_key)
    with context.database().read() as db:
        found = review.review_changes(db, actor, number, _query(), page=paging.asked_number())
        if found is None:
            return redirect(url_for("versions.show_version", event_key=event_key, number=number))
        zone = events.get_event(db, actor).timezone
        boxes = day_boxes(found.labels.slots.values(), zone)
        return rendering.render(
            db,
            actor,
            "changes",
            "schedule/changes.html",
            found=found,
            version=found.version,
            ask=_query(),
            groups=GROUPS,
            causes=CAUSES,
            kinds=change_workbook.GROUPS,
            boxes=boxes,
            strips={
                each.request: [strip(week, boxes, zone) for week in each.weeks] for each in found.page.items
            },
            side_strips={
                side.key: [strip(week, boxes, zone, is_of_one=len(side.changes) == 1) for week in side.weeks]
                for side in (found.sides.items if found.sides else ())
            },
            SIDES=SIDES,
            size=(WIDTH, HEIGHT),
            may_decide=actor.may(Right.LOCK_REQUESTS),
            seconds=rejection.RERUN_SECONDS,
        )


@blueprint.get("/workbook.xlsx")
@login_required
def download_workbook(event_key: str, number: int) -> FlaskResponse | Response:
    """Export all listed changes as a workbook."""
    actor = auth.team(event_key)
    limits.require_costly()
    with context.database().read() as db:
        octets = change_workbook.export_changes(db, actor, number, _query(), translate=said)
    if octets is None:
        return redirect(url_for("versions.show_version", event_key=event_key, number=number))
    return download(Export(octets, f"changes-{event_key}-{number}.xlsx"), XLSX)


@blueprint.post("/decide")
@login_required
def decide_change(event_key: str, number: int) -> Response:
    """Reject a change, or accept it again."""
    actor = auth.organiser(event_key)
    key, is_rejected = request.form.get("request", ""), request.form.get("decision") == "reject"
    try:
        with context.database().write() as db:
            if is_rejected:
                rejection.reject_change(db, actor, number, key, now=context.now())
                flash(
                    gettext(
                        "Change rejected. The next run keeps the published meeting as"
                        " it is, or leaves out the new one."
                    ),
                    "good",
                )
            elif rejection.accept_change(db, actor, number, key, now=context.now()):
                flash(gettext("Change accepted."), "good")
    except (locks.FixNotApplied, WrongState) as error:
        flash(said(error.user_message), "error")
    return redirect(_back(event_key, number), 303)


@blueprint.post("/accept-all")
@login_required
def accept_all_changes(event_key: str, number: int) -> Response:
    """Undo all rejections of this draft."""
    actor = auth.organiser(event_key)
    try:
        with context.database().write() as db:
            count = rejection.accept_all_changes(db, actor, number, now=context.now())
        flash(gettext("Rejections undone: %(count)s.", count=count), "good")
    except WrongState as error:
        flash(said(error.user_message), "error")
    return redirect(_back(event_key, number), 303)


@blueprint.post("/solve")
@login_required
def solve_again(event_key: str, number: int) -> Response:
    """Solve the rest again with the rejected changes excluded. The schedule page shows the run's progress."""
    actor = auth.organiser(event_key)
    try:
        with context.database().write() as db:
            run_id = rejection.rerun_draft(db, actor, number, now=context.now()).id
        dispatch.run(context.database(), run_id, app=context.celery())
    except (RunAlreadyOpen, WrongState) as error:
        flash(said(error.user_message), "error")
        return redirect(_back(event_key, number), 303)
    return redirect(url_for("runs.show_schedule", event_key=event_key), 303)


def _query() -> ChangeQuery:
    group = request.args.get("show", "")
    by = request.args.get("by", "")
    return ChangeQuery(
        by=PartyKind(by) if by in set(PartyKind) else None,
        text=request.args.get("text", ""),
        group=ChangeGroup(group) if group in set(ChangeGroup) else None,
        against=inputs.whole(request.args.get("against")) or None,
    )


def _back(event_key: str, number: int) -> str:
    return rendering.back(event_key, url_for("changes.show_changes", event_key=event_key, number=number))
