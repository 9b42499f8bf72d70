"""Planning from a workbook to a schedule on one machine, in a temporary database."""

from __future__ import annotations

import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from chainmeet.files import write_json
from chainmeet.local_solve import solve_here, summary
from scheduler.config import Settings
from scheduler.domain.emails.print_packs import PrintPack
from scheduler.domain.entities import VersionState
from scheduler.domain.errors import ChainmeetError, Fault, InvalidInput
from scheduler.domain.solving import SolveParams
from scheduler.files.plan_file import write_plan
from scheduler.files.problem_file import write_problem
from scheduler.secret_keys import SecretKeys
from scheduler.services.exports import calendars, prints, schedule_lists
from scheduler.services.identity import sign_in
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Role
from scheduler.services.imports import event_settings_sheet, sheet_import, template
from scheduler.services.imports.sheet_import import ImportPreview
from scheduler.services.problems import snapshot
from scheduler.services.schedule import versions
from scheduler.services.spreadsheets.columns import ImportKind
from scheduler.sheets.tables import WorkbookSheet
from scheduler.storage.database import Database
from scheduler.storage.schema import upgrade_schema
from scheduler.untrusted import parsers

OWNER = "organiser@chainmeet.example"
"""Email address of the only account of the temporary database."""


@dataclass(frozen=True, slots=True)
class PlannedEvent:
    """The event of a workbook, in a temporary database."""

    database: Database
    settings: Settings
    actor: Actor
    parts: list[tuple[ImportKind | None, WorkbookSheet]]
    look: ImportPreview
    now: datetime

    @property
    def is_broken(self) -> bool:
        """True if a sheet as a whole is invalid."""
        return any(part.faults for part in self.look.parts)

    def faults(self) -> Iterator[str]:
        """Yield a line for each error: the sheet, the rows, the column, and how to fix it."""
        for part in self.look.parts:
            yield from map(str, part.faults)
            for wrong in part.done.wrong if part.done else ():
                rows = ", ".join(map(str, wrong.lines[:10])) + (", …" if len(wrong.lines) > 10 else "")
                yield f"{part.sheet}, row {rows}, {wrong.header}: {wrong.message}"


def write_template(path: Path) -> None:
    """Write a workbook with every sheet and example rows. Raises InvalidInput."""
    _write(path, template.example_workbook())


@contextmanager
def import_workbook(workbook: Path) -> Iterator[PlannedEvent]:
    """Yield the imported event. Raises InvalidInput for errors in its sheet `Event`, and UnreadableSheet."""
    try:
        octets = workbook.read_bytes()
    except OSError as error:
        raise InvalidInput([Fault(str(workbook), error.strerror or str(error))]) from error
    parts = sheet_import.read_parts(octets, "")
    parsers.pool.close()
    folder = Path(tempfile.mkdtemp(prefix="chainmeet-plan-"))
    settings = Settings(
        database_url=f"sqlite:///{folder}/event.db",
        redis_url="redis://127.0.0.1:1",  # nothing is ever sent
        secret_key=SecretKeys(secrets.token_urlsafe(48)),
    )
    database = Database(settings.database_url)
    try:
        upgrade_schema(database)
        now = database.now()
        with database.write() as session:
            owner = sign_in.ensure_account(session, OWNER, is_operator=True, now=now)
            settings_sheet = next((sheet for kind, sheet in parts if kind is ImportKind.EVENT), None)
            made = event_settings_sheet.create_event(session, owner.id, settings_sheet, now=now)
            actor = Actor(account_id=owner.id, event_id=made.id, event_key=made.key, team_role=Role.OWNER)
            look = sheet_import.apply_sheets(session, actor, parts, settings=settings, now=now)
        yield PlannedEvent(database, settings, actor, parts, look, now)
    finally:
        database.dispose()
        shutil.rmtree(folder, ignore_errors=True)


def write_skipped(event: PlannedEvent, output: Path) -> None:
    """Write the rows with errors to rows-with-errors.xlsx, each with the reason."""
    if event.look.left_out:
        _write(output / "rows-with-errors.xlsx", sheet_import.write_skipped_rows(event.parts, event.look))


def plan(event: PlannedEvent, output: Path, params: SolveParams) -> str:
    """Solve the event, write all results and return a summary. Raises ChainmeetError."""
    with event.database.read() as session:
        problem = snapshot.build_problem(session, event.actor.event_id, now=event.now)
    if not problem.slots:
        raise ChainmeetError("The event has no meeting times. Add them in the sheet `Times`.")
    result = solve_here(problem, params, None)
    found = result.plan
    write_json_in(output, "problem.json", write_problem(problem))
    write_json_in(output, "plan.json", write_plan(found))
    if not found.is_answer:
        raise ChainmeetError(summary(problem, result))
    with event.database.write() as session:
        version = versions.store_draft(
            session, event_id=event.actor.event_id, run_id=None, plan=found, now=event.now
        )
        version.state, version.published_at = VersionState.PUBLISHED, event.now
    files = _write_schedule(event, output)
    return (
        f"{summary(problem, result)}\n{output}: schedule.xlsx, and agendas as PDF and .ics files: {files:,}."
    )


def write_json_in(output: Path, name: str, document: object) -> None:
    output.mkdir(parents=True, exist_ok=True)
    write_json(output / name, document)


def _write_schedule(event: PlannedEvent, output: Path) -> int:
    """Write the workbook, agendas and calendars. Return the number of people with an agenda."""
    written = 0
    with event.database.read() as session:
        _write(output / "schedule.xlsx", schedule_lists.export_workbook(session, event.actor).octets)
        agendas = prints.print_each(session, event.actor, PrintPack.PEOPLE)
        for key, octets in agendas:
            _write(output / "agendas" / f"{key}.pdf", octets)
        _write(
            output / "agendas.pdf", prints.make_pack(session, event.actor, PrintPack.PEOPLE).written().octets
        )
        domain = event.settings.mail_domain
        for key, octets in calendars.export_calendars(session, event.actor, domain=domain, now=event.now):
            _write(output / "calendars" / f"{key}.ics", octets)
            written += 1
    return written


def _write(path: Path, octets: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(octets)
    except OSError as error:
        raise InvalidInput([Fault(str(path), f"can't be written: {error.strerror}")]) from error
