"""What to tell whom: from what calendars were told and what is wanted now to messages (RFC 5546)."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from scheduler.domain.entities import Method, Partstat
from scheduler.invites.errors import CancelledUid
from scheduler.invites.ical.content import ATTENDANCE, DETAILS, Content, changed

Key = tuple[str, int]
"""(UID, attendee id): one calendar entry of one person."""


class MessageKind(StrEnum):
    """What a message is to the person who reads it."""

    NEW = "new"
    UPDATE = "update"
    DETAILS = "details"
    AGAIN = "again"
    """The invitation as it is, to who asked for it or answered an earlier one; `previous` is that one."""
    CANCEL = "cancel"
    PROPOSAL = "proposal"
    """A proposed time was not taken."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an attendee's calendar should show."""

    uid: str
    attendee_id: int
    content: Content


@dataclass(frozen=True, slots=True)
class Told:
    """The last message sent to an attendee about a UID, and the answer known since."""

    uid: str
    attendee_id: int
    sequence: int
    dtstamp: datetime
    method: Method
    content: Content
    partstat: Partstat = Partstat.NEEDS_ACTION


@dataclass(frozen=True, slots=True, kw_only=True)
class Off:
    """Why a meeting is off: `code` where a schedule does not hold it, else who withdrew it, with their note.

    `person` and `firm` are both forms of their names joined, empty where nobody is known; `is_own` if it
    was the reader.
    """

    code: str = ""
    person: str = ""
    firm: str = ""
    note: str = ""
    is_own: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """One iTIP message to one attendee; `dtstamp` is UTC in whole seconds.

    `previous` is what the calendar was told before, for "was ... now ...". `meeting_is_off` tells a
    cancelled meeting from one that goes on without this attendee (RFC 5546 3.2.5).
    """

    uid: str
    attendee_id: int
    method: Method
    sequence: int
    dtstamp: datetime
    content: Content
    partstat: Partstat
    kind: MessageKind
    previous: Content | None = None
    meeting_is_off: bool = False
    off: Off | None = None

    def to_json(self) -> dict[str, Any]:
        """JSON values only; `from_json` gives an equal Message, so that a retry renders the same mail."""
        return {
            "uid": self.uid,
            "attendee_id": self.attendee_id,
            "method": self.method.value,
            "sequence": self.sequence,
            "dtstamp": self.dtstamp.isoformat(),
            "content": self.content.to_json(),
            "partstat": self.partstat.value,
            "kind": self.kind.value,
            "previous": self.previous.to_json() if self.previous else None,
            "meeting_is_off": self.meeting_is_off,
            "off": asdict(self.off) if self.off else None,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Message:
        """The Message that `to_json` wrote."""
        previous = values["previous"]
        return cls(
            uid=values["uid"],
            attendee_id=values["attendee_id"],
            method=Method(values["method"]),
            sequence=values["sequence"],
            dtstamp=datetime.fromisoformat(values["dtstamp"]),
            content=Content.from_json(values["content"]),
            partstat=Partstat(values["partstat"]),
            kind=MessageKind(values["kind"]),
            previous=Content.from_json(previous) if previous else None,
            meeting_is_off=values["meeting_is_off"],
            off=Off(**values["off"]) if values.get("off") else None,
        )


@dataclass(frozen=True, slots=True)
class Others:
    """What is known of other attendees where messages are made for some: each UID's last DTSTAMP, and the
    UIDs that go on for somebody.
    """

    stamps: Mapping[str, datetime]
    going_on: frozenset[str]


NOBODY = Others({}, frozenset())


def new_uid(domain: str) -> str:
    """A UID for a new meeting: opaque, unique, fixed for its life, the same for both sides and the feed."""
    return f"{uuid.uuid4()}@{domain}"


def messages(
    told: Mapping[Key, Told], wanted: Mapping[Key, Wanted], now: datetime, others: Others = NOBODY
) -> tuple[Message, ...]:
    """The net effect: what to send so that every calendar shows what is wanted, ordered by (UID, attendee).

    `told` is what was really sent (the last message a key), not what waits to be sent: so several moves
    before a sending are one message, and a meeting made and cancelled before it is none. `now` is aware;
    DTSTAMP is `max(now, last + 1 s)` over all attendees of a UID. Raises CancelledUid if a key that was
    told CANCEL is wanted. `told` and `wanted` may be those of some attendees, if `others` has the rest.
    """
    if now.tzinfo is None:
        raise ValueError("now must be aware: DTSTAMP is in UTC")
    stamps = _stamps(told, wanted, now, others)
    going_on = {uid for uid, _ in wanted} | {uid for uid, _ in told if uid in others.going_on}
    return tuple(_each(told, wanted, stamps, now, going_on))


def _each(
    told: Mapping[Key, Told],
    wanted: Mapping[Key, Wanted],
    stamps: Mapping[str, datetime],
    now: datetime,
    going_on: set[str],
) -> Iterator[Message]:
    for key in sorted(told.keys() | wanted.keys()):
        stamp = stamps.get(key[0]) or _whole(now)
        last, goal = told.get(key), wanted.get(key)
        if goal is None:
            if last is not None and last.method is not Method.CANCEL:
                yield _cancel(last, stamp, meeting_is_off=key[0] not in going_on)
        elif last is None:
            yield _new(goal, stamp)
        elif last.method is Method.CANCEL:
            raise CancelledUid(*key)
        elif changed(last.content, goal.content, ATTENDANCE):
            yield _update(last, goal.content, stamp)
        elif changed(last.content, goal.content, DETAILS):
            yield _details(last, goal.content, stamp)


def _new(goal: Wanted, stamp: datetime) -> Message:
    return Message(
        goal.uid,
        goal.attendee_id,
        Method.REQUEST,
        0,
        stamp,
        goal.content,
        Partstat.NEEDS_ACTION,
        MessageKind.NEW,
    )


def _update(last: Told, content: Content, stamp: datetime) -> Message:
    return Message(
        last.uid,
        last.attendee_id,
        Method.REQUEST,
        last.sequence + 1,
        stamp,
        content,
        Partstat.NEEDS_ACTION,
        MessageKind.UPDATE,
        previous=last.content,
    )


def _details(last: Told, content: Content, stamp: datetime) -> Message:
    return Message(
        last.uid,
        last.attendee_id,
        Method.REQUEST,
        last.sequence,
        stamp,
        content,
        last.partstat,
        MessageKind.DETAILS,
        previous=last.content,
    )


def _cancel(last: Told, stamp: datetime, *, meeting_is_off: bool) -> Message:
    return Message(
        last.uid,
        last.attendee_id,
        Method.CANCEL,
        last.sequence + 1,
        stamp,
        last.content,
        last.partstat,
        MessageKind.CANCEL,
        meeting_is_off=meeting_is_off,
    )


def _stamps(
    told: Mapping[Key, Told], wanted: Mapping[Key, Wanted], now: datetime, others: Others
) -> dict[str, datetime]:
    stamps: dict[str, datetime] = {}
    least = _whole(now)
    known = [(uid, others.stamps[uid]) for uid, _ in told.keys() | wanted.keys() if uid in others.stamps]
    for uid, stamp in [*known, *((uid, last.dtstamp) for (uid, _), last in told.items())]:
        stamps[uid] = max(stamps.get(uid, least), _whole(stamp) + timedelta(seconds=1))
    return stamps


def _whole(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(microsecond=0)
