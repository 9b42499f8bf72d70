"""Settings, overnight runs, scheduling priorities and delegations in the API."""

from __future__ import annotations

import pytest

from scheduler.services.events import events, overnight_schedule
from scheduler.storage.database import Database
from tests.support.api import Program, make_token
from tests.support.factories import Expo, make_event
from tests.support.web import web_app


@pytest.fixture
def expo(database: Database) -> Expo:
    with database.write() as session:
        return make_event(session, people=2)


@pytest.fixture
def program(database: Database, broker_url: str, expo: Expo) -> Program:
    return Program(web_app(database, broker_url), make_token(database, expo.organiser_actor()))


def test_settings_are_changed_one_by_one_and_logged(database: Database, program: Program, expo: Expo) -> None:
    before = program.get("/settings")
    done = program.post("/settings/change", {"freeze_hours": 20, "emails_per_minute": 90})
    assert done == {**before, "freeze_hours": 20, "emails_per_minute": 90} == program.get("/settings")
    with database.read() as session:
        settings = events.get_settings(session, expo.organiser_actor())
    assert (settings.freeze_hours, settings.mail_per_minute) == (20, 90)
    newest = program.get("/audit-log")["items"][0]
    assert (newest["action"], [change["name"] for change in newest["changes"]]) == (
        "settings",
        ["freeze_hours", "mail_per_minute"],
    )


@pytest.mark.parametrize(
    ("path", "body", "pointer"),
    [
        ("/settings/change", {"freeze_hours": -1}, "#/freeze_hours"),
        ("/settings/change", {"language": "xx"}, "#/language"),
        ("/settings/change", {"colour": "red"}, "#/colour"),
        ("/overnight-settings/change", {"times": [{"at": "25:00"}]}, "#/times/0/at"),
        ("/overnight-settings/change", {"times": [{"at": "02:00", "weekdays": "71"}]}, "#/times/0/weekdays"),
        ("/priorities/change", {"policy": {"fair_share": 2}}, "#/policy/fair_share"),
        ("/priorities/change", {"policy": {"factors": {"idle": -1}}}, "#/policy/factors/idle"),
        ("/delegations", {"name": ""}, "#/name"),
    ],
)
def test_a_fault_names_its_field(program: Program, path: str, body: object, pointer: str) -> None:
    refused = program.post(path, body, status=422)
    assert [fault["pointer"] for fault in refused["errors"]] == [pointer]


def test_overnight_runs_get_other_times_within_the_same_limits(
    database: Database, program: Program, expo: Expo
) -> None:
    limits = {**program.get("/overnight-settings"), "times": None}
    times = [{"at": "03:30", "weekdays": "67", "then": "publish"}]
    done = program.post("/overnight-settings/change", {"times": times})
    assert [(each["at"], each["weekdays"], each["then"]) for each in done["times"]] == [
        ("03:30", "67", "publish")
    ]
    assert {**done, "times": None} == limits
    done = program.post("/overnight-settings/change", {"overnight_percent": 3})
    assert (done["overnight_percent"], len(done["times"])) == (3, 1)
    with database.read() as session:
        stored = overnight_schedule.get_overnight_settings(session, expo.organiser_actor())
    assert stored.overnight_percent == 3


def test_a_priority_is_changed_and_set_back_to_its_default(program: Program) -> None:
    program.post("/priorities/change", {"policy": {"max_in_row": 4, "require_all": True}})
    assert program.get("/priorities")["policy"] == {"max_in_row": 4, "require_all": True}
    program.post("/priorities/change", {"policy": {"max_in_row": None}})
    assert program.get("/priorities")["policy"] == {"require_all": True}


def test_a_delegation_is_created_once_filled_and_deleted(program: Program) -> None:
    new = {"name": "Hungary", "escort": "Ines", "escort_phone": "+36 1 234"}
    first, again = (program.send("/delegations", new, key="hungary") for _ in range(2))
    assert (first.status_code, first.json) == (201, again.json)
    path = first.headers["Location"].removeprefix("/api/v1")
    program.post(f"{path}/members/add", {"firms": ["f0"], "people": ["f1-p0"]})
    program.post(f"{path}/change", {"leader": "f1-p0"})
    found = program.get(path)
    assert (found["leader"], [firm["key"] for firm in found["firms"]]) == ("f1-p0", ["f0"])
    assert [(each["person"]["key"], each["is_individual"]) for each in found["people"]] == [
        ("f0-p0", False),
        ("f0-p1", False),
        ("f1-p0", True),
    ]
    assert program.get("/delegations")["items"][0]["firms"] == 1
    program.post(f"{path}/members/add", {"firms": ["none"]}, status=404)
    left = program.post(f"{path}/members/remove", {"firms": ["f0"], "people": ["f1-p0"]})
    assert (left["firms"], left["people"]) == ([], [])
    assert program.send(path, method="delete").json == {"key": found["key"]}
    program.get(path, 404)


def test_phone_numbers_of_a_delegation_need_their_scope(
    database: Database, program: Program, broker_url: str, expo: Expo
) -> None:
    made = program.post("/delegations", {"name": "Hungary", "escort_phone": "+36 1 234"}, status=201)
    path = f"/delegations/{made['key']}"
    program.post(f"{path}/members/add", {"people": ["f1-p0"]})
    fewer = Program(
        web_app(database, broker_url), make_token(database, expo.organiser_actor(), "people:write")
    )
    assert fewer.get(path)["escort_phone"] is fewer.get(path)["people"][0]["phone"] is None
    assert program.get(path)["escort_phone"] == "+36 1 234"
