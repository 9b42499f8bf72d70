"""The board worker: answers match the rules after each step, and offered targets are valid."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from api.pages.board import placement_view
from scheduler.domain import rules
from scheduler.domain.entities import Partstat, ReplySource, RequestState
from scheduler.domain.errors import ChainmeetError, NotFound
from scheduler.i18n import from_json
from scheduler.services.availability import refetch as refetching
from scheduler.services.availability.busy_times import ADDRESS
from scheduler.services.board import commands, manual_drafts, steps
from scheduler.services.board.broken_rules import BreaksRules
from scheduler.services.board.commands import Placement
from scheduler.services.board.placement_search import PlacementSearch
from scheduler.services.identity import encryption
from scheduler.services.problems import snapshot
from scheduler.services.schedule import versions
from scheduler.storage.database import Database
from scheduler.storage.models import AttendeeBusy, InvitationReply, MeetingRequest, RequestTransition
from tests.integration.board.test_commands import Hall
from tests.support import clocks
from tests.support.calendars import FarSide, busy_in, linked
from tests.support.factories import NOW, SECRET_KEY, make_request


class TakenBack(Exception):
    """Rolls back a transaction, which is faster than undoing hundreds of steps."""


class Asked:
    """A manual draft, and a worker that keeps it in memory."""

    def __init__(self, database: Database) -> None:
        self.database, self.desk = database, PlacementSearch(database)
        with database.write() as session:
            self.hall = hall = Hall(session)
            for sender, receiver in ((1, 2), (1, 3), (5, 0), (2, 5)):
                make_request(session, hall.expo, sender, receiver)
            self.event_id = hall.expo.event.id
            self.slots = [slot.key for slot in hall.expo.slots]
            self.places = [place.key for place in (*hall.expo.tables, *hall.expo.booths)]

    def ask(self, request: str, desk: PlacementSearch | None = None) -> dict[str, Any]:
        question = {"request": request, "slots": self.slots, "places": self.places}
        return (desk or self.desk).answer(self.event_id, self.hall.number, question)

    def do(self, to: str, request: str) -> steps.StepResult:
        read = placement_view.read_to(to)
        assert read is not None
        with self.database.write() as session:
            return commands.arrange_requests(
                session, self.hall.actor, self.hall.number, *read, seen=None, now=NOW
            )

    def requests(self) -> list[str]:
        with self.database.read() as session:
            return list(session.scalars(select(MeetingRequest.key).order_by(MeetingRequest.id)))


def sentences(text: str) -> set[str]:
    return set(text.rstrip(".").split(". "))


def there(row: dict[str, Any]) -> tuple[Any, ...]:
    """Return the attendees and interpreter of a target, if any."""
    return (tuple(row["put"][0][3]), row["put"][0][4]) if "put" in row else ()


def assert_as_put(asked: Asked, request: str) -> None:
    """Check by commands that free targets can be used and forbidden ones cannot."""
    for row in asked.ask(request)["targets"]:
        try:
            with asked.database.write() as session:
                commands.place_request(
                    session,
                    asked.hall.actor,
                    asked.hall.number,
                    Placement(request, row["slot"], row["place"], *there(row)),
                    seen=None,
                    now=NOW,
                )
                steps.undo_step(session, asked.hall.actor, asked.hall.number, seen=None, now=NOW)
            assert row["standing"] in ("free", "here"), "put where it is, it is locked there"
        except BreaksRules as error:
            assert row["standing"] in ("no", "moves", "like", "blocked")
            if row["standing"] in ("no", "blocked"):
                assert sentences(from_json(row["say"])) & sentences(str(error)), (row["say"], str(error))
        except ChainmeetError:
            assert row["standing"] == "here"


def test_each_target_is_what_a_command_says_of_it(database: Database) -> None:
    if not database.is_sqlite:
        pytest.skip("the same on both")
    asked = Asked(database)
    assert_as_put(asked, asked.hall.one.key)


def offers_of(asked: Asked) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each request and different row that can be put."""
    for request in asked.requests():
        answer, seen = asked.ask(request), set[str]()
        others = [row["others"] for row in answer["targets"] if "others" in row]
        for row in [*answer["best"], *answer["targets"], *others]:
            put = repr((row.get("put"), row.get("dropped"), row.get("gain")))
            if "put" in row and put not in seen:
                seen.add(put)
                yield request, row


def test_each_offer_gains_what_it_says_and_those_meet_whom_it_names(database: Database) -> None:
    """PostgreSQL takes one offer of each kind of step: what an offer gains is the same on both."""
    asked = Asked(database)
    offers = promised = 0
    kinds = set()
    for request, row in offers_of(asked):
        size = len(row["put"]), len(row.get("dropped", ()))
        kind = (request, row.get("standing"), *size, row["put"][0][4] is None)
        if kind in kinds and not database.is_sqlite:
            continue
        kinds.add(kind)
        targets, dropped = (
            [Placement(r, s, p, tuple(a), i) for r, s, p, a, i in row["put"]],
            row.get("dropped", []),
        )
        with contextlib.suppress(TakenBack), database.write() as session:
            actor, number = asked.hall.actor, asked.hall.number
            taken = commands.arrange_requests(session, actor, number, targets, dropped, seen=None, now=NOW)
            version = versions.get_version(session, asked.event_id, number)
            held = {m.request: m for m in versions.list_meetings(session, version.id)}
            if row["gain"] is not None:
                assert taken.gain == pytest.approx(row["gain"], abs=1e-6), row
                promised += 1
            for r, slot, place, people, interpreter in row["put"]:
                m = held[r]
                now = (m.slot, m.place, set(m.attendees), m.interpreter)
                assert now == (slot, place, set(people), interpreter)
            offers += 1
            raise TakenBack
    if database.is_sqlite:
        assert 100 < promised > 0.95 * offers, (
            "of published meeting at its time only its own place is counted"
        )
    else:
        assert offers == len(kinds) > 20


def test_where_several_have_to_move_a_search_is_made_once_and_what_it_finds_can_be_put(
    database: Database,
) -> None:
    """PostgreSQL takes every tenth target: a search, and what it costs, is the same on both."""
    asked = Asked(database)
    outcomes = set()
    for request in asked.requests():
        for row in asked.ask(request)["targets"][:: 1 if database.is_sqlite else 10]:
            if row["standing"] not in ("no", "blocked"):
                continue
            there = {"request": request, "search": [row["slot"], row["place"]]}
            found = asked.desk.answer(asked.event_id, asked.hall.number, there)["searched"]
            assert found == asked.desk.answer(asked.event_id, asked.hall.number, there)["searched"]
            outcomes.add((row["standing"], found["outcome"]))
            if found["outcome"] == "found":
                to = placement_view.offer_of({"best": [found]}).best[0].to
                assert asked.do(to, request).gain == pytest.approx(found["gain"], abs=1e-6)
                with database.write() as session:
                    steps.undo_step(session, asked.hall.actor, asked.hall.number, seen=None, now=NOW)
    assert ("no", "found") not in outcomes
    assert ("no", "impossible") in outcomes


def test_the_plan_in_memory_follows_each_step_and_answers_as_one_read_anew(
    database: Database,
) -> None:
    asked = Asked(database)
    dice, number = random.Random(3), asked.hall.number
    names = asked.requests()
    done = 0
    for _ in range(14):
        request = dice.choice(names)
        answer = asked.ask(request)
        assert answer == asked.ask(request, PlacementSearch(database))
        ways = answer["best"]
        if not ways:
            continue
        way = dice.choice(ways)
        taken = asked.do(placement_view.offer_of({"best": [way]}).best[0].to, request)
        assert taken.gain == pytest.approx(way["gain"], abs=1e-6)
        done += 1
        if dice.random() < 0.3:
            with database.write() as session:
                steps.undo_step(session, asked.hall.actor, number, seen=None, now=NOW)
        with database.read() as session:
            version = versions.get_version(session, asked.event_id, number)
            problem = snapshot.build_problem(session, asked.event_id, now=NOW, as_put_by_hand=False)
            true = rules.score(problem, versions.list_meetings(session, version.id))
            assert (version.score, version.terms) == (pytest.approx(true.total), dict(true.terms))
    assert done > 4
    assert asked.desk.loads == 1, "it follows, and reads nothing anew"


def test_a_plan_is_read_anew_when_somebody_is_away_and_what_breaks_a_rule_by_now_is_set_aside(
    database: Database,
) -> None:
    asked = Asked(database)
    one = asked.hall.one.key
    free = [row for row in asked.ask(one)["targets"] if row["standing"] == "free"]
    with database.write() as session:
        person = asked.hall.expo.people[1][0]
        for slot in asked.hall.expo.slots:
            session.add(AttendeeBusy(attendee_id=person.id, slot_id=slot.id))
    answer = asked.ask(one)
    assert asked.desk.loads == 2
    assert answer["aside"], "its person is away: the meeting is none that the worker builds on"
    now = [row for row in answer["targets"] if row["standing"] == "free"]
    assert now != free
    assert {tuple(row["put"][0][3]) for row in now} == {("f0-p0", "f1-p1"), ("f0-p1", "f1-p1")}
    asked.do(placement_view.offer_of({"best": answer["best"][:1]}).best[0].to, one)
    assert not asked.ask(one)["aside"], "fixed, it is among the others again"


def test_a_plan_is_read_anew_when_a_slot_begins_and_when_a_request_is_accepted_and_not_for_less(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = Asked(database)
    one, start = asked.hall.one.key, asked.hall.expo.slots[0].start

    def loads(moment: datetime) -> int:
        clocks.hold(monkeypatch, moment)
        asked.ask(one)
        return asked.desk.loads

    assert loads(start - timedelta(days=3)) == 1
    assert loads(start) == 1, "days later, and nothing has begun"
    assert loads(start + timedelta(minutes=1)) == 2
    assert loads(start + timedelta(minutes=20)) == 2
    with database.write() as session:
        pending = make_request(session, asked.hall.expo, 3, 5, state=RequestState.PENDING)
        session.add(RequestTransition(request_id=pending.id, verb="ask", changed_at=NOW))
    assert loads(start + timedelta(minutes=20)) == 2
    with database.write() as session:
        session.get_one(MeetingRequest, pending.id).state = RequestState.ACCEPTED
    assert loads(start + timedelta(minutes=20)) == 3


def test_a_plan_is_read_anew_for_other_busy_times_and_proposals_and_for_no_fetch_and_no_acceptance(
    database: Database,
) -> None:
    asked, far = Asked(database), FarSide()
    expo, one = asked.hall.expo, asked.hall.one
    far.octets = busy_in(expo.slots[5])

    def loads() -> int:
        asked.ask(one.key)
        return asked.desk.loads

    def fetch(hours: int) -> None:
        far.etag = f'"{hours}"'  # the server reports every calendar as changed
        refetching.refetch_calendars(
            database, fetcher=far, secret_key=SECRET_KEY, now=lambda: NOW + timedelta(hours=hours),
            should_stop=lambda: False, max_seconds=60,
        )  # fmt: skip

    def answer(partstat: Partstat, start: datetime | None = None) -> None:
        with database.write() as session:
            session.merge(
                InvitationReply(
                    id=1, event_id=asked.event_id, request_id=one.id, attendee_id=expo.people[0][0].id,
                    uid="one", sequence=0, partstat=partstat, source=ReplySource.LINK, responded_at=NOW,
                    proposed_start=start, proposed_end=start and start + timedelta(minutes=30),
                )
            )  # fmt: skip

    assert loads() == 1
    with database.write() as session:
        session.add(
            linked(expo.people[0][0].id, encryption.encrypt(SECRET_KEY, ADDRESS, "https://c.example"))
        )
    assert loads() == 2, "a calendar is linked"
    for hours, far.octets, known in (
        (2, busy_in(expo.slots[5]), 3),
        (4, busy_in(expo.slots[5]), 3),
        (6, busy_in(expo.slots[6]), 4),
    ):
        fetch(hours)
        assert loads() == known, hours
    assert len(far.asked) == 3
    answer(Partstat.ACCEPTED)
    assert loads() == 4, "who accepts an invitation changes no plan"
    answer(Partstat.NEEDS_ACTION, expo.slots[5].start)
    assert loads() == 5
    answer(Partstat.NEEDS_ACTION, expo.slots[6].start)
    assert loads() == 6


def test_on_a_show_day_times_of_today_are_offered(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The event freezes twelve hours for runs, but meetings that have not begun can be edited manually."""
    asked = Asked(database)
    first = asked.hall.expo.slots[0].start
    clocks.hold(monkeypatch, first - timedelta(minutes=30))
    today = {slot.key for slot in asked.hall.expo.slots if slot.start.date() == first.date()}
    answer = asked.ask(asked.hall.one.key)
    offered = {row["slot"] for row in answer["targets"] if row["standing"] in ("free", "moves", "like")}
    assert len(offered & today) > 1
    assert any(row["put"][0][1] in today for row in answer["best"])
    clocks.hold(monkeypatch, first + timedelta(minutes=1))
    answer = asked.ask(asked.hall.one.key)
    assert answer["best"] == [] and not {row["standing"] for row in answer["targets"]} & {"free", "moves"}


def test_only_the_last_plans_are_kept_and_what_is_unknown_is_said_so(database: Database) -> None:
    asked = Asked(database)
    desk = PlacementSearch(database, most=1)
    first = asked.hall.number
    with database.write() as session:
        second = manual_drafts.start_draft(session, asked.hall.actor, 1, now=NOW)
    for number in (first, second, second, first):
        assert desk.answer(asked.event_id, number, {}) == {"revision": 0}
    assert desk.loads == 3
    assert desk.answer(asked.event_id, first, {"request": "nobody"}) == {}
    with pytest.raises(NotFound):
        desk.answer(asked.event_id, 99, {})


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"put":[],"dropped":"x"}', '{"put":[["r"]],"dropped":[]}', "x" * 9000,
     '{"put":[["r","s","p",[1],null]],"dropped":[]}', '{"put":[["r","s","p",["a"],7]],"dropped":[]}'],
)  # fmt: skip
def test_a_button_that_is_not_ours_is_read_as_nothing(text: str) -> None:
    assert placement_view.read_to(text) is None


def test_what_a_button_says_is_read_as_it_was_written() -> None:
    put = [["r", "s1", "t1", ["a", "b"], None]]
    row = {"slot": "s1", "place": "t1", "place_name": "T1", "say": "", "gain": -3.0, "put": put}
    (way,) = placement_view.offer_of({"best": [row]}).best
    assert (way.points, way.is_loss) == ("−3", True)
    assert placement_view.read_to(way.to) == ([Placement("r", "s1", "t1", ("a", "b"))], [])
