"""Bulk import by the API: preview, then all or nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import func, select

from scheduler.services.participants import journal
from scheduler.storage.database import Database
from scheduler.storage.models import Attendee, Firm, ImportFile, MeetingRequest, Place
from tests.support.api import Program, make_token
from tests.support.factories import Expo, make_event
from tests.support.publishing import SETTINGS
from tests.support.web import web_app

FIRMS: list[dict[str, Any]] = [
    {"key": "k1", "name": "Kovács Kft.", "country": "Hungary", "tier": "downstream", "max_per_day": 3},
    {"key": "k2", "name": "王氏", "country": "CN", "tier": "upstream", "max_per_day": None},
]
EVA = {"firm": "k1", "name": "Éva", "email": "eva@k.example", "languages": ["hu", "en"], "exhibitor": True}
ASKS = {"from_firm": "k1", "to_firm": "k2", "topic": "Cells", "state": "accepted", "priority": 4}
ROWS: Mapping[str, Any] = {"firms": FIRMS, "people": [EVA], "requests": [ASKS]}
EVERY = ("people:write", "contacts:read", "requests:write", "venue:write")


@pytest.fixture
def expo(database: Database) -> Expo:
    with database.write() as session:
        return make_event(session, firms=0, tables=0)


@pytest.fixture
def program(database: Database, broker_url: str, expo: Expo) -> Program:
    return Program(web_app(database, broker_url), make_token(database, expo.organiser_actor(), *EVERY))


def there(database: Database) -> list[int]:
    with database.read() as session:
        counted = [select(func.count()).select_from(table) for table in (Firm, Attendee, MeetingRequest)]
        return [session.scalars(each).one() for each in counted]


def test_a_dry_run_says_what_the_rows_then_do_and_the_same_rows_again_do_nothing(
    database: Database, program: Program
) -> None:
    seen = program.post("/imports", {"rows": ROWS})
    assert seen["dry_run"] is True and there(database) == [0, 0, 0]
    assert {each["kind"]: each["added"] for each in seen["kinds"]} == {"firms": 2, "people": 1, "requests": 1}
    (firm, _) = seen["kinds"][0]["rows"]
    assert (firm["row"], firm["key"], firm["is_new"]) == (0, "k1", True)
    assert {"column": "country", "before": "", "after": "HU"} in firm["cells"]
    done = program.post("/imports", {"rows": ROWS, "dry_run": False})
    assert (done["dry_run"], done["kinds"]) == (False, seen["kinds"])
    assert there(database) == [2, 1, 1]
    again = program.post("/imports", {"rows": ROWS, "dry_run": False})
    assert [(each["added"], each["changed"], each["rows"]) for each in again["kinds"]] == [(0, 0, [])] * 3
    with database.read() as session:
        eva = session.scalars(select(Attendee)).one()
        assert (eva.languages, eva.is_exhibitor) == (["hu", "en"], True)


def test_faults_are_named_by_row_and_column_and_nothing_is_taken(
    database: Database, program: Program
) -> None:
    wrong = {"firms": [*FIRMS, FIRMS[0] | {"key": "k3", "country": "Atlantis"}]}
    (seen,) = program.post("/imports", {"rows": wrong})["kinds"]
    (fault,) = seen["errors"]
    assert (seen["skipped"], fault["column"], fault["rows"]) == (1, "country", [2])
    assert "enter its name or two letters" in fault["message"]
    refused = program.post("/imports", {"rows": wrong, "dry_run": False}, status=422)
    assert [each["pointer"] for each in refused["errors"]] == ["#/rows/firms/2/country"]
    assert there(database) == [0, 0, 0]
    program.post("/imports", {"rows": wrong, "dry_run": False, "skip_errors": True})
    assert there(database) == [2, 0, 0]


def test_rows_of_a_program_are_a_step_that_an_organiser_can_undo(
    database: Database, program: Program, expo: Expo
) -> None:
    program.post("/imports", {"rows": {"firms": FIRMS}, "dry_run": False})
    with database.write() as session:
        file = session.scalars(select(ImportFile)).one()
        assert (file.name, file.counts) == ("rows by API", {"firms": [2, 0, 0, 0]})
        assert file.registry_change_id is not None
        journal.undo_step(
            session, expo.organiser_actor(), file.registry_change_id, settings=SETTINGS, now=database.now()
        )
    assert there(database) == [0, 0, 0]


@pytest.mark.parametrize(
    ("rows", "pointer"),
    [
        ({"firms": [{"key": "k1", "colour": "red"}]}, "#/rows/firms/0/colour"),
        ({"firms": [FIRMS[0], {"key": "k2"}]}, "#/rows/firms/1"),
        ({"event": [{"setting": "name", "value": "x"}]}, "#/rows/event"),
        ({"firms": [{"name": "A", "country": "CN"}]}, "#/rows/firms"),
    ],
)
def test_rows_that_are_unclear_are_refused(program: Program, rows: Any, pointer: str) -> None:
    refused = program.post("/imports", {"rows": rows, "dry_run": False}, status=422)
    assert [each["pointer"] for each in refused["errors"]] == [pointer]


@pytest.mark.parametrize(
    "body", [{}, {"rows": {}}, {"rows": {"cars": []}}, {"rows": {"firms": [{"key": {}}]}}]
)
def test_a_body_of_another_shape_is_refused(program: Program, body: Any) -> None:
    program.post("/imports", body, status=422)


def test_a_kind_needs_the_scope_of_what_it_changes(
    database: Database, broker_url: str, expo: Expo, program: Program
) -> None:
    only = Program(
        web_app(database, broker_url), make_token(database, expo.organiser_actor(), "people:write")
    )
    tables = {"tables": [{"key": "T-1", "hall": expo.halls[0].key}]}
    for rows, scope in ((tables, "venue:write"), ({"requests": [ASKS]}, "requests:write")):
        assert scope in only.post("/imports", {"rows": rows}, status=403)["detail"]
    program.post("/imports", {"rows": tables, "dry_run": False})
    with database.read() as session:
        assert session.scalars(select(Place.key)).all() == ["T-1"]
    program.post("/imports", {"rows": ROWS, "dry_run": False})
    changed = {"people": [EVA | {"key": "eva", "email": "new@k.example"}]}
    with database.write() as session:
        session.scalars(select(Attendee)).one().key = "eva"
    for asker, before in ((only, ""), (program, "eva@k.example")):
        (kind,) = asker.post("/imports", {"rows": changed})["kinds"]
        (cell,) = [cell for cell in kind["rows"][0]["cells"] if cell["column"] == "email"]
        assert (cell["before"], cell["after"]) == (before, "new@k.example")
