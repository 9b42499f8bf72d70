"""Webhooks of the event: create, change, rotate keys; read messages and send them again. For organisers."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from api import context
from api.v1.bearer import token
from api.v1.operation import blueprint, later, operation
from api.v1.schemas.base import DeletedOut, Items, Listing
from api.v1.webhooks.schemas import (
    MessageQuery,
    NewWebhookIn,
    ReplayIn,
    ReplayOut,
    WebhookKeyOut,
    WebhookMessageOut,
    WebhookOut,
    WebhookUpdateIn,
)
from scheduler.services.identity.actors import Actor
from scheduler.services.webhooks import endpoints, messages
from workers import dispatch

TAG = "Webhooks"
WRITE = "webhooks:write"
ONE = "/webhooks/<int:number>"


@blueprint.get("/webhooks")
@blueprint.auth_required(token, roles=[WRITE])
@operation(tag=TAG)
@blueprint.output(Items[WebhookOut])
def list_webhooks(db: Session, actor: Actor) -> Any:
    """List the webhooks, oldest first"""
    return {"items": endpoints.list_endpoints(db, actor, **_now())}


@blueprint.post("/webhooks")
@blueprint.auth_required(token, roles=[WRITE])
@blueprint.input(NewWebhookIn, arg_name="body")
@operation(tag=TAG, writes=True)
@blueprint.output(WebhookKeyOut)
def create_webhook(db: Session, actor: Actor, body: NewWebhookIn) -> Any:
    """Create a webhook; its first message is about its own creation

    No Idempotency-Key: responses to one are stored, and this response can have a secret.
    """
    card, key = endpoints.create_endpoint(
        db, actor, body.name, body.url, types=body.types, scheme=body.scheme, **_now()
    )
    later(_send)
    return {"number": card.number, "webhook": card, "key": key}


@blueprint.get(ONE)
@blueprint.auth_required(token, roles=[WRITE])
@operation(tag=TAG)
@blueprint.output(WebhookOut)
def show_webhook(db: Session, actor: Actor, number: int) -> Any:
    """Show a webhook"""
    return endpoints.get_endpoint(db, actor, number, **_now())


@blueprint.post(f"{ONE}/change")
@blueprint.auth_required(token, roles=[WRITE])
@blueprint.input(WebhookUpdateIn, arg_name="body")
@operation(tag=TAG, writes=True)
@blueprint.output(WebhookOut)
def update_webhook(db: Session, actor: Actor, number: int, body: WebhookUpdateIn) -> Any:
    """Update a webhook"""
    return endpoints.change_endpoint(db, actor, number, **dict(body), **_now())


@blueprint.post(f"{ONE}/rotate")
@blueprint.auth_required(token, roles=[WRITE])
@operation(tag=TAG, writes=True)
@blueprint.output(WebhookKeyOut)
def rotate_webhook_key(db: Session, actor: Actor, number: int) -> Any:
    """Replace the signing key; for 24 hours the previous one signs too"""
    card, key = endpoints.rotate_key(db, actor, number, **_now())
    return {"number": card.number, "webhook": card, "key": key}


@blueprint.post(f"{ONE}/disable")
@blueprint.auth_required(token, roles=[WRITE])
@operation(tag=TAG, writes=True, also=(409,))
@blueprint.output(WebhookOut)
def disable_webhook(db: Session, actor: Actor, number: int) -> Any:
    """Disable a webhook: its pending messages fail"""
    return endpoints.disable_endpoint(db, actor, number, **_now())


@blueprint.post(f"{ONE}/enable")
@blueprint.auth_required(token, roles=[WRITE])
@operation(tag=TAG, writes=True, also=(409,))
@blueprint.output(WebhookOut)
def enable_webhook(db: Session, actor: Actor, number: int) -> Any:
    """Enable a webhook again, from now on"""
    later(_send)
    return endpoints.enable_endpoint(db, actor, number, **_now())


@blueprint.delete(ONE)
@blueprint.auth_required(token, roles=[WRITE])
@operation(tag=TAG, writes=True)
@blueprint.output(DeletedOut)
def delete_webhook(db: Session, actor: Actor, number: int) -> Any:
    """Delete a webhook with its messages"""
    endpoints.delete_endpoint(db, actor, number, now=context.now())
    return {"number": number}


@blueprint.get(f"{ONE}/messages")
@blueprint.auth_required(token, roles=[WRITE])
@blueprint.input(MessageQuery, location="query", arg_name="query")
@operation(tag=TAG)
@blueprint.output(Listing[WebhookMessageOut])
def list_webhook_messages(db: Session, actor: Actor, number: int, query: MessageQuery) -> Any:
    """List the messages of a webhook with their attempts, newest first"""
    return messages.list_messages(
        db, actor, number, state=query.state, cursor=query.cursor, limit=query.limit
    )


@blueprint.post(f"{ONE}/messages/<int:entry>/replay")
@blueprint.auth_required(token, roles=[WRITE])
@operation(tag=TAG, writes=True, also=(409,))
@blueprint.output(WebhookMessageOut)
def replay_webhook_message(db: Session, actor: Actor, number: int, entry: int) -> Any:
    """Send a message again, with the same ID"""
    later(_send)
    return messages.replay_message(db, actor, number, entry, now=context.now())


@blueprint.post(f"{ONE}/replay-failed")
@blueprint.auth_required(token, roles=[WRITE])
@blueprint.input(ReplayIn, arg_name="body")
@operation(tag=TAG, writes=True)
@blueprint.output(ReplayOut)
def replay_failed_messages(db: Session, actor: Actor, number: int, body: ReplayIn) -> Any:
    """Send all failed messages since a time again"""
    later(_send)
    return {"messages": messages.replay_failed(db, actor, number, since=body.since, now=context.now())}


def _now() -> dict[str, Any]:
    """Return what the services need besides the actor."""
    return {"secret_key": context.settings().secret_key, "now": context.now()}


def _send() -> None:
    dispatch.send_webhooks(app=context.celery())
