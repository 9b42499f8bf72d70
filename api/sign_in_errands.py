"""Errands: the page or form that a person requested, preserved while they sign in.

An errand travels as signed text in the sign-in form, then with the link, then in the new session. A form is
restored only for the account or browser that filled it in. Otherwise an attacker could make another person's
sign-in link lead to a form of theirs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import redirect, render_template, request, session, url_for
from flask_login import current_user
from itsdangerous import BadSignature, URLSafeSerializer
from werkzeug.wrappers import Response

from api import context
from scheduler.i18n import gettext_lazy
from scheduler.services.identity import consents
from scheduler.services.identity.tokens import random_token

MOST_TYPED = 50_000
"""Maximum size of a preserved form, in characters."""
GO_ON = gettext_lazy("continue")
_BROWSER = "browser"
_NOT_TYPED = ("csrf_token", "errand", "password")


def of_expired_form() -> dict[str, Any]:
    """Return the form of a request with an expired CSRF token, to be submitted again with a new one.

    Empty unless the Origin header (RFC 6454) is of this site. A page of another site cannot forge it.
    """
    own = request.host_url.rstrip("/"), context.settings().base_url.rstrip("/")
    if request.headers.get("Origin") not in own or request.files:
        return {}
    fields = [pair for pair in request.form.items(multi=True) if pair[0] not in ("csrf_token", "password")]
    is_kept = sum(len(name) + len(value) for name, value in fields) <= MOST_TYPED
    return {"path": request.path, "what": GO_ON, "fields": fields} if is_kept else {}


def of_request(what: str = GO_ON) -> dict[str, Any]:
    """Return the errand of the current request: only the page if its form has files or is too large."""
    if request.method == "GET":
        return {"path": request.full_path.rstrip("?")}
    fields = [pair for pair in request.form.items(multi=True) if pair[0] not in _NOT_TYPED]
    if request.files or sum(len(name) + len(value) for name, value in fields) > MOST_TYPED:
        return {"path": _page()}
    whose = (
        {"account": current_user.account_id}
        if current_user.is_authenticated
        else {_BROWSER: session.setdefault(_BROWSER, random_token())}
    )
    return {"path": request.path, "what": what, "fields": fields, **whose}


def sealed(errand: Mapping[str, Any]) -> str:
    """Return the errand as signed text for a form, or "" without one."""
    return str(_serializer().dumps(errand)) if errand else ""


def opened(text: str) -> Mapping[str, Any]:
    """Return the errand of a signed text, or an empty one if the signature is invalid."""
    try:
        errand: Mapping[str, Any] = _serializer().loads(text) if text else {}
    except BadSignature:
        return {}
    return errand


def for_account(errand: Mapping[str, Any], account_id: int) -> Mapping[str, Any]:
    """Return the errand, or an empty one if its form belongs to another account or browser."""
    own = errand.get("account") == account_id or (
        _BROWSER in errand and errand[_BROWSER] == session.get(_BROWSER)
    )
    return errand if own or "fields" not in errand else {}


def go_on(errand: Mapping[str, Any]) -> Response:
    """Redirect to the requested page, or to a page with the submitted form to send it again.

    First comes the privacy notice of an event, if the person has not decided by its current version.
    """
    if "fields" in errand:
        target = url_for("sign_in.continue_session")
    else:
        target = local(str(errand.get("path", ""))) or url_for("organiser_dashboard.list_own_events")
    if current_user.is_authenticated:
        with context.database().read() as db:
            event_key = consents.find_due_event(db, current_user.session)
        if event_key is not None:
            target = url_for("own_consents.show_consents", event_key=event_key, next=target)
    return redirect(target, 303)


def local(target: str) -> str:
    """Return `target` if it is a path of this site, or "" otherwise, which prevents open redirects."""
    safe = target.startswith("/") and not target.startswith("//") and "\\" not in target
    return target if safe and target.isprintable() else ""


def ask_again(what: str) -> tuple[str, int]:
    """Return the page that asks for a recent sign-in, and preserves the submitted form."""
    page = render_template(
        "identity/sign_in/again.html",
        what=what,
        errand=sealed(of_request(what)),
        has_files=bool(request.files),
        minutes=context.settings().fresh_sign_in_minutes,
    )
    return page, 403


def _page() -> str:
    """Return the path of the page with the submitted form, from the Referer if it is of this site."""
    before = request.referrer or ""
    for here in (request.host_url.rstrip("/"), context.settings().base_url.rstrip("/")):
        if before.startswith(f"{here}/"):
            return local(before.removeprefix(here))
    return ""


def _serializer() -> URLSafeSerializer:
    return URLSafeSerializer(context.signing_keys(), salt="errand")
