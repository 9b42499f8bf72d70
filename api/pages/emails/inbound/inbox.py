"""Inbox pages of organisers: received emails, their outcome and actions."""

from __future__ import annotations

from collections.abc import Mapping

from apiflask import APIBlueprint
from flask import Response as FlaskResponse
from flask import flash, redirect, request, url_for
from flask_login import login_required
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from api import auth, context
from api.language.speaking import gettext, pgettext, said, translate_stored
from api.pages import marks, paging, rendering
from api.pages.formatting import short_name
from scheduler.domain.entities import MailKind, MailOutcome, OutboxKind, Partstat
from scheduler.domain.errors import InvalidInput, NotFound, WrongState
from scheduler.i18n import gettext_lazy
from scheduler.services.directory.references import PersonRef
from scheduler.services.emails.inbound import inbox_actions
from scheduler.services.emails.inbound.incoming_emails import IncomingEmail
from scheduler.services.identity.actors import Actor
from workers import dispatch

blueprint = APIBlueprint("inbox", __name__, enable_openapi=False, url_prefix="/events/<event_key>/inbox")

_NO_ANSWERS = (MailKind.BOUNCE, MailKind.COMPLAINT, MailKind.FORWARDED)
NOTES = "notes"
"""Value of the query parameter `outcome` for replies with a note."""
_STEPS = {"accept": Partstat.ACCEPTED, "decline": Partstat.DECLINED}


@blueprint.app_template_filter()
def mail_outcome(outcome: MailOutcome) -> str:
    """Return the label of an email's outcome."""
    return {
        MailOutcome.RECEIVED: pgettext("of a mail", "received"),
        MailOutcome.APPLIED: pgettext("of a mail", "applied"),
        MailOutcome.IGNORED: pgettext("of a mail", "ignored"),
        MailOutcome.WAITING: pgettext("of a mail", "needs your decision"),
    }[outcome]


@blueprint.app_template_filter()
def spam_counts(complaints: Mapping[str, int]) -> str:
    """Return recipient domains with their number of spam complaints."""
    return ", ".join(f"{domain} ({count})" for domain, count in complaints.items())


@blueprint.app_template_filter()
def answered_mail(mail: IncomingEmail) -> str:
    """Return the kind of our email that an email replies to."""
    if mail.about is None and not mail.is_answerable:
        return gettext("Unknown")
    kind = mail.about.kind if mail.about is not None else OutboxKind.INVITATION
    return {
        OutboxKind.INVITATION: gettext("Invitation"),
        OutboxKind.RESEND: gettext("Invitation"),
        OutboxKind.SUMMARY: gettext("Change summary"),
        OutboxKind.SIGN_IN: gettext("Sign-in link email"),
        OutboxKind.ALERT: gettext("Alert"),
        OutboxKind.DESK: gettext("Email with a link"),
        OutboxKind.TEST: gettext("Test email"),
        OutboxKind.DIGEST: gettext("Request digest"),
        OutboxKind.BRIEFING: gettext("Interpreter briefing"),
    }[kind]


@blueprint.get("/")
@login_required
def list_emails(event_key: str) -> str:
    actor = auth.organiser(event_key)
    chosen = request.args.get("outcome", "")
    outcome = MailOutcome(chosen) if chosen in set(MailOutcome) else None
    with context.database().read() as db:
        noted = chosen == NOTES
        page = inbox_actions.list_emails(
            db, actor, outcome=outcome, noted=noted, number=paging.asked_number()
        )
        return rendering.render(
            db,
            actor,
            "inbox",
            "emails/inbound/list.html",
            page=page,
            outcome=outcome,
            outcomes=[o for o in MailOutcome if o is not MailOutcome.RECEIVED],
            counts=inbox_actions.count_outcomes(db, actor),
            complaints=inbox_actions.count_complaints(db, actor),
            noted=noted,
            notes=inbox_actions.count_notes(db, actor),
        )


@blueprint.get("/<int:mail_id>")
@login_required
def show_email(event_key: str, mail_id: int) -> str:
    actor = auth.organiser(event_key)
    with context.database().read() as db:
        mail = inbox_actions.get_email(db, actor, mail_id)
        alias = inbox_actions.claimable_address(db, actor, mail_id)
        dead = inbox_actions.reported_address(db, actor, mail_id)
        instead = inbox_actions.find_substitute(db, actor, mail_id, now=context.now())
        takes_answer = inbox_actions.accepts_reply(db, actor, mail_id, now=context.now())
        return rendering.render(
            db,
            actor,
            "inbox",
            "emails/inbound/show.html",
            mail=mail,
            meeting=inbox_actions.find_invited_meeting(db, actor, mail_id),
            alias=alias,
            takes_answer=takes_answer,
            steps=_steps(mail, alias, dead, instead, takes_answer=takes_answer),
        )


def _steps(
    mail: IncomingEmail, alias: str | None, dead: str | None, instead: PersonRef | None, *, takes_answer: bool
) -> dict[str, str]:
    """Return the actions for an email, with button labels. `dead` is the address that it reports."""
    steps = {"same-person": gettext_lazy("Confirm same person")} if alias else {}
    if instead is not None:
        steps["instead"] = gettext_lazy("Send %(name)s instead", name=short_name(instead))
    if dead:
        steps["dead"] = gettext_lazy("Mark address invalid")
    if takes_answer and mail.kind not in _NO_ANSWERS:
        steps |= {
            "accept": gettext_lazy("Record as accepted"),
            "decline": gettext_lazy("Record as declined"),
        }
    return {**steps, "set-aside": gettext_lazy("Ignore")}


@blueprint.get("/<int:mail_id>/raw")
@login_required
def download_raw_email(event_key: str, mail_id: int) -> FlaskResponse:
    """Return the raw email as a download. It is untrusted and never displayed."""
    actor = auth.organiser(event_key)
    with context.database().write() as db:
        octets = inbox_actions.get_raw_email(db, actor, mail_id, now=context.now())
    response = FlaskResponse(octets, mimetype="application/octet-stream")
    response.headers["Content-Disposition"] = f'attachment; filename="mail-{mail_id}.eml"'
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.post("/<int:mail_id>/<step>")
@login_required
def handle_email(event_key: str, mail_id: int, step: str) -> Response:
    """Accept a waiting email as a reply, or ignore it."""
    actor = auth.organiser(event_key)
    try:
        with context.database().write() as db:
            reason = _handle(db, actor, mail_id, step)
    except WrongState as error:
        flash(said(error.user_message), "error")
    except InvalidInput as error:
        flash(marks.semicolon().join(translate_stored(fault.message) for fault in error.faults), "error")
    else:
        dispatch.deliver(app=context.celery())
        flash(translate_stored(reason), "good")
    return redirect(url_for("inbox.show_email", event_key=event_key, mail_id=mail_id))


def _handle(db: Session, actor: Actor, mail_id: int, step: str) -> str:
    if step == "set-aside":
        domain = context.settings().mail_domain
        return inbox_actions.ignore_email(db, actor, mail_id, mail_domain=domain, now=context.now()).reason
    if step == "instead":
        return inbox_actions.accept_delegation(db, actor, mail_id, now=context.now()).reason
    if step == "same-person":
        return inbox_actions.accept_alias(
            db, actor, mail_id, settings=context.settings(), now=context.now()
        ).reason
    if step == "dead":
        return inbox_actions.confirm_bounce(db, actor, mail_id, now=context.now()).reason
    if step not in _STEPS:
        raise NotFound("page", step)
    return inbox_actions.apply_as_reply(db, actor, mail_id, _STEPS[step], now=context.now()).reason
