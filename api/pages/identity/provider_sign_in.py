"""Sign-in with an OpenID provider: the request to it, and its response.

The form's response is a page that forwards at once, and no redirect: the Content-Security-Policy of our pages
lets forms lead to this site alone, and browsers apply that to redirects of a form too.
"""

from __future__ import annotations

import structlog
from apiflask import APIBlueprint
from flask import make_response, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from api import auth, context, known_browsers, limits, sign_in_errands
from api.language.speaking import gettext
from scheduler.domain.oidc_providers import OidcProvider
from scheduler.services.identity import oidc_sign_in
from scheduler.services.identity.oidc_client import OidcClient, ProviderFailure, Subject
from scheduler.services.identity.oidc_sign_in import OpenRequest, SignInRefused, UnknownResponse
from scheduler.services.identity.tokens import random_token

blueprint = APIBlueprint(
    "provider_sign_in", __name__, enable_openapi=False, url_prefix="/sign-in/providers/<provider_key>"
)

_BROWSER = "oidc"
"""Session key of the secret that binds requests to this browser."""

log = structlog.get_logger()


@blueprint.post("")
def request_authentication(provider_key: str) -> Response | tuple[str, int]:
    """Lead to the provider, where the person authenticates."""
    client = context.oidc_client(provider_key)
    limits.require_provider_sign_in()
    provider, settings = client.provider, context.settings()
    is_fresh = request.form.get("again") == "1"
    context.own_transactions()  # none is open while the provider is asked
    try:
        client.find_metadata()
    except ProviderFailure as failure:
        return _failed(provider, failure)
    with context.database().write() as db:
        values = oidc_sign_in.open_request(
            db,
            provider,
            session.setdefault(_BROWSER, random_token()),
            is_fresh=is_fresh,
            errand=sign_in_errands.opened(request.form.get("errand", "")),
            now=context.now(),
        )
    address = client.authorization_url(
        values,
        redirect_uri=_redirect_uri(provider),
        max_hours=settings.session_hours,
        is_fresh=is_fresh,
    )
    page = render_template("identity/sign_in/provider.html", provider=provider.name, address=address)
    response = make_response(page)
    response.headers["Refresh"] = f"0; url={address}"
    return response


@blueprint.get("/callback")
def receive_response(provider_key: str) -> Response | tuple[str, int]:
    """Sign the person in, if the response is to a request of this browser."""
    client = context.oidc_client(provider_key)
    provider = client.provider
    try:
        with limits.looking_up_a_token(), context.database().write() as db:
            taken = oidc_sign_in.take_request(
                db, provider, session.get(_BROWSER, ""), request.args.get("state", ""), now=context.now()
            )
    except UnknownResponse as error:
        if auth.user().is_authenticated:  # its reader came back to a response that was used
            return redirect(url_for("organiser_dashboard.list_own_events"))
        return render_template("identity/sign_in/provider_refused.html", reason=str(error)), 410
    try:
        subject = _authenticated(client, taken)
    except ProviderFailure as failure:
        return _failed(provider, failure)
    if subject is None:
        reason = gettext("You weren't signed in with %(provider)s.", provider=provider.name)
        return render_template("identity/sign_in/provider_refused.html", reason=reason), 403
    try:
        with context.database().write() as db:
            account = oidc_sign_in.sign_in_subject(db, provider, subject, taken, now=context.now())
    except SignInRefused as error:
        with context.database().write() as db:
            oidc_sign_in.record_refusal(db, provider, error, now=context.now())
        return render_template("identity/sign_in/provider_refused.html", reason=str(error)), 403
    errand = sign_in_errands.for_account(taken.errand, account.id)
    auth.begin(account.id, errand, provider=provider.key, authenticated_at=subject.authenticated_at)
    response = sign_in_errands.go_on(errand)
    known_browsers.remember(response)
    return response


def _authenticated(client: OidcClient, taken: OpenRequest) -> Subject | None:
    """Return who the provider has authenticated, or None if no one. Raises ProviderFailure."""
    now, code = context.now(), request.args.get("code", "")
    context.own_transactions()
    client.require_issuer(request.args.get("iss"))
    if "error" in request.args or not code:
        return None
    return client.redeem_code(code, taken.values, redirect_uri=_redirect_uri(client.provider), now=now)


def _failed(provider: OidcProvider, failure: ProviderFailure) -> tuple[str, int]:
    log.warning("sign-in with a provider failed", provider=provider.key, reason=str(failure))
    reason = gettext(
        "%(provider)s can't sign you in at the moment. Try again, or contact the operator of this site.",
        provider=provider.name,
    )
    return render_template("identity/sign_in/provider_refused.html", reason=reason), 502


def _redirect_uri(provider: OidcProvider) -> str:
    """Return the address that is registered at the provider."""
    path = url_for("provider_sign_in.receive_response", provider_key=provider.key)
    return context.settings().base_url + path
