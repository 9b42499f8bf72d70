"""Messages between two publications: repeats, ignored counter-proposals, changed addresses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from scheduler.domain.entities import Method, Partstat
from scheduler.invites.ical.itip import EntryKey, ItipMessage, MessageKind, SentEntry, TargetEntry
from scheduler.invites.ical.itip_revisions import (
    AddressChangeMessages,
    change_address,
    decline_counter,
    example_message,
    make_uid,
    next_stamp,
    resend_invitation,
)
from tests.unit.invites.builders import ATTENDEE_ID, KEY, NOW, UID, content, told

SECOND = timedelta(seconds=1)
WHOLE = NOW.replace(microsecond=0)
OWN = "own@meet.example"
OVER = {"start": datetime(2027, 3, 1, 2, 0, tzinfo=UTC), "end": datetime(2027, 3, 1, 2, 30, tzinfo=UTC)}


def last(**changes: object) -> SentEntry:
    return told(**changes)[KEY]  # type: ignore[arg-type]


def moved(
    known: Mapping[str, SentEntry],
    goals: Mapping[str, TargetEntry],
    read: frozenset[str] = frozenset(),
    stamps: Mapping[str, datetime] | None = None,
) -> AddressChangeMessages:
    given = {key: each.dtstamp for key, each in known.items()} | dict(stamps or {})
    return change_address(known, goals, NOW, read=read, stamps=given, domain="meet.example")


def goal(key: str = UID, **changes: object) -> TargetEntry:
    return TargetEntry(key, ATTENDEE_ID, content(**changes))


# DTSTAMP and UID


def test_r6_the_first_dtstamp_of_a_uid_is_now_in_whole_seconds() -> None:
    assert next_stamp(NOW) == WHOLE


@pytest.mark.parametrize("ahead", [timedelta(), timedelta(hours=1)])
def test_r6_trap_6_a_dtstamp_is_later_than_the_last_of_its_uid(ahead: timedelta) -> None:
    assert next_stamp(NOW, WHOLE + ahead) == WHOLE + ahead + SECOND


def test_a_dtstamp_needs_a_clock_with_a_zone() -> None:
    with pytest.raises(ValueError, match="aware"):
        next_stamp(datetime(2027, 4, 1))  # noqa: DTZ001 - the mistake under test


def test_r1_a_uid_is_the_same_for_the_same_seed_and_domain() -> None:
    assert make_uid("5b3c", "meet.example") == "5b3c@meet.example"


# Repeated invitation


def test_1_4_what_is_sent_again_keeps_sequence_answer_and_content_with_a_later_dtstamp() -> None:
    was = last(sequence=4, partstat=Partstat.TENTATIVE, dtstamp=WHOLE)
    made = resend_invitation(was, NOW, last=WHOLE)
    assert made == ItipMessage(
        UID,
        ATTENDEE_ID,
        Method.REQUEST,
        4,
        WHOLE + SECOND,
        content(),
        Partstat.TENTATIVE,
        MessageKind.AGAIN,
    )


def test_r6_what_is_sent_again_is_dated_after_a_message_of_its_uid_that_somebody_else_was_told() -> None:
    assert resend_invitation(last(), NOW, last=WHOLE + 5 * SECOND).dtstamp == WHOLE + 6 * SECOND


def test_who_answered_an_earlier_version_reads_it() -> None:
    earlier = content(hall="Hall 1")
    assert resend_invitation(last(), NOW, last=WHOLE, answered=earlier).previous == earlier


@pytest.mark.parametrize("proposals", [True, False])
def test_1_4_a_proposal_that_is_not_taken_keeps_the_sequence_and_says_if_any_are(
    proposals: bool,
) -> None:
    made = decline_counter(last(sequence=2), NOW, last=WHOLE, proposals=proposals)
    assert (made.method, made.kind, made.sequence) == (Method.DECLINECOUNTER, MessageKind.PROPOSAL, 2)
    assert (made.dtstamp, made.content) == (WHOLE + SECOND, content(proposals=proposals))


# Changed address


def test_a_uid_that_nobody_read_stays_with_the_next_sequence_and_asks_anew() -> None:
    was = last(sequence=1, partstat=Partstat.ACCEPTED)
    made = moved({UID: was}, {UID: goal(hall="Hall 5")})
    invitation = made.invitations[UID]
    assert (invitation.uid, invitation.sequence, invitation.partstat) == (UID, 2, Partstat.NEEDS_ACTION)
    assert (invitation.kind, invitation.previous) == (MessageKind.NEW, None), "it is new to who reads it"
    assert (invitation.content, made.cancellations) == (content(hall="Hall 5"), ())


def test_a_uid_that_was_read_is_cancelled_there_and_goes_on_under_another() -> None:
    made = moved({UID: last(sequence=1)}, {UID: goal()}, frozenset({UID}))
    (cancellation,) = made.cancellations
    assert (cancellation.uid, cancellation.method, cancellation.sequence) == (UID, Method.CANCEL, 2)
    assert not cancellation.meeting_is_off, "it goes on without that calendar (RFC 5546 3.2.5)"
    invitation = made.invitations[UID]
    assert invitation.uid != UID and invitation.uid.endswith("@meet.example")
    assert invitation.sequence == 0


def test_1_3_an_own_uid_that_was_read_does_not_bring_the_cancelled_common_one_back() -> None:
    known = {UID: last(method=Method.CANCEL, sequence=1), OWN: replace(last(), uid=OWN)}
    made = moved(known, {OWN: goal(UID)}, frozenset({UID, OWN}))
    assert made.invitations[OWN].uid not in known
    assert [cancellation.uid for cancellation in made.cancellations] == [OWN]


def test_an_own_uid_that_nobody_read_stays() -> None:
    known = {UID: last(method=Method.CANCEL, sequence=1), OWN: replace(last(), uid=OWN)}
    made = moved(known, {OWN: goal(UID)})
    assert (made.invitations[OWN].uid, made.invitations[OWN].sequence) == (OWN, 1)


def test_a_meeting_that_the_calendar_never_knew_goes_by_its_own_uid() -> None:
    made = moved({}, {UID: goal()})
    assert (made.invitations[UID].uid, made.invitations[UID].sequence) == (UID, 0)


def test_what_is_not_wanted_any_more_is_cancelled_where_it_was_told() -> None:
    assert [each.method for each in moved({UID: last()}, {}).cancellations] == [Method.CANCEL]


def test_a_meeting_that_is_over_and_one_that_is_cancelled_are_left_as_they_are() -> None:
    known = {UID: last(shown=content(**OVER)), OWN: replace(last(), uid=OWN, method=Method.CANCEL)}
    assert moved(known, {}) == AddressChangeMessages({}, ())


def test_r6_the_new_invitation_is_dated_later_than_what_anybody_was_told_of_its_uid() -> None:
    made = moved({UID: last()}, {UID: goal()}, stamps={UID: WHOLE + 30 * SECOND})
    assert made.invitations[UID].dtstamp == WHOLE + 31 * SECOND


# Examples


@pytest.mark.parametrize(
    ("kind", "method"),
    [
        (MessageKind.UPDATE, Method.REQUEST),
        (MessageKind.CANCEL, Method.CANCEL),
        (MessageKind.PROPOSAL, Method.DECLINECOUNTER),
    ],
)
def test_an_example_has_the_method_of_its_kind(kind: MessageKind, method: Method) -> None:
    made = example_message(kind, content(), ATTENDEE_ID, NOW, domain="meet.example")
    assert (made.method, made.key) == (method, EntryKey("example@meet.example", ATTENDEE_ID))
