"""Revisions of iTIP (RFC 5546): which message comes next, with which UID, SEQUENCE, DTSTAMP and PARTSTAT.

Pure: from what calendars were told and what they should show to messages. Services load the one and write the
other. No other module makes a message.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from scheduler.domain.entities import Method, Partstat
from scheduler.invites.errors import CancelledUid
from scheduler.invites.ical.content import ATTENDANCE, DETAILS, Content, changed_fields
from scheduler.invites.ical.itip import EntryKey, ItipMessage, MessageKind, SentEntry, TargetEntry

SECOND = timedelta(seconds=1)
"""DTSTAMP has whole seconds (RFC 5545 3.3.5)."""


@dataclass(frozen=True, slots=True)
class OtherAttendees:
    """What is known of other attendees where messages are made for some: each UID's last DTSTAMP, and the
    UIDs that go on for somebody.
    """

    stamps: Mapping[str, datetime]
    going_on: frozenset[str]


NO_OTHERS = OtherAttendees({}, frozenset())


def make_uid(seed: str, domain: str) -> str:
    """The UID of a meeting: opaque, fixed for its life, the same for both sides and the feed."""
    return f"{seed}@{domain}"


def new_seed() -> str:
    """The part of a UID before the domain, for a meeting that calendars do not know yet."""
    return str(uuid.uuid4())


def next_stamp(now: datetime, last: datetime | None = None) -> datetime:
    """The DTSTAMP of the next message about a UID, in whole seconds of UTC.

    It is later than `last`, the last one that anybody was told, even if the clock went back (RFC 5546 2.1.5).
    """
    if now.tzinfo is None:
        raise ValueError("now must be aware: DTSTAMP is in UTC")
    return _whole(now) if last is None else max(_whole(now), _whole(last) + SECOND)


def next_messages(
    told: Mapping[EntryKey, SentEntry],
    wanted: Mapping[EntryKey, TargetEntry],
    now: datetime,
    others: OtherAttendees = NO_OTHERS,
) -> tuple[ItipMessage, ...]:
    """The net effect: the messages after which every calendar shows what is wanted, by (UID, attendee).

    `told` is what was really sent (the last message for each key), not what waits to be sent. So several
    moves before a sending give one message. A meeting that is made and cancelled before a sending gives none.
    `now` is aware. DTSTAMP is `next_stamp` over all attendees of a UID. Raises CancelledUid if a key that was
    told CANCEL is wanted. `told` and `wanted` may be those of some attendees, if `others` has the rest.
    """
    stamps = _stamps(told, wanted, now, others)
    going_on = {key.uid for key in wanted} | {key.uid for key in told if key.uid in others.going_on}
    return tuple(_each(told, wanted, stamps, going_on))


def resend_invitation(
    told: SentEntry, now: datetime, *, last: datetime, answered: Content | None = None
) -> ItipMessage:
    """The invitation as it is, once more: its SEQUENCE, a later DTSTAMP (RFC 5546 3.2.6).

    `last` is the last DTSTAMP of its UID. `answered` is what the reader answered, where that was an earlier
    version.
    """
    return _next(told, Method.REQUEST, MessageKind.AGAIN, next_stamp(now, last), previous=answered)


def decline_counter(told: SentEntry, now: datetime, *, last: datetime, proposals: bool) -> ItipMessage:
    """A proposed time is not taken: SEQUENCE stays (RFC 5546 3.2.8).

    `proposals` says whether the event takes proposed times at all.
    """
    content = replace(told.content, proposals=proposals)
    return _next(told, Method.DECLINECOUNTER, MessageKind.PROPOSAL, next_stamp(now, last), content=content)


@dataclass(frozen=True, slots=True)
class AddressChangeMessages:
    """The messages to the reader's new address, by the key of `wanted`, and those to the old one."""

    invitations: Mapping[str, ItipMessage]
    cancellations: tuple[ItipMessage, ...]


def change_address(
    told: Mapping[str, SentEntry],
    wanted: Mapping[str, TargetEntry],
    now: datetime,
    *,
    read: Collection[str],
    stamps: Mapping[str, datetime],
    domain: str,
) -> AddressChangeMessages:
    """Every coming meeting as a new invitation that asks again, at another address of one attendee.

    `told` has the last message of each UID. `wanted` is by the UID that the calendar has for the meeting,
    else by its own. `stamps` are the last DTSTAMPs that anybody was told.

    `read` are the UIDs whose mails arrived where another person reads them. Such a UID is cancelled there,
    and the meeting goes on under another one (RFC 5546 3.2.5): with it goes another token, so that links in
    the old mailbox answer for nobody. A UID that nobody read stays, with the next SEQUENCE.
    """
    live = {key: last for key, last in told.items() if last.is_coming(now)}
    kept = {key: last for key, last in live.items() if key in wanted and key not in read}
    invitations = {}
    for key, goal in wanted.items():
        if key in kept:
            found, sequence = kept[key].uid, kept[key].sequence + 1
        else:
            found, sequence = make_uid(new_seed(), domain) if goal.uid in told else goal.uid, 0
        stamp = next_stamp(now, stamps.get(found))
        invitations[key] = replace(_new(replace(goal, uid=found), stamp), sequence=sequence)
    gone = [last for key, last in live.items() if key not in kept]
    return AddressChangeMessages(
        invitations,
        tuple(_cancel(last, next_stamp(now, stamps[last.uid]), meeting_is_off=False) for last in gone),
    )


def example_message(
    kind: MessageKind,
    content: Content,
    attendee_id: int,
    now: datetime,
    *,
    domain: str,
    previous: Content | None = None,
    meeting_is_off: bool = False,
) -> ItipMessage:
    """A sample message that shows how a kind of mail reads. No calendar has it."""
    methods = {MessageKind.CANCEL: Method.CANCEL, MessageKind.PROPOSAL: Method.DECLINECOUNTER}
    return ItipMessage(
        make_uid("example", domain),
        attendee_id,
        methods.get(kind, Method.REQUEST),
        0,
        next_stamp(now),
        content,
        Partstat.NEEDS_ACTION,
        kind,
        previous=previous,
        meeting_is_off=meeting_is_off,
    )


def _each(
    told: Mapping[EntryKey, SentEntry],
    wanted: Mapping[EntryKey, TargetEntry],
    stamps: Mapping[str, datetime],
    going_on: set[str],
) -> Iterator[ItipMessage]:
    for key in sorted(told.keys() | wanted.keys()):
        stamp = stamps[key.uid]
        last, goal = told.get(key), wanted.get(key)
        if goal is None:
            if last is not None and last.method is not Method.CANCEL:
                yield _cancel(last, stamp, meeting_is_off=key.uid not in going_on)
        elif last is None:
            yield _new(goal, stamp)
        elif last.method is Method.CANCEL:
            raise CancelledUid(*key)
        elif changed_fields(last.content, goal.content, ATTENDANCE):
            yield _update(last, goal.content, stamp)
        elif changed_fields(last.content, goal.content, DETAILS):
            yield _details(last, goal.content, stamp)


def _new(goal: TargetEntry, stamp: datetime) -> ItipMessage:
    return ItipMessage(
        goal.uid,
        goal.attendee_id,
        Method.REQUEST,
        0,
        stamp,
        goal.content,
        Partstat.NEEDS_ACTION,
        MessageKind.NEW,
    )


def _next(
    last: SentEntry,
    method: Method,
    kind: MessageKind,
    stamp: datetime,
    *,
    raised: int = 0,
    content: Content | None = None,
    previous: Content | None = None,
    meeting_is_off: bool = False,
) -> ItipMessage:
    """The message after `last`: its SEQUENCE, raised by so much, its answer, and its content or another."""
    return ItipMessage(
        last.uid,
        last.attendee_id,
        method,
        last.sequence + raised,
        stamp,
        content or last.content,
        last.partstat if kind is not MessageKind.UPDATE else Partstat.NEEDS_ACTION,
        kind,
        previous=previous,
        meeting_is_off=meeting_is_off,
    )


def _update(last: SentEntry, content: Content, stamp: datetime) -> ItipMessage:
    """Attendance may be in danger: the next SEQUENCE, and a new answer is asked for (RFC 5546 2.1.4)."""
    kind = MessageKind.UPDATE
    return _next(last, Method.REQUEST, kind, stamp, raised=1, content=content, previous=last.content)


def _details(last: SentEntry, content: Content, stamp: datetime) -> ItipMessage:
    """Nothing that could endanger attendance: SEQUENCE and answer stay."""
    kind = MessageKind.DETAILS
    return _next(last, Method.REQUEST, kind, stamp, content=content, previous=last.content)


def _cancel(last: SentEntry, stamp: datetime, *, meeting_is_off: bool) -> ItipMessage:
    kind = MessageKind.CANCEL
    return _next(last, Method.CANCEL, kind, stamp, raised=1, meeting_is_off=meeting_is_off)


def _stamps(
    told: Mapping[EntryKey, SentEntry],
    wanted: Mapping[EntryKey, TargetEntry],
    now: datetime,
    others: OtherAttendees,
) -> dict[str, datetime]:
    """The next DTSTAMP of each UID."""
    uids = {key.uid for key in told.keys() | wanted.keys()}
    last = {uid: others.stamps[uid] for uid in uids if uid in others.stamps}
    for was in told.values():
        last[was.uid] = max(last.get(was.uid, was.dtstamp), was.dtstamp)
    return {uid: next_stamp(now, last.get(uid)) for uid in uids}


def _whole(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(microsecond=0)
