"""API tokens of an event: create, list, revoke."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import flash, redirect, request, url_for
from flask_login import login_required
from werkzeug.wrappers import Response

from api import auth, context, inputs
from api.language.speaking import gettext, ngettext
from api.pages import rendering
from scheduler.domain.errors import InvalidInput
from scheduler.services.identity import api_tokens
from scheduler.services.identity.actors import Actor

blueprint = APIBlueprint("tokens", __name__, enable_openapi=False, url_prefix="/events/<event_key>/tokens")


@blueprint.get("")
@login_required
def list_tokens(event_key: str) -> str:
    return _page(auth.actor(event_key))


@blueprint.post("")
@login_required
def create_token(event_key: str) -> str | tuple[str, int]:
    """Create a token. Its secret is shown only in this response."""
    actor = auth.actor(event_key)
    name, scopes, days = (
        request.form.get("name", ""),
        request.form.getlist("scopes"),
        request.form.get("days", str(api_tokens.USUAL_DAYS)),
    )
    try:
        with context.database().write() as db:
            _, text = api_tokens.create_api_token(
                db, actor, name, scopes, days=inputs.whole(days), now=context.now()
            )
    except InvalidInput as error:
        faults = {fault.path: fault.message for fault in error.faults}
        return _page(actor, name=name, scopes=scopes, days=days, faults=faults), 422
    return _page(actor, made=text)


@blueprint.post("/<int:token_id>/revoke")
@login_required
def revoke_token(event_key: str, token_id: int) -> Response:
    """Revoke a token."""
    actor = auth.actor(event_key)
    with context.database().write() as db:
        api_tokens.revoke_api_token(db, actor, token_id, now=context.now())
    flash(gettext("Token revoked. Programs that use it no longer have access."), "good")
    return redirect(url_for("tokens.list_tokens", event_key=event_key), 303)


def _page(
    actor: Actor,
    *,
    made: str = "",
    name: str = "",
    scopes: list[str] | None = None,
    days: str = str(api_tokens.USUAL_DAYS),
    faults: dict[str, str] | None = None,
) -> str:
    with context.database().read() as db:
        return rendering.render(
            db,
            actor,
            "tokens",
            "identity/tokens/list.html",
            tokens=api_tokens.list_api_tokens(db, actor),
            offered=api_tokens.list_offered_scopes(actor),
            base_url=context.settings().base_url,
            made=made,
            typed={"name": name, "days": days},
            days=[(str(each), ngettext("%(num)s day", "%(num)s days", each)) for each in api_tokens.DAYS],
            now=context.now(),
            chosen=scopes or [],
            faults=faults or {},
        )
