"""Packs made by the clock: each morning, and after each publication, until the event is over."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from scheduler.config import Settings
from scheduler.domain.entities import AlertKind, VersionState
from scheduler.domain.errors import ChainmeetError
from scheduler.services.exports.offline_packs import contents, pack_bucket, pack_folder
from scheduler.services.exports.offline_packs.contents import PackedSchedule, PackInterrupted
from scheduler.services.exports.offline_packs.pack_folder import StoredPack
from scheduler.services.identity import actors, preferences
from scheduler.services.operations import alerts, job_intervals, site_pause
from scheduler.services.outbox import letters
from scheduler.services.outbox.letters import NewLetter
from scheduler.storage.database import Database
from scheduler.storage.models import Account, Alert, Event, ScheduleVersion, Slot

MORNING = time(5)
"""Time of the daily pack in the event's time zone, after overnight runs and before the doors open."""
APART = timedelta(minutes=30)
"""Minimum time between two packs of an event, and between attempts."""
JOB = "pack"
"""Name of the job that makes an event's pack."""
BUCKET = "bucket of offline packs"
"""What an alert about uploads names."""
EVE = timedelta(hours=36)
"""From this time before the first meeting, each daily pack is announced by email."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class PackedEvent:
    """An event with a published schedule that is not over."""

    id: int
    key: str
    created_at: datetime
    zone: ZoneInfo
    version: int
    begin: datetime
    end: datetime

    def last_morning(self, now: datetime) -> datetime:
        """Return the latest time at which a daily pack was due."""
        morning = datetime.combine(now.astimezone(self.zone).date(), MORNING, self.zone)
        return morning if morning <= now else morning - timedelta(days=1)

    def is_due(self, newest: StoredPack | None, *, now: datetime) -> bool:
        """Return True if the newest pack has another version, or is older than this morning."""
        return (
            newest is None
            or newest.version != self.version
            or newest.made_at < self.last_morning(now).replace(microsecond=0)
        )


def make_due_packs(
    database: Database, settings: Settings, *, should_stop: Callable[[], bool] = lambda: False
) -> int:
    """Make the packs that are due, delete expired ones, and return how many were made.

    Nothing is made or deleted while the site is paused. A pack that cannot be written raises an alert, and
    the next event's pack is made.
    """
    folder = Path(settings.pack_folder)
    with database.read() as session:
        if site_pause.is_paused(session):
            return 0
        events = list_events(session, now=database.now_in(session))
        present = session.execute(select(Event.key, Event.created_at).where(Event.is_there())).all()
    made = 0
    for event in events:
        if should_stop():
            return made
        try:
            made += _make_if_due(database, settings, folder, event, should_stop)
        except PackInterrupted:
            return made
        except Exception as error:
            log.exception("offline pack not written", event_id=event.id)
            _raise_alert(database, event, error)
    with database.write() as session:
        job_intervals.delete_event_intervals(session, JOB, before=database.now() - timedelta(days=1))
        _end_alerts(session, [event.id for event in events], now=database.now())
    keep = timedelta(days=settings.pack_days)
    created = {key: created_at for key, created_at in present}  # noqa: C416 -- dict(rows) loses the types
    gone = pack_folder.delete_expired(folder, created, keep=keep, now=database.now())
    if gone:
        log.info("expired offline packs deleted", count=len(gone))
    if settings.pack_bucket:
        _synchronise_bucket(database, settings, {path.name for path in gone}, should_stop)
    return made


def list_events(session: Session, *, now: datetime) -> list[PackedEvent]:
    """Return the events whose packs are made: published, neither archived nor over."""
    rows = session.execute(
        select(Event, ScheduleVersion.number, func.min(Slot.start), func.max(Slot.end))
        .join(ScheduleVersion, ScheduleVersion.event_id == Event.id)
        .join(Slot, Slot.event_id == Event.id)
        .where(
            Event.is_there(),
            Event.archived_at.is_(None),
            ScheduleVersion.state == VersionState.PUBLISHED,
        )
        .group_by(Event.id, ScheduleVersion.number)
        .having(func.max(Slot.end) > now)
        .order_by(Event.id)
    )
    return [
        PackedEvent(event.id, event.key, event.created_at, ZoneInfo(event.timezone), number, begin, end)
        for event, number, begin, end in rows
    ]


def _make_if_due(
    database: Database,
    settings: Settings,
    folder: Path,
    event: PackedEvent,
    should_stop: Callable[[], bool],
) -> bool:
    now = database.now()
    newest = pack_folder.newest_pack(folder, event.key, since=event.created_at)
    if not event.is_due(newest, now=now):
        return False
    with database.write() as session:
        if not job_intervals.claim_event_interval(session, JOB, event.id, every=APART, now=now):
            return False
    pack = pack_folder.store_pack(
        folder,
        event.key,
        event.version,
        lambda to: contents.write_pack(
            database, PackedSchedule(event.id, event.version), to, now=now, should_stop=should_stop
        ),
        now=now,
    )
    log.info("offline pack made", event_id=event.id, version=pack.version, octets=pack.size)
    is_daily = newest is None or newest.made_at < event.last_morning(now)
    with database.write() as session:
        alerts.end_alert(session, AlertKind.PACK_FAILED, event_id=event.id, now=now)
        if is_daily and event.begin - EVE <= now < event.end:
            letters.queue_letters(session, _letters(session, event, now), now=now)
    return True


def _synchronise_bucket(
    database: Database, settings: Settings, deleted: Collection[str], should_stop: Callable[[], bool]
) -> None:
    """Copy the folder to the bucket. A failure is an alert of the operators until the next success."""
    now = database.now()
    try:
        uploads = pack_bucket.synchronise_packs(settings, deleted, now=now, should_stop=should_stop)
    except (pack_bucket.BucketFailure, OSError) as error:
        log.warning("offline packs not uploaded", reason=str(error))
        with database.write() as session:
            alerts.raise_alert(
                session,
                AlertKind.PACK_FAILED,
                event_id=None,
                about=BUCKET,
                reason=str(error),
                path="/operators/",
                now=now,
            )
        return
    if uploads:
        log.info("offline packs uploaded", count=uploads)
    with database.write() as session:
        alerts.end_alert(session, AlertKind.PACK_FAILED, event_id=None, about=BUCKET, now=now)


def _raise_alert(database: Database, event: PackedEvent, error: Exception) -> None:
    with database.write() as session:
        alerts.raise_alert(
            session,
            AlertKind.PACK_FAILED,
            event_id=event.id,
            about="offline pack",
            reason=str(error) if isinstance(error, (OSError, ChainmeetError)) else type(error).__name__,
            path=f"/events/{event.key}/exports/",
            now=database.now_in(session),
        )


def _end_alerts(session: Session, packed: Collection[int], *, now: datetime) -> None:
    """End the alerts of events that get no more packs."""
    failed = select(Alert.event_id).where(
        Alert.kind == AlertKind.PACK_FAILED, Alert.open_key.is_not(None), Alert.event_id.not_in(packed)
    )
    for event_id in session.scalars(failed).all():
        alerts.end_alert(session, AlertKind.PACK_FAILED, event_id=event_id, now=now)


def _letters(session: Session, event: PackedEvent, now: datetime) -> list[NewLetter]:
    row = session.get_one(Event, event.id)
    leading = actors.leading_accounts(now, event.id)
    accounts = session.scalars(select(Account).where(Account.id.in_(leading)).order_by(Account.id))
    return [
        NewLetter(
            letter="pack",
            to_address=account.email,
            to_name=account.name,
            language=preferences.account_language(session, account.id, default=row.language),
            event=row.name,
            values={"version": str(event.version)},
            path=f"/events/{event.key}/exports/",
        )
        for account in accounts
    ]
