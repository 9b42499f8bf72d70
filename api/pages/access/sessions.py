"""Where a person is signed in: see the browsers, end one session or all."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import flash, redirect, render_template, url_for
from flask_login import login_required
from werkzeug.wrappers import Response

from api import auth, context
from api.language.speaking import gettext
from scheduler.services.access import sessions

blueprint = APIBlueprint("sessions", __name__, enable_openapi=False, url_prefix="/sessions")


@blueprint.get("")
@login_required
def listing() -> str:
    user = auth.user()
    with context.database().read() as db:
        listed = sessions.listing(db, user.account_id, now=context.now())
        return render_template("access/sessions/list.html", sessions=listed, own=user.session.session_id)


@blueprint.post("/<int:session_id>/end")
@login_required
def end(session_id: int) -> Response:
    """Sign one browser out."""
    if session_id == auth.user().session.session_id:
        return _gone(gettext("You are signed out."))
    with context.database().write() as db:
        sessions.end(db, auth.user().account_id, session_id)
    flash(gettext("That browser is signed out."), "good")
    return redirect(url_for("sessions.listing"), 303)


@blueprint.post("/end")
@login_required
def end_all() -> Response:
    """Sign every browser out, this one too."""
    with context.database().write() as db:
        sessions.end_all(db, auth.user().account_id)
    return _gone(gettext("You are signed out everywhere."))


def _gone(sentence: str) -> Response:
    auth.sign_out()
    flash(sentence)
    return redirect(url_for("sign_in.ask"), 303)
