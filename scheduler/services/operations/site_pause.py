"""Pause of the whole site: no email is sent or read, no overnight run starts, and no plugin is notified.

The state is a row of the database, so every process sees it at once. Each guard is where the work is claimed:
of the outbox in the claim and before each email, of the mailbox before each email, of runs in their claim.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from scheduler.domain import fields
from scheduler.domain.entities import OutboxState
from scheduler.domain.errors import ChainmeetError, NotAllowed
from scheduler.i18n import gettext_lazy
from scheduler.services.audit_log import recording
from scheduler.services.audit_log.acts import Act
from scheduler.services.audit_log.recording import Doer, NamedDoer
from scheduler.services.audit_log.subjects import pgettext_lazy
from scheduler.services.identity.sessions import SignedIn
from scheduler.services.text import clean_line
from scheduler.storage.models import Installation, OutboxEmail, Run

THE_ROW = 1


class RestoredDatabase(ChainmeetError):
    """Raised if the site cannot be resumed, because its database is a copy that no operator has accepted."""

    code = "restored-database"

    def __init__(self) -> None:
        super().__init__(
            gettext_lazy("This database was restored or copied. Confirm that this site uses it from now on.")
        )


class SitePaused(ChainmeetError):
    """Raised for work that waits until the site is resumed."""

    code = "site-paused"

    def __init__(self) -> None:
        super().__init__(gettext_lazy("This site is paused."))


@dataclass(frozen=True, slots=True)
class SitePause:
    """A pause: its start, and the operator's reason, which may be empty.

    `is_copy` is True if the site paused itself, because its database was restored or copied.
    """

    since: datetime
    reason: str
    is_copy: bool = False


def paused_condition() -> ColumnElement[bool]:
    """Condition: the site is paused."""
    return select(Installation.id).where(Installation.paused_at.is_not(None)).exists()


def startable_condition() -> ColumnElement[bool]:
    """Condition: the run may start now. Overnight runs wait while the site is paused."""
    return or_(Run.start_by.is_(None), ~paused_condition())


def find_pause(session: Session) -> SitePause | None:
    """Return the current pause, or None."""
    columns = Installation.paused_at, Installation.pause_reason, Installation.copy_kind
    found = session.execute(select(*columns).where(Installation.paused_at.is_not(None))).first()
    if found is None or found.paused_at is None:
        return None
    return SitePause(found.paused_at, found.pause_reason, found.copy_kind is not None)


def is_paused(session: Session) -> bool:
    """Return True if the site is paused."""
    return find_pause(session) is not None


def require_running(session: Session) -> None:
    """Raise SitePaused if the site is paused."""
    if is_paused(session):
        raise SitePaused


def was_paused_since(session: Session, moment: datetime) -> bool:
    """Return True if the site is paused, or was resumed after `moment`."""
    late = Installation.paused_at.is_not(None) | (Installation.resumed_at > moment)
    return session.scalar(select(Installation.id).where(late)) is not None


def pause_site(session: Session, asker: SignedIn, reason: str, *, now: datetime) -> bool:
    """Pause the site for an operator. Return False if it is paused already. Raises NotAllowed."""
    return pause(session, operator(asker), reason, now=now)


def resume_site(session: Session, asker: SignedIn, *, now: datetime) -> bool:
    """Resume the site for an operator. Return False if it is not paused.

    Raises NotAllowed, and RestoredDatabase for a copy that no operator has accepted.
    """
    return resume(session, operator(asker), now=now)


def count_waiting_emails(session: Session, asker: SignedIn) -> int:
    """Return the number of emails in the outbox, for operators. Raises NotAllowed."""
    operator(asker)
    waits = OutboxEmail.state == OutboxState.QUEUED, OutboxEmail.stopped_at.is_(None)
    return session.scalar(select(func.count()).select_from(OutboxEmail).where(*waits)) or 0


def pause(session: Session, by: Doer, reason: str = "", *, now: datetime) -> bool:
    """Pause the site. Return False if it is paused already."""
    row = lock_installation(session)
    if row.paused_at is not None:
        return False
    row.paused_at, row.pause_reason = now, clean_line(reason)[: fields.limits(fields.PauseReason).most]
    session.flush()
    after = {"reason": row.pause_reason} if row.pause_reason else None
    recording.record_act(
        session, by, Act.EMAILS, pgettext_lazy("audit log", "site paused"), after=after, now=now
    )
    return True


def resume(session: Session, by: Doer, *, now: datetime) -> bool:
    """Resume the site. Return False if it is not paused. Trigger a delivery after the commit.

    Raises RestoredDatabase.
    """
    row = lock_installation(session)
    if row.paused_at is None:
        return False
    if row.copy_kind is not None:
        raise RestoredDatabase
    row.paused_at, row.pause_reason, row.resumed_at = None, "", now
    session.flush()
    recording.record_act(session, by, Act.EMAILS, pgettext_lazy("audit log", "site resumed"), now=now)
    return True


def operator(asker: SignedIn) -> NamedDoer:
    """Return the operator for the audit log. Raises NotAllowed."""
    if not asker.is_operator:
        raise NotAllowed(gettext_lazy("Only an operator of this site can do this."))
    return NamedDoer(account_id=asker.account_id, roles=("operator",))


def lock_installation(session: Session) -> Installation:
    """Return the row, created if needed, and locked until the transaction ends."""
    query = select(Installation).where(Installation.id == THE_ROW)
    query = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    found = session.scalar(query)
    if found is None:
        try:
            with session.begin_nested():  # another process may insert it first
                session.add(Installation(id=THE_ROW, pause_reason=""))
        except IntegrityError:
            pass
        found = session.scalars(query).one()
    return found
