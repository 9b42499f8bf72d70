"""Events that a token can reach: list, create, copy, archive and restore. The path names the event."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session

from api import context
from api.v1 import validators
from api.v1.bearer import token
from api.v1.events.schemas import EventCopyIn, EventQuery, EventSummaryOut, NewEventIn
from api.v1.operation import blueprint, operation
from api.v1.schemas.base import Listing
from api.v1.schemas.headers import Created, MatchHeaders
from scheduler.services.events import client_events
from scheduler.services.events.archives import event_copy
from scheduler.services.identity import api_clients
from scheduler.services.identity.api_clients import ApiClient

TAG = "Events"
READ, WRITE = "events:read", "events:write"
ONE = "/events/<key>"
SHOW = "v1.show_event_summary"


@blueprint.get("/events")
@blueprint.auth_required(token, roles=[READ])
@blueprint.input(EventQuery, location="query", arg_name="query")
@operation(tag=TAG, of_event=False)
@blueprint.output(Listing[EventSummaryOut])
def list_events(db: Session, client: ApiClient, query: EventQuery) -> Any:
    """List the events that the token can reach, newest first"""
    is_archived = None if query.state is None else query.state == "archived"
    return client_events.list_events(
        db, client, is_archived=is_archived, cursor=query.cursor, limit=query.limit, now=context.now()
    )


@blueprint.post("/events")
@blueprint.auth_required(token, roles=[WRITE])
@blueprint.input(NewEventIn, arg_name="body")
@operation(tag=TAG, of_event=False, creates=SHOW)
@blueprint.output(EventSummaryOut, 201, headers=Created)
def create_event(db: Session, client: ApiClient, body: NewEventIn) -> Any:
    """Create an event with its venue, for an operator"""
    now = context.now()
    key = client_events.create_event(db, client, body.form(), owner=body.owner or "", now=now)
    return client_events.get_event(db, client, key, now=now)


@blueprint.get(ONE)
@blueprint.auth_required(token, roles=[READ])
@operation(tag=TAG, of_event=False, version_field="version")
@blueprint.output(EventSummaryOut)
def show_event_summary(db: Session, client: ApiClient, key: str) -> Any:
    """Show an event as the list has it"""
    return client_events.get_event(db, client, key, now=context.now())


def _copy(finish: Callable[[Session], object], client: ApiClient, body: EventCopyIn, key: str) -> None:
    with context.database().read() as db:
        actor = api_clients.actor_for_client(db, client, key, now=context.now())
        owner_id = client_events.find_owner(db, client, body.owner or "")
    event_copy.copy_event(
        context.own_transactions(),
        actor,
        body.form(),
        owner_id=owner_id,
        finish=finish,
        settings=context.settings(),
        now=context.now(),
    )


@blueprint.post(f"{ONE}/copy")
@blueprint.auth_required(token, roles=[WRITE])
@blueprint.input(EventCopyIn, arg_name="body")
@operation(tag=TAG, of_event=False, creates=SHOW, transactions=_copy)
@blueprint.output(EventSummaryOut, 201, headers=Created)
def copy_event(db: Session, client: ApiClient, body: EventCopyIn, key: str) -> Any:
    """Create an event with parts of this one, for an operator

    Requests, schedules and emails are not copied. A large event takes some seconds. Wait for the response: a
    retry with the same Idempotency-Key is 409 meanwhile.
    """
    return client_events.get_event(db, client, body.key.strip().lower(), now=context.now())


@blueprint.post(f"{ONE}/archive")
@blueprint.auth_required(token, roles=[WRITE])
@blueprint.input(MatchHeaders, location="headers", arg_name="match")
@operation(tag=TAG, of_event=False, writes=True, also=(400, 409, 412))
@blueprint.output(EventSummaryOut)
def archive_event(db: Session, client: ApiClient, match: MatchHeaders, key: str) -> Any:
    """Archive an event: it becomes read-only"""
    return _set_archived(db, client, key, match, is_archived=True)


@blueprint.post(f"{ONE}/restore")
@blueprint.auth_required(token, roles=[WRITE])
@blueprint.input(MatchHeaders, location="headers", arg_name="match")
@operation(tag=TAG, of_event=False, writes=True, also=(400, 412))
@blueprint.output(EventSummaryOut)
def restore_event(db: Session, client: ApiClient, match: MatchHeaders, key: str) -> Any:
    """Restore an archived event"""
    return _set_archived(db, client, key, match, is_archived=False)


def _set_archived(db: Session, client: ApiClient, key: str, match: MatchHeaders, *, is_archived: bool) -> Any:
    expected = validators.expected_version(match.if_match)
    try:
        return client_events.set_archived(
            db, client, key, is_archived=is_archived, expected_version=expected, now=context.now()
        )
    except client_events.EventChanged:
        validators.refuse_changed()
