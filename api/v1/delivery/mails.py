"""The mails of the event that are on their way: how many, pause, go on, stop. For organisers."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from api import context
from api.v1.bearer import token
from api.v1.delivery.schemas import MailQueueOut
from api.v1.operation import blueprint, later, operation
from scheduler.services.delivery import email_queue
from scheduler.services.identity.actors import Actor
from workers import dispatch

TAG = "Mails"
READ, PUBLISH = "schedule:read", "schedule:publish"


@blueprint.get("/mails")
@blueprint.auth_required(token, roles=[READ])
@operation(tag=TAG)
@blueprint.output(MailQueueOut)
def show_mails(db: Session, actor: Actor) -> dict[str, Any]:
    """How many mails of the event wait, went out, failed or are stopped"""
    return _shown(db, actor)


@blueprint.post("/mails/pause")
@blueprint.auth_required(token, roles=[PUBLISH])
@operation(tag=TAG, writes=True)
@blueprint.output(MailQueueOut)
def pause_mails(db: Session, actor: Actor) -> dict[str, Any]:
    """Let no mail of the event out until they go on"""
    email_queue.pause_emails(db, actor, now=context.now())
    return _shown(db, actor)


@blueprint.post("/mails/go-on")
@blueprint.auth_required(token, roles=[PUBLISH])
@operation(tag=TAG, writes=True)
@blueprint.output(MailQueueOut)
def let_mails_go_on(db: Session, actor: Actor) -> dict[str, Any]:
    """Let the mails out again after a pause"""
    email_queue.resume_emails(db, actor, now=context.now())
    later(_deliver)
    return _shown(db, actor)


@blueprint.post("/mails/stop")
@blueprint.auth_required(token, roles=[PUBLISH])
@operation(tag=TAG, writes=True, also=(409,))
@blueprint.output(MailQueueOut)
def stop_mails(db: Session, actor: Actor) -> dict[str, Any]:
    """Put aside what no mail server was offered yet; the next publishing tells those people the net effect"""
    email_queue.stop_emails(db, actor, now=context.now())
    later(_deliver)
    return _shown(db, actor)


@blueprint.post("/mails/send-stopped")
@blueprint.auth_required(token, roles=[PUBLISH])
@operation(tag=TAG, writes=True)
@blueprint.output(MailQueueOut)
def send_stopped_mails(db: Session, actor: Actor) -> dict[str, Any]:
    """Send after all what was stopped"""
    email_queue.requeue_stopped_emails(db, actor, now=context.now())
    later(_deliver)
    return _shown(db, actor)


def _deliver() -> None:
    dispatch.deliver(app=context.celery())


def _shown(db: Session, actor: Actor) -> dict[str, Any]:
    now = email_queue.show_queue(db, actor)
    names = MailQueueOut.model_fields.keys() - {"paused_at"}
    return {name: getattr(now.counts, name) for name in names} | {"paused_at": now.paused_at}
