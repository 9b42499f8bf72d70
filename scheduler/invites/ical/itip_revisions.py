"""Revision rules of iTIP (RFC 5546): the next message with its UID, SEQUENCE, DTSTAMP and PARTSTAT.

Pure functions from the sent and the target state of calendars to messages. Services load the former and store
the latter. No other module creates a message.
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
    """State of the attendees outside a partial update.

    `stamps` has the last DTSTAMP by UID, `going_on` the UIDs still active for one of them.
    """

    stamps: Mapping[str, datetime]
    going_on: frozenset[str]


NO_OTHERS = OtherAttendees({}, frozenset())


def make_uid(seed: str, domain: str) -> str:
    """Return the UID of a meeting: opaque, constant for its life, the same for both sides and the feed."""
    return f"{seed}@{domain}"


def new_seed() -> str:
    """Return the part of a UID before the domain, for a new meeting."""
    return str(uuid.uuid4())


def next_stamp(now: datetime, last: datetime | None = None) -> datetime:
    """Return the DTSTAMP of the next message about a UID, in whole seconds of UTC.

    It is later than `last`, the last DTSTAMP sent to any attendee, even if the clock was set back (RFC 5546
    2.1.5).
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
    """Return the messages that bring every calendar to its target state, ordered by (UID, attendee).

    `told` has the last message sent per key, not queued ones. Several moves between two sends therefore give
    one message, and a meeting added and cancelled between two sends gives none. `now` is aware. DTSTAMP is
    `next_stamp` over all attendees of a UID. `told` and `wanted` may cover some attendees only, if `others`
    covers the rest. Raises CancelledUid if a wanted key was already sent a CANCEL.
    """
    stamps = _stamps(told, wanted, now, others)
    going_on = {key.uid for key in wanted} | {key.uid for key in told if key.uid in others.going_on}
    return tuple(_each(told, wanted, stamps, going_on))


def resend_invitation(
    told: SentEntry, now: datetime, *, last: datetime, answered: Content | None = None
) -> ItipMessage:
    """Return the current invitation again, with its SEQUENCE and a later DTSTAMP (RFC 5546 3.2.6).

    `last` is the last DTSTAMP of its UID. `answered` is the content that the recipient replied to, if that
    was an earlier revision.
    """
    return _next(told, Method.REQUEST, MessageKind.AGAIN, next_stamp(now, last), previous=answered)


def cancel_entry(told: SentEntry, now: datetime) -> ItipMessage:
    """Return the CANCEL of an entry for this attendee alone, whatever other attendees have."""
    return _cancel(told, next_stamp(now, told.dtstamp), meeting_is_off=True)


def decline_counter(told: SentEntry, now: datetime, *, last: datetime, proposals: bool) -> ItipMessage:
    """Decline a counter-proposal. SEQUENCE is unchanged (RFC 5546 3.2.8).

    `proposals` is True if the event accepts counter-proposals at all.
    """
    content = replace(told.content, proposals=proposals)
    return _next(told, Method.DECLINECOUNTER, MessageKind.PROPOSAL, next_stamp(now, last), content=content)


@dataclass(frozen=True, slots=True)
class AddressChangeMessages:
    """Messages to an attendee's new address, by the key of `wanted`, and to the old address."""

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
    """Return invitations for all upcoming meetings to one attendee's new address, asking for new replies.

    `told` has the last message by UID. `wanted` is keyed by the UID in the attendee's calendar, or by its own
    UID. `stamps` are the last DTSTAMPs sent to any attendee.

    `read` are UIDs whose emails reached a mailbox that another person reads. Such a UID is cancelled there,
    and the meeting continues under a new UID (RFC 5546 3.2.5). It also gets a new token, so that links in the
    old mailbox stop working. A UID that no one read is kept, with the next SEQUENCE.
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
    """Return a sample message that shows what a kind of email looks like. It is in no calendar."""
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
    """Return the message after `last`, SEQUENCE increased by `raised`. An update resets the PARTSTAT."""
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
    """Return an update that may affect attendance: next SEQUENCE, new reply requested (RFC 5546 2.1.4)."""
    kind = MessageKind.UPDATE
    return _next(last, Method.REQUEST, kind, stamp, raised=1, content=content, previous=last.content)


def _details(last: SentEntry, content: Content, stamp: datetime) -> ItipMessage:
    """Return an update that cannot affect attendance: SEQUENCE and participation status are kept."""
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
    """Return the next DTSTAMP by UID."""
    uids = {key.uid for key in told.keys() | wanted.keys()}
    last = {uid: others.stamps[uid] for uid in uids if uid in others.stamps}
    for was in told.values():
        last[was.uid] = max(last.get(was.uid, was.dtstamp), was.dtstamp)
    return {uid: next_stamp(now, last.get(uid)) for uid in uids}


def _whole(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(microsecond=0)
