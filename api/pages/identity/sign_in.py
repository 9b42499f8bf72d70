"""Sign-in by an emailed single-use link. GET only asks for confirmation: email scanners open links."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from apiflask import APIBlueprint
from flask import flash, redirect, render_template, request, url_for
from flask_login import login_required
from werkzeug.wrappers import Response

from api import auth, context, known_browsers, limits, sign_in_errands
from api.language import speaking
from api.language.speaking import gettext
from scheduler.domain import fields
from scheduler.services.identity import sessions, sign_in
from scheduler.services.identity.sign_in import VALID, AccountRef
from workers import dispatch

blueprint = APIBlueprint("sign_in", __name__, enable_openapi=False)


@blueprint.get("/sign-in")
def show_sign_in_form() -> str:
    target = sign_in_errands.local(request.args.get("next", ""))
    return render_template(
        "identity/sign_in/ask.html", errand=sign_in_errands.sealed({"path": target} if target else {})
    )


@blueprint.post("/sign-in")
def send_link() -> str | tuple[str, int] | tuple[str, int, dict[str, str]]:
    """Email a link. Known and unknown addresses get the same response, which prevents account enumeration."""
    email, errand = request.form.get("email", "").strip(), request.form.get("errand", "")
    if "@" not in email or not fields.limits(fields.Email).hold(email):
        fault = gettext("Enter an email address, like name@example.com.")
        return render_template("identity/sign_in/ask.html", email=email, fault=fault, errand=errand), 422
    return _send(email, sign_in_errands.opened(errand))


@blueprint.post("/sign-in/again")
@login_required
def send_fresh_link() -> str | tuple[str, int, dict[str, str]]:
    """Email a link to the signed-in person, for an action that requires a recent sign-in."""
    return _send(auth.user().email, sign_in_errands.opened(request.form.get("errand", "")))


@blueprint.get("/sign-in/continue")
@login_required
def continue_session() -> str | Response:
    """Show the preserved form after signing in, to submit it again, or lead to the requested page."""
    with context.database().read() as db:
        errand = sessions.read_errand(db, auth.user().session)
    if "fields" not in errand:
        return sign_in_errands.go_on(errand)
    return render_template("identity/sign_in/go_on.html", errand=errand)


@blueprint.get("/sign-in/<token>")
def show_link(token: str) -> str | Response | tuple[str, int]:
    try:
        account = _look(token)
    except sign_in.UnusableLink as error:
        if auth.find_awaiting() is not None:
            return redirect(url_for("second_factor.show_second_factor"))
        if auth.user().is_authenticated:  # the link was used before: its reader opened the email again
            return redirect(url_for("organiser_dashboard.list_own_events"))
        return render_template("identity/sign_in/unusable.html", reason=str(error)), 410
    except sessions.ProviderRequired as error:
        return _provider_required(error)
    return render_template("identity/sign_in/confirm.html", token=token, email=account.email)


@blueprint.post("/sign-in/<token>")
def redeem_link(token: str) -> Response | tuple[str, int]:
    try:
        _look(token)
        with context.database().write() as db:
            redeemed = sign_in.redeem_sign_in_link(db, token, now=context.now())
    except sign_in.UnusableLink as error:
        with context.database().write() as db:
            sign_in.record_sign_in_failure(db, token, error, now=context.now())
        return render_template("identity/sign_in/unusable.html", reason=str(error)), 410
    except sessions.ProviderRequired as error:
        return _provider_required(error)
    errand = sign_in_errands.for_account(redeemed.errand, redeemed.account.id)
    auth.begin(redeemed.account.id, errand)
    if auth.find_awaiting() is not None:
        return redirect(url_for("second_factor.show_second_factor"), 303)
    response = sign_in_errands.go_on(errand)
    known_browsers.remember(response)
    return response


@blueprint.post("/sign-out")
def sign_out() -> Response:
    auth.sign_out()
    flash(gettext("You've signed out."))
    response = redirect(url_for("sign_in.show_sign_in_form"))
    if request.form.get("keep") != "words":  # then the script has cleared everything except queued forms
        response.headers["Clear-Site-Data"] = '"storage"'  # the offline copy of my day
    return response


@blueprint.app_context_processor
def _words() -> dict[str, Any]:
    settings = context.settings()
    return {
        "link_minutes": int(VALID.total_seconds() // 60),
        "sign_in_providers": {key: each.name for key, each in settings.providers.items()},
        "provider_required_for": settings.oidc_required,
        "passkeys_offered": settings.relying_party is not None,
    }


def _send(email: str, errand: Mapping[str, Any]) -> str | tuple[str, int, dict[str, str]]:
    try:
        limits.require_sign_in(sign_in.normalize_email(email))
    except limits.Limited as limited:
        wait = speaking.said(limits.lasting(limited.seconds))
        page = render_template("identity/sign_in/too_often.html", email=email, wait=wait)
        return page, 429, {"Retry-After": str(limited.seconds)}
    with context.database().write() as db:
        sign_in.request_sign_in(db, email, errand=errand, now=context.now())
    dispatch.deliver_urgent(app=context.celery())
    return render_template(
        "identity/sign_in/sent.html", email=email, catcher=context.settings().mail_catcher_url
    )


def _provider_required(error: sessions.ProviderRequired) -> tuple[str, int]:
    """Return the page for a link of an account whose role requires a provider. The link stays unused."""
    return render_template("identity/sign_in/provider_refused.html", reason=str(error)), 403


def _look(token: str) -> AccountRef:
    """Return the account of a link. Raises UnusableLink, ProviderRequired."""
    with limits.looking_up_a_token(), context.database().read() as db:
        account = sign_in.preview_sign_in_link(db, token, now=context.now())
        sessions.require_link_allowed(db, account.id, settings=context.settings())
    limits.require_link(token)
    return account
