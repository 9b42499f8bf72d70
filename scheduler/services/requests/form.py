"""Validation of a new request: every fault by field, before anything is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, bindparam, func, select
from sqlalchemy.orm import Session

from scheduler.domain import fields
from scheduler.domain.entities import OPEN_REQUESTS, PlaceKind, PlaceWish, RequestState, Side
from scheduler.domain.errors import Fault, InvalidInput
from scheduler.domain.fields import Message, NamedPeople, Priority, Topic
from scheduler.i18n import gettext_lazy
from scheduler.services.directory import firm_notes
from scheduler.services.directory.references import SlotRef, list_slots
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.requests.preferences.ranked_requests import check_must_budget
from scheduler.services.text import clean_line, clean_lines, is_storable
from scheduler.storage.database import keep_alive
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import Attendee, Firm, MeetingRequest, Place
from scheduler.storage.rows import rows_of

MAX_PENDING = 200
"""Pending requests per sending firm."""


@dataclass(frozen=True, slots=True)
class NewRequest:
    """A request as entered. Firms, people and slots are keys. `length` is in slots.

    `slots` are the allowed start slots, None or empty for any. `from_firm` is for organisers, who may send
    requests in a firm's name. An exhibitor sends for the own firm.
    """

    to_firm: str
    topic: Topic
    priority: Priority = 3
    length: int = 1
    message: Message = ""
    place: str = PlaceWish.ANY
    slots: Sequence[str] | None = None
    from_attendees: Sequence[str] = ()
    to_attendees: Sequence[str] = ()
    from_firm: str | None = None


@dataclass(frozen=True, slots=True)
class CheckedRequest:
    """A valid request. `latest` is the start of the last slot in which it could be scheduled."""

    from_firm: Firm
    to_firm: Firm
    topic: str
    message: str
    priority: int
    length: int
    place: PlaceWish
    slots: list[str] | None
    people: tuple[tuple[Attendee, Side], ...]
    latest: datetime


def check_request(session: Session, actor: Actor, form: NewRequest, *, now: datetime) -> CheckedRequest:
    """Validate a request.

    Raises NotAllowed if the actor may not send it, InvalidInput with all faults by field.
    """
    return _Checker(session, actor, form, now).check()


_OPEN = (
    select(MeetingRequest)
    .where(
        MeetingRequest.lower_firm_id == bindparam("lower"),
        MeetingRequest.upper_firm_id == bindparam("upper"),
        MeetingRequest.state.in_(OPEN_REQUESTS),
    )
    .execution_options(populate_existing=True)
)


def find_open_request(session: Session, firm_id: int, other_id: int) -> MeetingRequest | None:
    """Return the open request of a pair of firms, in either direction. At most one is open at a time."""
    lower, upper = sorted((firm_id, other_id))
    return session.scalar(_OPEN, {"lower": lower, "upper": upper})


def refuse_second(request: MeetingRequest, from_firm_id: int) -> None:
    """Raises InvalidInput unless the pair's open request is one that the sending firm can still accept."""
    if request.state is RequestState.ACCEPTED:
        raise InvalidInput(
            [
                Fault(
                    "to_firm",
                    gettext_lazy("these companies have already agreed to meet (%(key)s)", key=request.key),
                )
            ]
        )
    if request.from_firm_id == from_firm_id:
        raise InvalidInput(
            [
                Fault(
                    "to_firm",
                    gettext_lazy("this company has already received a request (%(key)s)", key=request.key),
                )
            ]
        )


def is_overdue(request: MeetingRequest, now: datetime) -> bool:
    """Return True if the request's deadline has passed, even if it is not marked as expired yet."""
    pending = request.state is RequestState.PENDING
    return pending and request.expires_at is not None and request.expires_at <= now


_NAMED = in_chunks(Firm.key, bindparam("keys"))
_FIRMS = (
    select(Firm)
    .where(Firm.event_id == bindparam("event"), _NAMED | (Firm.id == bindparam("own")))
    .order_by(Firm.id)
    .with_for_update(read=True, key_share=True)
)
"""Locks both firms, like the insert of the request, but in id order.

Until the commit neither can be withdrawn or exclude the other: `firm_notes` takes a full lock for that.
"""
_PENDING_COUNT = select(func.count()).where(
    MeetingRequest.from_firm_id == bindparam("firm"), MeetingRequest.state == RequestState.PENDING
)


@dataclass(slots=True)
class _Checker:
    session: Session
    actor: Actor
    form: NewRequest
    now: datetime
    faults: list[Fault] = field(default_factory=list)

    def fault(self, path: str, message: str) -> None:
        self.faults.append(Fault(path, message))

    def check(self) -> CheckedRequest:
        sender, receiver = self.firms()
        topic, message = self.texts()
        self.faults.extend(fields.check_field("priority", self.form.priority, Priority))
        if sender is not None and not self.faults:
            event_id = self.actor.event_id
            self.faults.extend(check_must_budget(self.session, event_id, sender.id, self.form.priority))
        slots, latest = self.slots()
        place = self.place(receiver)
        people = self.people(sender, receiver)
        if sender and receiver:
            self.pair(sender, receiver)
        if self.faults or sender is None or receiver is None or place is None or latest is None:
            raise InvalidInput(self.faults)
        return CheckedRequest(
            from_firm=sender,
            to_firm=receiver,
            topic=topic,
            message=message,
            priority=self.form.priority,
            length=self.form.length,
            place=place,
            slots=slots,
            people=people,
            latest=latest,
        )

    def firms(self) -> tuple[Firm | None, Firm | None]:
        self.actor.require(
            Right.REQUEST_MEETINGS,
            firm_id=self.actor.firm_id,
            sentence=gettext_lazy("Only company contacts can request meetings for their company."),
        )
        keys = [
            key for key in (self.form.to_firm, self.form.from_firm) if key is not None and is_storable(key)
        ]
        asked = {"event": self.actor.event_id, "keys": keys, "own": self.actor.firm_id}
        found = [keep_alive(self.session, firm) for firm in self.session.scalars(_FIRMS, asked)]
        sender = next((firm for firm in found if self.is_sender(firm)), None)
        receiver = next((firm for firm in found if firm.key == self.form.to_firm), None)
        if sender is None:
            self.fault("from_firm", gettext_lazy("choose an exhibitor of this event"))
        else:
            own = gettext_lazy("You can only send requests for your own company.")
            self.actor.require(Right.REQUEST_MEETINGS, firm_id=sender.id, sentence=own)
        if receiver is None:
            self.fault("to_firm", gettext_lazy("choose an exhibitor of this event"))
        return sender, receiver

    def is_sender(self, firm: Firm) -> bool:
        if self.form.from_firm is None:
            return firm.id == self.actor.firm_id
        return firm.key == self.form.from_firm

    def texts(self) -> tuple[str, str]:
        topic, message = clean_line(self.form.topic), clean_lines(self.form.message)
        if not topic:
            self.fault("topic", gettext_lazy("enter what the meeting is about, in one line"))
        else:
            self.faults.extend(fields.check_field("topic", topic, Topic))
        self.faults.extend(fields.check_field("message", message, Message))
        return topic, message

    def slots(self) -> tuple[list[str] | None, datetime | None]:
        """Return the allowed start slots in time order, and the start of the last possible one."""
        rows = list_slots(self.session, self.actor.event_id)
        known, wanted = {slot.key for slot in rows}, set(self.form.slots or ())
        for key in sorted(wanted - known):
            self.fault(
                "slots", gettext_lazy("choose only slots of this event; %(key)s isn't one", key=repr(key))
            )
        longest = max((_room(rows, i) for i in range(len(rows))), default=0)
        if not 1 <= self.form.length <= max(longest, 1):
            self.fault("length", gettext_lazy("choose 1 to %(most)s slots", most=max(longest, 1)))
            return None, None
        fitting = [slot for i, slot in enumerate(rows) if _room(rows, i) >= self.form.length]
        ahead = [slot for slot in fitting if slot.start > self.now]
        chosen = [slot for slot in ahead if not wanted or slot.key in wanted]
        if not ahead:
            self.fault("slots", gettext_lazy("all meeting times of this event are over"))
        elif not chosen and wanted <= known:
            self.fault(
                "slots",
                gettext_lazy("choose at least one time at which a meeting of this length can still start"),
            )
        return [slot.key for slot in chosen] if wanted else None, chosen[-1].start if chosen else None

    def place(self, receiver: Firm | None) -> PlaceWish | None:
        if self.form.place not in set(PlaceWish):
            self.fault("place", gettext_lazy("choose booth, table or any"))
            return None
        wish = PlaceWish(self.form.place)
        if (
            wish is PlaceWish.BOOTH
            and receiver
            and not self.has_place(Place.firm_id.in_([receiver.id, receiver.host_id]) & ~Place.is_retired)
        ):
            self.fault("place", gettext_lazy("choose another location; this company has no booth"))
        if wish is PlaceWish.TABLE and not self.has_place(
            (Place.kind == PlaceKind.TABLE) & ~Place.is_retired
        ):
            self.fault("place", gettext_lazy("choose another location; this event has no tables"))
        return wish

    def has_place(self, condition: ColumnElement[bool]) -> bool:
        query = select(Place.id).where(Place.event_id == self.actor.event_id, condition).limit(1)
        return self.session.scalar(query) is not None

    def people(self, sender: Firm | None, receiver: Firm | None) -> tuple[tuple[Attendee, Side], ...]:
        keys = [*self.form.from_attendees, *self.form.to_attendees]
        if not keys:
            return ()
        rows = self.session.scalars(
            select(Attendee).where(
                Attendee.event_id == self.actor.event_id,
                Attendee.withdrawn_at.is_(None),
                in_chunks(Attendee.key, filter(is_storable, keys)),
            )
        )
        known = {row.key: row for row in rows}
        return (
            *self.side("from_attendees", self.form.from_attendees, known, sender, Side.FROM),
            *self.side("to_attendees", self.form.to_attendees, known, receiver, Side.TO),
        )

    def side(
        self, path: str, keys: Sequence[str], known: dict[str, Attendee], firm: Firm | None, side: Side
    ) -> list[tuple[Attendee, Side]]:
        """Return the distinct named people of one side."""
        unique = list(dict.fromkeys(keys))
        if not fields.limits(NamedPeople).hold(unique):
            self.fault(
                path, gettext_lazy("select at most %(most)s people", most=fields.limits(NamedPeople).most)
            )
        if firm is None:
            return []
        people = [known[key] for key in unique if key in known and known[key].firm_id == firm.id]
        for key in unique:
            if key not in {person.key for person in people}:
                self.fault(
                    path,
                    gettext_lazy("select only people from this company; %(key)s isn't one", key=repr(key)),
                )
        return [(person, side) for person in people]

    def pair(self, sender: Firm, receiver: Firm) -> None:
        if sender.id == receiver.id:
            self.fault("to_firm", gettext_lazy("choose another company; this one is your own"))
            return
        if sender.withdrawn_at is not None:
            self.fault(
                "from_firm",
                gettext_lazy("this exhibitor was removed from the event; an organiser can restore it"),
            )
        if receiver.withdrawn_at is not None:
            self.fault("to_firm", gettext_lazy("choose another company; this one was removed from the event"))
        never = firm_notes.excluding_firms(self.session, sender.id, receiver.id)
        if sender.id in never:
            self.fault(
                "to_firm",
                gettext_lazy("allow requests again on this company's page first; you blocked them"),
            )
        elif never:
            self.fault(
                "to_firm",
                gettext_lazy("this company doesn't accept requests from your company at this event"),
            )
        other = find_open_request(self.session, sender.id, receiver.id)
        if other is not None and not is_overdue(other, self.now):
            try:
                refuse_second(other, sender.id)
            except InvalidInput as error:
                self.faults.extend(error.faults)
            return
        pending = rows_of(self.session, _PENDING_COUNT, firm=sender.id).scalar_one()
        if pending >= MAX_PENDING:
            self.fault(
                "to_firm",
                gettext_lazy(
                    "withdraw a request first; %(num)s of your requests are still waiting for a response",
                    num=pending,
                ),
            )


def _room(slots: Sequence[SlotRef], i: int) -> int:
    """Return the number of slots from slot `i` to the end of its block."""
    room = 1
    while i + room < len(slots) and slots[i + room].block == slots[i].block:
        room += 1
    return room
