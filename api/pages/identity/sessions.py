"""Where a person is signed in: see the browsers, end one session, all others or all."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint
from flask import flash, redirect, render_template, request, url_for
from flask_login import login_required
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from api import auth, context, sign_in_errands
from api.language.speaking import gettext
from scheduler.services.identity import preferences, sessions

blueprint = APIBlueprint("sessions", __name__, enable_openapi=False, url_prefix="/sessions")


@blueprint.get("")
@login_required
def listing() -> str:
    with context.database().read() as db:
        return render_template("identity/sessions/list.html", **listed(db))


def listed(db: Session) -> dict[str, Any]:
    """Values of `identity/sessions/_rows.html`: the reader's sessions, and the zone of their clock."""
    user, now = auth.user(), context.now()
    return {
        "sessions": sessions.list_sessions(db, user.account_id, now=now),
        "own": user.session.session_id,
        "session_zone": preferences.account_timezone(db, user.account_id, now=now),
    }


@blueprint.post("/<int:session_id>/end")
@login_required
def end(session_id: int) -> Response:
    """Sign one browser out."""
    if session_id == auth.user().session.session_id:
        return _gone(gettext("You are signed out."))
    with context.database().write() as db:
        sessions.end_session(db, auth.user().account_id, session_id)
    return _back(gettext("That browser is signed out."))


@blueprint.post("/others/end")
@login_required
def end_others() -> Response:
    """Sign every browser out but this one."""
    user = auth.user()
    with context.database().write() as db:
        sessions.end_all_sessions(db, user.account_id, but=user.session.session_id)
    return _back(gettext("All other browsers are signed out."))


@blueprint.post("/end")
@login_required
def end_all() -> Response:
    """Sign every browser out, this one too."""
    with context.database().write() as db:
        sessions.end_all_sessions(db, auth.user().account_id)
    return _gone(gettext("You are signed out everywhere."))


def _back(sentence: str) -> Response:
    """The page on which the button stood: the person's settings at an event, or that of sessions."""
    settings = sign_in_errands.local(request.form.get("back", ""))
    flash(sentence, "at sessions" if settings else "good")
    return redirect(f"{settings}#sessions" if settings else url_for("sessions.listing"), 303)


def _gone(sentence: str) -> Response:
    auth.sign_out()
    flash(sentence)
    response = redirect(url_for("sign_in.ask"), 303)
    response.headers["Clear-Site-Data"] = '"storage"'  # as at /sign-out
    return response
