"""Without a recent sign-in no entry point changes addresses, grants access or exports addresses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from scheduler.domain.entities import OutboxKind
from scheduler.domain.errors import RecentSignInRequired
from scheduler.domain.team import TeamRole
from scheduler.services.emails.calendar_status import board, call_list
from scheduler.services.emails.email_addresses import address_corrections
from scheduler.services.events.archives import archiving
from scheduler.services.exports import event_workbook, schedule_lists
from scheduler.services.exports.schedule_lists import ListName
from scheduler.services.identity import api_tokens
from scheduler.services.identity.actors import Actor
from scheduler.services.imports import sheet_import, undoable_import
from scheduler.services.operations import audit_entries
from scheduler.services.operations.audit_entries import AuditFilter
from scheduler.services.participants import editing, journal
from scheduler.services.participants.colleagues import colleagues
from scheduler.services.participants.colleagues.colleagues import ColleagueForm
from scheduler.services.participants.delegations import confirmation, delegations, membership
from scheduler.services.participants.delegations.delegations import DelegationForm
from scheduler.services.participants.delegations.print_pack import make_print_pack
from scheduler.services.spreadsheets.columns import ImportKind
from scheduler.services.team import invitations, members
from scheduler.sheets.writers import OutputSheet, write_xlsx
from scheduler.storage.database import Database
from scheduler.storage.models import Account, Attendee, Event, Interpreter, OutboxEmail, RegistryChange, Slot
from tests.integration.identity.clock import HOUR, Clock, person
from tests.support.factories import NOW, Expo, make_account, make_event, make_member
from tests.support.publishing import SETTINGS
from tests.support.web import Browser

Door = Callable[[Session, Actor], Any]
THIEF = "thief@evil.example"
GIVEN: dict[str, Any] = {"settings": SETTINGS, "now": NOW}


def _file(*rows: list[str]) -> list[Any]:
    sheet = OutputSheet("People", ["key", "firm", "name", "email", "languages"], rows)
    return sheet_import.read_parts(write_xlsx([sheet]), "")


def _edit(session: Session, actor: Actor) -> Any:
    return editing.edit_records(session, actor, ImportKind.PEOPLE, ["f1-p0"], {"email": THIEF}, **GIVEN)


def _make_exhibitor(session: Session, actor: Actor) -> Any:
    return editing.edit_records(session, actor, ImportKind.PEOPLE, ["f1-p1"], {"exhibitor": "yes"}, **GIVEN)


def _edit_interpreter(session: Session, actor: Actor) -> Any:
    key = session.scalars(select(Interpreter.key)).first() or ""
    return editing.edit_records(session, actor, ImportKind.INTERPRETERS, [key], {"email": THIEF}, **GIVEN)


def _correct(session: Session, actor: Actor) -> Any:
    return address_corrections.correct_address(session, actor, "f1-p0", THIEF, **GIVEN)


def _bring_new(session: Session, actor: Actor) -> Any:
    parts = _file(["thief", "f1", "Thief", THIEF, "hu"])
    return undoable_import.import_rows(session, actor, parts, **GIVEN)


def _bring_address(session: Session, actor: Actor) -> Any:
    return undoable_import.import_rows(session, actor, _file(["f1-p0", "f1", "A", THIEF, "hu"]), **GIVEN)


def _undo(session: Session, actor: Actor) -> Any:
    """Undo a change of an address."""
    _edit(session, replace(actor, is_stale=False))
    session.flush()
    step = session.scalars(select(RegistryChange.id).order_by(RegistryChange.id.desc())).first()
    return journal.undo_step(session, actor, step or 0, **GIVEN)


def _undo_interpreter(session: Session, actor: Actor) -> Any:
    _edit_interpreter(session, replace(actor, is_stale=False))
    session.flush()
    step = session.scalars(select(RegistryChange.id).order_by(RegistryChange.id.desc())).first()
    return journal.undo_step(session, actor, step or 0, **GIVEN)


def _invite(session: Session, actor: Actor) -> Any:
    given: dict[str, Any] = {"role": TeamRole.OWNER, "until": None, "language": "en", **GIVEN}
    return invitations.send_invitation(session, actor, THIEF, **given)


def _change_role(session: Session, actor: Actor) -> Any:
    expo_member = session.scalars(select(Account).where(Account.email == "reader@team.example")).one()
    given: dict[str, Any] = {"role": TeamRole.OWNER, "until": None, "now": NOW}
    return members.change_member(session, actor, expo_member.id, **given)


def _confirm(session: Session, actor: Actor) -> Any:
    return confirmation.confirm_people(session, actor, "g1", ["f1-p0"], now=NOW)


def _add_colleague(session: Session, actor: Actor) -> Any:
    own = session.scalars(select(Attendee).where(Attendee.key == "f1-p0")).one()
    form = ColleagueForm(name="Thief", email=THIEF, languages="hu", days=(own_day(session),))
    exhibitor = replace(actor, team_role=None, attendee_id=own.id, firm_id=own.firm_id, is_exhibitor=True)
    return colleagues.add_colleague(session, exhibitor, form, **GIVEN)


def own_day(session: Session) -> str:
    return session.scalars(select(Slot.start).order_by(Slot.id)).all()[0].date().isoformat()


def _call_list(session: Session, actor: Actor) -> Any:
    found = board.show_board(session, actor, board.BoardFilters(), now=NOW)
    return call_list.export_calls_csv(session, actor, found, now=NOW)


DOORS: dict[str, Door] = {
    "people desk": _edit,
    "exhibitor mark": _make_exhibitor,
    "interpreter": _edit_interpreter,
    "correction": _correct,
    "import of somebody new": _bring_new,
    "import of another address": _bring_address,
    "undone step": _undo,
    "undone step of an interpreter": _undo_interpreter,
    "invitation": _invite,
    "role": _change_role,
    "confirmed person": _confirm,
    "colleague": _add_colleague,
    "workbook": event_workbook.export_event,
    "schedule": schedule_lists.export_workbook,
    "list of people": lambda session, actor: schedule_lists.export_list(
        session, actor, ListName.PEOPLE, "csv"
    ),
    "call list": _call_list,
    "print pack": lambda session, actor: make_print_pack(session, actor, "g1"),
    "token": lambda session, actor: api_tokens.create_api_token(
        session, actor, "robot", ["runs:read"], now=NOW
    ),
    "deletion": lambda session, actor: archiving.delete_event(
        session, actor, typed=session.get_one(Event, actor.event_id).name, now=NOW
    ),
    "trail": lambda session, actor: audit_entries.export_csv(session, actor, AuditFilter(), now=NOW),
}


CHANGES = {
    "people desk": 1,
    "interpreter": 1,
    "correction": 1,
    "import of another address": 1,
    "undone step": 2,
    "undone step of an interpreter": 2,
}
"""How often a route changes an address; the undone action does it, too."""


@pytest.fixture
def ready(database: Database) -> Expo:
    """An expo with an interpreter, a delegation and a viewer."""
    with database.write() as session:
        expo = make_event(session, people=2, interpreters=1)
        actor = expo.organiser_actor()
        delegations.create_delegation(session, actor, DelegationForm("Chamber"), now=NOW)
        session.flush()
        membership.add_firm(session, actor, "g1", "f1", now=NOW)
        account = make_account(session, "reader@team.example")
        make_member(session, expo, TeamRole.VIEWER, account=account)
    return expo


@pytest.mark.parametrize("door", DOORS)
def test_an_old_sign_in_is_asked_again_and_a_fresh_one_is_not(
    database: Database, ready: Expo, door: str
) -> None:
    actor = ready.organiser_actor()
    with database.write() as session, pytest.raises(RecentSignInRequired):
        DOORS[door](session, replace(actor, is_stale=True))
    with database.write() as session:
        DOORS[door](session, actor)


def test_what_lets_nobody_in_needs_no_fresh_sign_in(database: Database, ready: Expo) -> None:
    stale = replace(ready.organiser_actor(), is_stale=True)
    with database.write() as session:
        done = editing.edit_records(
            session, stale, ImportKind.PEOPLE, ["f1-p0"], {"title": "Director"}, **GIVEN
        )
        assert done.changed == 1
        look = undoable_import.preview_import(
            session, stale, _file(["thief", "f1", "Thief", THIEF, "hu"]), **GIVEN
        )
        assert look.added == 1
    with database.read() as session:
        assert session.scalars(select(Attendee).where(Attendee.email == THIEF)).all() == []


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("is_known", [True, False], ids=["told before", "told nothing"])
def test_a_door_that_changes_an_address_writes_to_the_old_and_the_new_one(
    database: Database, ready: Expo, door: str, is_known: bool
) -> None:
    interpreter = ready.interpreters[0].email
    with database.write() as session:
        if is_known:
            session.execute(update(Attendee).values(first_sign_in_at=NOW))
            make_account(session, interpreter)
    with database.write() as session:
        DOORS[door](session, ready.organiser_actor())
    with database.read() as session:
        letters = [
            row.to_address
            for row in session.scalars(select(OutboxEmail).where(OutboxEmail.kind == OutboxKind.DESK))
            if row.payload["letter"] == "address"
        ]
    old = interpreter if "interpreter" in door else ready.people[1][0].email
    changes = CHANGES.get(door, 0) if is_known else 0
    assert sorted(letters) == sorted([old, THIEF] * changes)


@pytest.mark.parametrize("htmx", [False, True], ids=["page", "row in place"])
def test_a_page_of_the_desk_asks_to_sign_in_again_and_changes_nothing(
    app: Flask, clock: Clock, database: Database, expo: Expo, htmx: bool
) -> None:
    browser = Browser(app, expo.organiser)
    clock.now += 3 * HOUR
    path = f"/events/{expo.event.key}/participants/people/f1-p0"
    browser.get(path)
    headers = {"HX-Request": "true"} if htmx else {}
    data = {"email": THIEF, "csrf_token": browser.token}
    response = browser.client.post(path, data=data, headers=headers)
    assert response.status_code == 403 and "Sign in again" in response.text
    assert THIEF not in browser.get(path)
    browser.sign_in(app, expo.organiser)
    browser.get(path)
    assert THIEF in browser.post(path, email=THIEF)


def test_an_exhibitor_adds_a_colleague_after_a_fresh_sign_in(
    app: Flask, clock: Clock, database: Database, expo: Expo
) -> None:
    browser = Browser(app, person(database, expo))
    clock.now += timedelta(days=3)
    path = f"/events/{expo.event.key}/colleagues"
    browser.get(path)
    day = expo.slots[0].start.date().isoformat()
    fields = {"name": "Thief", "email": THIEF, "languages": "hu", "days": day}
    assert "Sign in again" in browser.post(path, status=403, **fields)
    with database.read() as session:
        assert session.scalars(select(Attendee).where(Attendee.email == THIEF)).all() == []
