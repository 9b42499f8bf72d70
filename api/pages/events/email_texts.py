"""Email text editor of organisers: edit, preview, send a test email, reset."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping

from apiflask import APIBlueprint
from flask import Response, flash, make_response, redirect, request, url_for
from flask_login import login_required
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from api import auth, context, limits
from api.language.speaking import gettext, said
from api.pages import rendering
from api.security import POLICY
from scheduler.domain.errors import InvalidInput
from scheduler.i18n import gettext_lazy
from scheduler.invites.catalogue import languages
from scheduler.invites.mail import bodies, wording
from scheduler.invites.mail.imip import EmailPreview
from scheduler.services.delivery import email_texts
from scheduler.services.events import events
from scheduler.services.identity.actors import Actor
from scheduler.services.publishing import sample_emails
from workers import dispatch

blueprint = APIBlueprint(
    "email_texts", __name__, enable_openapi=False, url_prefix="/events/<event_key>/email-texts"
)

MAIL_KINDS = {
    "new": gettext_lazy("Invitation"),
    "update": gettext_lazy("Update"),
    "details": gettext_lazy("New details"),
    "again": gettext_lazy("Resent"),
    "cancel": gettext_lazy("Cancellation"),
    "uninvited": gettext_lazy("Removed from meeting"),
    "proposal": gettext_lazy("Proposal not accepted"),
}
PARTS = {
    "subject": gettext_lazy("Subject"),
    "headline": gettext_lazy("Headline"),
    "note": gettext_lazy("Note"),
    "footer": gettext_lazy("Footer"),
    "directions": gettext_lazy("Directions"),
}


def preview_policy(html: str) -> str:
    """Return the policy of a page that shows an email in an iframe, which inherits it.

    The email has inline styles and one style sheet, which its digest allows (CSP Level 3, 2.3.1).
    """
    sheet = base64.b64encode(hashlib.sha256(bodies.style_sheet(html).encode()).digest()).decode()
    return f"{POLICY}; style-src-attr 'unsafe-inline'; style-src-elem 'self' 'sha256-{sheet}'"


@blueprint.get("")
@login_required
def list_texts(event_key: str) -> BaseResponse:
    actor = auth.organiser(event_key)
    with context.database().read() as db:
        language = events.get_event(db, actor).language
    known = language if language in languages() else "en"
    return redirect(url_for("email_texts.edit_text", event_key=event_key, language=known, mail_kind="new"))


@blueprint.get("/<language>/<mail_kind>")
@login_required
def edit_text(event_key: str, language: str, mail_kind: str) -> Response:
    actor = auth.organiser(event_key)
    with context.database().read() as db:
        return _page(db, actor, language, mail_kind)


@blueprint.post("/<language>/<mail_kind>")
@login_required
def change_text(event_key: str, language: str, mail_kind: str) -> BaseResponse | tuple[Response, int]:
    """Execute the selected action. Nothing is saved if a text does not render."""
    actor = auth.organiser(event_key)
    step, _, part = request.form.get("do", "save").partition(":")
    try:
        if step == "preview":
            return _preview(actor, language, mail_kind)
        if step == "test":
            return _test(actor, language, mail_kind)
        if step == "reset":
            return _reset(actor, language, mail_kind, part)
        return _save(actor, language, mail_kind)
    except InvalidInput as error:
        faults: dict[str, str] = {}
        for fault in error.faults:
            faults.setdefault(fault.path, fault.message)
        with context.database().read() as db:
            return _page(db, actor, language, mail_kind, typed=request.form, faults=faults), 422


def _preview(actor: Actor, language: str, mail_kind: str) -> Response:
    with context.database().read() as db:
        shown = sample_emails.preview_email(
            db, actor, language, mail_kind, request.form, settings=context.settings(), now=context.now()
        )
        return _page(db, actor, language, mail_kind, typed=request.form, shown=shown)


def _test(actor: Actor, language: str, mail_kind: str) -> Response:
    limits.require_costly()
    with context.database().write() as db:
        to = sample_emails.queue_test_email(
            db, actor, language, mail_kind, request.form, settings=context.settings(), now=context.now()
        )
    dispatch.deliver(app=context.celery())
    flash(
        gettext(
            "Test email with the texts below is being sent to %(address)s. Nothing was saved.", address=to
        ),
        "good",
    )
    with context.database().read() as db:
        return _page(db, actor, language, mail_kind, typed=request.form)


def _reset(actor: Actor, language: str, mail_kind: str, part: str) -> BaseResponse:
    with context.database().write() as db:
        email_texts.reset_text(db, actor, language, mail_kind, part, now=context.now())
    flash(gettext("%(part)s: default text restored.", part=said(PARTS[part])), "good")
    return _back(actor, language, mail_kind)


def _save(actor: Actor, language: str, mail_kind: str) -> BaseResponse:
    with context.database().write() as db:
        changed = email_texts.save_texts(db, actor, language, mail_kind, request.form, now=context.now())
    if changed:
        flash(
            gettext(
                "Texts changed: %(count)s. Emails waiting to be sent keep their old texts.", count=changed
            ),
            "good",
        )
    else:
        flash(gettext("No changes made."), "good")
    return _back(actor, language, mail_kind)


def _back(actor: Actor, language: str, mail_kind: str) -> BaseResponse:
    here = url_for("email_texts.edit_text", event_key=actor.event_key, language=language, mail_kind=mail_kind)
    return redirect(here, 303)


def _page(
    db: Session,
    actor: Actor,
    language: str,
    mail_kind: str,
    *,
    typed: Mapping[str, str] | None = None,
    faults: Mapping[str, str] | None = None,
    shown: EmailPreview | None = None,
) -> Response:
    fields = email_texts.list_fields(db, actor, language, mail_kind)
    page = rendering.render(
        db,
        actor,
        "settings",
        "events/mail_texts.html",
        fields=fields,
        labels={part: said(label) for part, label in PARTS.items()},
        typed=typed or {field.part: field.text for field in fields},
        faults=faults or {},
        language=language,
        languages=languages(),
        mail_kind=mail_kind,
        mail_kinds={kind: said(label) for kind, label in MAIL_KINDS.items()},
        each_kind=wording.EACH_KIND,
        shown=shown,
    )
    response = make_response(page)
    if shown is not None:
        response.headers["Content-Security-Policy"] = preview_policy(shown.html)
    return response
