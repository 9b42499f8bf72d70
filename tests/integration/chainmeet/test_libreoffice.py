"""Exported spreadsheets survive a round trip through LibreOffice."""

from __future__ import annotations

import io
import re
import subprocess
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from python_calamine import CalamineWorkbook

from chainmeet.cli import main
from chainmeet.demo import load_sample
from scheduler.samples.expo import make_expo
from scheduler.services.exports import event_workbook
from scheduler.services.identity import actors
from scheduler.storage.database import Database
from scheduler.storage.schema import upgrade_schema
from tests.support import missing_programs
from tests.support.factories import NOW, SECRET_KEY

FORMATS = {"ods": "calc8", "xlsx": "Calc MS Excel 2007 XML"}
"""LibreOffice's export filter by file extension."""


@pytest.fixture(scope="module", autouse=True)
def _libreoffice() -> None:
    missing_programs.require("LibreOffice")


def cells(octets: bytes) -> dict[str, list[list[Any]]]:
    """Return all cells with their types, by sheet."""
    book = CalamineWorkbook.from_filelike(io.BytesIO(octets))
    return {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}


def chainmeet(*arguments: str | Path) -> str:
    done = CliRunner().invoke(main, list(map(str, arguments)))
    assert done.exit_code == 0, done.output
    return done.output


def template(path: Path) -> None:
    chainmeet("plan", "--template", path)


def demo(path: Path) -> None:
    """Write the export of a demo event that is small enough to be planned in seconds."""
    url = f"sqlite:///{path.parent}/demo.db"
    database = Database(url)
    upgrade_schema(database)
    with database.write() as session:
        expo = make_expo(firms=60, requests=240, seed=1, start=date(2027, 5, 11))
        event = load_sample.load(
            session, expo, organiser_email="o@example.org", secret_key=SECRET_KEY, now=NOW
        )
        path.write_bytes(event_workbook.export_event(session, actors.operator_actor(event)))
    database.dispose()


EVENTS = {"template": template, "demo": demo}
FILES = {"event": "event.xlsx", "schedule": "out/schedule.xlsx"}


@pytest.fixture(scope="module", params=EVENTS)
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a workbook of an event, and its planned results."""
    folder = tmp_path_factory.mktemp(request.param)
    EVENTS[request.param](folder / "event.xlsx")
    chainmeet("plan", folder / "event.xlsx", "-o", folder / "out", "--seconds", "2")
    return folder


def test_the_plan_agrees_with_the_check(folder: Path) -> None:
    said = chainmeet("check", folder / "out" / "problem.json", folder / "out" / "plan.json")
    assert re.search(r"^0 violations, and the claimed score of [\d,]+ is correct\.$", said, re.MULTILINE)


@pytest.mark.parametrize("ending", FORMATS)
@pytest.mark.parametrize("name", FILES)
def test_no_cell_differs_once_libreoffice_has_saved_it(
    folder: Path, tmp_path: Path, name: str, ending: str
) -> None:
    profile = f"-env:UserInstallation=file://{tmp_path}/profile"
    target = ["--convert-to", f"{ending}:{FORMATS[ending]}", "--outdir", str(tmp_path / "saved")]
    written = folder / FILES[name]
    subprocess.run(
        ["soffice", "--headless", profile, *target, str(written)],
        check=True,
        timeout=300,
        capture_output=True,
    )
    before = cells(written.read_bytes())
    after = cells((tmp_path / "saved" / f"{name}.{ending}").read_bytes())
    assert sum(len(row) for rows in before.values() for row in rows) > 200
    assert after == before
