"""Errands: the form or page that a person wanted when asked to sign in, kept through the sign-in.

An errand travels as a signed text in the form that asks for the link, then with the link, then in the session
that the link begins. A form is only given back to the account, or to the browser, that had filled it in: else
somebody could have another person's link lead to a form of their own.
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
from scheduler.services.identity.tokens import random_token

MOST_TYPED = 50_000
"""Characters of a form that are kept."""
GO_ON = gettext_lazy("go on")
_BROWSER = "browser"
_NOT_TYPED = ("csrf_token", "errand", "password")


def of_expired_form() -> dict[str, Any]:
    """The form of a request whose token is not valid any more, to be sent again with a new one.

    Empty unless the browser says that a page of this site sent it (the header Origin, RFC 6454), which no
    page of another site can have it say.
    """
    own = request.host_url.rstrip("/"), context.settings().base_url.rstrip("/")
    if request.headers.get("Origin") not in own or request.files:
        return {}
    fields = [pair for pair in request.form.items(multi=True) if pair[0] not in ("csrf_token", "password")]
    is_kept = sum(len(name) + len(value) for name, value in fields) <= MOST_TYPED
    return {"path": request.path, "what": GO_ON, "fields": fields} if is_kept else {}


def of_request(what: str = GO_ON) -> dict[str, Any]:
    """The errand of the present request. For a form with files, or one too large, it is only the page."""
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
    """The errand as a signed text that a form can carry, or an empty text without an errand."""
    return str(_serializer().dumps(errand)) if errand else ""


def opened(text: str) -> Mapping[str, Any]:
    """The errand of a sealed text, or an empty one if the text is not valid."""
    try:
        errand: Mapping[str, Any] = _serializer().loads(text) if text else {}
    except BadSignature:
        return {}
    return errand


def for_account(errand: Mapping[str, Any], account_id: int) -> Mapping[str, Any]:
    """The errand if it is this account's or this browser's. A form of anybody else gives an empty errand."""
    own = errand.get("account") == account_id or (
        _BROWSER in errand and errand[_BROWSER] == session.get(_BROWSER)
    )
    return errand if own or "fields" not in errand else {}


def go_on(errand: Mapping[str, Any]) -> Response:
    """A redirect to the requested page, or to a page with the form that was sent, to send it again."""
    if "fields" in errand:
        return redirect(url_for("sign_in.go_on"), 303)
    return redirect(local(str(errand.get("path", ""))) or url_for("home.index"), 303)


def local(target: str) -> str:
    """The target if it is a path of this site, else nothing."""
    safe = target.startswith("/") and not target.startswith("//") and "\\" not in target
    return target if safe and target.isprintable() else ""


def ask_again(what: str) -> tuple[str, int]:
    """The page that asks for another sign-in, for a form with all that was typed."""
    page = render_template(
        "identity/sign_in/again.html",
        what=what,
        errand=sealed(of_request(what)),
        has_files=bool(request.files),
        minutes=context.settings().fresh_sign_in_minutes,
    )
    return page, 403


def _page() -> str:
    """The path of the page whose form was sent: the one before, if it is of this site."""
    before = request.referrer or ""
    for here in (request.host_url.rstrip("/"), context.settings().base_url.rstrip("/")):
        if before.startswith(f"{here}/"):
            return local(before.removeprefix(here))
    return ""


def _serializer() -> URLSafeSerializer:
    return URLSafeSerializer(context.settings().secret_key, salt="errand")
