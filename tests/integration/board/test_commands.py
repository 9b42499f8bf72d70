"""Commands on manual drafts: validated by the rules, with lossless undo."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.domain import rules
from scheduler.domain.entities import RequestState, VersionState
from scheduler.domain.errors import ChainmeetError, NotAllowed, NotFound, PublishingInProgress, WrongState
from scheduler.domain.manual_edits import EditStepKind
from scheduler.domain.team import TeamRole
from scheduler.services.board import commands, manual_drafts, steps
from scheduler.services.board.broken_rules import BreaksRules
from scheduler.services.board.commands import Placement
from scheduler.services.identity.actors import actor_for
from scheduler.services.problems import manual_edits, snapshot
from scheduler.services.publishing import comparisons, release, version_actions
from scheduler.services.schedule import versions
from scheduler.storage.database import Database
from scheduler.storage.models import (
    AttendeeBusy,
    AuditLogEntry,
    BlockedSlot,
    EditStep,
    MeetingLock,
    ScheduleVersion,
)
from tests.support.factories import NOW, make_event, make_member, make_request, make_version, meet


class Hall:
    """Two halls five minutes apart, six firms of two people; version 1 is published, draft 2 is manual."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.expo = expo = make_event(
            session, firms=6, people=2, slots="4|4 4", halls=2, walking=5, tables=4, interpreters=1
        )
        self.one, self.two = make_request(session, expo, 0, 1), make_request(session, expo, 0, 2)
        self.three, self.free = make_request(session, expo, 3, 4), make_request(session, expo, 4, 5)
        self.actor = expo.organiser_actor()
        first = [
            meet(self.one, expo, slot=0),
            meet(self.two, expo, slot=3, place=expo.tables[1]),
            meet(self.three, expo, slot=0, place=expo.tables[2]),
        ]
        published = make_version(session, expo, first)
        published.unscheduled = [{"request": self.free.key, "reason": "people-busy", "ways": []}]
        session.flush()
        self.number = manual_drafts.start_draft(session, self.actor, 1, now=NOW)

    @property
    def version(self) -> ScheduleVersion:
        return versions.get_version(self.session, self.expo.event.id, self.number)

    def put(self, request: Any, slot: int, place: Any, **other: Any) -> steps.StepResult:
        target = Placement(request.key, self.expo.slots[slot].key, place.key, **other)
        return commands.place_request(self.session, self.actor, self.number, target, seen=None, now=NOW)

    def bytes(self) -> str:
        """Return the complete state of a draft."""
        session, version = self.session, self.version
        session.flush()
        session.refresh(version)
        marks = session.execute(
            select(MeetingLock.request_id, MeetingLock.kind).where(MeetingLock.version_id == version.id)
        ).all()
        bans = session.execute(
            select(BlockedSlot.request_id, BlockedSlot.slot_id).where(BlockedSlot.version_id == version.id)
        ).all()
        answers = [row.answer for row in version.answers]
        session.expire(version)
        return repr(
            (
                versions.list_meetings(session, version.id),
                self.version.score,
                sorted(self.version.terms.items()),
                sorted(marks),
                sorted(bans),
                answers,
            )
        )

    def at(self, request: Any) -> tuple[str, str] | None:
        held = {m.request: (m.slot, m.place) for m in versions.list_meetings(self.session, self.version.id)}
        return held.get(request.key)


def check_score(hall: Hall) -> None:
    """Check that the incremental score equals that of the rules."""
    problem = snapshot.build_problem(hall.session, hall.expo.event.id, now=NOW, as_put_by_hand=False)
    true = rules.score(problem, versions.list_meetings(hall.session, hall.version.id))
    assert (hall.version.score, hall.version.terms) == (true.total, dict(true.terms))
    assert rules.violations(problem, versions.list_meetings(hall.session, hall.version.id)) == []


def test_each_command_does_what_it_says_and_undone_to_the_start_the_draft_has_the_same_bytes(
    database: Database,
) -> None:
    with database.write() as session:
        hall = Hall(session)
        expo, actor = hall.expo, hall.actor
        start = hall.bytes()
        check_score(hall)
        kinds = [hall.put(hall.one, 1, expo.tables[0]).kind]
        assert hall.at(hall.one) == ("s1", "t0")
        kinds.append(hall.put(hall.one, 1, expo.tables[2]).kind)
        people = (expo.people[0][1].key, expo.people[1][0].key)
        kinds.append(hall.put(hall.one, 1, expo.tables[2], people=people).kind)
        kinds.append(hall.put(hall.free, 5, expo.tables[0]).kind)
        assert hall.version.answers == [], "it is held now"
        check_score(hall)
        a, b = hall.two.key, hall.three.key
        kinds.append(commands.swap_meetings(session, actor, hall.number, a, b, seen=None, now=NOW).kind)
        assert (hall.at(hall.two), hall.at(hall.three)) == (("s0", "t2"), ("s3", "t1"))
        kinds.append(commands.cancel_meeting(session, actor, hall.number, b, seen=None, now=NOW).kind)
        assert hall.at(hall.three) is None
        kinds.append(commands.unlock_request(session, actor, hall.number, a, seen=None, now=NOW).kind)
        kinds.append(commands.lock_meeting(session, actor, hall.number, a, seen=None, now=NOW).kind)
        check_score(hall)
        end = hall.bytes()
        assert kinds == ["move", "place", "people", "add", "swap", "cancel", "unlock", "lock"]
        for _ in kinds:
            steps.undo_step(session, actor, hall.number, seen=None, now=NOW)
        assert hall.bytes() == start
        with pytest.raises(WrongState, match="as it began"):
            steps.undo_step(session, actor, hall.number, seen=None, now=NOW)
        for _ in kinds:
            steps.redo_step(session, actor, hall.number, seen=None, now=NOW)
        assert hall.bytes() == end
        with pytest.raises(WrongState):
            steps.redo_step(session, actor, hall.number, seen=None, now=NOW)
    with database.read() as session:
        told = session.scalars(select(AuditLogEntry.about).where(AuditLogEntry.act == "hand")).all()
        assert len(told) == 1 + 3 * len(kinds)


def test_a_new_step_takes_the_place_of_undone_ones(database: Database) -> None:
    with database.write() as session:
        hall = Hall(session)
        hall.put(hall.one, 1, hall.expo.tables[0])
        steps.undo_step(session, hall.actor, hall.number, seen=None, now=NOW)
        hall.put(hall.one, 4, hall.expo.tables[0])
        with pytest.raises(WrongState):
            steps.redo_step(session, hall.actor, hall.number, seen=None, now=NOW)
        states = session.scalars(select(EditStep.state).order_by(EditStep.number)).all()
        assert states == ["replaced", "done"]


def test_what_breaks_a_hard_rule_is_refused_with_the_rule_in_names_and_minutes(database: Database) -> None:
    with database.write() as session:
        hall = Hall(session)
        expo = hall.expo
        session.add(AttendeeBusy(attendee_id=expo.people[1][0].id, slot_id=expo.slots[6].id))
        expo.firms[4].max_per_day = 1
        session.flush()
        before = hall.bytes()

        def refused(request: Any, slot: int, place: Any, **other: Any) -> str:
            with pytest.raises(BreaksRules) as found:
                hall.put(request, slot, place, **other)
            return str(found.value)

        assert (
            refused(hall.one, 3, expo.tables[0]) == "F0-P0 is in another meeting: Firm 0 × Firm 2, Mon 10:30."
        )
        assert refused(hall.one, 2, expo.tables[0]) == (
            "F0-P0 is in Hall 1 at 10:30. The walk takes 5 minutes, but there are only 0."
        )
        assert refused(hall.two, 1, expo.tables[1]) == (
            "F0-P0 is in Hall 0 until 09:30. The walk takes 5 minutes, but there are only 0."
        )
        assert refused(hall.one, 6, expo.tables[0]) == "F1-P0 is unavailable on Mon 13:00."
        assert refused(
            hall.two, 0, expo.tables[2], people=(expo.people[0][1].key, expo.people[2][0].key)
        ) == ("Table t2 is occupied on Mon 09:00: Firm 3 × Firm 4.")
        assert "another exhibitor's booth" in refused(hall.one, 0, expo.booths[3])
        assert (
            refused(hall.free, 3, expo.tables[0])
            == "Firm 4 has already reached the limit of meetings that day (1)."
        )
        assert refused(hall.one, 0, expo.tables[0], people=(expo.people[0][0].key,)) == (
            "Firm 0 × Firm 1 needs one attendee from each exhibitor."
        )
        expo.people[4][0].languages = ["zh"]
        expo.people[4][1].languages = ["zh"]
        session.flush()
        step = hall.put(hall.three, 8, expo.tables[0])
        (moved,) = [
            m for m in versions.list_meetings(session, hall.version.id) if m.request == hall.three.key
        ]
        assert moved.interpreter == "i0", "who is free comes"
        assert step.gain < 0
        steps.undo_step(session, hall.actor, hall.number, seen=None, now=NOW)
        assert hall.bytes() == before


@pytest.mark.parametrize(("own", "policy"), [(None, 1), (1, 2)])
def test_the_limit_of_meetings_in_a_row_is_named(database: Database, own: int | None, policy: int) -> None:
    with database.write() as session:
        hall = Hall(session)
        hall.expo.event.policy, hall.expo.people[0][0].max_in_row = {"max_in_row": policy}, own
        session.flush()
        with pytest.raises(BreaksRules) as found:
            hall.put(hall.one, 2, hall.expo.tables[1])
        assert str(found.value) == "F0-P0 would have 2 meetings in a row. The limit is 1."
        hall.put(hall.one, 1, hall.expo.tables[1])


@pytest.mark.parametrize(("own", "policy"), [(None, 1), (1, 2)])
def test_the_limit_of_days_with_meetings_is_named(database: Database, own: int | None, policy: int) -> None:
    with database.write() as session:
        hall = Hall(session)
        hall.expo.event.policy, hall.expo.people[0][0].max_days = {"max_days": policy}, own
        session.flush()
        with pytest.raises(BreaksRules) as found:
            hall.put(hall.one, 9, hall.expo.tables[1])
        assert str(found.value) == "F0-P0 would have meetings on 2 days. The limit is 1."
        hall.put(hall.one, 1, hall.expo.tables[1])


def test_a_breach_that_was_there_before_refuses_nothing_else(database: Database) -> None:
    """A published meeting may violate a rule, for example by a later absence. Others can be changed."""
    with database.write() as session:
        hall = Hall(session)
        session.add(AttendeeBusy(attendee_id=hall.expo.people[1][0].id, slot_id=hall.expo.slots[0].id))
        session.flush()
        hall.put(hall.two, 4, hall.expo.tables[1])
        hall.put(hall.one, 6, hall.expo.tables[0])


def any_command(hall: Hall, dice: random.Random, requests: Sequence[str]) -> EditStepKind:
    """Execute a random command, possibly rejected. Return what was done."""
    session, expo, actor, number = hall.session, hall.expo, hall.actor, hall.number
    now: Any = {"seen": None, "now": NOW}
    held = {meeting.request: meeting for meeting in versions.list_meetings(session, hall.version.id)}
    key, slot = dice.choice(requests), dice.choice(expo.slots).key
    what = dice.choice(
        (
            "put",
            "put",
            "people",
            "repair",
            "swap",
            "cancel",
            "mark",
            "mark",
            "forbid",
            "allow",
            "place",
            "back",
        )
    )
    if what in ("swap", "repair") and len(held) < 2:
        what = "put"
    if what == "swap":
        pair = dice.sample(sorted(held), 2)
        return commands.swap_meetings(session, actor, number, *pair, **now).kind
    if what == "cancel":
        return commands.cancel_meeting(session, actor, number, key, **now).kind
    if what == "mark":
        marked = key in manual_edits.list_draft_edits(session, hall.version.id)
        return (commands.unlock_request if marked else commands.lock_meeting)(
            session, actor, number, key, **now
        ).kind
    if what == "allow":
        key, slots = dice.choice(
            sorted(manual_edits.list_bans(session, hall.version.id).items()) or [(key, [slot])]
        )
        return commands.allow_slot(session, actor, number, key, dice.choice(sorted(slots)), **now).kind
    if what == "forbid":
        return commands.forbid_slot(session, actor, number, key, slot, **now).kind
    if what == "back":
        steps.undo_step(session, actor, number, **now)
        return steps.redo_step(session, actor, number, **now).kind
    place = dice.choice([*expo.tables, *expo.booths]).key
    if what == "repair":
        key, *others = dice.sample(sorted(held), 2)
        return commands.arrange_requests(
            session, actor, number, [Placement(key, slot, place)], others, **now
        ).kind
    if what == "people" and key in held:
        people = [person.key for team in expo.people for person in team]
        firms = {person[:2] for person in held[key].attendees}
        chosen = tuple(dice.choice([each for each in people if each[:2] == firm]) for firm in sorted(firms))
        target = Placement(key, held[key].slot, held[key].place, chosen)
    else:
        target = Placement(key, held[key].slot if what == "place" and key in held else slot, place)
    return commands.place_request(session, actor, number, target, **now).kind


def test_any_commands_keep_score_and_rules_and_undone_to_the_start_the_bytes_are_the_same(
    database: Database,
) -> None:
    dice = random.Random(11)
    with database.write() as session:
        hall = Hall(session)
        expo = hall.expo
        for sender, receiver in ((1, 2), (1, 3), (5, 0), (2, 5), (3, 5), (1, 4)):
            make_request(session, expo, sender, receiver)
        requests = [
            request.id for request in snapshot.build_problem(session, expo.event.id, now=NOW).requests
        ]
        hall.number = manual_drafts.start_draft(session, hall.actor, 1, now=NOW)
        states, kinds = [hall.bytes()], set()
        for _ in range(220):
            try:
                with session.begin_nested():
                    kinds.add(any_command(hall, dice, requests))
            except (BreaksRules, WrongState):
                continue
            now = hall.bytes()
            if now != states[-1]:
                states.append(now)
                check_score(hall)
        assert kinds == set(EditStepKind), set(EditStepKind) - kinds
        for before in states[-2::-1]:
            steps.undo_step(session, hall.actor, hall.number, seen=None, now=NOW)
            assert hall.bytes() == before
        for after in states[1:]:
            steps.redo_step(session, hall.actor, hall.number, seen=None, now=NOW)
            assert hall.bytes() == after


def test_a_repair_is_one_step_and_may_drop_meetings(database: Database) -> None:
    with database.write() as session:
        hall = Hall(session)
        targets = [
            Placement(hall.one.key, "s3", "t1", (hall.expo.people[0][1].key, hall.expo.people[1][0].key)),
            Placement(hall.three.key, "s5", "t2"),
        ]
        taken = commands.arrange_requests(
            session, hall.actor, hall.number, targets, [hall.two.key], seen=None, now=NOW
        )
        assert (taken.kind, set(taken.requests)) == (
            EditStepKind.REPAIR,
            {hall.one.key, hall.two.key, hall.three.key},
        )
        assert (hall.at(hall.one), hall.at(hall.two), hall.at(hall.three)) == (
            ("s3", "t1"), None, ("s5", "t2"),
        )  # fmt: skip
        check_score(hall)
        with pytest.raises(WrongState):
            commands.arrange_requests(session, hall.actor, hall.number, targets * 2, (), seen=None, now=NOW)


def test_only_organisers_and_only_open_drafts_by_hand(database: Database) -> None:
    with database.write() as session:
        hall = Hall(session)
        reader = make_member(session, hall.expo, TeamRole.VIEWER)
        actor = actor_for(session, reader.id, hall.expo.event.key, now=NOW)
        target = Placement(hall.one.key, "s1", "t0")
        for one in (actor, hall.expo.actor(0)):
            with pytest.raises(NotAllowed):
                commands.place_request(session, one, hall.number, target, seen=None, now=NOW)
            with pytest.raises(NotAllowed):
                manual_drafts.start_draft(session, one, 1, now=NOW)
        with pytest.raises(NotFound):
            commands.place_request(session, hall.actor, 1, target, seen=None, now=NOW)
        for wrong in (
            Placement("nobody", "s1", "t0"), Placement(hall.one.key, "s99", "t0"),
            Placement(hall.one.key, "s1", "x"),
            Placement("\x00", "s1", "t0"),
        ):  # fmt: skip
            with pytest.raises(NotFound):
                commands.place_request(session, hall.actor, hall.number, wrong, seen=None, now=NOW)
        with pytest.raises(ChainmeetError):
            commands.place_request(
                session,
                hall.actor,
                hall.number,
                Placement(hall.one.key, "s1", "t0", ("ghost",)),
                seen=None,
                now=NOW,
            )
        hall.put(hall.one, 1, hall.expo.tables[0])
        assert release.discard_old_drafts(session, hall.expo.event.id) == 0, "what was done by hand stays"
        version_actions.request_publishing(session, hall.actor, hall.number, compared_with=1, now=NOW)
        with pytest.raises(PublishingInProgress):
            hall.put(hall.one, 4, hall.expo.tables[0])
        orders_of_version = versions.get_version(session, hall.expo.event.id, 1)
        assert orders_of_version.state is VersionState.PUBLISHED


def test_a_step_makes_the_comparison_old_and_requests_must_be_accepted(database: Database) -> None:
    with database.write() as session:
        hall = Hall(session)
        key = comparisons.comparison_key(session, hall.version)
        hall.put(hall.one, 1, hall.expo.tables[0])
        assert comparisons.comparison_key(session, hall.version) != key
        hall.one.state = RequestState.WITHDRAWN
        session.flush()
        with pytest.raises(NotFound, match="accepted"):
            hall.put(hall.one, 4, hall.expo.tables[0])
        hall.put(hall.two, 0, hall.expo.tables[1])


def test_what_has_not_begun_is_changed_by_hand_and_by_no_run(database: Database) -> None:
    """Half an hour before the first meetings, in an event that freezes twelve hours."""
    with database.write() as session:
        hall = Hall(session)
        early = hall.expo.slots[0].start - timedelta(minutes=30)
        to = Placement(hall.one.key, hall.expo.slots[1].key, hall.expo.tables[0].key)
        commands.place_request(session, hall.actor, hall.number, to, seen=None, now=early)
        commands.cancel_meeting(session, hall.actor, hall.number, hall.three.key, seen=None, now=early)
        held = {m.request: m.slot for m in versions.list_meetings(session, hall.version.id)}
        assert held[hall.one.key] == "s1" and hall.three.key not in held
        run = snapshot.build_problem(session, hall.expo.event.id, now=early)
        assert run.frozen_until == early + timedelta(hours=12)
        begun = hall.expo.slots[3].start + timedelta(minutes=1)
        with pytest.raises(BreaksRules, match="are frozen"):
            commands.cancel_meeting(session, hall.actor, hall.number, hall.two.key, seen=None, now=begun)
