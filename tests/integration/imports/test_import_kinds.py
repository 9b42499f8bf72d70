"""One workbook imports every kind: venue, firms, people, absences, and requests with responses."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from scheduler.domain.entities import RequestState, Side
from scheduler.services.imports import sheet_import
from scheduler.services.imports.sheet_import import ImportPreview
from scheduler.services.problems.snapshot import build_problem
from scheduler.services.spreadsheets.columns import ImportKind
from scheduler.services.spreadsheets.options import ImportOptions
from scheduler.sheets.writers import Cell, OutputSheet, write_xlsx
from scheduler.storage.database import Database
from scheduler.storage.models import (
    AttendeeBusy,
    Event,
    Hall,
    InterpreterBusy,
    MeetingRequest,
    Place,
    PlaceClosure,
    RequestPerson,
    Slot,
    WalkingTime,
)
from tests.support.factories import NOW, Expo, make_event
from tests.support.publishing import SETTINGS

AREAS = OutputSheet("Areas", ["Key", "Name"], [["batteries", "Batteries and cells"], ["solar", "Solar"]])
HALLS = OutputSheet("展馆", ["编号", "名称"], [["n1", "North 1"], ["n2", "North 2"]])
WALKING = OutputSheet("Walking", ["", "North 1", "North 2"], [["North 1", 0, 7], ["North 2", 7, 0]])
TABLES = OutputSheet(
    "Tables", ["Table", "Hall", "Simultaneous meetings"], [["T1", "North 1", 2], ["T2", "n2", 1]]
)
FIRMS = OutputSheet(
    "Companies",
    ["Company", "Country", "Tier", "Areas", "Hall", "Booth", "Simultaneous meetings"],
    [
        ["大丰公司", "中国", "上游", "Solar", "North 1", "B1", 2],
        ["Kovács Kft.", "Hungary", "downstream", "solar; batteries", "", "", ""],
    ],
)
PEOPLE = OutputSheet(
    "People",
    ["Name", "Company", "E-mail", "Languages"],
    [
        ["王伟", "大丰公司", "wang@great.example", "Chinese"],
        ["Kovács Éva", "Kovács Kft.", "eva@kovacs.example", "magyar; English"],
    ],
)
INTERPRETERS = OutputSheet("译员", ["姓名", "邮箱", "语言"], [["李娜", "li@example.com", "中文; magyar"]])
CLOSURES = OutputSheet("Closures", ["Table", "From", "To"], [["T1", "09:00", "09:30"]])
ABSENCES = OutputSheet("Absences", ["Who"], [["eva@kovacs.example"], ["李娜"]])
REQUESTS = OutputSheet(
    "Requests",
    ["From", "To", "Topic", "Priority", "Status", "With", "Reason"],
    [["大丰公司", "Kovács Kft.", "Solar cells", 5, "接受", "eva@kovacs.example", "With pleasure"]],
)
NAMED = ["From", "To", "With"]
SHEETS = (REQUESTS, ABSENCES, CLOSURES, INTERPRETERS, PEOPLE, FIRMS, TABLES, WALKING, HALLS, AREAS)
"""In reverse of the required order."""


def imported(
    session: Session, expo: Expo, sheets: Sequence[OutputSheet], options: ImportOptions | None = None
) -> ImportPreview:
    return sheet_import.apply_sheets(
        session,
        expo.organiser_actor(),
        sheet_import.read_parts(write_xlsx(sheets), ""),
        settings=SETTINGS,
        now=NOW,
        options=options or ImportOptions(),
    )


def faults(look: ImportPreview) -> list[str]:
    wrong = [
        f"{part.sheet} {lines.lines}, {lines.header}: {lines.message}"
        for part in look.parts
        if part.done
        for lines in part.done.wrong
    ]
    return [*wrong, *(str(fault) for part in look.parts for fault in part.faults)]


def counted(look: ImportPreview) -> dict[str, tuple[int, int, int]]:
    return {
        part.kind.value: (part.done.added, part.done.changed, part.done.unchanged)
        for part in look.parts
        if part.kind and part.done
    }


def one_more(sheet: OutputSheet, *rows: Sequence[Cell]) -> OutputSheet:
    return OutputSheet(sheet.name, sheet.header, [*sheet.rows, *rows])


def test_every_kind_comes_from_one_workbook_in_the_right_order(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=0, tables=0, halls=1)
        look = imported(session, expo, SHEETS)
        assert faults(look) == []
        assert {kind: added for kind, (added, _, _) in counted(look).items()} == {
            "areas": 1, "halls": 2, "walking": 1, "tables": 2, "firms": 2, "people": 2, "interpreters": 1,
            "closures": 1, "absences": 2, "requests": 1,
        }  # fmt: skip
        assert session.get_one(Event, expo.event.id).areas["solar"] == "Solar"
        halls = dict(session.execute(select(Hall.id, Hall.key)).all())
        (walk,) = session.scalars(select(WalkingTime)).all()
        assert ({halls[walk.from_hall_id], halls[walk.to_hall_id]}, walk.minutes) == ({"n1", "n2"}, 7)
        places = session.execute(select(Place.key, Place.capacity, Place.hall_id).order_by(Place.key)).all()
        assert [(key, capacity, halls[hall]) for key, capacity, hall in places] == [
            ("B1", 2, "n1"), ("T1", 2, "n1"), ("T2", 1, "n2"),
        ]  # fmt: skip
        request = session.scalars(select(MeetingRequest)).one()
        assert (request.state, request.priority, request.topic) == (RequestState.ACCEPTED, 5, "Solar cells")
        assert (request.response_note, request.responded_at) == ("With pleasure", NOW)
        assert session.scalars(select(RequestPerson.side)).all() == [Side.TO]
        slots = len(expo.slots)
        assert len(session.scalars(select(AttendeeBusy.slot_id)).all()) == slots
        assert len(session.scalars(select(InterpreterBusy.slot_id)).all()) == slots
        assert 0 < len(session.scalars(select(PlaceClosure.slot_id)).all()) < slots


def test_the_same_workbook_again_changes_nothing(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=0, tables=0, halls=1)
        imported(session, expo, SHEETS)
        again = imported(session, expo, SHEETS)
        assert faults(again) == []
        assert not again.does_anything
        assert all((added, changed) == (0, 0) for added, changed, _ in counted(again).values())


def test_hours_of_a_person_are_absences_of_each_day_before_and_after_them(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, slots="4 4")
        zone = ZoneInfo(expo.event.timezone)
        first, last = (f"{expo.slots[at].start.astimezone(zone):%H:%M}" for at in (1, 3))
        person = expo.people[0][0].key
        sheet = OutputSheet("Absences", ["person", "start", "end"], [[person, "", first], [person, last, ""]])
        assert faults(imported(session, expo, [sheet])) == []
        away = build_problem(session, expo.event.id, now=NOW).attendees[0].unavailable
        assert away == {0, 3, 4, 7}, "of each day, all but the second and third slot"


def test_a_request_changes_its_state_and_is_said_cell_by_cell(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=0, tables=0, halls=1)
        imported(session, expo, SHEETS)
        (row,) = REQUESTS.rows
        (*most, _, _, _) = row
        changed = OutputSheet("Requests", REQUESTS.header, [[*most, "declined", "", "No time"]])
        (part,) = imported(session, expo, [changed]).parts
        assert part.done is not None
        assert {(cell.column, cell.before, cell.after) for cell in part.done.rows[0].cells} == {
            ("state", "accepted", "declined"),
            ("response_note", "With pleasure", "No time"),
            ("to_people", "kovacs-eva", ""),
        }
        assert session.scalars(select(MeetingRequest.state)).one() is RequestState.DECLINED


def test_two_open_requests_of_one_pair_are_a_fault_of_the_second(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=0, tables=0, halls=1)
        both = one_more(REQUESTS, ["Kovács Kft.", "大丰公司", "Cells", 3, "pending", "", ""])
        look = imported(session, expo, [*SHEETS[1:], both])
        (fault,) = faults(look)
        assert fault.startswith("Requests (3,), To: these two exhibitors already have an open request")
        assert session.scalars(select(func.count()).select_from(MeetingRequest)).one() == 1


@pytest.mark.parametrize(
    "pair", [("Kovács Kft.", "大丰公司"), ("Third", "Kovács Kft."), ("大丰公司", "Third")]
)
def test_the_key_of_a_request_stays_with_its_two_firms(database: Database, pair: tuple[str, str]) -> None:
    with database.write() as session:
        expo = make_event(session, firms=0, tables=0, halls=1)
        third = one_more(FIRMS, ["Third", "DE", "midstream", "", "", "", ""])
        imported(session, expo, [third, *(sheet for sheet in SHEETS if sheet is not FIRMS)])
        key = session.scalars(select(MeetingRequest.key)).one()

        def keyed(*firms: str) -> OutputSheet:
            return OutputSheet("Requests", ["Key", "From", "To"], [[key, *firms]])

        (fault,) = faults(imported(session, expo, [keyed(*pair)]))
        assert fault == (
            "Requests (2,), Key: belongs to the request 大丰公司 → Kovács Kft.; give this one another ID"
        )
        assert faults(imported(session, expo, [keyed("大丰公司", "Kovács Kft.")])) == []
        assert session.scalars(select(func.count()).select_from(MeetingRequest)).one() == 1


@pytest.mark.parametrize(("slots", "longest"), [("2|3", 3), ("4 1", 4)])
def test_a_meeting_is_as_long_as_the_longest_block_at_most(
    database: Database, slots: str, longest: int
) -> None:
    with database.write() as session:
        expo = make_event(session, firms=2, slots=slots)

        def of_length(length: int) -> list[str]:
            sheet = OutputSheet("Requests", ["From", "To", "Length"], [["f0", "f1", length]])
            return faults(imported(session, expo, [sheet]))

        (fault,) = of_length(longest + 1)
        assert fault.endswith(f"use at most {longest} slots; no block of the event is longer")
        assert of_length(longest) == []
        assert session.scalars(select(MeetingRequest.length)).one() == longest


def test_a_request_names_five_people_of_a_firm_at_most(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=2, people=6)

        def named(count: int) -> list[str]:
            keys = "; ".join(person.key for person in expo.people[1][:count])
            return faults(imported(session, expo, [OutputSheet("Requests", NAMED, [["f0", "f1", keys]])]))

        assert named(6) == ["Requests (2,), With: enter at most 5 people"]
        assert named(5) == []
        assert session.scalars(select(func.count()).select_from(RequestPerson)).one() == 5


def test_a_changeover_of_twenty_minutes_begins_no_new_block(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=0, slots="")
        times = [("09:00", "09:20"), ("09:40", "10:00"), ("10:21", "10:41")]
        rows = [["2026-12-07", *each, "k" * 32 if each[0] == "09:00" else ""] for each in times]
        assert (
            faults(imported(session, expo, [OutputSheet("Times", ["Day", "From", "To", "Key"], rows)])) == []
        )
        slots = session.execute(select(Slot.key, Slot.block).order_by(Slot.position)).all()
        assert [tuple(slot) for slot in slots] == [("k" * 32, "d1b1"), ("d1s02", "d1b1"), ("d1s03", "d1b2")]


def test_what_is_not_in_the_file_stays_or_goes_by_choice(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=0, tables=0, halls=1)
        extra = [
            one_more(CLOSURES, ["T2", "09:00", "09:30"]),
            one_more(REQUESTS, ["Third", "大丰公司", "Cells", 3, "pending", "", ""]),
            one_more(FIRMS, ["Third", "DE", "midstream", "", "", "", ""]),
        ]
        imported(session, expo, [*extra, *(sheet for sheet in SHEETS if sheet.name not in
                                           {each.name for each in extra})])  # fmt: skip
        kept = imported(session, expo, [CLOSURES, REQUESTS])
        assert not kept.does_anything
        assert [part.done.missing for part in kept.parts if part.done] == [1, 1]
        goes = ImportOptions(withdraw=frozenset((ImportKind.CLOSURES, ImportKind.REQUESTS)))
        gone = imported(session, expo, [CLOSURES, REQUESTS], goes)
        assert [part.done.withdrawn for part in gone.parts if part.done] == [1, 1]
        assert session.scalars(
            select(MeetingRequest.state).where(MeetingRequest.topic == "Cells")
        ).one() is RequestState.WITHDRAWN  # fmt: skip
        closed = session.scalars(
            select(Place.key).join(PlaceClosure, PlaceClosure.place_id == Place.id)
        ).all()
        assert set(closed) == {"T1"}
        assert not imported(session, expo, [CLOSURES, REQUESTS], goes).does_anything


def test_an_empty_cell_leaves_what_is_there_where_that_is_chosen(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=0, tables=0, halls=1)
        imported(session, expo, SHEETS)
        bare = OutputSheet("Firms", FIRMS.header, [["大丰公司", "China", "midstream", "", "", "", ""]])
        (part,) = imported(session, expo, [bare], ImportOptions(keep_empty=True)).parts
        assert part.done is not None
        assert [cell.column for row in part.done.rows for cell in row.cells] == ["tier"]


def test_a_column_that_a_person_named_is_taken_as_said(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=0, tables=0, halls=1)
        odd = OutputSheet("Halls", ["Bezeichnung", "Name"], [["North 1", "ignored"]])
        said = ImportOptions(columns={ImportKind.HALLS: {"bezeichnung": "name", "name": ""}})
        (part,) = imported(session, expo, [odd], said).parts
        assert part.done is not None
        assert part.done.headers == (("Bezeichnung", "name"),)
        assert "North 1" in set(session.scalars(select(Hall.name)))


@pytest.mark.parametrize(
    ("sheet", "fault"),
    [
        (
            OutputSheet("Tables", ["Key", "Hall"], [["T9", "Hall 77"]]),
            "'Hall 77' is not a hall of this event",
        ),
        (OutputSheet("Closures", ["Table"], [["T77"]]), "is not a table or booth of this event"),
        (OutputSheet("Closures", ["Table", "Day"], [["T1", "1999-01-01"]]), "is not a day of this event"),
        (OutputSheet("Closures", ["Table", "From"], [["T1", "noon"]]), "is not a time of day"),
        (
            OutputSheet("Closures", ["Table", "From"], [["T1", "23:00"]]),
            "the event has no slot at this time",
        ),
        (OutputSheet("Absences", ["Who"], [["nobody"]]), "is not a person of this event"),
        (
            OutputSheet("Requests", ["From", "To"], [["大丰公司", "大丰公司"]]),
            "an exhibitor can't meet itself",
        ),
        (
            OutputSheet("Requests", ["From", "To", "State"], [["大丰公司", "Kovács Kft.", "maybe"]]),
            "enter pending",
        ),
        (
            OutputSheet("Walking", ["From", "To", "Minutes"], [["North 1", "North 2", 999]]),
            "enter a value from 0 to 120",
        ),
        (
            OutputSheet("Times", ["Day", "From", "To"], [["1999-01-01", "09:00", "09:30"]]),
            "is not one day",
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_mend(database: Database, sheet: OutputSheet, fault: str) -> None:
    with database.write() as session:
        expo = make_event(session, firms=0, tables=0, halls=1)
        imported(session, expo, SHEETS)
        (found,) = faults(imported(session, expo, [sheet]))
        assert fault in found
