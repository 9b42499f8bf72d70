"""Webhooks of an event, with their messages and attempts. For organisers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any

from apiflask import APIBlueprint
from flask import flash, redirect, request, url_for
from flask_login import login_required
from werkzeug.wrappers import Response

from api import auth, context, inputs
from api.language.speaking import gettext, ngettext
from api.pages import paging, rendering
from scheduler.domain.errors import InvalidInput
from scheduler.domain.webhooks import AttemptFailure, DisabledReason, MessageState, SignatureScheme
from scheduler.i18n import gettext_lazy
from scheduler.services.identity.actors import Actor
from scheduler.services.webhooks import endpoints, event_types, messages
from workers import dispatch

blueprint = APIBlueprint(
    "webhooks", __name__, enable_openapi=False, url_prefix="/events/<event_key>/webhooks"
)

HOURS = (1, 24, 72, 720)
"""Offered periods of failed messages to send again."""
STATES: Mapping[MessageState, str] = MappingProxyType(
    {
        MessageState.PENDING: gettext_lazy("To be sent"),
        MessageState.DELIVERED: gettext_lazy("Delivered"),
        MessageState.FAILED: gettext_lazy("Failed"),
    }
)
FAILURES: Mapping[AttemptFailure, str] = MappingProxyType(
    {
        AttemptFailure.TIMEOUT: gettext_lazy("The server took too long to respond."),
        AttemptFailure.UNREACHABLE: gettext_lazy("The server can't be reached, or its response is invalid."),
        AttemptFailure.NOT_PUBLIC: gettext_lazy("The address is not on the public internet."),
        AttemptFailure.CERTIFICATE: gettext_lazy("The server has no valid certificate."),
        AttemptFailure.SECRET: gettext_lazy("The signing key can't be read. Rotate it."),
    }
)
REASONS: Mapping[DisabledReason, str] = MappingProxyType(
    {
        DisabledReason.MANUAL: gettext_lazy("Disabled. It gets no messages."),
        DisabledReason.GONE: gettext_lazy(
            "Disabled, because its server no longer wants messages (status 410)."
        ),
        DisabledReason.FAILING: gettext_lazy(
            "Disabled, because its server accepted no message for three days."
        ),
    }
)


@blueprint.get("")
@login_required
def list_webhooks(event_key: str) -> str:
    """List the webhooks."""
    return _list(auth.organiser(event_key))


@blueprint.post("")
@login_required
def create_webhook(event_key: str) -> str | tuple[str, int]:
    """Create a webhook. Its key is shown only in this response."""
    actor = auth.organiser(event_key)
    name, url = request.form.get("name", ""), request.form.get("url", "")
    types, scheme = request.form.getlist("types"), request.form.get("scheme", "")
    try:
        with context.database().write() as db:
            card, key = endpoints.create_endpoint(
                db, actor, name, url, types=types, scheme=_scheme(scheme), **_now()
            )
    except InvalidInput as error:
        typed = {"name": name, "url": url, "scheme": scheme}
        return _list(actor, typed=typed, types=types, faults=_faults(error)), 422
    _send()
    return _show(actor, card.number, key=key)


@blueprint.get("/<int:number>")
@login_required
def show_webhook(event_key: str, number: int) -> str:
    """Show a webhook with its messages, newest first."""
    return _show(auth.organiser(event_key), number)


@blueprint.post("/<int:number>")
@login_required
def change_webhook(event_key: str, number: int) -> Response | tuple[str, int]:
    """Change name, URL and event types."""
    actor = auth.organiser(event_key)
    typed = {name: request.form.get(name, "") for name in ("name", "url")}
    types = request.form.getlist("types")
    try:
        with context.database().write() as db:
            endpoints.change_endpoint(
                db, actor, number, name=typed["name"], url=typed["url"], types=types, **_now()
            )
    except InvalidInput as error:
        return _show(actor, number, typed=typed, types=types, faults=_faults(error)), 422
    flash(gettext("Webhook saved."), "good")
    return _back(event_key, number)


@blueprint.post("/<int:number>/rotate")
@login_required
def rotate_key(event_key: str, number: int) -> str:
    """Rotate the signing key. The new one is shown only in this response."""
    actor = auth.organiser(event_key)
    with context.database().write() as db:
        _, key = endpoints.rotate_key(db, actor, number, **_now())
    return _show(actor, number, key=key)


@blueprint.post("/<int:number>/disable")
@login_required
def disable_webhook(event_key: str, number: int) -> Response:
    """Disable a webhook."""
    actor = auth.organiser(event_key)
    with context.database().write() as db:
        endpoints.disable_endpoint(db, actor, number, **_now())
    flash(gettext("Webhook disabled."), "good")
    return _back(event_key, number)


@blueprint.post("/<int:number>/enable")
@login_required
def enable_webhook(event_key: str, number: int) -> Response:
    """Enable a webhook again."""
    actor = auth.organiser(event_key)
    with context.database().write() as db:
        endpoints.enable_endpoint(db, actor, number, **_now())
    _send()
    flash(gettext("Webhook enabled."), "good")
    return _back(event_key, number)


@blueprint.post("/<int:number>/delete")
@login_required
def delete_webhook(event_key: str, number: int) -> Response:
    """Delete a webhook with its messages."""
    actor = auth.organiser(event_key)
    with context.database().write() as db:
        endpoints.delete_endpoint(db, actor, number, now=context.now())
    flash(gettext("Webhook deleted."), "good")
    return redirect(url_for("webhooks.list_webhooks", event_key=event_key), 303)


@blueprint.post("/<int:number>/messages/<int:entry>/replay")
@login_required
def replay_message(event_key: str, number: int, entry: int) -> Response:
    """Send a message again."""
    actor = auth.organiser(event_key)
    with context.database().write() as db:
        messages.replay_message(db, actor, number, entry, now=context.now())
    _send()
    flash(gettext("The message is being sent again."), "good")
    return _back(event_key, number)


@blueprint.post("/<int:number>/replay-failed")
@login_required
def replay_failed(event_key: str, number: int) -> Response:
    """Send the failed messages of the last hours again."""
    actor = auth.organiser(event_key)
    now, hours = context.now(), min(inputs.whole(request.form.get("hours")), max(HOURS))
    with context.database().write() as db:
        count = messages.replay_failed(db, actor, number, since=now - timedelta(hours=hours), now=now)
    _send()
    flash(
        ngettext("%(num)s message is being sent again.", "%(num)s messages are being sent again.", count),
        "good",
    )
    return _back(event_key, number)


def _list(
    actor: Actor,
    *,
    typed: Mapping[str, str] = MappingProxyType({}),
    types: list[str] | None = None,
    faults: dict[str, str] | None = None,
) -> str:
    with context.database().read() as db:
        return rendering.render(
            db,
            actor,
            "webhooks",
            "webhooks/list.html",
            webhooks=endpoints.list_endpoints(db, actor, **_now()),
            typed=typed,
            chosen=types or [],
            faults=faults or {},
            offered=sorted(event_types.EVENT_TYPES.values()),
            schemes=_schemes(),
            reasons=REASONS,
        )


def _show(
    actor: Actor,
    number: int,
    *,
    key: str = "",
    typed: Mapping[str, str] | None = None,
    types: list[str] | None = None,
    faults: dict[str, str] | None = None,
) -> str:
    with context.database().read() as db:
        card = endpoints.get_endpoint(db, actor, number, **_now())
        return rendering.render(
            db,
            actor,
            "webhooks",
            "webhooks/show.html",
            webhook=card,
            page=messages.list_messages(db, actor, number, page_number=paging.asked_number()),
            key=key,
            typed=typed or {"name": card.name, "url": card.url},
            chosen=list(card.types) if types is None else types,
            faults=faults or {},
            offered=sorted(event_types.EVENT_TYPES.values()),
            states=STATES,
            failures=FAILURES,
            reasons=REASONS,
            hours=[(str(each), _period(each)) for each in HOURS],
        )


def _period(hours: int) -> str:
    if hours < 24:
        return ngettext("Last %(num)s hour", "Last %(num)s hours", hours)
    return ngettext("Last %(num)s day", "Last %(num)s days", hours // 24)


def _schemes() -> list[tuple[str, str]]:
    return [
        (SignatureScheme.HMAC_SHA256.value, gettext("HMAC-SHA256 with a secret (v1)")),
        (SignatureScheme.ED25519.value, gettext("Ed25519 with a public key (v1a)")),
    ]


def _scheme(text: str) -> SignatureScheme:
    is_known = text in set(SignatureScheme)
    return SignatureScheme(text) if is_known else SignatureScheme.HMAC_SHA256


def _faults(error: InvalidInput) -> dict[str, str]:
    return {fault.path: fault.message for fault in error.faults}


def _now() -> dict[str, Any]:
    """Return what the services need besides the actor."""
    return {"secret_key": context.settings().secret_key, "now": context.now()}


def _send() -> None:
    dispatch.send_webhooks(app=context.celery())


def _back(event_key: str, number: int) -> Response:
    return redirect(url_for("webhooks.show_webhook", event_key=event_key, number=number), 303)
