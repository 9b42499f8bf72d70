"""Sign-in by a mailed one-time link. Opening the link asks once more, as mail scanners open links too."""

from __future__ import annotations

from urllib.parse import urlsplit

from apiflask import APIBlueprint
from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from api import auth, context
from api.limits import limiter
from scheduler.services import access
from workers import dispatch

blueprint = APIBlueprint("sign_in", __name__, enable_openapi=False)


@blueprint.get("/sign-in")
def ask() -> str:
    return render_template("sign_in/ask.html", next=_local(request.args.get("next", "")))


@blueprint.post("/sign-in")
@limiter.limit("10/minute; 60/hour")
def send() -> str | tuple[str, int]:
    """Mail a link; the page says the same for a known and an unknown address."""
    email = request.form.get("email", "").strip()
    if "@" not in email or len(email) > 254:
        fault = "Write your mail address, such as name@example.com."
        return render_template("sign_in/ask.html", email=email, fault=fault, next=""), 422
    config = context.settings()
    with context.database().write() as db:
        link = access.ask_sign_in(
            db, email, secret_key=config.secret_key, mail_domain=config.mail_domain, now=context.now()
        )
    if link is not None:
        dispatch.deliver(app=context.celery())
    return render_template("sign_in/sent.html", email=email, catcher=config.mail_catcher_url)


@blueprint.get("/sign-in/<token>")
def look(token: str) -> str | tuple[str, int]:
    with context.database().read() as db:
        try:
            account = access.look_at_sign_in(db, token, now=context.now())
        except access.UnusableLink as error:
            return render_template("sign_in/unusable.html", reason=str(error)), 410
    return render_template("sign_in/confirm.html", token=token, email=account.email)


@blueprint.post("/sign-in/<token>")
@limiter.limit("30/minute")
def redeem(token: str) -> Response | tuple[str, int]:
    try:
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


def _local(target: str) -> str:
    """The target if it is a path of this site, else nothing."""
    parts = urlsplit(target)
    safe = not parts.scheme and not parts.netloc and target.startswith("/") and "\\" not in target
    return target if safe and not target.startswith("//") else ""
