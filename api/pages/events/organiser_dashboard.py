"""The home page: the events of the signed-in person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from apiflask import APIBlueprint
from flask import g, redirect, render_template, url_for
from flask_login import login_required
from werkzeug.wrappers import Response

from api import auth, context
from api.language.speaking import ngettext, said
from api.pages import rendering
from api.pages.events import first_steps
from scheduler.i18n import gettext_lazy
from scheduler.services.agendas.my_day import day as days
from scheduler.services.events import dashboard, events, upcoming_emails
from scheduler.services.events.dashboard import Dashboard, PlanState
from scheduler.services.events.upcoming_emails import HORIZON, EmailGroup
from scheduler.services.identity import actors
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Role
from scheduler.services.operations import audit_entries
from scheduler.services.requests import unscheduled_requests
from scheduler.services.requests.dashboard import setup

RECENT = 5
"""Number of audit log entries on the dashboard."""

MAX_COUNTDOWN = 60
"""Maximum number of days, with those of the event, that are drawn as a strip."""
EMAIL_GROUPS = {
    EmailGroup.MEETINGS: gettext_lazy("Invitations and updates"),
    EmailGroup.CHANGES: gettext_lazy("Change summaries"),
    EmailGroup.REQUESTS: gettext_lazy("Request digests"),
    EmailGroup.INTERPRETERS: gettext_lazy("Interpreter briefings"),
    EmailGroup.OTHER: gettext_lazy("Other emails"),
}

blueprint = APIBlueprint("organiser_dashboard", __name__, enable_openapi=False)


@blueprint.get("/")
@login_required
def list_own_events() -> str | Response:
    """Redirect to the only event, or list several. Without events, show advice."""
    with context.database().read() as db:
        found = actors.list_events(db, auth.user().account_id, now=context.now())
    if len(found) == 1:
        return redirect(url_for("organiser_dashboard.show_dashboard", event_key=found[0].key))
    old = [each for each in found if each.is_archived]
    return render_template("home.html", events=[each for each in found if not each.is_archived], old=old)


@blueprint.get("/events/<event_key>")
@login_required
def show_dashboard(event_key: str) -> str | Response:
    """Show the organisers' dashboard. Other people are redirected to their own start page."""
    actor = auth.anybody(event_key)
    if actor.is_organiser or actor.team_role is Role.VIEWER:
        return _desk(actor)
    if actor.is_exhibitor:
        with context.database().read() as db:
            is_new = setup.is_setup_due(db, actor)
        return redirect(
            url_for(
                "setup.show_setup" if is_new else "exhibitor_dashboard.show_dashboard", event_key=event_key
            )
        )
    if actor.managed is not None:
        return redirect(url_for("delegations.list_delegations", event_key=event_key))
    if actor.is_interpreter_only:
        return redirect(url_for("interpreter_day.show_day", event_key=event_key))
    if actor.team_role is Role.HELP_DESK:
        return redirect(url_for("firms.list_firms", event_key=event_key))
    with context.database().read() as db:
        is_on = days.is_event_day(db, actor, now=context.now())
    return redirect(url_for("my_day.show_day" if is_on else "agenda.show_own_agenda", event_key=event_key))


def _desk(actor: Actor) -> str:
    now = context.now()
    has_steps = actor.is_organiser and not actor.is_archived
    with context.database().read() as db:
        found = dashboard.get_dashboard(db, actor, now=now)
        timezone = events.get_event(db, actor).timezone
        today = now.astimezone(ZoneInfo(timezone)).date()
        return rendering.render(
            db,
            actor,
            "dashboard",
            "events/home.html",
            found=found,
            reasons=_reasons(found),
            days=_days_to_go(found.opens, timezone, now),
            today=today,
            countdown=draw_countdown([each.day for each in found.days], today),
            email_groups=EMAIL_GROUPS,
            horizon=HORIZON,
            arrival=upcoming_emails.find_slow_sending(db, actor, rates=context.settings().rates, now=now),
            recent=audit_entries.list_latest_entries(db, actor, limit=RECENT) if actor.is_organiser else (),
            checklist=first_steps.list_organiser(db, actor) if has_steps else None,
            now=now,
        )


def _reasons(found: Dashboard) -> list[tuple[str, str, int]]:
    """Return code, label and count of each reason for unscheduled requests."""
    return [
        (code, said(unscheduled_requests.GROUPS.get(code, code)), count)
        for code, count in found.reasons.items()
    ]


def _days_to_go(opens: datetime | None, timezone: str, now: datetime) -> int | None:
    """Return the days until the first day in the venue's time zone, or None without meeting times."""
    if opens is None:
        return None
    zone = ZoneInfo(timezone)
    return (opens.astimezone(zone).date() - now.astimezone(zone).date()).days


@dataclass(frozen=True, slots=True)
class Countdown:
    """SVG paths of the days until the end of the event, in a drawing 20 high: a box per day, 10 wide."""

    width: int
    today: str
    between: str
    event: str


def draw_countdown(days: Sequence[date], today: date) -> Countdown | None:
    """Return the drawing of the days from today, or None if the event has begun or is far away."""
    if not days or not today < days[0] or (days[-1] - today).days >= MAX_COUNTDOWN:
        return None
    to_go = (days[0] - today).days
    return Countdown(
        width=10 * ((days[-1] - today).days + 1),
        today="M0 1h8v18h-8z",
        between="".join(f"M{10 * i} 10h8v9h-8z" for i in range(1, to_go)),
        event="".join(f"M{10 * (day - today).days} 1h8v18h-8z" for day in days),
    )


@blueprint.app_template_global()
def plan_state(actor: Actor, timezone: str) -> tuple[PlanState, int | None]:
    """Return the schedule's state and the days to go, for the header of all organiser pages."""
    if "plan_state" not in g:  # cached: used by header and menu
        with context.database().read() as db:
            g.plan_state = dashboard.get_plan_state(db, actor)
    found: PlanState = g.plan_state
    return found, _days_to_go(found.opens, timezone, context.now())


@blueprint.app_template_filter()
def ago(moment: datetime, now: datetime) -> str:
    """Format an age in its largest suitable unit: 14 hours, 9 days."""
    minutes = max(0, int((now - moment).total_seconds() // 60))
    if minutes < 120:
        return ngettext("%(num)s minute", "%(num)s minutes", minutes)
    if minutes < 2880:
        return ngettext("%(num)s hour", "%(num)s hours", minutes // 60)
    return ngettext("%(num)s day", "%(num)s days", minutes // 1440)
