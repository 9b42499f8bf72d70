"""Shared booths: firms share the booth and capacity of a host, but not people and requests."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.domain import rules
from scheduler.domain.entities import PlaceWish
from scheduler.domain.errors import InvalidInput
from scheduler.domain.solving import SolveParams
from scheduler.services.directory import search
from scheduler.services.problems import snapshot
from scheduler.services.requests import requests
from scheduler.services.requests.form import NewRequest
from scheduler.solver.solve import solve
from scheduler.storage.database import Database
from scheduler.storage.models import Firm, Place
from tests.support import importing as imports
from tests.support.factories import NOW, make_attendee, make_event, make_request
from tests.support.importing import import_firms

HOST = "key,name,country,tier,hall,booth,booth_capacity,host\nh,Host,HU,upstream,h0,E1,1,\n"
BOTH = HOST + "a,Guest A,HU,midstream,h0,,,Host\nb,Guest B,HU,midstream,h0,,,h\n"


def hosts(session: Session) -> dict[str, str]:
    """Return the host of each guest, by key."""
    firms = {firm.id: firm for firm in session.scalars(select(Firm))}
    return {firm.key: firms[firm.host_id].key for firm in firms.values() if firm.host_id is not None}


def test_a_host_is_named_by_key_or_by_name_also_one_of_the_same_file(database: Database) -> None:
    with database.write() as session:
        actor = make_event(session, firms=0, tables=0).organiser_actor()
        assert import_firms(session, actor, BOTH).added == 3
        assert hosts(session) == {"a": "h", "b": "h"}
        assert import_firms(session, actor, BOTH).changed == 0
        without = "key,name,country,tier\na,Guest A,HU,midstream\n"
        assert import_firms(session, actor, without).changed == 0, "an absent column leaves what is there"
        assert import_firms(session, actor, BOTH.replace(",,,Host", ",,,")).changed == 1
        assert hosts(session) == {"b": "h"}


@pytest.mark.parametrize(
    ("rows", "fault"),
    [
        ("a,A,HU,midstream,h0,,,Nobody", "not an exhibitor of this event"),
        ("a,A,HU,midstream,h0,,,a", "choose another exhibitor that has its own booth"),
        (
            "a,A,HU,midstream,h0,,,h\nb,B,HU,midstream,h0,,,a",
            "that has its own booth",
        ),
        ("a,A,HU,midstream,h0,E2,1,h", "leave its booth empty"),
    ],
)
def test_what_is_no_host_is_told_with_row_and_column(database: Database, rows: str, fault: str) -> None:
    with database.write() as session:
        actor = make_event(session, firms=0, tables=0).organiser_actor()
        with pytest.raises(InvalidInput) as raised:
            import_firms(session, actor, f"{HOST}{rows}\n")
        assert [str(each) for each in raised.value.faults if "host" in str(each) and fault in str(each)]
        assert session.scalar(select(Firm.id)) is None


def test_the_plan_keeps_the_capacity_that_host_and_guests_share(database: Database) -> None:
    """Three firms request meetings with host and guests at the booth, which has room for one at a time."""
    with database.write() as session:
        expo = make_event(session, firms=3, tables=0, slots="2")
        actor = expo.organiser_actor()
        import_firms(session, actor, BOTH)
        for firm in session.scalars(select(Firm).where(Firm.key.in_(["h", "a", "b"])).order_by(Firm.id)):
            expo.firms.append(firm)
            expo.people.append([])
            make_attendee(session, expo, len(expo.firms) - 1)
        for asks, asked in ((0, 3), (1, 4), (2, 5)):
            make_request(session, expo, asks, asked, place=PlaceWish.BOOTH)
        problem = snapshot.build_problem(session, expo.event.id, now=NOW)
    stand = next(place for place in problem.places if place.id == "E1")
    assert len(stand.owners) == 3 and stand.capacity == 1
    plan = solve(problem, SolveParams(seconds=2)).plan
    assert not list(rules.violations(problem, plan.meetings))
    assert len(plan.meetings) == 2, "two slots, one meeting at a time"
    assert {meeting.place for meeting in plan.meetings} == {"E1"}


def test_a_guest_is_found_at_the_host_s_booth_and_can_be_asked_to_meet_there(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=2)
        import_firms(session, expo.organiser_actor(), BOTH)
        session.flush()
        card = search.show_firm(session, expo.actor(0), "a").card
        assert card.host is not None
        assert (card.host.key, card.booths) == ("h", ("Booth E1",))
        form = NewRequest("a", "Cells", place="booth")
        assert requests.submit_request(session, expo.actor(0), form, now=NOW).place is PlaceWish.BOOTH


def test_when_the_host_moves_the_whole_stand_moves(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=0, tables=0)
        actor = expo.organiser_actor()
        import_firms(session, actor, BOTH)
        imports.import_firms(session, actor, HOST.replace("E1", "E9"))
        assert hosts(session) == {"a": "h", "b": "h"}
        assert session.scalars(select(Place.key).where(~Place.is_retired)).all() == ["E9"]
        problem = snapshot.build_problem(session, expo.event.id, now=NOW)
        assert [len(place.owners) for place in problem.places if place.id == "E9"] == [3]
