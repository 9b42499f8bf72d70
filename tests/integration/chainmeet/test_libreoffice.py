"""What is written for a spreadsheet is the same after LibreOffice has opened and saved it."""

from __future__ import annotations

import io
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from python_calamine import CalamineWorkbook

from chainmeet.cli import main

SOFFICE = shutil.which("soffice")
FORMATS = {"ods": "calc8", "xlsx": "Calc MS Excel 2007 XML"}
"""LibreOffice's name of the way in which it saves, by the ending."""

pytestmark = pytest.mark.skipif(
    SOFFICE is None, reason="install LibreOffice to see what it makes of workbooks (400 MB; not done by CI)"
)


def cells(octets: bytes) -> dict[str, list[list[Any]]]:
    """All cells with their types, by sheet."""
    book = CalamineWorkbook.from_filelike(io.BytesIO(octets))
    return {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}


@pytest.fixture(scope="module")
def workbooks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The template's example, and the schedule that is planned of it."""
    folder = tmp_path_factory.mktemp("plan")
    example = folder / "event.xlsx"
    for arguments in (
        ["plan", "--template", str(example)],
        ["plan", str(example), "-o", str(folder / "out"), "--seconds", "2"],
    ):
        done = CliRunner().invoke(main, arguments)
        assert done.exit_code == 0, done.output
    return {"event": example, "schedule": folder / "out" / "schedule.xlsx"}


@pytest.mark.parametrize("ending", FORMATS)
@pytest.mark.parametrize("name", ["event", "schedule"])
def test_no_cell_differs_once_libreoffice_has_saved_it(
    workbooks: dict[str, Path], tmp_path: Path, name: str, ending: str
) -> None:
    assert SOFFICE is not None
    profile = f"-env:UserInstallation=file://{tmp_path}/profile"
    target = ["--convert-to", f"{ending}:{FORMATS[ending]}", "--outdir", str(tmp_path / "saved")]
    subprocess.run(
        [SOFFICE, "--headless", profile, *target, str(workbooks[name])],
        check=True,
        timeout=120,
        capture_output=True,
    )
    before = cells(workbooks[name].read_bytes())
    after = cells((tmp_path / "saved" / f"{name}.{ending}").read_bytes())
    assert sum(len(row) for rows in before.values() for row in rows) > 200
    assert after == before
