"""Reasons why a request is unscheduled, restricted to what one side may see, and possible help.

The solver's explanation names people of both sides. A viewer sees the reasons of the own side, and of the
other side only people whom the request names.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.services.directory.references import PersonRef, load_slots, person_ref
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.requests.cards import RequestCard
from scheduler.services.requests.help_requests import list_help_requests
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import Attendee, Event, Firm

_OF_PEOPLE = frozenset({"away", "busy", "person-cap", "days-cap", "row-cap", "walk"})
MOST_ASKED = 4
"""Colleagues whom the page offers to email."""


class Blocker(StrEnum):
    """Side that causes an obstacle."""

    OWN = "own"
    THEIRS = "theirs"
    NOBODY = "nobody"
    """Places, interpreters, or the order of meetings."""


@dataclass(frozen=True, slots=True)
class UnscheduledReason:
    """An obstacle on one day, at `count` times, the first of them `times` (UTC).

    `what` is a code of the solver's obstacles, or `theirs` if the viewer may not see the other side's reason.
    `person` is None for a firm, or for people of the other side whom the request does not name. `limit` is
    their own maximum of meetings per day, of meetings in a row, or of days with meetings, if that is the
    reason.
    """

    what: str
    whose: Blocker
    times: tuple[datetime, ...]
    count: int
    person: PersonRef | None = None
    is_me: bool = False
    limit: int | None = None


class HelpKind(StrEnum):
    """Kind of help, besides the fixes that the solver has tried."""

    MY_TIMES = "my-times"
    """The viewer reviews their own busy times."""
    ASK_COLLEAGUE = "ask-colleague"
    ADD_COLLEAGUE = "add-colleague"
    SHORTER = "shorter"
    """The sender shortens the meeting to one slot."""
    ANY_TIME = "any-time"
    """The sender allows every time."""
    ASK_PARTNER = "ask-partner"


@dataclass(frozen=True, slots=True)
class HelpOffer:
    """A possible action of the viewer. `requested_at` is when the person, or the partner, was emailed."""

    kind: HelpKind
    person: PersonRef | None = None
    requested_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """Obstacles in order of days, and possible help."""

    rows: tuple[UnscheduledReason, ...] = ()
    helps: tuple[HelpOffer, ...] = ()
    may_add: bool = False
    """True if the viewer may add colleagues."""


NOTHING = Explanation()
"""For a request that is scheduled, or that the solver did not explain."""


def explain_requests(
    session: Session, actor: Actor, cards: Iterable[RequestCard], answers: Mapping[str, Mapping[str, Any]]
) -> dict[str, Explanation]:
    """Return what the viewer's side may see of the solver's explanations, by request key. Runs at most five
    queries.

    Empty for organisers, who see everything on the page of unscheduled requests.
    """
    if actor.firm_id is None or not answers:
        return {}
    reader = _reader(session, actor, answers)
    asked = list_help_requests(session, actor, list(answers))
    return {
        card.key: reader.explained(card, answers[card.key], asked) for card in cards if card.key in answers
    }


def _reader(session: Session, actor: Actor, answers: Mapping[str, Mapping[str, Any]]) -> _Reader:
    named = {str(row["who"]) for answer in answers.values() for row in answer.get("obstacles", ())}
    people = session.scalars(
        select(Attendee).where(Attendee.event_id == actor.event_id, in_chunks(Attendee.key, named))
    )
    own = session.get_one(Firm, actor.firm_id)
    caps = dict(
        session.execute(
            select(Firm.key, Firm.max_per_day).where(
                Firm.event_id == actor.event_id, in_chunks(Firm.key, named & {own.key})
            )
        ).all()
    )
    slots = {slot.key: slot.start for slot in load_slots(session, actor.event_id).by_id.values()}
    event = session.get_one(Event, actor.event_id)
    may_add, zone = actor.is_exhibitor and event.colleagues, ZoneInfo(event.timezone)
    return _Reader(actor, own.key, {row.key: row for row in people}, slots, caps, may_add, zone)


@dataclass(slots=True)
class _Reader:
    actor: Actor
    own: str
    people: Mapping[str, Attendee]
    slots: Mapping[str, datetime]
    caps: Mapping[str, int | None]
    may_add: bool
    zone: ZoneInfo

    def explained(
        self, card: RequestCard, answer: Mapping[str, Any], asked: Mapping[tuple[str, str], datetime]
    ) -> Explanation:
        rows = self.merged([self.row(card, each) for each in answer.get("obstacles", ())])
        return Explanation(rows, tuple(self.helps(card, rows, asked)), self.may_add)

    def row(self, card: RequestCard, found: Mapping[str, Any]) -> UnscheduledReason:
        what, who = str(found["what"]), str(found["who"])
        times = tuple(self.slots[key] for key in found["slots"] if key in self.slots)
        count = int(found["count"])
        if what in _OF_PEOPLE:
            person = self.people.get(who)
            if person is not None and person.firm_id == self.actor.firm_id:
                is_me = person.id == self.actor.attendee_id
                limits = {
                    "person-cap": person.max_per_day,
                    "row-cap": person.max_in_row,
                    "days-cap": person.max_days,
                }
                reference, limit = person_ref(person), limits.get(what)
                return UnscheduledReason(what, Blocker.OWN, times, count, reference, is_me, limit)
            on_request = {each.key for each in (*card.from_attendees, *card.to_attendees)}
            shown = person_ref(person) if person is not None and who in on_request else None
            return UnscheduledReason("theirs", Blocker.THEIRS, times, count, shown)
        if what == "firm-cap":
            if who == self.own:
                return UnscheduledReason(what, Blocker.OWN, times, count, limit=self.caps.get(who))
            return UnscheduledReason("theirs", Blocker.THEIRS, times, count)
        return UnscheduledReason(what, Blocker.NOBODY, times, count)

    def helps(
        self, card: RequestCard, rows: Sequence[UnscheduledReason], asked: Mapping[tuple[str, str], datetime]
    ) -> Iterable[HelpOffer]:
        mine = [row for row in rows if row.whose is Blocker.OWN]
        if any(row.is_me and row.what == "away" for row in mine):
            yield HelpOffer(HelpKind.MY_TIMES)
        if not self.actor.may(Right.REQUEST_MEETINGS, firm_id=self.actor.firm_id):
            return
        colleagues = {row.person.key: row.person for row in mine if row.person and not row.is_me}
        for key, person in list(colleagues.items())[:MOST_ASKED]:
            yield HelpOffer(HelpKind.ASK_COLLEAGUE, person, asked.get((card.key, key)))
        is_sent = card.from_firm.key == self.own
        named = card.from_attendees if is_sent else card.to_attendees
        if self.may_add and not named and any(row.person for row in mine):
            yield HelpOffer(HelpKind.ADD_COLLEAGUE)
        if is_sent and card.length > 1:
            yield HelpOffer(HelpKind.SHORTER)
        if is_sent and card.slots is not None:
            yield HelpOffer(HelpKind.ANY_TIME)
        yield HelpOffer(HelpKind.ASK_PARTNER, requested_at=asked.get((card.key, "")))

    def merged(self, rows: Sequence[UnscheduledReason]) -> tuple[UnscheduledReason, ...]:
        """Merge the rows by day, and those of the other side that the viewer cannot tell apart."""
        found: dict[tuple[object, ...], UnscheduledReason] = {}
        for row in rows:
            day = row.times[0].astimezone(self.zone).date() if row.times else None
            key = (day, row.what, row.whose, row.person)
            old = found.get(key)
            if old is None:
                found[key] = row
                continue
            times = tuple(sorted({*old.times, *row.times}))
            count = max(old.count, row.count, len(times))
            found[key] = UnscheduledReason(row.what, row.whose, times, count, row.person)
        return tuple(found.values())
