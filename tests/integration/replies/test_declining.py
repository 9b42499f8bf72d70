"""Declining does what its page announces: a colleague goes instead, or the meeting is withdrawn."""

from __future__ import annotations

import threading
from collections.abc import Collection
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from scheduler.domain.entities import MailOutcome, Partstat, RequestState, Side, VersionState
from scheduler.invites.mail.summary import Summary
from scheduler.services.problems import snapshot
from scheduler.services.publishing import comparisons
from scheduler.services.replies import reply_links
from scheduler.services.replies.decline_effects import DeclineEffect
from scheduler.services.requests import request_lists
from scheduler.storage.database import Database
from scheduler.storage.models import (
    AttendeeBusy,
    Event,
    MeetingRequest,
    OutboxEmail,
    RequestPerson,
    ScheduleVersion,
)
from tests.support import replies
from tests.support.factories import make_request, make_version, meet
from tests.support.published import LATER, MINUTE, Published
from tests.support.publishing import draft, publish

DECIDES, FIRST, SECOND = 0, 1, 2
"""The people of each firm: its exhibitor, and two with meetings."""


class Scene(Published):
    """A published meeting of each firm's FIRST person; firm 0's request names the people in `named`."""

    def __init__(self, database: Database, people: int = 3, named: Collection[int] = ()) -> None:
        super().__init__(database, people=people)
        with database.write() as session:
            session.get_one(MeetingRequest, self.request.id).people = [
                RequestPerson(attendee_id=self.person(0, number).id, side=Side.FROM) for number in named
            ]
        self.publish_with(FIRST, minutes=1)
        self.mails = self.send(2)

    def publish_with(self, mine: int, *, slot: int = 1, minutes: int) -> None:
        """Publish a version in which this person of firm 0 meets FIRST of the other firm."""
        with self.database.write() as session:
            people = [self.person(0, mine), self.person(1, FIRST)]
            number = draft(session, self.expo, [meet(self.request, self.expo, slot=slot, people=people)])
            publish(session, self.expo, number, number - 1, minutes=minutes)

    def told(self, minutes: int) -> dict[str, str]:
        """Return who gets which message, by the person's key."""
        people = {person.email: person.key for firm in self.expo.people for person in firm}
        return {people[to]: row.payload["method"] for to, row in self.send(minutes).items()}

    def key(self, number: int, firm: int = 0) -> str:
        return self.person(firm, number).key

    def link(self, number: int = FIRST) -> str:
        return replies.token(self.mail_to(0, number))

    def effect(self, number: int = FIRST, *, now: datetime = LATER) -> DeclineEffect:
        with self.database.read() as session:
            return reply_links.show_meeting(session, self.link(number), now=now).effect

    def give(self, partstat: Partstat, number: int = FIRST, *, note: str = "", now: datetime = LATER) -> None:
        with self.database.write() as session:
            sequence = reply_links.show_meeting(session, self.link(number), now=now).sequence
            reply_links.submit_reply(
                session, self.link(number), partstat, sequence=sequence, comment=note, now=now
            )

    def decline(self, number: int = FIRST, *, note: str = "", now: datetime = LATER) -> None:
        """Preview a decline, do it, and check that its effect is as announced."""
        foreseen = self.effect(number, now=now)
        self.give(Partstat.DECLINED, number, note=note, now=now)
        assert (self.state() is RequestState.WITHDRAWN) == foreseen.withdraws

    def excluded(self, now: datetime = LATER) -> set[str]:
        """Return the people excluded from the meeting in the next run's problem."""
        with self.database.read() as session:
            problem = snapshot.build_problem(session, self.expo.event.id, now=now)
        return {problem.attendees[i].id for request in problem.requests for i in request.excluded}

    def named(self) -> set[str]:
        with self.database.read() as session:
            problem = snapshot.build_problem(session, self.expo.event.id, now=LATER)
        return {problem.attendees[i].id for request in problem.requests for i in request.from_attendees}

    def keep_busy(self, number: int, slots: Collection[int] = range(6)) -> None:
        with self.database.write() as session:
            for slot in slots:
                row = AttendeeBusy(attendee_id=self.person(0, number).id, slot_id=self.expo.slots[slot].id)
                session.add(row)


@pytest.fixture
def scene(database: Database) -> Scene:
    return Scene(database)


def test_who_was_not_named_is_left_out_of_this_meeting_and_the_meeting_stays(scene: Scene) -> None:
    assert scene.effect() is DeclineEffect.COLLEAGUE
    scene.decline()
    assert scene.state() is RequestState.ACCEPTED
    assert scene.excluded() == {scene.key(FIRST)}


def test_a_calendar_that_declines_does_the_same(scene: Scene) -> None:
    mail = scene.receive(replies.calendar(scene.mail_to(0, FIRST), "DECLINED"), scene.mail_to(0, FIRST))
    assert mail.outcome is MailOutcome.APPLIED
    assert mail.reason.endswith("declined. The next schedule sends a colleague, if one is available.")
    assert (scene.state(), scene.excluded()) == (RequestState.ACCEPTED, {scene.key(FIRST)})


def test_at_the_next_publishing_the_colleague_is_invited_and_who_declined_has_a_free_calendar(
    scene: Scene,
) -> None:
    scene.decline()
    scene.publish_with(SECOND, minutes=30)
    assert scene.told(31) == {
        scene.key(FIRST): "CANCEL",
        scene.key(SECOND): "REQUEST",
        scene.key(FIRST, firm=1): "REQUEST",
    }


def test_a_draft_from_before_the_decline_invites_nobody_who_declined(scene: Scene) -> None:
    scene.decline()
    scene.publish_with(FIRST, slot=3, minutes=30)
    assert scene.told(31) == {scene.key(FIRST): "CANCEL", scene.key(FIRST, firm=1): "REQUEST"}


def test_a_decline_changes_what_publishing_an_older_draft_would_do(scene: Scene) -> None:
    with scene.database.write() as session:
        people = [scene.person(0, FIRST), scene.person(1, FIRST)]
        planned = [meet(scene.request, scene.expo, slot=1, people=people)]
        version = make_version(session, scene.expo, planned, state=VersionState.DRAFT)
        before = comparisons.comparison_key(session, version)
    scene.decline()
    with scene.database.read() as session:
        assert comparisons.comparison_key(session, session.get_one(ScheduleVersion, version.id)) != before


def test_who_comes_after_all_takes_part_again(scene: Scene) -> None:
    scene.decline(note="Ill")
    scene.give(Partstat.ACCEPTED, now=LATER + MINUTE)
    assert scene.excluded() == set()
    scene.publish_with(FIRST, minutes=30)
    assert scene.told(31) == {}


def test_the_exhibitor_of_the_firm_withdraws_the_meeting(scene: Scene) -> None:
    scene.publish_with(DECIDES, minutes=3)
    scene.mails |= scene.send(4)
    assert scene.effect(DECIDES) is DeclineEffect.DECIDES
    scene.decline(DECIDES, note="No common time")
    with scene.database.read() as session:
        row = session.get_one(MeetingRequest, scene.request.id)
        assert (row.responded_by, row.responded_side, row.response_note) == (
            scene.person(0, DECIDES).id,
            Side.FROM,
            "No common time",
        )


def test_who_alone_is_named_in_the_request_withdraws_the_meeting(database: Database) -> None:
    scene = Scene(database, named=[FIRST])
    assert scene.effect() is DeclineEffect.NAMED
    scene.decline()


def test_one_of_several_named_people_leaves_it_to_the_others_however_often_they_decline(
    database: Database,
) -> None:
    scene = Scene(database, named=[FIRST, SECOND])
    for minutes in range(2):
        assert scene.effect() is DeclineEffect.OTHERS
        scene.decline(now=LATER + minutes * MINUTE)
    assert scene.named() == {scene.key(SECOND)}
    scene.give(Partstat.ACCEPTED, now=LATER + 3 * MINUTE)
    assert (scene.named(), scene.excluded()) == ({scene.key(FIRST), scene.key(SECOND)}, set())


def test_the_last_who_can_go_withdraws_the_meeting(scene: Scene) -> None:
    scene.keep_busy(DECIDES)
    scene.keep_busy(SECOND, range(5))
    assert scene.effect() is DeclineEffect.COLLEAGUE, "a colleague is free in the last slot"
    scene.keep_busy(SECOND, [5])
    assert scene.effect() is DeclineEffect.LAST
    scene.decline()


def test_a_colleague_who_declined_too_cannot_go_instead(scene: Scene) -> None:
    scene.keep_busy(DECIDES)
    scene.decline()
    scene.publish_with(SECOND, minutes=30)
    scene.mails |= scene.send(31)
    assert scene.effect(SECOND) is DeclineEffect.LAST


def test_only_times_that_the_request_allows_count(scene: Scene) -> None:
    scene.keep_busy(DECIDES)
    scene.keep_busy(SECOND, [1])
    with scene.database.write() as session:
        session.get_one(MeetingRequest, scene.request.id).slots = [scene.expo.slots[1].key]
    assert scene.effect() is DeclineEffect.LAST


def test_a_meeting_that_begins_too_soon_to_be_planned_anew_is_withdrawn(scene: Scene) -> None:
    with scene.database.write() as session:
        session.get_one(Event, scene.expo.event.id).freeze_hours = 24
    soon = scene.expo.slots[1].start - timedelta(hours=3)
    assert scene.effect(now=soon - timedelta(days=1)) is DeclineEffect.COLLEAGUE
    assert scene.effect(now=soon) is DeclineEffect.SOON
    scene.decline(now=soon)


def test_a_frozen_meeting_stays_with_who_was_planned(scene: Scene) -> None:
    scene.decline()
    with scene.database.write() as session:
        session.get_one(Event, scene.expo.event.id).freeze_hours = 24
    assert scene.excluded(now=scene.expo.slots[0].start) == set()


def test_of_two_who_decline_at_the_same_moment_the_second_finds_nobody_left(database: Database) -> None:
    scene = Scene(database)
    scene.keep_busy(DECIDES)
    with database.write() as session:
        number = draft(
            session,
            scene.expo,
            [
                meet(
                    scene.request,
                    scene.expo,
                    slot=1,
                    people=[scene.person(0, FIRST), scene.person(0, SECOND), scene.person(1, FIRST)],
                )
            ],
        )
        publish(session, scene.expo, number, number - 1, minutes=3)
    scene.mails |= scene.send(4)
    begin = threading.Barrier(2)

    def go(number: int) -> None:
        begin.wait(30)
        scene.give(Partstat.DECLINED, number)

    threads = [threading.Thread(target=go, args=(number,)) for number in (FIRST, SECOND)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert scene.state() is RequestState.WITHDRAWN


def test_the_own_firm_reads_who_cannot_come_with_the_note_and_the_partner_does_not(scene: Scene) -> None:
    scene.decline(note="Ill\n")
    with scene.database.read() as session:
        (mine,) = request_lists.show_request(session, scene.expo.actor(0), scene.request.key).excluded
        assert (mine.person.key, mine.note, mine.others_go) == (scene.key(FIRST), "Ill", False)
        assert request_lists.show_request(session, scene.expo.actor(1), scene.request.key).excluded == ()
        assert request_lists.show_request(
            session, scene.expo.organiser_actor(), scene.request.key
        ).excluded == (mine,)


def test_a_note_to_the_exhibitors_is_read_by_them_and_by_who_wrote_it_alone(scene: Scene) -> None:
    scene.decline(note="Ill")
    with scene.database.read() as session:
        notes = {
            number: request_lists.show_request(session, scene.expo.actor(0, number), scene.request.key)
            .excluded[0]
            .note
            for number in (DECIDES, FIRST, SECOND)
        }
    assert notes == {DECIDES: "Ill", FIRST: "Ill", SECOND: ""}


def test_the_note_of_a_decline_does_not_stand_on_a_request_that_is_accepted_again(scene: Scene) -> None:
    scene.publish_with(DECIDES, minutes=3)
    scene.mails |= scene.send(4)
    scene.decline(DECIDES, note="No common time")
    scene.give(Partstat.ACCEPTED, DECIDES, now=LATER + MINUTE)
    with scene.database.read() as session:
        row = session.get_one(MeetingRequest, scene.request.id)
    assert (row.state, row.response_note) == (RequestState.ACCEPTED, "")


def test_a_summary_does_not_list_the_meeting_that_its_reader_declined(scene: Scene) -> None:
    with scene.database.write() as session:
        session.merge(scene.expo.event).summary_mails = True
        other = make_request(session, scene.expo, 0, 2, from_people=[scene.person(0, FIRST)])
        there = [scene.person(0, FIRST), scene.expo.people[2][0]]
    scene.decline()
    with scene.database.write() as session:
        people = [scene.person(0, FIRST), scene.person(1, FIRST)]
        meetings = [
            meet(scene.request, scene.expo, slot=1, people=people),
            meet(other, scene.expo, slot=3, people=there),
        ]
        number = draft(session, scene.expo, meetings)
        publish(session, scene.expo, number, number - 1, minutes=30)
        row = session.scalars(
            select(OutboxEmail).where(
                OutboxEmail.kind == "summary", OutboxEmail.to_address == scene.person(0, FIRST).email
            )
        ).one()
    listed = [content.partner_firm for content in Summary.from_json(row.payload).agenda.values()]
    assert listed == [scene.expo.firms[2].name]
