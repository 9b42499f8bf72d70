"""Checkpoints of the audit log, emailed to owners so that they survive a database compromise."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from scheduler.config import Settings
from scheduler.domain.team import TeamRole
from scheduler.services.audit_log.checkpoints import Checkpoint, CheckpointSigner
from scheduler.services.audit_log.recording import INSTALLATION
from scheduler.services.identity import actors, preferences
from scheduler.services.outbox import letters
from scheduler.services.outbox.letters import NewLetter
from scheduler.storage.models import Account, AuditChain, AuditCheckpoint, Event, TeamMember

AT_ONCE = 50
"""Chains per transaction. The next ones follow an hour later."""


def queue_checkpoints(session: Session, settings: Settings, *, now: datetime) -> int:
    """Email the checkpoints of chains that have grown since the last ones. Return the number of chains.

    An event's checkpoint goes to its owners. The first one is sent when the event is as old as the interval,
    so that a new event causes no unexpected email. The installation's goes to the operators.
    """
    if not settings.checkpoint_days:
        return 0
    due = now - timedelta(days=settings.checkpoint_days)
    last = AuditCheckpoint
    is_due = or_(last.chain.is_(None), and_(AuditChain.number > last.number, last.sent_at <= due))
    goes_on = and_(Event.id.is_not(None), Event.archived_at.is_(None), Event.created_at <= due)
    rows = session.execute(
        select(AuditChain, Event)
        .outerjoin(Event, Event.id == AuditChain.chain)
        .outerjoin(last, last.chain == AuditChain.chain)
        .where(is_due, or_(AuditChain.chain == INSTALLATION, goes_on))
        .order_by(AuditChain.chain)
        .limit(AT_ONCE)
    ).all()
    signer = CheckpointSigner.of(settings)
    for head, event in rows:
        note = signer.note(Checkpoint(head.chain, head.number, head.hash))
        letters.queue_letters(session, _letters(session, event, note, now), now=now)
        session.merge(AuditCheckpoint(chain=head.chain, number=head.number, sent_at=now))
    session.flush()
    return len(rows)


def _letters(session: Session, event: Event | None, note: str, now: datetime) -> list[NewLetter]:
    return [
        NewLetter(
            letter="checkpoint",
            to_address=account.email,
            to_name=account.name,
            language=preferences.account_language(
                session, account.id, default=event.language if event else "en"
            ),
            event=event.name if event else "",
            values={"checkpoint": note},
            path=f"/events/{event.key}/audit-log" if event else "/audit-log",
        )
        for account in _readers(session, event, now)
    ]


def _readers(session: Session, event: Event | None, now: datetime) -> Sequence[Account]:
    if event is None:
        return session.scalars(select(Account).where(Account.is_operator).order_by(Account.id)).all()
    owns = and_(
        TeamMember.event_id == event.id, TeamMember.role == TeamRole.OWNER, actors.active_team_members(now)
    )
    return session.scalars(select(Account).join(TeamMember).where(owns).order_by(Account.id)).all()
