"""Nightly deletion of personal data whose retention period has ended, in batches.

Idempotent: what is left after a crash is deleted the next night. Nothing is deleted while the site is paused,
because a restored or copied database may not be the one in use.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from scheduler.config import Settings
from scheduler.domain.errors import NotAllowed
from scheduler.i18n import gettext_lazy
from scheduler.services.audit_log import recording
from scheduler.services.audit_log.acts import Act
from scheduler.services.audit_log.recording import NamedDoer
from scheduler.services.audit_log.subjects import pgettext_lazy
from scheduler.services.events.archives import batches
from scheduler.services.identity.sessions import SignedIn
from scheduler.services.operations import site_pause
from scheduler.services.privacy.retention import RULES, DataKind, RetentionRule
from scheduler.storage.database import Database
from scheduler.storage.in_list import in_chunks

_NIGHT = NamedDoer(name=pgettext_lazy("audit log", "nightly deletion"))
_ABOUT = pgettext_lazy("audit log", "expired personal data deleted")


@dataclass(frozen=True, slots=True)
class ExpiringData:
    """A kind of data: its period, and the number of rows whose period ends by the next deletion."""

    kind: DataKind
    label: str
    counts_from: str
    setting: str
    """Name of the environment variable."""
    days: int
    rows: int


@dataclass(frozen=True, slots=True)
class PrunePreview:
    """The time of the next nightly deletion, and what it deletes."""

    due: datetime
    kinds: tuple[ExpiringData, ...]


@dataclass(frozen=True, slots=True)
class Pruned:
    """What was deleted, by kind. `is_left` is True if the time ended first."""

    rows: Mapping[DataKind, int]
    is_left: bool


def last_prune_due(settings: Settings, now: datetime) -> datetime:
    """Return the latest time at or before `now` when the deletion was due."""
    due = now.astimezone(UTC).replace(hour=settings.prune_hour, minute=0, second=0, microsecond=0)
    return due if due <= now else due - timedelta(days=1)


def preview_prune(session: Session, asker: SignedIn, settings: Settings, *, now: datetime) -> PrunePreview:
    """Return what the next nightly deletion deletes, for operators. Raises NotAllowed."""
    if not asker.is_operator:
        raise NotAllowed(gettext_lazy("Only an operator of this site can do this."))
    due = last_prune_due(settings, now) + timedelta(days=1)
    return PrunePreview(due, list_expiring(session, settings, now=due))


def list_expiring(session: Session, settings: Settings, *, now: datetime) -> tuple[ExpiringData, ...]:
    """Return each kind with the number of rows that a deletion at `now` deletes."""
    return tuple(
        ExpiringData(
            rule.kind,
            rule.label,
            rule.counts_from,
            f"CHAINMEET_{rule.kind.setting.upper()}",
            rule.days(settings),
            _count(session, rule, settings, now),
        )
        for rule in RULES
    )


def prune(
    database: Database,
    settings: Settings,
    *,
    should_stop: Callable[[], bool] = lambda: False,
    max_seconds: float | None = None,
) -> Pruned:
    """Delete expired data of all kinds, for up to `max_seconds`, and record the numbers in the audit log.

    Raises SitePaused.
    """
    until = None if max_seconds is None else time.monotonic() + max_seconds
    found: dict[DataKind, int] = {}
    is_left = False
    with database.read() as session:
        site_pause.require_running(session)
        now = database.now_in(session)
    try:
        for rule in RULES:
            last = 0
            while not is_left and (ids := _next(database, rule, settings, now, last)):
                if should_stop() or (until is not None and time.monotonic() > until):
                    is_left = True
                    break
                with batches.batch_transaction(database) as session:
                    expired = _lock(session, rule, settings, now, ids)
                    rule.remove(session, expired)
                if expired:
                    found[rule.kind] = found.get(rule.kind, 0) + len(expired)
                last = ids[-1]
    finally:  # what was deleted before a failure is recorded, too
        _record(database, found, now)
    return Pruned(found, is_left)


def _record(database: Database, found: Mapping[DataKind, int], now: datetime) -> None:
    if found:
        after = {kind.value: count for kind, count in found.items()}
        with database.write() as session:
            recording.record_act(session, _NIGHT, Act.PRIVACY, _ABOUT, after=after, now=now)


def _next(database: Database, rule: RetentionRule, settings: Settings, now: datetime, last: int) -> list[int]:
    """Return the next expired rows after `last` by id. Readers block no writer."""
    which = rule.condition(settings, now), rule.table.id > last
    query = select(rule.table.id).where(*which).order_by(rule.table.id).limit(batches.BATCH_SIZE)
    with database.read() as session:
        return list(session.scalars(query))


def _lock(
    session: Session, rule: RetentionRule, settings: Settings, now: datetime, ids: Sequence[int]
) -> list[int]:
    """Lock those of the rows that are still expired. Rows that another transaction holds wait a night."""
    which = rule.condition(settings, now), in_chunks(rule.table.id, ids)
    return list(session.scalars(select(rule.table.id).where(*which).with_for_update(skip_locked=True)))


def _count(session: Session, rule: RetentionRule, settings: Settings, now: datetime) -> int:
    query = select(func.count()).select_from(rule.table).where(rule.condition(settings, now))
    return session.scalar(query) or 0
