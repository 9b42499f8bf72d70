"""Copies and imports are created in batches: they block no one, and are invisible until complete."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from scheduler.domain.errors import InvalidInput, NotFound
from scheduler.services.events.archives import batches, deletion, event_copy, staging, transfer
from scheduler.services.events.archives.event_copy import EventCopy
from scheduler.services.events.archives.row_insertion import RowInserter
from scheduler.services.events.archives.staging import StagingExpired
from scheduler.services.identity import actors
from scheduler.services.operations import job_intervals
from scheduler.services.planning.runs import overnight
from scheduler.storage.database import Database
from scheduler.storage.models import Account, Event, Firm, TeamMember
from tests.integration.events.archives.test_archiving import left
from tests.support import clocks
from tests.support.everything import NOWHERE, Everything
from tests.support.factories import NOW, SECRET_KEY, make_night
from tests.support.publishing import SETTINGS
from tests.support.queries import rows_written
from tests.support.web import web_app

pytestmark = pytest.mark.own_schema

PORTION = 7
FORM = EventCopy("second", "Second", (NOW + timedelta(days=365)).date())
Make = Callable[[Everything], None]


@pytest.fixture
def everything(database: Database, monkeypatch: pytest.MonkeyPatch) -> Everything:
    clocks.hold(monkeypatch, NOW)
    everything = Everything(database, web_app(database, NOWHERE))
    with database.write() as session:
        session.get_one(Account, everything.expo.organiser.id).is_operator = True
        make_night(session, everything.expo)
    return everything


def copied(everything: Everything) -> None:
    event_copy.copy_event(
        everything.database, everything.expo.organiser_actor(), FORM, settings=SETTINGS, now=NOW
    )


def imported(everything: Everything, agree: Callable[[object], None] = lambda _: None) -> None:
    octets = io.BytesIO()
    with everything.database.read() as session:
        transfer.write_archive(session, session.get_one(Event, everything.expo.event.id), octets, now=NOW)
    transfer.import_archive(
        everything.database, octets, key="second", secret_key=SECRET_KEY, now=NOW, agree=agree
    )


both = pytest.mark.parametrize("make", [copied, imported])


@both
def test_each_transaction_writes_few_rows(
    everything: Everything, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "BATCH_SIZE", PORTION)
    with rows_written(everything.database) as counts:
        make(everything)
    most = PORTION * 2  # including the referenced accounts
    last = 60  # holds of the published version, in one statement
    assert sum(counts) > 60 and max(sorted(counts)[:-1]) <= most and max(counts) <= last
    assert sum(1 for count in counts if count) > sum(counts) / most


@both
def test_until_it_is_whole_it_is_there_for_nobody(
    everything: Everything, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    database, seen = everything.database, []
    put = RowInserter.put

    def look(self: RowInserter, *args: object) -> None:
        put(self, *args)  # type: ignore[arg-type]
        with database.write() as session:  # SQLite's only writer is free
            job_intervals.record_run(session, "somebody", now=NOW)
            known = set(session.scalars(select(Event.key).where(Event.is_there())))
            with pytest.raises(NotFound):
                actors.actor_for(session, everything.expo.organiser.id, "second", now=NOW)
            runs = len(overnight.queue_due_runs(session, now=NOW))
            seen.append((known, runs, deletion.is_deletion_pending(session, now=NOW)))
            session.rollback()

    monkeypatch.setattr(RowInserter, "put", look)
    make(everything)
    first = {everything.expo.event.key, everything.other}
    assert len(seen) > 5 and all(each == (first, 1, False) for each in seen)
    with database.read() as session:
        event = session.scalars(select(Event).where(Event.by_key("second"))).one()
        assert (event.archived_at, event.mails_paused_at, event.deleted_at) == (None, None, None)
        actors.actor_for(session, everything.expo.organiser.id, "second", now=NOW)


@both
def test_what_fails_half_way_leaves_nothing(
    everything: Everything, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = everything.database
    before = counted(database)
    put = RowInserter.put

    def fail(self: RowInserter, table: object, rows: object) -> None:
        put(self, table, rows)  # type: ignore[arg-type]
        if getattr(table, "name", "") == "attendee":
            raise KeyboardInterrupt

    monkeypatch.setattr(RowInserter, "put", fail)
    with pytest.raises(KeyboardInterrupt):
        make(everything)
    assert counted(database) == before


def test_of_two_with_one_key_the_later_leaves_nothing(
    everything: Everything, monkeypatch: pytest.MonkeyPatch
) -> None:
    database, finish = everything.database, staging.finish_event
    before = counted(database)

    def after_another(*args: object, **named: object) -> Event:
        raise IntegrityError("UPDATE event", {}, Exception("key"))

    monkeypatch.setattr(staging, "finish_event", after_another)
    with pytest.raises(InvalidInput, match="another event uses this one"):
        copied(everything)
    assert counted(database) == before
    monkeypatch.setattr(staging, "finish_event", finish)
    copied(everything)


def test_who_is_asked_keeps_nobody_waiting(everything: Everything) -> None:
    asked = []

    def agree(done: object) -> None:
        with everything.database.write() as session:
            job_intervals.record_run(session, "somebody", now=NOW)
        asked.append(done)

    imported(everything, agree)
    assert len(asked) == 1


@both
def test_what_a_killed_maker_left_goes_in_time(
    everything: Everything, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A killed process cleans up nothing."""
    database = everything.database
    before = counted(database)
    monkeypatch.setattr(deletion, "delete_event", lambda *_: None)

    def end(*_args: object, **_named: object) -> Event:
        raise KeyboardInterrupt

    monkeypatch.setattr(staging, "finish_event", end)
    with pytest.raises(KeyboardInterrupt):
        make(everything)
    with database.read() as session:
        (event,) = session.scalars(select(Event).where(Event.key.like("made.%"))).all()
        assert not deletion.is_deletion_pending(
            session, now=NOW + staging.STAGING_TIMEOUT - timedelta(seconds=1)
        )
        assert deletion.is_deletion_pending(session, now=NOW + staging.STAGING_TIMEOUT)
    clocks.hold(monkeypatch, NOW + staging.STAGING_TIMEOUT)
    monkeypatch.undo()
    clocks.hold(monkeypatch, NOW + staging.STAGING_TIMEOUT)
    with database.write() as session, pytest.raises(StagingExpired):
        staging.finish_event(session, event.id, {"key": "second"}, now=database.now())
    assert not deletion.delete_rows(database, should_stop=lambda: False)
    assert left(database, event.id) == {}
    assert counted(database) == before


def counted(database: Database) -> tuple[int, ...]:
    with database.read() as session:
        tables = (Event, Firm, Account, TeamMember)
        return tuple(session.scalars(select(func.count()).select_from(table)).one() for table in tables)
