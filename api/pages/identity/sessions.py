"""Sessions of a person: list browsers, and end one session, all others, or all."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint
from flask import flash, redirect, render_template, request, url_for
from flask_login import login_required
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from api import auth, context, sign_in_errands
from api.language.speaking import gettext
from scheduler.services.identity import passkeys, preferences, second_factor, sessions

blueprint = APIBlueprint("sessions", __name__, enable_openapi=False, url_prefix="/sessions")


@blueprint.get("")
@login_required
def list_sessions() -> str:
    with context.database().read() as db:
        return render_template(
            "identity/sessions/list.html",
            passkeys=passkeys.list_passkeys(db, auth.user().account_id),
            codes_left=second_factor.count_codes(db, auth.user().account_id),
            **listed(db),
        )


def listed(db: Session) -> dict[str, Any]:
    """Return the values of `identity/sessions/_rows.html`: the reader's sessions and time zone."""
    user, now = auth.user(), context.now()
    return {
        "sessions": sessions.list_sessions(db, user.account_id, now=now),
        "own": user.session.session_id,
        "session_zone": preferences.account_timezone(db, user.account_id, now=now),
    }


@blueprint.post("/<int:session_id>/end")
@login_required
def end_session(session_id: int) -> Response:
    """End one session."""
    if session_id == auth.user().session.session_id:
        return _gone(gettext("You've signed out."))
    with context.database().write() as db:
        sessions.end_session(db, auth.user().account_id, session_id)
    return _back(gettext("Browser signed out."))


@blueprint.post("/others/end")
@login_required
def end_other_sessions() -> Response:
    """End all sessions except the current one."""
    user = auth.user()
    with context.database().write() as db:
        sessions.end_all_sessions(db, user.account_id, but=user.session.session_id)
    return _back(gettext("All other browsers signed out."))


@blueprint.post("/end")
@login_required
def end_all_sessions() -> Response:
    """End all sessions, including the current one."""
    with context.database().write() as db:
        sessions.end_all_sessions(db, auth.user().account_id)
    return _gone(gettext("You've signed out everywhere."))


def _back(sentence: str) -> Response:
    """Redirect to the page with the button: the person's preferences at an event, or the sessions page."""
    settings = sign_in_errands.local(request.form.get("back", ""))
    flash(sentence, "at sessions" if settings else "good")
    return redirect(f"{settings}#sessions" if settings else url_for("sessions.list_sessions"), 303)


def _gone(sentence: str) -> Response:
    auth.sign_out()
    flash(sentence)
    response = redirect(url_for("sign_in.show_sign_in_form"), 303)
    response.headers["Clear-Site-Data"] = '"storage"'  # as /sign-out does
    return response
