"""Rules R1 to R10: which message a calendar gets, with which SEQUENCE and DTSTAMP."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.domain.entities import Method, Partstat
from scheduler.domain.errors import InvalidInput
from scheduler.invites.errors import CancelledUid
from scheduler.invites.ical.content import Content
from scheduler.invites.ical.itip import EntryKey, ItipMessage, MessageKind, SentEntry
from scheduler.invites.ical.itip_revisions import make_uid, new_seed, next_messages
from scheduler.invites.mail.imip import message_id, render_invitation
from tests.unit.invites.builders import (
    ATTENDEE_ID,
    KEY,
    NOW,
    UID,
    cancel,
    content,
    details,
    envelope,
    new,
    only,
    told,
    told_by,
    update,
    wanted,
)

MOVED = {
    "start": datetime(2027, 5, 12, 6, 0, tzinfo=UTC),
    "end": datetime(2027, 5, 12, 6, 30, tzinfo=UTC),
}
ENDANGERS = [
    MOVED,
    {"end": datetime(2027, 5, 12, 2, 45, tzinfo=UTC)},
    {"place_name": "Table 18"},
    {"hall": "Hall 5"},
    {"interpreter": None},
    {"partner_people": ("Li Na",)},
]
ONLY_DETAILS = [
    {"summary": "Meeting with Huaxin Micro"},
    {"directions": "North entrance"},
    {"partner_firm": "Huaxin Microelectronics Co., Ltd."},
    {"own_people": ()},
    {"topic": "Inverters"},
    {"event_name": "Chain Expo 2027"},
    {"timezone": "Asia/Hong_Kong"},
]
IN_HUNGARIAN = {"language": "hu", "summary": "Találkozó: Huaxin", "directions": "Déli bejárat"}
ABROAD = {"reader_timezone": "Europe/Budapest"}
NO_NEWS = [{}, {"language": "hu"}, IN_HUNGARIAN, ABROAD, {"agenda_url": "https://meet.example/another"}]


def test_a_new_meeting_is_a_request_with_sequence_zero() -> None:
    assert new() == ItipMessage(
        UID,
        ATTENDEE_ID,
        Method.REQUEST,
        0,
        datetime(2027, 4, 1, 9, 30, 15, tzinfo=UTC),
        content(),
        Partstat.NEEDS_ACTION,
        MessageKind.NEW,
    )


def test_r1_a_uid_is_opaque_unique_ascii_and_on_our_domain() -> None:
    first, second = (make_uid(new_seed(), "meet.example") for _ in range(2))
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}@meet\.example", first)
    assert first != second


def test_r1_trap_8_the_uid_stays_through_every_revision() -> None:
    assert {message.uid for message in (new(), update(), details(), cancel())} == {UID}


def test_r2_trap_9_another_partner_cancels_the_old_uid_and_requests_a_new_one() -> None:
    other = EntryKey("other@meet.example", ATTENDEE_ID)
    made = next_messages(told(), wanted(key=other), NOW)
    assert [(m.uid, m.method, m.sequence) for m in made] == [
        (UID, Method.CANCEL, 1),
        ("other@meet.example", Method.REQUEST, 0),
    ]


@pytest.mark.parametrize("change", ENDANGERS, ids="+".join)
def test_r3_trap_5_what_may_endanger_attendance_raises_the_sequence(
    change: dict[str, object],
) -> None:
    made = only(told(sequence=4, partstat=Partstat.ACCEPTED), wanted(content(**change)))
    assert (made.method, made.kind, made.sequence, made.partstat) == (
        Method.REQUEST,
        MessageKind.UPDATE,
        5,
        Partstat.NEEDS_ACTION,
    )
    assert (made.previous, made.content) == (content(), content(**change))


@pytest.mark.parametrize("change", ONLY_DETAILS, ids="+".join)
def test_r3_details_alone_keep_sequence_and_answer_with_a_later_dtstamp(change: dict[str, object]) -> None:
    was = told(sequence=4, partstat=Partstat.ACCEPTED)
    made = only(was, wanted(content(**change)))
    assert (made.method, made.kind, made.sequence, made.partstat) == (
        Method.REQUEST,
        MessageKind.DETAILS,
        4,
        Partstat.ACCEPTED,
    )
    assert made.dtstamp > was[KEY].dtstamp


@pytest.mark.parametrize("change", NO_NEWS, ids=lambda change: "+".join(change) or "nothing")
def test_what_a_calendar_knows_already_sends_nothing(change: dict[str, object]) -> None:
    assert next_messages(told(), wanted(content(**change)), NOW) == ()


def test_the_same_moment_in_another_zone_is_no_change() -> None:
    eight_hours = timedelta(hours=8)
    same = content().start.replace(tzinfo=None) + eight_hours
    from_shanghai = content(start=same.replace(tzinfo=content().zone))
    assert next_messages(told(), wanted(from_shanghai), NOW) == ()


def test_r4_a_cancel_raises_the_sequence_and_repeats_the_content() -> None:
    made = only(told(sequence=2, partstat=Partstat.ACCEPTED), {})
    assert (made.method, made.kind, made.sequence, made.content, made.meeting_is_off) == (
        Method.CANCEL,
        MessageKind.CANCEL,
        3,
        content(),
        True,
    )


def test_a_meeting_that_goes_on_without_somebody_is_not_off_for_the_others() -> None:
    other = EntryKey(UID, 8)
    (made,) = next_messages(told() | told(key=other), wanted(), NOW)
    assert (made.attendee_id, made.method, made.meeting_is_off) == (8, Method.CANCEL, False)


def test_a_cancelled_meeting_is_cancelled_once() -> None:
    assert next_messages(told(method=Method.CANCEL, sequence=1), {}, NOW) == ()


def test_1_3_a_cancelled_uid_never_comes_back() -> None:
    with pytest.raises(CancelledUid) as caught:
        next_messages(told(method=Method.CANCEL, sequence=1), wanted(), NOW)
    assert (caught.value.uid, caught.value.attendee_id) == KEY


def test_r6_dtstamp_is_now_in_whole_seconds_of_utc() -> None:
    budapest = NOW.astimezone(content(timezone="Europe/Budapest").zone)
    made = only({}, wanted(), budapest)
    assert (made.dtstamp, made.dtstamp.tzinfo) == (datetime(2027, 4, 1, 9, 30, 15, tzinfo=UTC), UTC)


def test_r6_trap_6_dtstamp_passes_the_last_one_even_if_the_clock_went_back() -> None:
    future = datetime(2027, 4, 1, 10, 0, tzinfo=UTC)
    made = only(told(dtstamp=future), wanted(content(hall="Hall 5")))
    assert made.dtstamp == future + timedelta(seconds=1)


def test_r6_trap_18_dtstamp_increases_over_all_attendees_of_a_uid() -> None:
    future = datetime(2027, 4, 1, 10, 0, tzinfo=UTC)
    was = told() | told(dtstamp=future, key=EntryKey(UID, 8))
    made = next_messages(was, {}, NOW)
    assert [message.dtstamp for message in made] == [future + timedelta(seconds=1)] * 2


def test_r6_two_messages_within_a_second_have_different_dtstamps() -> None:
    first = new()
    second = only(told_by(first), wanted(content(hall="Hall 5")))
    third = only(told_by(second), {})
    assert (second.dtstamp - first.dtstamp, third.dtstamp - second.dtstamp) == (timedelta(seconds=1),) * 2


def test_now_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        next_messages({}, wanted(), datetime(2027, 4, 1))  # noqa: DTZ001 - the mistake under test


def test_r7_each_attendee_is_told_by_what_that_attendee_was_told() -> None:
    behind, ahead = told(content(hall="Hall 5"), sequence=1), told(sequence=6, key=EntryKey(UID, 8))
    goal = wanted(content(hall="Hall 5")) | wanted(content(hall="Hall 5"), key=EntryKey(UID, 8))
    made = only(behind | ahead, goal)
    assert (made.attendee_id, made.sequence) == (8, 7)


def test_r8_a_retry_repeats_sequence_dtstamp_message_id_and_every_byte() -> None:
    for message in (new(), update(), details(), cancel()):
        stored = json.loads(json.dumps(message.to_json()))
        again = ItipMessage.from_json(stored)
        assert again == message
        assert render_invitation(again, envelope(again)) == render_invitation(message, envelope(message))


def test_r8_a_changed_message_has_another_message_id() -> None:
    first = new()
    second = only(told_by(first), wanted(content(topic="Inverters")))
    third = only(told_by(second), wanted(content(hall="Hall 5")))
    made = [first, second, third, only(told_by(third), {}), replace(first, attendee_id=8)]
    assert len({message_id(message, "meet.example") for message in made}) == len(made)


def test_r9_several_moves_before_sending_are_one_request_with_the_last_state() -> None:
    made = only(told(), wanted(content(**MOVED, hall="Hall 8", topic="Inverters")))
    assert (made.sequence, made.kind, made.content.hall) == (1, MessageKind.UPDATE, "Hall 8")


def test_r9_a_move_there_and_back_before_sending_is_nothing() -> None:
    assert next_messages(told(content()), wanted(content()), NOW) == ()


def test_r9_made_and_cancelled_before_sending_is_nothing() -> None:
    assert next_messages({}, {}, NOW) == ()


def test_r10_asking_for_an_answer_again_is_no_matter_of_sequence() -> None:
    silent = told(partstat=Partstat.NEEDS_ACTION)
    assert only(silent, wanted(content(topic="Inverters"))).sequence == 0


def test_messages_come_in_the_order_of_uid_and_attendee() -> None:
    keys = [EntryKey("b@meet.example", 2), EntryKey("a@meet.example", 9), EntryKey("a@meet.example", 3)]
    goal = {key: wanted(key=key)[key] for key in keys}
    assert [(m.uid, m.attendee_id) for m in next_messages({}, goal, NOW)] == sorted(keys)


states = st.one_of(st.none(), st.builds(content, hall=st.sampled_from("ABC"), topic=st.sampled_from("xy")))


@given(st.lists(states, min_size=1, max_size=8))
def test_a_calendar_that_takes_every_message_always_shows_what_is_wanted(path: list[Content | None]) -> None:
    shown: dict[EntryKey, SentEntry] = {}
    stamps: list[datetime] = []
    for goal in path:
        if shown and shown[KEY].method is Method.CANCEL:
            break
        made = next_messages(shown, wanted(goal) if goal else {}, NOW)
        for message in made:
            stamps.append(message.dtstamp)
            shown = told_by(message)
        is_there = bool(shown) and shown[KEY].method is Method.REQUEST
        assert (shown[KEY].content if is_there else None) == goal
    assert stamps == sorted(set(stamps))


def test_content_survives_json() -> None:
    made = content(interpreter=None)
    assert Content.from_json(json.loads(json.dumps(made.to_json()))) == made


def test_content_without_the_newer_fields_is_still_read() -> None:
    stored = content().to_json()
    for name in ("topic", "directions", "own_people", "agenda_url"):
        del stored[name]
    assert Content.from_json(stored) == content(topic="", directions="", own_people=(), agenda_url="")


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"start": datetime(2027, 5, 12, 2, 0)}, "start"),  # noqa: DTZ001 - the mistake under test
        ({"end": datetime(2027, 5, 12, 2, 0, tzinfo=UTC)}, "end"),
        ({"timezone": "China Standard Time"}, "timezone"),
        ({"timezone": "UTC+08:00"}, "timezone"),
        ({"timezone": "../../etc/passwd"}, "timezone"),
        ({"timezone": ""}, "timezone"),
        ({"reader_timezone": "China Standard Time"}, "timezone"),
    ],
)
def test_content_that_no_calendar_could_show_is_refused(change: dict[str, object], path: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        content(**change)
    assert [fault.path for fault in caught.value.faults] == [path]
