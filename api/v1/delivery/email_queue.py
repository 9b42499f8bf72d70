"""The email queue of the event: show, pause, resume, stop. For organisers."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from api import context
from api.v1.bearer import token
from api.v1.delivery.schemas import EmailQueueOut
from api.v1.operation import blueprint, later, operation
from scheduler.services.delivery import email_queue
from scheduler.services.identity.actors import Actor
from workers import dispatch

TAG = "Email queue"
READ, PUBLISH = "schedule:read", "schedule:publish"


@blueprint.get("/email-queue")
@blueprint.auth_required(token, roles=[READ])
@operation(tag=TAG)
@blueprint.output(EmailQueueOut)
def show_email_queue(db: Session, actor: Actor) -> dict[str, Any]:
    """Show how many emails of the event are queued, sent, failed or stopped"""
    return _shown(db, actor)


@blueprint.post("/email-queue/pause")
@blueprint.auth_required(token, roles=[PUBLISH])
@operation(tag=TAG, writes=True)
@blueprint.output(EmailQueueOut)
def pause_emails(db: Session, actor: Actor) -> dict[str, Any]:
    """Pause the sending of the event's emails"""
    email_queue.pause_emails(db, actor, now=context.now())
    return _shown(db, actor)


@blueprint.post("/email-queue/resume")
@blueprint.auth_required(token, roles=[PUBLISH])
@operation(tag=TAG, writes=True)
@blueprint.output(EmailQueueOut)
def resume_emails(db: Session, actor: Actor) -> dict[str, Any]:
    """Resume the sending of emails"""
    email_queue.resume_emails(db, actor, now=context.now())
    later(_deliver)
    return _shown(db, actor)


@blueprint.post("/email-queue/stop")
@blueprint.auth_required(token, roles=[PUBLISH])
@operation(tag=TAG, writes=True, also=(409,))
@blueprint.output(EmailQueueOut)
def stop_emails(db: Session, actor: Actor) -> dict[str, Any]:
    """Stop queued emails; the next publishing sends the net effect to their recipients"""
    email_queue.stop_emails(db, actor, now=context.now())
    later(_deliver)
    return _shown(db, actor)


@blueprint.post("/email-queue/send-stopped")
@blueprint.auth_required(token, roles=[PUBLISH])
@operation(tag=TAG, writes=True)
@blueprint.output(EmailQueueOut)
def send_stopped_emails(db: Session, actor: Actor) -> dict[str, Any]:
    """Send the stopped emails"""
    email_queue.requeue_stopped_emails(db, actor, now=context.now())
    later(_deliver)
    return _shown(db, actor)


def _deliver() -> None:
    dispatch.deliver(app=context.celery())


def _shown(db: Session, actor: Actor) -> dict[str, Any]:
    now = email_queue.show_queue(db, actor)
    names = EmailQueueOut.model_fields.keys() - {"paused_at"}
    return {name: getattr(now.counts, name) for name in names} | {"paused_at": now.paused_at}
