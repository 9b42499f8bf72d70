"""Unassigned emails of operators: read, assign to an event, or ignore."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Response as FlaskResponse
from flask import flash, redirect, render_template, request, url_for
from flask_login import login_required
from werkzeug.wrappers import Response

from api import auth, context
from api.language.speaking import gettext, said, translate_stored
from api.pages import marks, paging
from scheduler.domain.errors import InvalidInput, NotFound, WrongState
from scheduler.services.emails.inbound import unassigned_emails

blueprint = APIBlueprint(
    "unassigned_emails", __name__, enable_openapi=False, url_prefix="/operators/unassigned-emails"
)


@blueprint.get("")
@login_required
def list_emails() -> str:
    _require()
    with context.database().read() as db:
        page = unassigned_emails.list_unassigned(db, auth.user().session, number=paging.asked_number())
        return render_template("emails/inbound/unplaced.html", page=page)


@blueprint.get("/<int:mail_id>")
@login_required
def show_email(mail_id: int) -> str:
    _require()
    with context.database().read() as db:
        asker = auth.user().session
        mail, events = (
            unassigned_emails.get_unassigned(db, asker, mail_id),
            unassigned_emails.list_events(db, asker),
        )
        return render_template("emails/inbound/unplaced_mail.html", mail=mail, events=events)


@blueprint.get("/<int:mail_id>/raw")
@login_required
def download_raw_email(mail_id: int) -> FlaskResponse:
    """Return the raw email as a download. It is untrusted and never displayed."""
    _require()
    with context.database().write() as db:
        octets = unassigned_emails.get_raw_email(db, auth.user().session, mail_id, now=context.now())
    response = FlaskResponse(octets, mimetype="application/octet-stream")
    response.headers["Content-Disposition"] = f'attachment; filename="mail-{mail_id}.eml"'
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.post("/<int:mail_id>/<step>")
@login_required
def handle_email(mail_id: int, step: str) -> Response:
    """Assign a waiting email to an event, or ignore it."""
    _require()
    try:
        with context.database().write() as db:
            asker, now = auth.user().session, context.now()
            if step == "set-aside":
                unassigned_emails.ignore_email(db, asker, mail_id, now=now)
                done = gettext("Email ignored.")
            elif step == "give":
                name = unassigned_emails.assign_to_event(
                    db, asker, mail_id, request.form.get("event", ""), now=now
                )
                done = gettext("Email moved to the inbox of %(event)s.", event=name)
            else:
                raise NotFound("page", step)
    except WrongState as error:
        flash(said(error.user_message), "error")
    except InvalidInput as error:
        flash(marks.semicolon().join(translate_stored(fault.message) for fault in error.faults), "error")
        return redirect(url_for("unassigned_emails.show_email", mail_id=mail_id), 303)
    else:
        flash(done, "good")
    return redirect(url_for("unassigned_emails.list_emails"), 303)


def _require() -> None:
    """Raise NotFound unless the user is an operator."""
    if not auth.user().is_operator:
        raise NotFound("page", "operators")
