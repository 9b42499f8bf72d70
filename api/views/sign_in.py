"""Sign-in by a mailed one-time link. Opening the link asks once more, as mail scanners open links too."""

from __future__ import annotations

from urllib.parse import urlsplit

from apiflask import APIBlueprint
from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from api import auth, context, limits
from scheduler.services import access
from scheduler.storage.models import Account
from workers import dispatch

blueprint = APIBlueprint("sign_in", __name__, enable_openapi=False)


@blueprint.get("/sign-in")
def ask() -> str:
    return render_template("sign_in/ask.html", next=_local(request.args.get("next", "")))


@blueprint.post("/sign-in")
def send() -> str | tuple[str, int]:
    """Mail a link; the page says the same for a known and an unknown address."""
    email = request.form.get("email", "").strip()
    if "@" not in email or len(email) > 254:
        fault = "Write your mail address, such as name@example.com."
        return render_template("sign_in/ask.html", email=email, fault=fault, next=""), 422
    limits.require_sign_in(access.normal_email(email))
    config = context.settings()
    with context.database().write() as db:
        link = access.ask_sign_in(
            db, email, secret_key=config.secret_key, mail_domain=config.mail_domain, now=context.now()
        )
    if link is not None:
        dispatch.deliver_urgent(app=context.celery())
    return render_template("sign_in/sent.html", email=email, catcher=config.mail_catcher_url)


@blueprint.get("/sign-in/<token>")
def look(token: str) -> str | tuple[str, int]:
    try:
        account = _look(token)
    except access.UnusableLink as error:
        return render_template("sign_in/unusable.html", reason=str(error)), 410
    return render_template("sign_in/confirm.html", token=token, email=account.email)


@blueprint.post("/sign-in/<token>")
def redeem(token: str) -> Response | tuple[str, int]:
    try:
        _look(token)
        with context.database().write() as db:
            account = access.redeem_sign_in(db, token, now=context.now())
    except access.UnusableLink as error:
        return render_template("sign_in/unusable.html", reason=str(error)), 410
    auth.sign_in(account)
    return redirect(url_for("home.index"))


@blueprint.post("/sign-out")
def sign_out() -> Response:
    auth.sign_out()
    flash("You are signed out.")
    return redirect(url_for("sign_in.ask"))


def _look(token: str) -> Account:
    """Whom a link would sign in; raises UnusableLink."""
    with limits.looking_up_a_token(), context.database().read() as db:
        account = access.look_at_sign_in(db, token, now=context.now())
    limits.require_link(token)
    return account


def _local(target: str) -> str:
    """The target if it is a path of this site, else nothing."""
    parts = urlsplit(target)
    safe = not parts.scheme and not parts.netloc and target.startswith("/") and "\\" not in target
    return target if safe and not target.startswith("//") else ""
