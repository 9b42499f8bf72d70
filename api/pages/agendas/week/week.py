"""The firm's calendar: its people side by side, recent changes, and handovers of meetings."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import flash, redirect, request, url_for
from flask_login import login_required
from werkzeug.wrappers import Response

from api import auth, contact_views, context, inputs
from api.language.speaking import gettext
from api.pages import rendering
from scheduler.domain.errors import WrongState
from scheduler.services.agendas.week import changes, handover
from scheduler.services.agendas.week import week as weeks
from scheduler.services.agendas.week.week import MeetingFilter
from scheduler.services.identity.rights import Right
from scheduler.services.reports.outcomes import outcomes

blueprint = APIBlueprint("week", __name__, enable_openapi=False, url_prefix="/events/<event_key>/week")


@blueprint.get("")
@login_required
def show_week(event_key: str) -> str | Response:
    """Show one day of the firm as a grid, or one person of it, with a selected meeting beside it."""
    actor = auth.actor(event_key)
    if "paint" in request.args:  # former URL of busy times
        return redirect(url_for("busy_times.show_busy_times", event_key=event_key), 302)
    shown = request.args.get("show", "")
    with context.database().read() as db:
        week = weeks.show_week(
            db,
            actor,
            day=inputs.day(request.args.get("day")),
            only=request.args.get("person"),
            show=MeetingFilter(shown) if shown in set(MeetingFilter) else MeetingFilter.ALL,
            secret_key=context.settings().secret_key,
            now=context.now(),
        )
        chosen = week.meeting(request.args.get("meeting"))
        page = rendering.render(
            db,
            actor,
            "week",
            "agendas/week/show.html",
            week=week,
            chosen=chosen,
            colleagues=handover.list_candidates(week, chosen) if chosen else (),
            may_hand=actor.may(Right.REQUEST_MEETINGS, firm_id=actor.firm_id),
            show=shown or MeetingFilter.ALL,
            shows=list(MeetingFilter),
            now=context.now(),
            words=outcomes.list_outcomes(db, actor, [chosen.item], now=context.now()) if chosen else {},
        )
    contact_views.log_partners(actor, (card.person.key for card in chosen.details.cards) if chosen else ())
    return page


@blueprint.post("/seen")
@login_required
def mark_changes_seen(event_key: str) -> Response:
    """Mark the changes up to a version as seen by the reader."""
    actor = auth.actor(event_key)
    with context.database().write() as db:
        changes.mark_seen(db, actor, inputs.whole(request.form.get("version")))
    return _back(event_key)


@blueprint.post("/meetings/<request_key>/hand-over")
@login_required
def hand_over_meeting(event_key: str, request_key: str) -> Response:
    """Hand a meeting over to a colleague, from the next schedule on."""
    actor = auth.actor(event_key)
    form = request.form
    try:
        with context.database().write() as db:
            handover.hand_over(
                db, actor, request_key, form.get("leaver", ""), form.get("colleague", ""), now=context.now()
            )
    except WrongState:
        flash(gettext("This has changed in the meantime. Check the current details."), "error")
    else:
        flash(
            gettext(
                "Meeting handed over. The next schedule includes the change, and calendars "
                "update when it is published."
            ),
            "good",
        )
    return _back(event_key)


@blueprint.post("/meetings/<request_key>/keep")
@login_required
def keep_meeting(event_key: str, request_key: str) -> Response:
    """Cancel a handover, so that the meeting keeps its attendees."""
    actor = auth.actor(event_key)
    try:
        with context.database().write() as db:
            handover.cancel_handover(db, actor, request_key, now=context.now())
    except WrongState:
        flash(gettext("This has changed in the meantime. Check the current details."), "error")
    else:
        flash(gettext("Handover cancelled. The meeting stays as published."), "good")
    return _back(event_key)


def _back(event_key: str) -> Response:
    return redirect(rendering.back(event_key, url_for("week.show_week", event_key=event_key)), 303)
