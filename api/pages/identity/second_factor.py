"""The second factor after a link: a passkey or a recovery code, the first passkey, and new recovery codes."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Response as JsonResponse
from flask import redirect, render_template, request, url_for
from flask_login import login_required
from werkzeug.wrappers import Response

from api import auth, context, known_browsers, limits, sign_in_errands
from api.auth import User
from scheduler.domain.errors import InvalidInput
from scheduler.services.identity import passkeys, second_factor, sessions
from scheduler.services.identity.passkeys import PasskeyRefused
from scheduler.services.identity.second_factor import CodeRefused
from scheduler.services.identity.sessions import SecondFactorRequired

blueprint = APIBlueprint("second_factor", __name__, enable_openapi=False)


@blueprint.get("/sign-in/second-factor")
def show_second_factor() -> str | Response:
    """Ask for a passkey or a recovery code, or for the first passkey."""
    awaiting = auth.find_awaiting()
    return _to_sign_in() if awaiting is None else _page(awaiting)


@blueprint.post("/sign-in/second-factor/code")
def use_code() -> Response | tuple[str, int]:
    """Complete the sign-in with a recovery code."""
    awaiting = auth.find_awaiting()
    if awaiting is None:
        return _to_sign_in()
    limits.require_recovery_code(awaiting.account_id)
    settings, signed_in = context.settings(), awaiting.session
    try:
        with context.database().write() as db:
            second_factor.use_code(
                db, signed_in, request.form.get("code", ""), secret_key=settings.secret_key, now=context.now()
            )
            errand = sessions.read_errand(db, signed_in)
    except CodeRefused as refused:
        with context.database().write() as db:
            second_factor.record_refused_code(db, signed_in, now=context.now())
        return _page(awaiting, faults={"code": str(refused)}), 422
    auth.begin(awaiting.account_id, errand, is_verified=True)
    answer = sign_in_errands.go_on(errand)
    known_browsers.remember(answer)
    return answer


@blueprint.post("/sign-in/second-factor/passkey/options")
def request_enrolment() -> JsonResponse | Response:
    """Return the options with which the browser makes the first passkey."""
    awaiting = auth.find_awaiting()
    if awaiting is None:
        return _to_sign_in()
    limits.require_provider_sign_in()
    settings = context.settings()
    with context.database().write() as db:
        options = passkeys.begin_addition(
            db, awaiting.session, awaiting.secret, settings=settings, now=context.now()
        )
    return JsonResponse(options, mimetype="application/json")


@blueprint.post("/sign-in/second-factor/passkey")
def enrol_passkey() -> str | Response | tuple[str, int]:
    """Add the first passkey, which completes the sign-in, and show recovery codes."""
    awaiting = auth.find_awaiting()
    if awaiting is None:
        return _to_sign_in()
    settings, name = context.settings(), request.form.get("name", "")
    try:
        passkeys.require_name(name)
        with context.database().write() as db:
            response = passkeys.take_response(
                db, passkeys.ADD, awaiting.secret, request.form.get("credential", ""),
                settings=settings, now=context.now(),
            )  # fmt: skip
        with context.database().write() as db:
            codes = second_factor.enrol_passkey(
                db, awaiting.session, response, name, secret_key=settings.secret_key, now=context.now()
            )
            errand = sessions.read_errand(db, awaiting.session)
    except InvalidInput as error:
        faults = {fault.path: fault.message for fault in error.faults}
        return _page(awaiting, name=name, faults=faults), 422
    except (PasskeyRefused, SecondFactorRequired) as error:
        return _page(awaiting, name=name, refused=str(error)), 422
    auth.begin(awaiting.account_id, errand, is_verified=True)
    return render_template("identity/second_factor/codes.html", codes=codes, is_first=True)


@blueprint.post("/sessions/recovery-codes")
@login_required
def make_codes() -> str:
    """Replace the person's recovery codes and show the new ones, once."""
    with context.database().write() as db:
        codes = second_factor.make_codes(
            db, auth.user().session, secret_key=context.settings().secret_key, now=context.now()
        )
    return render_template("identity/second_factor/codes.html", codes=codes)


def _page(awaiting: User, **typed: object) -> str:
    with context.database().read() as db:
        has_factor = passkeys.has_second_factor(db, awaiting.account_id)
        errand = sessions.read_errand(db, awaiting.session)
    kept = {**errand, "account": awaiting.account_id} if errand else {}
    template = "verify" if has_factor else "enrol"
    return render_template(
        f"identity/second_factor/{template}.html",
        email=awaiting.email,
        errand=sign_in_errands.sealed(kept),
        **typed,
    )


def _to_sign_in() -> Response:
    """Lead to the sign-in: no one signed in with a link here, or more time has passed than is allowed."""
    return redirect(url_for("sign_in.show_sign_in_form"), 303)
