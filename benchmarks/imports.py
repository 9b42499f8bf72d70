"""Import of a spreadsheet with 10,000 people: parsing, preview and import.

    python -m benchmarks.imports [--people 10000] [--firms 3000] [--out DIR]

Runs on SQLite and on a PostgreSQL that it starts (without fsync). CPU time is that of this process; the file
is parsed in a child process.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.machine import RESULTS, machine
from benchmarks.report import line, write_json
from scheduler.services.imports import import_files, sheet_import
from scheduler.sheets.writers import OutputSheet, write_xlsx
from scheduler.storage.database import Database
from scheduler.storage.schema import upgrade_schema
from tests.support.factories import NOW, Expo, make_event
from tests.support.publishing import SETTINGS
from tests.support.servers import postgres

HEADINGS = ("engine", "step", "cpu s", "wall s")
WIDTHS = (-10, -34, 8, 8)


def book(firms: int, people: int, *, title: str) -> bytes:
    """Return a workbook of firms and people with foreign column headers and without IDs."""
    countries, tiers = ("China", "Ungarn", "Deutschland"), ("上游", "midstream", "downstream")
    rows = [[f"Firm {n} 公司", countries[n % 3], tiers[n % 3], "x" * 300] for n in range(firms)]
    staff = [
        [f"Person {n}", f"Firm {n % firms} 公司", f"p{n}@firm{n % firms}.example", "Chinese; English", title]
        for n in range(people)
    ]
    return write_xlsx(
        [
            OutputSheet("Firms", ["Company", "Country", "Tier", "Description"], rows),
            OutputSheet("People", ["Name", "Company", "E-mail", "Languages", "Position"], staff),
        ]
    )


def measured(database: Database, expo: Expo, octets: bytes, name: str) -> Iterator[tuple[str, float, float]]:
    """Yield the steps of one file with times: parsed, previewed, imported."""
    actor = expo.organiser_actor()
    parts, cpu, wall = timed(lambda: sheet_import.read_parts(octets, ""))
    yield f"{name}: read", cpu, wall

    def look() -> sheet_import.ImportPreview:
        with database.write() as session:
            found = sheet_import.apply_sheets(session, actor, parts, settings=SETTINGS, now=NOW)
            session.rollback()
        return found

    def take(digest: str) -> None:
        with database.write() as session:
            number = import_files.store_file(session, actor, octets, name=name, kind="", now=NOW)
            import_files.import_file(session, actor, number, parts, digest=digest, settings=SETTINGS, now=NOW)

    shown, cpu, wall = timed(look)
    yield f"{name}: shown", cpu, wall
    _, cpu, wall = timed(lambda: take(shown.digest))
    yield f"{name}: taken", cpu, wall


def timed(work: Callable[[], Any]) -> tuple[Any, float, float]:
    cpu, wall = time.process_time(), time.perf_counter()
    done = work()
    return done, time.process_time() - cpu, time.perf_counter() - wall


@contextmanager
def engines() -> Iterator[dict[str, str]]:
    with tempfile.TemporaryDirectory() as folder, postgres() as url:
        yield {"sqlite": f"sqlite:///{folder}/imports.db", "postgres": url}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--people", type=int, default=10_000)
    parser.add_argument("--firms", type=int, default=3_000)
    parser.add_argument("--out", type=Path, default=RESULTS)
    given = parser.parse_args()
    books = {
        name: book(given.firms, given.people, title=title)
        for name, title in (("new", "Buyer"), ("the same", "Buyer"), ("changed", "Head of buying"))
    }
    print(line(HEADINGS, WIDTHS))
    rows = []
    with engines() as urls:
        for engine, url in urls.items():
            database = Database(url)
            upgrade_schema(database)
            with database.write() as session:
                expo = make_event(session, firms=0, tables=0)
            for name, octets in books.items():
                for step, cpu, wall in measured(database, expo, octets, name):
                    rows.append(
                        {"engine": engine, "step": step, "cpu_s": round(cpu, 2), "wall_s": round(wall, 2)}
                    )
                    print(line((engine, step, f"{cpu:.2f}", f"{wall:.2f}"), WIDTHS), flush=True)
            database.dispose()
    write_json(given.out / "imports.json", {"machine": machine(), "people": given.people, "steps": rows})


if __name__ == "__main__":
    main()
