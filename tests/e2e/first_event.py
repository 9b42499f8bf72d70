"""An organiser's workflow from an empty installation to a published event and later changes, by pages.

Used by the browser test with a small workbook, and by `benchmarks/first_event.py` with that of a full expo.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import select

from chainmeet.demo.load_sample import load
from scheduler.domain.plan import Meeting
from scheduler.samples.expo import make_expo
from scheduler.secret_keys import SecretKeys
from scheduler.services.exports import event_workbook
from scheduler.services.identity.actors import operator_actor
from scheduler.services.schedule import versions
from scheduler.storage.database import Database
from scheduler.storage.models import Attendee, Event, Firm, Hall, Place, ScheduleVersion, Slot
from scheduler.storage.schema import upgrade_schema
from tests.e2e.visitor import Visitor
from tests.support.workers import eventually

if TYPE_CHECKING:
    from tests.e2e.stack import Up

SECRET = SecretKeys("of a database that is gone before anybody reads it")


def workbook_of(folder: Path, *, firms: int, requests: int) -> bytes:
    """Return the export of a generated event in the future, as organisers maintain it in a spreadsheet."""
    database = Database(f"sqlite:///{folder}/sample.db")
    upgrade_schema(database)
    now = database.now()
    monday = (now + timedelta(days=30)).date()
    monday += timedelta(days=-monday.weekday() % 7)
    sample = make_expo(firms=firms, requests=requests, seed=1, start=monday, pending_share=0.0)
    with database.write() as session:
        made = load(session, sample, organiser_email="nobody@expo.example", secret_key=SECRET, now=now)
        octets = event_workbook.export_event(session, operator_actor(made))
    database.dispose()
    return octets


@dataclass
class Way:
    """An organiser's actions in a browser. `presses` counts clicks; `took` has seconds by step."""

    visitor: Visitor
    up: Up
    presses: int = 0
    took: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        began, before = time.monotonic(), self.presses
        yield
        self.took[f"{name} ({self.presses - before} presses)"] = time.monotonic() - began

    def press(self, name: str) -> None:
        self.presses += 1
        self.visitor.press(name)

    def follow(self, name: str) -> None:
        self.presses += 1
        self.visitor.follow(name)

    def open(self, name: str) -> None:
        self.presses += self.visitor.open(name)

    def make(self, octets: bytes) -> None:
        """Create an event from a workbook, starting at the home page."""
        page = self.visitor.page
        self.follow("Create event")
        self.follow("Create the event from a workbook")
        mime = "application/octet-stream"
        page.get_by_label("Workbook", exact=True).set_input_files(
            {"name": "expo.xlsx", "mimeType": mime, "buffer": octets}
        )
        self.press("Upload and preview")
        self.visitor.reads("This preview shows what will be created.")
        self.press("Create event")
        self.visitor.reads("Event created from expo.xlsx.")

    def run_and_publish(self, *, seconds: int) -> None:
        self.run(seconds=seconds)
        number = self.versions()[-1]
        self.follow("Review and publish")
        self.press(f"Publish version {number}")
        self.press("Publish now")
        self.visitor.reads(f"Version {number} is published.")

    def run(self, *, seconds: int) -> None:
        """Start a run, and open its draft once it is compared."""
        before = self.versions()
        self.open("Schedule")
        self.visitor.page.get_by_label("Search time (seconds)").fill(str(seconds))
        self.press("Run now")
        eventually(lambda: len(self.versions()) > len(before), seconds=seconds + 120)
        self.follow("Review draft")
        self.visitor.page.get_by_role("link", name="Review and publish").wait_for()

    def change_venue(self, section: str, button: str) -> None:
        self.presses += 1
        self.visitor.page.locator(section).get_by_role("button", name=button, exact=True).click()
        self.press("Save changes")

    def rename(self, hall: Hall, name: str) -> None:
        self.open("Venue")
        self.visitor.page.get_by_label(f"Name of {hall.name}", exact=True).fill(name)
        self.change_venue("#halls", "Preview changes")

    def close_table(self, place: Place, hall: Hall, day: date) -> None:
        page = self.visitor.page
        page.goto(f"/events/{self.event().key}/venue?hall={hall.key}&kind=table")
        page.get_by_label(f"Select {place.name}", exact=True).check()
        page.locator(f'input[name="on"][value="{day.isoformat()}"]').check()
        self.presses += 3
        self.change_venue("#tables", "Close selected")

    def record(self, kind: str, key: str) -> None:
        self.visitor.page.goto(f"/events/{self.event().key}/participants/{kind}/{key}")
        self.presses += 2  # the search, and its result

    def move(self, firm: Firm, booth: str) -> None:
        self.record("firms", firm.key)
        self.visitor.page.get_by_label("Booth", exact=True).fill(booth)
        self.press("Save")
        self.visitor.reads("Saved.")

    def withdraw(self, firm: Firm) -> None:
        self.record("firms", firm.key)
        self.press("Remove from event…")
        self.press("Remove from event")
        self.visitor.reads("Removed from the event.")

    def call_in_sick(self, person: Attendee, slots: list[str]) -> None:
        self.record("people", person.key)
        page = self.visitor.page
        for key in slots:
            page.locator(f'#absences input[value="{key}"]').check()
        self.presses += 1  # one drag over the day
        self.press("Save unavailable times")
        self.visitor.reads("Saved.")

    def invite(self, email: str) -> None:
        self.open("Team")
        self.visitor.page.get_by_role("textbox", name="Email address").fill(email)
        self.visitor.page.locator('input[name="role"][value="organiser"]').check()
        self.press("Send invitation")

    def event(self) -> Event:
        with self.up.database.read() as session:
            return session.scalars(select(Event)).one()

    def versions(self) -> list[int]:
        with self.up.database.read() as session:
            return list(session.scalars(select(ScheduleVersion.number).order_by(ScheduleVersion.number)))

    def meetings(self, number: int) -> dict[str, Meeting]:
        """Return the meetings of a version by request."""
        with self.up.database.read() as session:
            version = session.scalars(select(ScheduleVersion).where(ScheduleVersion.number == number)).one()
            return {each.request: each for each in versions.list_meetings(session, version.id)}


@dataclass(frozen=True)
class Planned:
    """Changes of a published event, and the requests whose meetings they affect."""

    hall: Hall
    table: Place
    table_hall: Hall
    day: date
    moves: Firm
    leaves: Firm
    ill: Attendee
    ill_slots: list[str]
    closed: set[str]
    at_booth: set[str]
    called_off: set[str]
    of_ill: set[str]

    @property
    def concerned(self) -> set[str]:
        return self.closed | self.at_booth | self.called_off | self.of_ill


def planned(way: Way) -> Planned:
    """Choose a table, two firms and a person with published meetings, none of which they share."""
    held = way.meetings(1)
    with way.up.database.read() as session:
        wednesday = {slot.key: slot for slot in session.scalars(select(Slot)) if slot.start.weekday() == 2}
        day = min(slot.start for slot in wednesday.values()).date()
        places = {place.key: place for place in session.scalars(select(Place))}
        halls = {hall.id: hall for hall in session.scalars(select(Hall).order_by(Hall.position))}
        people = {person.key: person for person in session.scalars(select(Attendee))}
        firms = {firm.id: firm for firm in session.scalars(select(Firm))}
        booths = Counter(place.firm_id for place in places.values() if not place.is_retired)

    def of(firm: Firm) -> set[str]:
        return {
            key for key, each in held.items() if firm.id in {people[one].firm_id for one in each.attendees}
        }

    on_day = {key: each for key, each in held.items() if each.slot in wednesday}
    table = next(places[each.place] for each in on_day.values() if places[each.place].firm_id is None)
    closed = {key for key, each in on_day.items() if each.place == table.key}
    used: set[str] = set(closed)

    def next_firm(*, with_booth: bool) -> Firm:
        for firm in firms.values():
            own = of(firm)
            booth = {
                key for key in own if places[held[key].place].firm_id == firm.id and booths.get(firm.id) == 1
            }
            if own and not own & used and (booth or not with_booth):
                used.update(own)
                return firm
        raise AssertionError("no firm has meetings of its own")

    moves, leaves = next_firm(with_booth=True), next_firm(with_booth=False)
    at_booth = {key for key in of(moves) if places[held[key].place].firm_id == moves.id}
    ill = next(
        people[one]
        for key, each in on_day.items()
        if key not in used
        for one in each.attendees
        if not of(firms[people[one].firm_id]) & used
    )
    of_ill = {key for key, each in on_day.items() if ill.key in each.attendees}
    return Planned(
        next(iter(halls.values())), table, halls[table.hall_id], day, moves, leaves, ill, sorted(wednesday),
        closed, at_booth, of(leaves), of_ill,
    )  # fmt: skip
