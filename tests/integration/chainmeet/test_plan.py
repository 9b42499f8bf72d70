"""`chainmeet plan`: from a workbook to a schedule without a server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from chainmeet.cli import main
from chainmeet.demo.load_sample import load
from chainmeet.files import read_plan, read_problem
from chainmeet.plan_check import examine
from scheduler.samples.expo import make_expo
from scheduler.secret_keys import SecretKeys
from scheduler.services.exports import event_workbook
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Role
from scheduler.sheets.workbook import read_workbook
from scheduler.sheets.writers import OutputSheet, write_xlsx
from scheduler.storage.database import Database
from scheduler.storage.schema import upgrade_schema
from tests.support.factories import NOW


@pytest.fixture
def example(tmp_path: Path) -> Path:
    path = tmp_path / "event.xlsx"
    done = CliRunner().invoke(main, ["plan", "--template", str(path)])
    assert done.exit_code == 0, done.output
    return path


def planned(workbook: Path, output: Path, *more: str) -> Result:
    return CliRunner().invoke(main, ["plan", str(workbook), "-o", str(output), "--seconds", "2", *more])


def changed(path: Path, name: str, change: Callable[[list[list[str]]], None]) -> None:
    """Modify the rows of a sheet, including its header."""
    sheets = []
    for sheet in read_workbook(path.read_bytes()).sheets:
        rows = [list(row.cells) for row in sheet.rows]
        if sheet.name == name:
            change(rows)
        sheets.append(OutputSheet(sheet.name, rows[0], rows[1:]))
    path.write_bytes(write_xlsx(sheets))


def test_the_example_is_planned_and_agrees_with_the_check(example: Path, tmp_path: Path) -> None:
    done = planned(example, tmp_path / "out")
    assert done.exit_code == 0, done.output
    assert "6 of 6 requests scheduled" in done.output
    problem, plan = read_problem(tmp_path / "out/problem.json"), read_plan(tmp_path / "out/plan.json")
    assert examine(problem, plan).faults == ()
    sheets = {
        sheet.name: sheet.rows
        for sheet in read_workbook((tmp_path / "out/schedule.xlsx").read_bytes()).sheets
    }
    assert len(sheets["Meetings"]) - 1 == len(plan.meetings)
    held = {cell for row in sheets["Meetings"] for cell in row.cells}
    assert {meeting.request for meeting in plan.meetings} <= held
    people = {person for meeting in plan.meetings for person in meeting.attendees}
    assert {path.stem for path in (tmp_path / "out/calendars").iterdir()} == people
    assert {path.stem for path in (tmp_path / "out/agendas").iterdir()} == people
    assert (tmp_path / "out/agendas.pdf").read_bytes().count(b"/Type/Page/") >= len(people)


def test_what_is_not_held_stands_in_the_workbook_with_its_reason(example: Path, tmp_path: Path) -> None:
    def away(rows: list[list[str]]) -> None:
        rows.append(["liu-yang", "", "", ""])

    changed(example, "Absences", away)
    done = planned(example, tmp_path / "out")
    assert done.exit_code == 0, done.output
    sheets = {
        sheet.name: sheet.rows
        for sheet in read_workbook((tmp_path / "out/schedule.xlsx").read_bytes()).sheets
    }
    header, *rows = sheets["Not scheduled"]
    assert {row.cells[header.cells.index("Request")] for row in rows} == {"r-3", "r-5", "r-6"}
    assert all(row.cells[header.cells.index("Reason")] for row in rows)


def test_rows_with_faults_are_named_and_left_out_by_choice(example: Path, tmp_path: Path) -> None:
    def wrong(rows: list[list[str]]) -> None:
        rows[1][rows[0].index("country")] = "Atlantis"

    changed(example, "Firms", wrong)
    refused = planned(example, tmp_path / "out")
    assert refused.exit_code == 1
    assert "Firms, row 2, country: 'Atlantis' is not a country" in refused.output
    assert not (tmp_path / "out/plan.json").exists()
    (sheet, *_) = read_workbook((tmp_path / "out/rows-with-errors.xlsx").read_bytes()).sheets
    assert "Atlantis" in sheet.rows[1].cells
    assert planned(example, tmp_path / "out", "--skip-errors").exit_code == 0
    assert (tmp_path / "out/plan.json").exists()


@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [
        ("timezone", "Mars/Olympus", "Event, row 4, timezone: enter an IANA time zone"),
        ("key", "?", "Event, row 3, key: enter 3 to 64 letters"),
        ("policy", "{", "enter the policy as JSON"),
        ("freeze_hours", "999", "enter a value from 0 to 240"),
    ],
)
def test_a_fault_of_the_settings_is_named(
    example: Path, tmp_path: Path, setting: str, value: str, said: str
) -> None:
    def wrong(rows: list[list[str]]) -> None:
        rows[:] = [row for row in rows if row[0] != setting] if setting == "policy" else rows
        for row in rows:
            if row[0] == setting:
                row[1] = value
                return
        rows.append([setting, value])

    changed(example, "Event", wrong)
    done = planned(example, tmp_path / "out")
    assert done.exit_code == 2
    assert said in done.output


def test_a_file_that_is_no_workbook_is_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "event.xlsx"
    assert "No such file" in planned(path, tmp_path / "out").output
    path.write_bytes(b"%PDF-1.7")
    assert "Upload a spreadsheet" in planned(path, tmp_path / "out").output
    path.write_bytes(
        write_xlsx([OutputSheet("Firms", ["name", "country", "tier"], [["A", "CN", "upstream"]])])
    )
    assert "add a sheet `Event`" in planned(path, tmp_path / "out").output


def test_an_export_of_the_demo_is_planned(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/demo.db")
    upgrade_schema(database)
    with database.write() as session:
        sample = make_expo(firms=30, requests=120, seed=2)
        event = load(
            session, sample, organiser_email="o@expo.example", secret_key=SecretKeys("x" * 40), now=NOW
        )
        actor = Actor(account_id=1, event_id=event.id, event_key=event.key, team_role=Role.OWNER)
        (tmp_path / "demo.xlsx").write_bytes(event_workbook.export_event(session, actor))
    database.dispose()
    done = planned(tmp_path / "demo.xlsx", tmp_path / "out")
    assert done.exit_code == 0, done.output
    problem, plan = read_problem(tmp_path / "out/problem.json"), read_plan(tmp_path / "out/plan.json")
    assert examine(problem, plan).faults == ()
    assert len(problem.firms) == 30
    assert len(plan.meetings) > 10


def test_a_matrix_of_walking_minutes_comes_whole(example: Path, tmp_path: Path) -> None:
    names: list[str] = []

    def halls(rows: list[list[str]]) -> None:
        width = len(rows[0])
        rows += [[f"x{at}", f"Extra {at}"] + [""] * (width - 2) for at in range(3)]
        names.extend(row[1] for row in rows[1:])

    def matrix(rows: list[list[str]]) -> None:
        size = len(names)
        rows[:] = [
            ["", *names],
            *([name, *("" if a == b else str(min(a, b) * 10 + max(a, b)) for b in range(size))]
              for a, name in enumerate(names)),
        ]  # fmt: skip

    changed(example, "Halls", halls)
    changed(example, "Walking", matrix)
    done = planned(example, tmp_path / "out")
    assert done.exit_code == 0, done.output
    problem = read_problem(tmp_path / "out/problem.json")
    size = len(problem.walking)
    assert size == 5
    found = sorted(problem.walking[a][b] for a in range(size) for b in range(a))
    assert found == sorted(a * 10 + b for b in range(size) for a in range(b))
