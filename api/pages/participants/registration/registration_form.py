"""Public registration page of firms. GET on the emailed link has no effect: email scanners open links."""

from __future__ import annotations

from collections.abc import Mapping

from apiflask import APIBlueprint
from flask import redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from api import context, limits
from api.language import speaking
from api.pages.participants.registration import forms
from scheduler.domain.errors import InvalidInput
from scheduler.invites.catalogue import languages
from scheduler.services.identity import sign_in
from scheduler.services.identity.privacy_notices import PURPOSES, TRANSFER_PARTS
from scheduler.services.participants.registration import public_registration
from scheduler.services.participants.registration.form import RegistrationForm
from scheduler.services.participants.registration.public_registration import (
    RegistrationFull,
    SubmittedRegistration,
    UnusableRegistration,
)
from workers import dispatch

blueprint = APIBlueprint("registration_form", __name__, enable_openapi=False)


@blueprint.get("/register/<event_key>")
def show_form(event_key: str) -> str:
    """Show the form if registration is open. Otherwise respond as for an unknown event."""
    with context.database().read() as db:
        return _page(db, event_key, RegistrationForm(mail_language=speaking.language()), {})


@blueprint.post("/register/<event_key>")
def submit_registration(event_key: str) -> str | tuple[str, int]:
    """Store a registration and email a link. Every address gets the same response."""
    typed = forms.read(request.form)
    with context.database().read() as db:
        event = public_registration.get_open_event(db, event_key, now=context.now())
    limits.require_registration(sign_in.normalize_email(typed.email), event_key)
    try:
        with context.database().write() as db:
            email = public_registration.submit_registration(
                db, event_key, typed, settings=context.settings(), now=context.now()
            )
    except InvalidInput as error:
        with context.database().read() as db:
            return _page(db, event_key, typed, forms.faults(error)), 422
    except RegistrationFull as error:
        return render_template("participants/registration/full.html", event=event, reason=error), 503
    dispatch.deliver(app=context.celery())
    return render_template(
        "participants/registration/sent.html",
        event=event,
        email=email,
        catcher=context.settings().mail_catcher_url,
    )


@blueprint.get("/registration/<token>")
def show_confirmation(token: str) -> str | tuple[str, int]:
    """Show the registration that the link confirms."""
    try:
        return _written(_look(token), token)
    except UnusableRegistration as error:
        return render_template("participants/registration/unusable.html", reason=error), 410


@blueprint.post("/registration/<token>")
def confirm_registration(token: str) -> Response | tuple[str, int]:
    """Confirm the email address. Organisers see the registration from now on."""
    try:
        _look(token)
        with context.database().write() as db:
            public_registration.confirm_registration(db, token, now=context.now())
    except UnusableRegistration as error:
        return render_template("participants/registration/unusable.html", reason=error), 410
    return redirect(url_for("registration_form.show_confirmation", token=token), 303)


def _page(db: Session, event_key: str, typed: RegistrationForm, faults: Mapping[str, str]) -> str:
    return render_template(
        "participants/registration/form.html",
        event=public_registration.get_open_event(db, event_key, now=context.now()),
        notice=public_registration.read_notice(db, event_key, speaking.language(), now=context.now()),
        purpose_texts=PURPOSES,
        transfer_parts=TRANSFER_PARTS,
        form=typed,
        faults=faults,
        countries=forms.countries(),
        languages=languages().items(),
    )


def _written(found: SubmittedRegistration, token: str) -> str:
    return render_template(
        "participants/registration/confirm.html", event=found.event, found=found, token=token
    )


def _look(token: str) -> SubmittedRegistration:
    with limits.looking_up_a_token(), context.database().read() as db:
        found = public_registration.get_registration(db, token, now=context.now())
    limits.require_link(token)
    return found
