"""The venue in the API: reading, previewing, and saving exactly what was previewed."""

from __future__ import annotations

from sqlalchemy import select

from scheduler.domain.entities import PlaceWish
from scheduler.storage.database import Database
from scheduler.storage.models import Hall, PlaceClosure, Slot
from tests.support.api import Program, make_token
from tests.support.factories import Expo, make_event, make_request, meet
from tests.support.publishing import draft, publish
from tests.support.web import web_app


def program_of(database: Database, broker_url: str) -> tuple[Expo, Program]:
    with database.write() as session:
        expo = make_event(session, slots="4|2", halls=2, tables=2, walking=5)
        request = make_request(session, expo, place=PlaceWish.TABLE)
        publish(session, expo, draft(session, expo, [meet(request, expo, slot=5)]), None)
    return expo, Program(web_app(database, broker_url), make_token(database, expo.organiser_actor()))


def test_the_venue_is_read(database: Database, broker_url: str) -> None:
    _, program = program_of(database, broker_url)
    venue = program.get("/venue")
    assert (venue["timezone"], venue["slot_minutes"], venue["changeover_minutes"]) == ("Asia/Shanghai", 30, 0)
    (day,) = venue["days"]
    assert (day["on"], day["opens"], day["closes"]) == ("2026-12-07", "09:00", "13:00")
    assert day["pauses"] == [{"kind": "break", "name": "", "start": "11:00", "end": "12:00"}]
    assert venue["walks"] == [{"from_hall": "h0", "to_hall": "h1", "minutes": 5}]


def test_a_change_is_looked_at_and_then_saved_as_it_was_shown(database: Database, broker_url: str) -> None:
    expo, program = program_of(database, broker_url)
    days = [{"on": "2026-12-07", "opens": "09:00", "closes": "11:00"}]
    change = {"kind": "days", "days": days, "slot_minutes": 30}
    look = program.post("/venue/changes", {"change": change})
    assert (look["saved"], look["affected"], look["meetings"][0]["firms"]) == (False, 1, ["Firm 0", "Firm 1"])
    with database.read() as session:
        assert len(session.scalars(select(Slot.id).where(Slot.of(expo.event.id))).all()) == 6
    saved = program.post("/venue/changes", {"change": change, "digest": look["digest"]})
    assert saved["saved"] is True
    with database.read() as session:
        assert len(session.scalars(select(Slot.id).where(Slot.of(expo.event.id))).all()) == 4
    again = program.post("/venue/changes", {"change": change, "digest": look["digest"]}, status=409)
    assert again["type"] == "urn:chainmeet:error:venue-outdated"


def test_tables_are_closed_and_halls_named(database: Database, broker_url: str) -> None:
    _, program = program_of(database, broker_url)

    def save(change: dict[str, object]) -> None:
        look = program.post("/venue/changes", {"change": change})
        program.post("/venue/changes", {"change": change, "digest": look["digest"]})

    save({"kind": "closing", "places": ["t0"], "slots": ["s0", "s1"]})
    halls = [{"key": "h0", "name": "Reed hall", "names": {"zh": "芦苇馆"}}, {"key": "h1", "name": "Hall 1"}]
    save({"kind": "halls", "halls": halls})
    save({"kind": "new_tables", "hall": "h1", "prefix": "R-", "count": 3})
    with database.read() as session:
        assert len(session.scalars(select(PlaceClosure.slot_id)).all()) == 2
        assert session.scalar(select(Hall.names).where(Hall.key == "h0")) == {"zh": "芦苇馆"}
    assert [hall["tables"] for hall in program.get("/venue")["halls"]] == [1, 4]


def test_what_is_wrong_is_said_by_its_place(database: Database, broker_url: str) -> None:
    _, program = program_of(database, broker_url)
    wrong = {"kind": "walks", "walks": [{"from_hall": "h0", "to_hall": "no", "minutes": 3}]}
    faults = program.post("/venue/changes", {"change": wrong}, status=422)["errors"]
    assert "'no' is not a hall of this event" in faults[0]["detail"]
    program.post("/venue/changes", {"change": {"kind": "halls"}}, status=422)
