"""Team invitation link. GET has no effect, because email scanners open links."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import flash, redirect, render_template, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from api import auth, context, limits
from api.language.speaking import gettext, said
from api.pages.team.members import ROLES
from scheduler.services.identity.sessions import ProviderRequired
from scheduler.services.team import invitations
from scheduler.services.team.invitations import InvitationOffer, UnusableInvitation

blueprint = APIBlueprint("team_invitations", __name__, enable_openapi=False, url_prefix="/team/<token>")


@blueprint.get("")
def show_invitation(token: str) -> str | tuple[str, int]:
    """Show what the link offers, and to whom."""
    try:
        found = _look(token)
    except UnusableInvitation as error:
        return render_template("team/unusable.html", reason=str(error)), 410
    words = next((name, does) for role, name, does in ROLES if role is found.role)
    return render_template(
        "team/invitation.html", found=found, token=token, role=said(words[0]), does=said(words[1])
    )


@blueprint.post("")
def accept_invitation(token: str) -> Response | tuple[str, int]:
    """Accept the invitation, which adds its address to the team.

    Only a new account is signed in. An existing account has more rights than the invitation grants, and the
    link may be read by others and is valid for days.
    """
    try:
        found = _look(token)
        with context.database().write() as db:
            joined = invitations.accept_invitation(db, token, now=context.now())
    except UnusableInvitation as error:
        return render_template("team/unusable.html", reason=str(error)), 410
    path = url_for("organiser_dashboard.show_dashboard", event_key=joined.event_key)
    if joined.is_new and _begin(joined.account_id, path):
        done = gettext("You've joined the team. From now on, sign in with a link sent to you by email.")
    elif current_user.is_authenticated and auth.user().account_id == joined.account_id:
        done = gettext("You've joined the team.")
    else:
        path = url_for("sign_in.show_sign_in_form", next=path)
        done = gettext("%(address)s has joined the team. Sign in with that address.", address=found.email)
    flash(done, "good")
    return redirect(path, 303)


def _begin(account_id: int, path: str) -> bool:
    """Sign in the new account. Return False if its role must sign in with a provider."""
    try:
        auth.begin(account_id, {"path": path})
    except ProviderRequired:
        return False
    return True


def _look(token: str) -> InvitationOffer:
    with limits.looking_up_a_token(), context.database().read() as db:
        found = invitations.get_invitation(db, token, now=context.now())
    limits.require_link(token)
    return found
