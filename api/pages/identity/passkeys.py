"""Passkeys: a person's own, and signing in with one. passkeys.js asks the browser for responses."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Response as JsonResponse
from flask import flash, redirect, render_template, request, session, url_for
from flask_login import login_required
from werkzeug.wrappers import Response

from api import auth, context, known_browsers, limits, sign_in_errands
from api.language.speaking import gettext
from scheduler.domain.errors import InvalidInput
from scheduler.services.identity import passkeys, sessions
from scheduler.services.identity.passkeys import ADD_PASSKEY, PasskeyRefused
from scheduler.services.identity.tokens import random_token
from scheduler.services.operations import passkey_alerts

blueprint = APIBlueprint("passkeys", __name__, enable_openapi=False)

_BROWSER = "passkey"
"""Session key of the secret that binds challenges to this browser before anyone is signed in."""


@blueprint.get("/sessions/passkeys/new")
@login_required
def show_passkey_form() -> str:
    passkeys.require_relying_party(context.settings())
    auth.user().session.require_fresh(ADD_PASSKEY)
    return render_template("identity/passkeys/new.html")


@blueprint.post("/sessions/passkeys/options")
@login_required
def request_addition() -> JsonResponse:
    """Return the options with which the browser makes a passkey."""
    settings, user = context.settings(), auth.user()
    with context.database().write() as db:
        options = passkeys.begin_addition(db, user.session, user.secret, settings=settings, now=context.now())
    return JsonResponse(options, mimetype="application/json")


@blueprint.post("/sessions/passkeys")
@login_required
def add_passkey() -> Response | tuple[str, int]:
    """Add the passkey that the browser has made."""
    settings, user, name = context.settings(), auth.user(), request.form.get("name", "")
    passkeys.require_relying_party(settings)
    user.session.require_fresh(ADD_PASSKEY)
    try:
        passkeys.require_name(name)
        with context.database().write() as db:
            response = passkeys.take_response(
                db, passkeys.ADD, user.secret, request.form.get("credential", ""),
                settings=settings, now=context.now(),
            )  # fmt: skip
        with context.database().write() as db:
            passkeys.add_passkey(db, user.session, response, name, now=context.now())
    except InvalidInput as error:
        faults = {fault.path: fault.message for fault in error.faults}
        return render_template("identity/passkeys/new.html", name=name, faults=faults), 422
    except PasskeyRefused as error:
        return render_template("identity/passkeys/new.html", name=name, refused=str(error)), 422
    flash(gettext("Passkey added."))
    return redirect(url_for("sessions.list_sessions"), 303)


@blueprint.post("/sessions/passkeys/<int:passkey_id>/delete")
@login_required
def remove_passkey(passkey_id: int) -> Response:
    with context.database().write() as db:
        passkeys.remove_passkey(db, auth.user().session, passkey_id, now=context.now())
    flash(gettext("Passkey removed."))
    return redirect(url_for("sessions.list_sessions"), 303)


@blueprint.post("/sign-in/passkey/options")
def request_sign_in() -> JsonResponse:
    """Return the options with which the browser signs in. They are the same for everyone."""
    limits.require_provider_sign_in()
    browser, settings = session.setdefault(_BROWSER, random_token()), context.settings()
    with context.database().write() as db:
        options = passkeys.begin_sign_in(db, browser, settings=settings, now=context.now())
    return JsonResponse(options, mimetype="application/json")


@blueprint.post("/sign-in/passkey")
def sign_in_passkey() -> Response | tuple[str, int]:
    """Sign the person in whose passkey made the response."""
    browser, settings = session.get(_BROWSER, ""), context.settings()
    try:
        with context.database().write() as db:
            response = passkeys.take_response(
                db, passkeys.SIGN_IN, browser, request.form.get("credential", ""),
                settings=settings, now=context.now(),
            )  # fmt: skip
        with context.database().write() as db:
            account = passkeys.sign_in_passkey(db, response, now=context.now())
            sessions.require_link_allowed(db, account.id, settings=settings)
    except PasskeyRefused as refused:
        with context.database().write() as db:
            passkeys.record_refusal(db, refused, now=context.now())
            passkey_alerts.alert_if_copied(db, refused, now=context.now())
        limits.require_known()
        return render_template("identity/passkeys/refused.html", reason=str(refused)), 403
    except sessions.ProviderRequired as error:
        return render_template("identity/sign_in/provider_refused.html", reason=str(error)), 403
    errand = sign_in_errands.for_account(sign_in_errands.opened(request.form.get("errand", "")), account.id)
    auth.begin(account.id, errand, is_verified=True)
    answer = sign_in_errands.go_on(errand)
    known_browsers.remember(answer)
    return answer
