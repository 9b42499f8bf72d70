"""Delivery of audit log entries to plugins that subscribe, in a worker, after their commit.

Each subscriber has a cursor in each event's chain, which advances when it has processed an entry. So it gets
each entry at least once, and those of an event in order. After a failure the entry is delivered again, after
increasing pauses. Only that event waits, and other subscribers are not affected.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy import Update, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from scheduler.domain.entities import AlertKind
from scheduler.i18n import gettext_lazy
from scheduler.plugins import AuditEvent, Subscriber
from scheduler.services import links
from scheduler.services.audit_log.subscribe import chains_behind, entries_after, subscribe
from scheduler.services.operations import alerts, site_pause
from scheduler.storage.database import Database
from scheduler.storage.models import Alert, AuditCursor
from scheduler.threads import run_with_monitor

FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=1)
TOLD_AFTER: Final = 3
"""Consecutive failures at one entry, some minutes of them, after which operators are alerted."""
CALL_SECONDS: Final = 15.0
"""Time limit of a subscriber for one entry. A call that exceeds it is abandoned in its thread."""
TURN_SECONDS: Final = 10.0
"""Time after which the next subscriber gets its turn."""
HELD_FOR = timedelta(minutes=2)
"""A dead worker holds a chain for at most this time."""
AT_A_TIME: Final = 50

log = structlog.get_logger()


def is_waiting(session: Session, names: Collection[str], *, now: datetime) -> bool:
    """Return True if a subscriber has entries to receive, and the site is not paused.

    Ends the alerts of uninstalled subscribers.
    """
    gone = Alert.kind == AlertKind.SUBSCRIBER_FAILED, Alert.open_key.is_not(None), Alert.about.not_in(names)
    for about in session.scalars(select(Alert.about).where(*gone)).all():
        alerts.end_alert(session, AlertKind.SUBSCRIBER_FAILED, event_id=None, about=about, now=now)
    return not site_pause.is_paused(session) and any(_due(session, name, now) for name in names)


def deliver(
    database: Database,
    subscribers: Mapping[str, Subscriber],
    *,
    should_stop: Callable[[], bool],
) -> int:
    """Deliver pending entries to each subscriber, for some seconds each, until the site is paused.

    Return the number of entries delivered.
    """

    def must_stop() -> bool:
        with database.read() as session:
            return should_stop() or site_pause.is_paused(session)

    taken = 0
    for name, receive in subscribers.items():
        is_over = _after(TURN_SECONDS)
        with database.write() as session:
            due = _due(session, name, database.now())
        for chain in due:
            if must_stop() or is_over():
                break
            taken += _give_chain(database, name, receive, chain, (must_stop, is_over))
    return taken


def _after(seconds: float) -> Callable[[], bool]:
    """Return a function that tells whether `seconds` have passed."""
    ends = time.monotonic() + seconds
    return lambda: time.monotonic() > ends


def _due(session: Session, name: str, now: datetime) -> list[int]:
    """Return the chains with entries for the subscriber now. A new subscriber is registered."""
    if subscribe(session, name):
        return []
    waits = (AuditCursor.retry_at > now) | (AuditCursor.held_until > now)
    waiting = set(session.scalars(select(AuditCursor.chain).where(AuditCursor.subscriber == name, waits)))
    return [chain for chain in chains_behind(session, name) if chain not in waiting]


def _give_chain(
    database: Database, name: str, receive: Subscriber, chain: int, reasons: Iterable[Callable[[], bool]]
) -> int:
    """Deliver the next entries of a chain until a reason to stop occurs.

    Return the number of entries delivered.
    """
    number = _hold(database, name, chain)
    if number is None:
        return 0
    with database.read() as session:
        events = entries_after(session, chain, number, limit=AT_A_TIME)
    taken = 0
    for event in events:
        if any(is_reason() for is_reason in reasons):
            break
        fault = _give(receive, event)
        with database.write() as session:
            if fault:
                _note_failure(session, name, chain, event, fault, database.now())
            else:
                _note_taken(session, name, chain, event, database.now())
        if fault:
            return taken
        taken += 1
    with database.write() as session:
        session.execute(_update(name, chain).values(held_until=None))
    return taken


def _hold(database: Database, name: str, chain: int) -> int | None:
    """Hold the chain for this worker.

    Return the last delivered number, or None if another worker holds it.
    """
    with database.write() as session:
        now = database.now()
        if session.get(AuditCursor, (name, chain)) is None:
            try:
                with session.begin_nested():
                    session.execute(
                        insert(AuditCursor).values(subscriber=name, chain=chain, number=0, failures=0)
                    )
            except IntegrityError:  # another worker inserted it first
                pass
        is_free = AuditCursor.held_until.is_(None) | (AuditCursor.held_until <= now)
        held = _update(name, chain).where(is_free).values(held_until=now + HELD_FOR)
        return session.scalar(held.returning(AuditCursor.number))


def _give(receive: Subscriber, event: AuditEvent) -> str:
    """Deliver an entry. Return why the subscriber failed, or an empty text."""
    is_over = _after(CALL_SECONDS)
    outcome = run_with_monitor(lambda: receive(event), lambda: not is_over(), every=1.0, name="subscriber")
    if not outcome.done():
        return f"it took more than {CALL_SECONDS:g} seconds"
    error = outcome.exception()
    return "" if error is None else f"{type(error).__name__}: {error}"[:300]


def _note_taken(session: Session, name: str, chain: int, event: AuditEvent, now: datetime) -> None:
    row = session.get_one(AuditCursor, (name, chain))
    had_failed = row.failures >= TOLD_AFTER
    row.number, row.failures, row.retry_at, row.held_until = event.number, 0, None, now + HELD_FOR
    session.flush()
    fails = AuditCursor.subscriber == name, AuditCursor.failures >= TOLD_AFTER
    if had_failed and session.scalar(select(AuditCursor.chain).where(*fails).limit(1)) is None:
        alerts.end_alert(session, AlertKind.SUBSCRIBER_FAILED, event_id=None, about=name, now=now)


def _note_failure(
    session: Session, name: str, chain: int, event: AuditEvent, fault: str, now: datetime
) -> None:
    row = session.get_one(AuditCursor, (name, chain))
    row.retry_at = now + min(FIRST_PAUSE * 2 ** min(row.failures, 20), LONGEST_PAUSE)
    row.failures, row.held_until = row.failures + 1, None
    log.warning("subscriber failed", subscriber=name, entry=event.id, failures=row.failures, reason=fault)
    if row.failures >= TOLD_AFTER:
        reason = gettext_lazy(
            "The plugin %(name)s failed %(times)s times at entry %(entry)s of the audit "
            "log: %(fault)s. The entry is sent again until the plugin accepts it.",
            name=name,
            times=str(row.failures),
            entry=event.id,
            fault=fault,
        )
        alerts.raise_alert(
            session,
            AlertKind.SUBSCRIBER_FAILED,
            event_id=None,
            about=name,
            reason=reason,
            path=links.AUDIT_LOG,
            now=now,
        )


def _update(name: str, chain: int) -> Update:
    """Return an UPDATE of a subscriber's cursor in a chain."""
    return (
        update(AuditCursor)
        .where(AuditCursor.subscriber == name, AuditCursor.chain == chain)
        .execution_options(synchronize_session=False)
    )
