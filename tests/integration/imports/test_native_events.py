"""A workbook of 620 firms in each of eight languages becomes the event that it describes."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update

from scheduler.domain.entities import PlaceKind
from scheduler.services.identity import sessions
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Role
from scheduler.services.imports import event_settings_sheet, sheet_import, undoable_import
from scheduler.services.imports.bulk_import import import_execution, import_jobs
from scheduler.services.imports.bulk_import.import_execution import ImportEnding
from scheduler.services.imports.create_from_workbook import NewEventPreview
from scheduler.services.participants.event_invitations import invitation_emails
from scheduler.services.participants.event_invitations.invitation_emails import Invitees
from scheduler.sheets.writers import OutputSheet, write_xlsx
from scheduler.storage.database import Database
from scheduler.storage.models import (
    Attendee,
    AttendeeBusy,
    Event,
    Firm,
    Hall,
    ImportFile,
    Interpreter,
    MeetingRequest,
    Place,
    PlaceClosure,
    Slot,
    WalkingTime,
)
from tests.integration.imports.test_grid import fields
from tests.integration.imports.test_no_emails import days_of_ticks
from tests.integration.publishing.rehearsal.post import post
from tests.support.factories import NOW, make_account
from tests.support.native_workbooks import DIALECTS, PlantedFault, native_workbook, planted
from tests.support.publishing import SETTINGS
from tests.support.web import Browser, web_app

FIRMS = 620
BROKER = "redis://127.0.0.1:1"
EVENT = {"key": "native-expo", "name": "Native Expo", "timezone": "Europe/Budapest", "language": "en"}
EMAILED = ("en", "de")
"""One on each engine: emails do not depend on a file's language."""
MOST_ROUNDS = 3
"""Rows that reference an invalid row wait for it; their own errors appear after it is fixed."""


def on_engine(turn: int) -> list[Any]:
    """Alternate the languages between both engines."""
    return [
        pytest.param(
            language,
            engine,
            marks=[pytest.mark.postgres] if engine == "postgres" else [],
            id=f"{language}-{engine}",
        )
        for at, language in enumerate(DIALECTS)
        for engine in [("sqlite", "postgres")[(at + turn) % 2]]
    ]


pytestmark = [pytest.mark.slow, pytest.mark.smtp]


@pytest.mark.parametrize(("language", "database"), on_engine(0), indirect=["database"])
def test_every_value_of_a_native_workbook_arrives_without_a_question(
    database: Database, language: str
) -> None:
    workbook = native_workbook(language, firms=FIRMS)
    with database.write() as session:
        account = make_account(session, is_operator=True)
        made = event_settings_sheet.create_event(session, account.id, None, said=EVENT, now=NOW)
        actor = event_settings_sheet.owner_actor(account.id, made)
        parts = sheet_import.read_parts(write_xlsx(workbook.sheets), "")
        look = undoable_import.apply_import(session, actor, parts, settings=SETTINGS, now=NOW)
    assert [(part.sheet, part.faults) for part in look.parts if part.kind is None or part.faults] == []
    assert look.left_out == 0
    asked = [
        (part.sheet, pair)
        for part in look.parts
        for pair in part.headers
        if pair[1] == sheet_import.UNDECIDED_COLUMN
    ]
    assert asked == [] and sum(part.not_taken for part in look.parts) <= 3
    same(arrived(database), workbook.values)


@pytest.mark.parametrize(("language", "database"), on_engine(1), indirect=["database"])
def test_each_fault_is_named_and_fixed_in_the_grid_and_the_event_emails_nobody(
    database: Database, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        import_jobs, "MAX_INLINE_OCTETS", 64 << 10
    )  # previewed by a worker, like a whole event
    workbook = native_workbook(language, firms=FIRMS, requests=1)
    sheets, faults = planted(language, workbook)
    organiser = Organiser(database, sheets)
    named = {(part.sheet, line) for part in organiser.look().look.parts if part.done
             for cells in part.done.causes for line in cells.lines}  # fmt: skip
    assert named == {(fault.sheet, fault.line) for fault in faults}
    organiser.fix(faults)
    organiser.make()
    same(arrived(database), workbook.values)
    if language in EMAILED:
        emails_nobody_until_invited(database, organiser)


class Organiser:
    """Creates an event from a workbook by the pages, with a worker."""

    def __init__(self, database: Database, sheets: Sequence[OutputSheet]) -> None:
        self.database = database
        with database.write() as session:
            self.account = make_account(session, is_operator=True)
            self.signed_in = sessions.SignedIn(
                1, self.account.id, self.account.email, "", True, NOW, NOW, NOW
            )
        self.browser = Browser(web_app(database, BROKER), self.account)
        self.browser.get("/events/new/workbook/")
        self.browser.post("/events/new/workbook/", file=(io.BytesIO(write_xlsx(sheets)), "expo.xlsx"))
        with database.read() as session:
            self.number = session.scalars(select(ImportFile.id)).one()
        self.path = f"/events/new/workbook/{self.number}"
        self.browser.post(f"{self.path}/details", **EVENT)

    def look(self) -> NewEventPreview:
        self._work()
        with self.database.read() as session:
            found = import_jobs.load_new_event_preview(session, self.signed_in, self.number)
        assert found is not None and found.event is not None and found.faults == ()
        return found

    def fix(self, faults: Sequence[PlantedFault]) -> None:
        """Correct each cell in the grid, a sheet at a time, until no row has an error."""
        left_out = -1
        right = {(fault.sheet, fault.line, fault.position): fault for fault in faults}
        for _ in range(MOST_ROUNDS):
            forms = self._forms()
            if not forms:
                break
            for sheet, form in forms:
                for name in form:
                    if (cell := re.fullmatch(r"cell-(\d+)-(\d+)", name)) is not None:
                        at = sheet, int(cell[1]), int(cell[2])
                        if at in right:
                            fault = right.pop(at)
                            assert form[name] == fault.wrong
                            form[name] = fault.right
                self.browser.post(f"{self.path}/errors", **form)
            left_out = self.look().look.left_out
        assert right == {}, "the grid does not have these cells"
        assert left_out == 0

    def make(self) -> None:
        page = self.browser.get(self.path)
        (digest,) = set(re.findall(r'name="digest" value="([0-9a-f]+)"', page))
        pressed: dict[str, Any] = {"with": "all", "digest": digest}
        self.browser.post(f"{self.path}/create", **pressed)
        self._work()
        assert "Event created from expo.xlsx." in self.browser.get(self.path)

    def _work(self) -> None:
        assert (
            import_execution.execute_import(self.database, self.number, worker="w", settings=SETTINGS)
            is ImportEnding.DONE
        )

    def _forms(self) -> list[tuple[str, dict[str, str]]]:
        """Return what a browser would submit of each sheet with errors."""
        first = self.browser.get(f"{self.path}/errors")
        sheets = dict.fromkeys(re.findall(r'href="[^"]*/errors\?rows=errors&amp;sheet=([0-9]+)"', first))
        pages = [self.browser.get(f"{self.path}/errors?sheet={sheet}") for sheet in sheets] or [first]
        grids = [fields(page) for page in pages if 'class="grid-form' in page]
        forms = [{name: html.unescape(text) for name, text in grid.items()} for grid in grids]
        return [(form["sheet-name"], form) for form in forms]


def same(found: dict[str, list[Any]], expected: dict[str, list[Any]]) -> None:
    """Compare kind by kind, so that a failure shows the rows that differ."""
    assert found.keys() == expected.keys()
    for kind, rows in expected.items():
        assert [row for row in found[kind] if row not in set(rows)][:3] == [], kind
        assert found[kind] == rows, kind


def arrived(database: Database) -> dict[str, list[Any]]:
    """Return the content of the database after an import."""
    zone = ZoneInfo(EVENT["timezone"])
    with database.read() as session:
        (event,) = session.scalars(select(Event))
        halls = {hall.id: hall.name for hall in session.scalars(select(Hall).order_by(Hall.position))}
        slots = {
            slot.id: slot.start.astimezone(zone)
            for slot in session.scalars(select(Slot).order_by(Slot.position))
        }
        at = {slot_id: (start.date(), start.time()) for slot_id, start in slots.items()}
        firms = {firm.id: firm for firm in session.scalars(select(Firm))}
        places = {place.id: place for place in session.scalars(select(Place))}
        booths = {place.firm_id: place.key for place in places.values() if place.kind is PlaceKind.BOOTH}
        people = {person.id: person for person in session.scalars(select(Attendee))}
        walks = session.scalars(select(WalkingTime)).all()
        return {
            "areas": list(event.areas.values()),
            "times": list(at.values()),
            "halls": list(halls.values()),
            "walking": sorted(
                (*sorted((halls[walk.from_hall_id], halls[walk.to_hall_id])), walk.minutes) for walk in walks
            ),
            "tables": sorted((p.key, halls[p.hall_id]) for p in places.values() if p.kind is PlaceKind.TABLE),
            "firms": sorted(
                (f.key, f.name, f.country, f.tier.value, tuple(event.areas[area] for area in f.areas),
                 halls[f.hall_id or 0], booths[f.id], f.max_per_day)
                for f in firms.values()
            ),
            "people": sorted(
                (p.email, p.name, p.phone, p.title, tuple(sorted(p.languages)), firms[p.firm_id].key,
                 p.is_exhibitor)
                for p in people.values()
            ),
            "interpreters": sorted(
                (i.email, i.name, tuple(i.languages)) for i in session.scalars(select(Interpreter))
            ),
            "absences": sorted(
                (people[busy.attendee_id].email, *at[busy.slot_id])
                for busy in session.scalars(select(AttendeeBusy))
            ),
            "closures": sorted(
                (places[busy.place_id].key, *at[busy.slot_id])
                for busy in session.scalars(select(PlaceClosure))
            ),
            "requests": sorted(
                (firms[r.from_firm_id].key, firms[r.to_firm_id].key, r.topic, r.priority, r.state.value)
                for r in session.scalars(select(MeetingRequest))
            ),
        }  # fmt: skip


def emails_nobody_until_invited(database: Database, organiser: Organiser) -> None:
    """Live, the event emails only its creator. In rehearsal, its invitations go to the same address only."""
    own = organiser.account.email
    with database.write() as session:
        session.execute(update(Event).values(live_at=NOW))
    assert {address for _, address in days_of_ticks(database, days=1)} == {own}
    with database.write() as session:
        session.execute(update(Event).values(live_at=None))
        event = session.scalars(select(Event)).one()
        actor = Actor(
            account_id=organiser.account.id, event_id=event.id, event_key=event.key, team_role=Role.OWNER
        )
        assert invitation_emails.send_invitations(session, actor, Invitees.NEW, now=NOW) == FIRMS
    with post(database) as sent:
        sent.deliver()
        assert sent.readers == {own}
