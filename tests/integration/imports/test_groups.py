"""Sheets of delegations, guests of honour and hall names: added, changed, rejected by column."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.services.imports import import_files, sheet_import, undoable_import
from scheduler.services.imports.sheet_import import ImportPreview
from scheduler.services.participants import journal
from scheduler.services.participants.delegations import delegations
from scheduler.services.spreadsheets.columns import ImportKind
from scheduler.storage.database import Database
from scheduler.storage.models import Delegation, Event, Hall
from tests.support.factories import NOW, Expo, make_event
from tests.support.publishing import SETTINGS

HEAD = "key,name,origin,leader,escort,escort phone,firms,people\n"


def take(session: Session, expo: Expo, kind: ImportKind, text: str) -> ImportPreview:
    parts = sheet_import.read_parts(text.encode(), kind.value)
    return sheet_import.apply_sheets(session, expo.organiser_actor(), parts, settings=SETTINGS, now=NOW)


def told(look: ImportPreview) -> list[Any]:
    """Return the changed cells and the errors."""
    (part,) = look.parts
    assert part.done is not None, part.faults
    rows = [(cell.column, cell.before, cell.after) for row in part.done.rows for cell in row.cells]
    return [*rows, *(f"{wrong.column}: {wrong.message}" for wrong in part.done.wrong)]


@pytest.fixture
def expo(database: Database) -> Expo:
    with database.write() as session:
        return make_event(session, firms=4, people=2)


def members(session: Session, expo: Expo, key: str) -> tuple[list[str], list[str], str]:
    card = delegations.get_delegation(session, expo.organiser_actor(), key)
    people = [each.person.key for each in card.members.people if each.alone]
    return [firm.key for firm in card.members.firms], people, card.form.leader


def row_of(expo: Expo, *, firms: str, people: str, leader: str) -> str:
    return f"{HEAD}hu,Hungarian Chamber,Hungary,{leader},Kovács Éva,+36 1 555 0100,{firms},{people}\n"


def test_a_delegation_comes_with_its_members_and_the_same_file_changes_nothing(
    database: Database, expo: Expo
) -> None:
    leader, alone = expo.people[0][1], expo.people[2][0]
    named = f"f0; {expo.firms[1].latin_name}"
    text = row_of(expo, firms=named, people=f"{alone.email}; {leader.key}", leader=leader.key)
    with database.write() as session:
        assert take(session, expo, ImportKind.DELEGATIONS, text).added == 1
        assert members(session, expo, "hu") == (["f0", "f1"], [alone.key], leader.key)
        again = take(session, expo, ImportKind.DELEGATIONS, text)
        assert (again.added, again.changed) == (0, 0)
        # by name; a missing column keeps its value
        changed = take(session, expo, ImportKind.DELEGATIONS, "name,escort\nHungarian Chamber,Nagy Anna\n")
        assert told(changed) == [("escort", "Kovács Éva", "Nagy Anna")]
        assert members(session, expo, "hu") == (["f0", "f1"], [alone.key], leader.key)


def test_who_leaves_takes_the_leader_along(database: Database, expo: Expo) -> None:
    leader = expo.people[0][1].key
    with database.write() as session:
        take(session, expo, ImportKind.DELEGATIONS, row_of(expo, firms="f0; f1", people="", leader=leader))
        done = take(session, expo, ImportKind.DELEGATIONS, "key,name,firms\nhu,Hungarian Chamber,f1; f2\n")
        assert told(done) == [("firms", "f0; f1", "f1; f2"), ("leader", leader, "")]
        assert members(session, expo, "hu") == (["f1", "f2"], [], "")


@pytest.mark.parametrize(
    ("cells", "fault"),
    [
        ("hu,X,,f3-p0,,,f0,", "leader: choose a member of the delegation"),
        ("hu,X,,,,,f0; f99,", "firms: 'f99' is not an exhibitor of this event"),
        ("hu,X,,,,,f0,nobody@x.example", "people: 'nobody@x.example' is not a person of this event"),
        ("hu,X,,,,not a number,f0,", "escort_phone: enter a phone number"),
    ],
)
def test_what_is_wrong_is_told_by_its_column(database: Database, expo: Expo, cells: str, fault: str) -> None:
    with database.write() as session:
        (said,) = told(take(session, expo, ImportKind.DELEGATIONS, f"{HEAD}{cells}\n"))
        assert said.startswith(fault)
        assert session.scalars(select(Delegation)).all() == []


def test_a_file_of_delegations_is_undone_as_any_other(database: Database, expo: Expo) -> None:
    actor, text = expo.organiser_actor(), row_of(expo, firms="f0", people="", leader="")
    parts = sheet_import.read_parts(text.encode(), "delegations")
    with database.write() as session:
        take(session, expo, ImportKind.DELEGATIONS, "key,name,firms\nold,Zhejiang,f3\n")
    with database.write() as session:
        number = import_files.store_file(
            session, actor, text.encode(), name="d.csv", kind="delegations", now=NOW
        )
        look = undoable_import.apply_import(session, actor, parts, settings=SETTINGS, now=NOW)
        session.rollback()
    with database.write() as session:
        number = import_files.store_file(
            session, actor, text.encode(), name="d.csv", kind="delegations", now=NOW
        )
        undoable_import.import_file(
            session, actor, number, parts, digest=look.digest, settings=SETTINGS, now=NOW
        )
    with database.write() as session:
        assert members(session, expo, "hu") == (["f0"], [], "")
        (step,) = journal.list_steps(session, actor, most=1)
        journal.undo_step(session, actor, step.id, settings=SETTINGS, now=NOW)
    with database.read() as session:
        assert session.scalars(select(Delegation.key)).all() == ["old"]
        assert members(session, expo, "old") == (["f3"], [], "")


def test_names_of_halls_by_language(database: Database, expo: Expo) -> None:
    with database.write() as session:
        done = take(session, expo, ImportKind.HALLS, "key,name,中文名称,magyar név\nh0,Hall 0,零号馆,\n")
        assert told(done) == [("name_zh", "", "零号馆")]
        assert take(session, expo, ImportKind.HALLS, "key,name\nh0,Hall 0\n").changed == 0
        hall = session.scalars(select(Hall).where(Hall.key == "h0")).one()
        assert (hall.name, hall.names) == ("Hall 0", {"zh": "零号馆"})
        done = take(session, expo, ImportKind.HALLS, "key,name,name zh\nh0,Hall 0,\n")
        assert told(done) == [("name_zh", "零号馆", "")] and hall.names == {}


def test_guests_of_honour_are_added_and_changed_by_name(database: Database, expo: Expo) -> None:
    with database.write() as session:
        text = "name,kind,country,pavilion\nHungary,country,Hungary,East\nZhejiang,province,,\n"
        assert take(session, expo, ImportKind.GUESTS, text).added == 2
        assert take(session, expo, ImportKind.GUESTS, text).changed == 0
        done = take(session, expo, ImportKind.GUESTS, "name,pavilion\nZhejiang,West\n")
        assert told(done) == [("pavilion", "", "West")]
        assert [guest["pavilion"] for guest in session.get_one(Event, expo.event.id).guests] == [
            "East",
            "West",
        ]
        (wrong,) = told(take(session, expo, ImportKind.GUESTS, "name,kind\nBrazil,country\n"))
        assert wrong.startswith("country: enter a country")


def test_names_of_areas_by_language(database: Database, expo: Expo) -> None:
    with database.write() as session:
        event = session.get_one(Event, expo.event.id)
        done = take(
            session, expo, ImportKind.AREAS, "key,name,中文名称,magyar név\nchips,Chips,芯片,Chipek\n"
        )
        assert sorted(told(done)) == [("name_hu", "", "Chipek"), ("name_zh", "", "芯片")]
        assert take(session, expo, ImportKind.AREAS, "key,name\nchips,Chips\n").changed == 0
        assert event.area_names == {"chips": {"zh": "芯片", "hu": "Chipek"}}
        done = take(session, expo, ImportKind.AREAS, "key,name,name zh\nchips,Chips,\n")
        assert told(done) == [("name_zh", "芯片", "")] and event.area_names == {"chips": {"hu": "Chipek"}}
