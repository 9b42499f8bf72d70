"""The workbook of an event is a valid import that changes no cell."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from chainmeet.demo import delegations
from chainmeet.demo.load_sample import load
from scheduler.domain.entities import PlaceKind
from scheduler.domain.errors import NotAllowed
from scheduler.samples.expo import make_expo
from scheduler.secret_keys import SecretKeys
from scheduler.services.exports import event_workbook
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Role
from scheduler.services.imports import sheet_import
from scheduler.services.imports.sheet_import import ImportPreview
from scheduler.sheets.workbook import read_workbook
from scheduler.storage.database import Database
from scheduler.storage.models import (
    Account,
    Attendee,
    Firm,
    Hall,
    Interpreter,
    InterpreterAssignment,
    Place,
    Slot,
)
from tests.support.factories import NOW, make_event
from tests.support.publishing import SETTINGS

BOSS = "organiser@expo.example"


def demo_event(database: Database, firms: int = 40, requests: int = 200) -> Actor:
    """Return the demo event with fewer firms, and its organiser."""
    with database.write() as session:
        event = load(
            session,
            make_expo(firms=firms, requests=requests, seed=3),
            organiser_email=BOSS,
            secret_key=SecretKeys("x" * 40),
            now=NOW,
        )
        delegations.travel_together(session, event, session.scalars(select(Firm)).all(), 3)
        delegations.share_stands(session, session.scalars(select(Firm)).all(), 2)
        first = session.scalars(select(Attendee).order_by(Attendee.id).limit(1)).one()
        first.max_in_row, first.max_days = 2, 1
        event.guests = [{"kind": "country", "name": "Hungary", "country": "HU", "pavilion": "East"}]
        session.scalars(select(Hall).order_by(Hall.id)).all()[0].names = {"zh": "一号馆"}
        interpreter = session.scalars(select(Interpreter.id).order_by(Interpreter.id).limit(1)).one()
        table = session.scalars(select(Place.id).where(Place.kind == PlaceKind.TABLE).limit(1)).one()
        slots = session.scalars(select(Slot.id).order_by(Slot.position).limit(3)).all()
        session.add_all(
            InterpreterAssignment(interpreter_id=interpreter, slot_id=slot, place_id=table) for slot in slots
        )
        account = session.scalars(select(Account).where(Account.email == BOSS)).one()
        return Actor(account_id=account.id, event_id=event.id, event_key=event.key, team_role=Role.OWNER)


def look(database: Database, actor: Actor, octets: bytes) -> ImportPreview:
    with database.write() as session:
        found = sheet_import.apply_sheets(
            session, actor, sheet_import.read_parts(octets, ""), settings=SETTINGS, now=NOW
        )
        session.rollback()
    return found


def test_an_export_changes_nothing_when_it_is_imported(database: Database) -> None:
    actor = demo_event(database)
    with database.read() as session:
        octets = event_workbook.export_event(session, actor)
    found = look(database, actor, octets)
    assert [fault for part in found.parts for fault in part.faults] == []
    assert [(part.sheet, part.done.wrong) for part in found.parts if part.done and part.done.wrong] == []
    assert [(part.sheet, row) for part in found.parts if part.done for row in part.done.rows] == []
    counted = {part.sheet: part.done.unchanged for part in found.parts if part.done}
    assert len(counted) == 15
    assert min(count for sheet, count in counted.items() if sheet != "Closures") > 0
    assert (counted["Firms"], counted["Requests"]) == (40, 200)
    assert all(part.done.missing == 0 for part in found.parts if part.done)


def test_an_edited_export_changes_that_cell_alone(database: Database) -> None:
    actor = demo_event(database)
    with database.read() as session:
        rows = event_workbook.list_rows(session, actor)
    kind = next(kind for kind in rows if kind.value == "firms")
    rows[kind][3]["description"] = "Another\ntext"
    found = look(
        database,
        actor,
        event_workbook.write_xlsx([event_workbook.make_sheet(*each) for each in rows.items()]),
    )
    changed = [row for part in found.parts if part.done for row in part.done.rows]
    assert [(row.key, [cell.column for cell in row.cells]) for row in changed] == [
        (rows[kind][3]["key"], ["description"])
    ]
    assert changed[0].cells[0].after == "Another\ntext"


def test_an_event_without_anything_is_a_workbook_too(database: Database) -> None:
    with database.write() as session:
        actor = make_event(session, firms=0, tables=0).organiser_actor()
        octets = event_workbook.export_event(session, actor)
    assert [sheet.name for sheet in read_workbook(octets).sheets][:3] == ["Event", "Areas", "Times"]


def test_only_organisers_have_it(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        with pytest.raises(NotAllowed):
            event_workbook.export_event(session, expo.actor(0))
