"""Offline pack at full size: time, memory of the process that writes it, and size.

    python -m benchmarks.offline_packs [--full] [--out benchmarks/results]

An expo is generated, planned (first fit) and published in a new SQLite file. By default 30 firms with 100
meetings, with --full 620 firms with 8,000.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from sqlalchemy import select

from benchmarks import emails, isolated
from benchmarks.machine import RESULTS, machine
from benchmarks.report import Json, stem, write_json
from scheduler.domain.entities import VersionState
from scheduler.services.exports.offline_packs import pack_folder
from scheduler.services.exports.offline_packs.contents import PackedSchedule, write_pack
from scheduler.storage.database import Database
from scheduler.storage.models import Event, ScheduleVersion

LIMIT = 3600.0
"""Timeout in seconds."""


def make_pack(url: str, folder: str) -> int:
    """Write the pack of the only event. Return its size in octets."""
    database = Database(url)
    try:
        with database.read() as session:
            event = session.scalars(select(Event)).one()
            published = ScheduleVersion.state == VersionState.PUBLISHED
            number = session.scalars(select(ScheduleVersion.number).where(published)).one()
        now = database.now()
        pack = PackedSchedule(event.id, number)
        stored = pack_folder.store_pack(
            Path(folder), event.key, number, lambda to: write_pack(database, pack, to, now=now), now=now
        )
        return stored.size
    finally:
        database.dispose()


def measure(size: tuple[int, int, int]) -> Json:
    """Return the figures for an expo of this many firms, requests and meetings."""
    firms, _, meetings = size
    with emails.stage(*size) as stage, tempfile.TemporaryDirectory() as folder:
        emails.publish(stage)
        url = stage.database.url.render_as_string(hide_password=False)
        done = isolated.run(make_pack, url, folder, limit=LIMIT)
    if done.error is not None:
        raise RuntimeError(done.error)
    return {
        "firms": firms,
        "meetings": meetings,
        "seconds": round(done.seconds, 1),
        "peak_mb": done.peak_mb,
        "size_mb": round(done.value / 1e6, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--full", action="store_true", help="620 firms and 8,000 meetings")
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    found = measure(emails.WHOLE if options.full else emails.QUICK)
    write_json(options.out / f"{stem('offline-packs', options.full)}.json", {"machine": machine(), **found})
    print(", ".join(f"{name}: {value}" for name, value in found.items()))


if __name__ == "__main__":
    main()
