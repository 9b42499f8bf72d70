"""API tokens of an event, and a person's own for all events: create, list, revoke."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from apiflask import APIBlueprint
from flask import flash, redirect, request, url_for
from flask_login import login_required
from werkzeug.wrappers import Response

from api import auth, context, inputs
from api.language.speaking import gettext, ngettext
from api.pages import rendering
from api.v1 import bearer
from scheduler.domain.errors import InvalidInput
from scheduler.services.identity import api_tokens
from scheduler.services.identity.actors import Actor

blueprint = APIBlueprint("tokens", __name__, enable_openapi=False, url_prefix="/events/<event_key>/tokens")

_NEW = {"name": "", "days": str(api_tokens.USUAL_DAYS), "events": "one"}


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
    is_for_all_events = request.form.get("events") == "all"
    try:
        with context.database().write() as db:
            _, text = api_tokens.create_api_token(
                db,
                actor,
                name,
                scopes,
                days=inputs.whole(days),
                is_for_all_events=is_for_all_events,
                now=context.now(),
            )
    except InvalidInput as error:
        faults = {fault.path: fault.message for fault in error.faults}
        typed = {"name": name, "days": days, "events": "all" if is_for_all_events else "one"}
        return _page(actor, typed=typed, scopes=scopes, faults=faults), 422
    return _page(actor, made=text, is_for_all_events=is_for_all_events)


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
    is_for_all_events: bool = False,
    typed: Mapping[str, str] = MappingProxyType(_NEW),
    scopes: Sequence[str] = (),
    faults: dict[str, str] | None = None,
) -> str:
    """Show the tokens and the form. `made` is the text of a new token, which may be for all events."""
    with context.database().read() as db:
        return rendering.render(
            db,
            actor,
            "tokens",
            "identity/tokens/list.html",
            tokens=api_tokens.list_api_tokens(db, actor),
            services=api_tokens.list_service_tokens(db, actor),
            offered=api_tokens.list_offered_scopes(actor),
            base_url=context.settings().base_url,
            made=made,
            header=bearer.EVENT if is_for_all_events else "",
            typed=typed,
            days=[(str(each), ngettext("%(num)s day", "%(num)s days", each)) for each in api_tokens.DAYS],
            now=context.now(),
            chosen=scopes,
            faults=faults or {},
        )
