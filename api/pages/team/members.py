"""Team of an event: members with roles and end dates, and invitations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from apiflask import APIBlueprint
from flask import flash, redirect, request, url_for
from flask_login import login_required
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from api import auth, context
from api.language.speaking import gettext, ngettext, said
from api.language.unbroken import unbroken
from api.pages import rendering
from api.pages.formatting import local_day
from scheduler.domain.errors import Fault, InvalidInput
from scheduler.domain.team import TeamRole
from scheduler.i18n import gettext_lazy
from scheduler.invites.catalogue import languages
from scheduler.services.events import events
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.team import invitations, members
from scheduler.services.team.invitations import LINK_LIFETIME
from scheduler.services.team.members import OWNERS_ONLY, LastOwner
from workers import dispatch

blueprint = APIBlueprint("team", __name__, enable_openapi=False, url_prefix="/events/<event_key>/team")

ROLES = (
    (TeamRole.OWNER, gettext_lazy("Owner"), gettext_lazy("Can do everything and manage the team.")),
    (
        TeamRole.ORGANISER,
        gettext_lazy("Organiser"),
        gettext_lazy("Can do everything except manage the team."),
    ),
    (
        TeamRole.VIEWER,
        gettext_lazy("Viewer"),
        gettext_lazy("Can view schedules, requests and runs. Can't change anything or see email addresses."),
    ),
    (
        TeamRole.HELP_DESK,
        gettext_lazy("Help desk"),
        gettext_lazy("Can look up exhibitors, people and their agendas."),
    ),
    (
        TeamRole.DELEGATION_MANAGER,
        gettext_lazy("Delegation manager"),
        gettext_lazy(
            "Can view their own delegations, respond to requests for their exhibitors and print agendas."
        ),
    ),
)
"""Roles: label and help text."""


@blueprint.app_template_filter()
def last_date(until: datetime | None, timezone: str) -> str:
    """Return the last day of a role as the value of a date input. The role ends at the following midnight."""
    if until is None:
        return ""
    return (until - timedelta(minutes=1)).astimezone(ZoneInfo(timezone)).date().isoformat()


@blueprint.app_template_filter()
def last_day(until: datetime, timezone: str) -> str:
    """Format the last day of a role."""
    return unbroken(local_day(until - timedelta(minutes=1), timezone))


@blueprint.get("")
@login_required
def show_team(event_key: str) -> str:
    """List the members and, for owners, the invitations and a form to invite."""
    return _page(auth.team(event_key))


@blueprint.post("/invite")
@login_required
def send_invitation(event_key: str) -> str | Response | tuple[str, int]:
    """Email an invitation."""
    actor, typed = auth.team(event_key), request.form
    actor.require(Right.MANAGE_TEAM, sentence=OWNERS_ONLY)
    try:
        role, until = _each(
            lambda: _role(typed.get("role", "")),
            lambda: _day(typed.get("until", "")),
            lambda: invitations.require_address(typed.get("email", ""), context.settings()),
        )[:2]
        with context.database().write() as db:
            address = invitations.send_invitation(
                db,
                actor,
                typed.get("email", ""),
                role=role,
                until=until,
                delegations=typed.getlist("delegations"),
                language=typed.get("language", ""),
                settings=context.settings(),
                now=context.now(),
            )
    except InvalidInput as error:
        return _page(actor, typed=typed, faults=_faults(error)), 422
    dispatch.deliver_urgent(app=context.celery())
    days = LINK_LIFETIME.days
    flash(
        ngettext(
            "Invitation sent to %(address)s. The link works once and expires in %(num)s day.",
            "Invitation sent to %(address)s. The link works once and expires in %(num)s days.",
            days,
            address=address,
        ),
        "good",
    )
    return redirect(url_for("team.show_team", event_key=event_key), 303)


@blueprint.post("/invitations/<int:invitation_id>/revoke")
@login_required
def revoke_invitation(event_key: str, invitation_id: int) -> Response:
    """Revoke an invitation."""
    actor = auth.team(event_key)
    with context.database().write() as db:
        invitations.revoke_invitation(db, actor, invitation_id, now=context.now())
    flash(gettext("Invitation revoked. Its link no longer works."), "good")
    return redirect(url_for("team.show_team", event_key=event_key), 303)


@blueprint.post("/members/<int:account_id>")
@login_required
def change_member(event_key: str, account_id: int) -> str | Response | tuple[str, int]:
    """Change a member's role or its end."""
    actor, typed = auth.team(event_key), request.form
    actor.require(Right.MANAGE_TEAM, sentence=OWNERS_ONLY)

    def work(db: Session) -> None:
        role, until = _each(lambda: _role(typed.get("role", "")), lambda: _day(typed.get("until", "")))
        chosen = typed.getlist("delegations")
        members.change_member(
            db, actor, account_id, role=role, until=until, delegations=chosen, now=context.now()
        )

    return _done(actor, work, gettext("Role changed. It applies from now on."), about=account_id)


@blueprint.post("/members/<int:account_id>/remove")
@login_required
def remove_member(event_key: str, account_id: int) -> str | Response | tuple[str, int]:
    """Remove a member at once, possibly oneself."""
    actor = auth.team(event_key)

    def work(db: Session) -> None:
        members.remove_member(db, actor, account_id, now=context.now())

    if account_id == actor.account_id:
        return _done(
            actor,
            work,
            gettext("You're no longer in the team."),
            to="organiser_dashboard.list_own_events",
        )
    return _done(
        actor, work, gettext("Member removed from the team. Their access and tokens no longer work.")
    )


def _done(
    actor: Actor, work: Callable[[Session], None], told: str, *, about: int = 0, to: str = ""
) -> Response | tuple[str, int]:
    """Execute an action and redirect to the list, or show it with the errors."""
    try:
        with context.database().write() as db:
            work(db)
    except LastOwner as error:
        return _page(actor, refused=str(error)), 409
    except InvalidInput as error:
        faults = {f"{name}-{about}": message for name, message in _faults(error).items()}
        return _page(actor, about=about, faults=faults, typed=request.form), 422
    flash(told, "good")
    return redirect(url_for(to) if to else url_for("team.show_team", event_key=actor.event_key), 303)


def _each(*reads: Callable[[], Any]) -> list[Any]:
    """Return the results of all functions. Raises InvalidInput with the errors of all."""
    given: list[Any] = []
    faults: list[Fault] = []
    for read in reads:
        try:
            given.append(read())
        except InvalidInput as error:
            faults += error.faults
    if faults:
        raise InvalidInput(faults)
    return given


def _role(text: str) -> TeamRole:
    try:
        return TeamRole(text)
    except ValueError:
        raise InvalidInput([Fault("role", gettext_lazy("choose a role"))]) from None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip()) if text.strip() else None
    except ValueError:
        raise InvalidInput(
            [Fault("until", gettext_lazy("enter a date, like 2027-06-25, or leave blank"))]
        ) from None


def _faults(error: InvalidInput) -> dict[str, str]:
    return {fault.path: fault.message for fault in error.faults}


def _page(
    actor: Actor,
    *,
    typed: Mapping[str, str] | None = None,
    faults: Mapping[str, str] | None = None,
    about: int = 0,
    refused: str = "",
) -> str:
    """Render the page.

    Parameters
    ----------
    faults
        Errors by the id of their field: in the form of a member, its name and the account's id.
    about
        The member whose form has the errors, or 0 for the invitation form.
    """
    with context.database().read() as db:
        return rendering.render(
            db,
            actor,
            "team",
            "team/members.html",
            team=members.get_team(db, actor, now=context.now()),
            roles=[(role, said(name), said(does)) for role, name, does in ROLES],
            names={role.value: said(name) for role, name, _ in ROLES},
            languages=list(languages().items()),
            chosen=request.form.getlist("delegations"),
            typed=typed
            or {"role": TeamRole.ORGANISER.value, "language": events.get_event(db, actor).language},
            faults=faults or {},
            about=about,
            refused=refused,
        )
