"""Write latency while an event of 9,000 requests is copied, moved and deleted.

    python -m benchmarks.deletion [--requests 9000]

It uses a SQLite file, which has one writer at a time.
"""

from __future__ import annotations

import argparse
import io
import tempfile
import threading
import time
from datetime import timedelta
from pathlib import Path

from benchmarks.machine import machine
from scheduler.domain.entities import VersionState
from scheduler.services.events.archives import archiving, deletion, event_copy, transfer
from scheduler.services.events.archives.event_copy import EventCopy
from scheduler.services.operations import job_intervals
from scheduler.storage.database import Database
from scheduler.storage.models import Event, OutboxEmail, PlannedMeeting, RequestPerson
from scheduler.storage.schema import upgrade_schema
from tests.support.factories import NOW, SECRET_KEY, Expo, make_event, make_request, make_version
from tests.support.publishing import SETTINGS

FIRMS, PEOPLE = 620, 3
MAILS_A_REQUEST = 3


class Writer:
    """A thread that updates one row repeatedly and records its latency."""

    def __init__(self, database: Database) -> None:
        self.database, self.stop, self.waits = database, threading.Event(), [0.0]
        self.thread = threading.Thread(target=self._write, daemon=True)

    def _write(self) -> None:
        while not self.stop.wait(0.005):
            began = time.monotonic()
            with self.database.write() as session:
                job_intervals.record_run(session, "benchmark", now=self.database.now())
            self.waits.append(time.monotonic() - began)

    def __enter__(self) -> Writer:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self.thread.join()


def filled(database: Database, requests: int) -> Expo:
    """Create an event with requests, a version that schedules a third of them, and emails about all."""
    with database.write() as session:
        expo = make_event(session, firms=FIRMS, people=PEOPLE, slots="8 8|8 8", halls=3, tables=50)
        rows = [make_request(session, expo, n % FIRMS, (n + 1 + n // FIRMS) % FIRMS) for n in range(requests)]
        version = make_version(session, expo, [], state=VersionState.DRAFT)
        for n, row in enumerate(rows):
            people = [expo.people[n % FIRMS][0], expo.people[(n + 1 + n // FIRMS) % FIRMS][0]]
            session.add_all(
                RequestPerson(request_id=row.id, attendee_id=one.id, side=side)
                for side, one in zip(("from", "to"), people, strict=True)
            )
            if n % 3 == 0:
                slot, place = expo.slots[n % len(expo.slots)], expo.tables[n % len(expo.tables)]
                session.add(
                    PlannedMeeting(
                        version_id=version.id, request_id=row.id, slot_id=slot.id, last_slot_id=slot.id,
                        place_id=place.id,
                    )
                )  # fmt: skip
            for number in range(MAILS_A_REQUEST):
                session.add(_mail(expo, row.id, n * MAILS_A_REQUEST + number))
    return expo


def _mail(expo: Expo, request_id: int, number: int) -> OutboxEmail:
    person = expo.people[number % FIRMS][0]
    return OutboxEmail(
        event_id=expo.event.id, request_id=request_id, attendee_id=person.id, kind="invitation",
        to_address=person.email, domain="expo.example", to_name=person.name, message_id=f"<{number}@x>",
        uid=f"{request_id}@x", method="REQUEST", sequence=0, dtstamp=NOW, payload={}, state="sent",
        next_attempt_at=NOW, created_at=NOW, attempts=1,
    )  # fmt: skip


def report(what: str, seconds: float, writer: Writer) -> None:
    """Print the duration of an operation, and the waits of the other writer."""
    waits = sorted(writer.waits)
    print(f"{what:<24}{seconds:8.1f} s; others wrote {len(waits):,} times, waited {waits[-1]:.2f} s at most")


def main() -> None:
    parser = argparse.ArgumentParser(description="Copy, move and delete an event while others write.")
    parser.add_argument("--requests", type=int, default=9_000)
    requests = parser.parse_args().requests
    with tempfile.TemporaryDirectory(prefix="chainmeet-deletion-") as folder:
        database = Database(f"sqlite:///{Path(folder) / 'site.db'}")
        upgrade_schema(database)
        print(f"{requests:,} requests of {FIRMS} firms; {machine()}")
        expo = filled(database, requests)
        with database.write() as session:
            expo.organiser.is_operator = True
            session.merge(expo.organiser)
        parts = list(event_copy.PARTS)
        form = EventCopy("copy", "Copy", (NOW + timedelta(days=365)).date(), parts)
        with Writer(database) as writer:
            began = time.monotonic()
            event_copy.copy_event(database, expo.organiser_actor(), form, settings=SETTINGS, now=NOW)
        report("copy", time.monotonic() - began, writer)
        archive = io.BytesIO()
        with Writer(database) as writer:
            began = time.monotonic()
            with database.read() as session:
                transfer.write_archive(session, session.get_one(Event, expo.event.id), archive, now=NOW)
        report("export", time.monotonic() - began, writer)
        with Writer(database) as writer:
            began = time.monotonic()
            transfer.import_archive(database, archive, key="moved", secret_key=SECRET_KEY, now=NOW)
        report("import", time.monotonic() - began, writer)
        with Writer(database) as writer:
            began = time.monotonic()
            with database.write() as session:
                archiving.delete_event(session, expo.organiser_actor(), typed=expo.event.name, now=NOW)
        report("the press", time.monotonic() - began, writer)
        with Writer(database) as writer:
            began = time.monotonic()
            while deletion.delete_rows(database, should_stop=lambda: False):
                pass
        report("its rows", time.monotonic() - began, writer)
        database.dispose()


if __name__ == "__main__":
    main()
