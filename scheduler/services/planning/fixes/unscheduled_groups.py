"""Unscheduled requests of a version grouped by reason, each group with its best fix."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session, aliased

from scheduler.domain.errors import NotFound
from scheduler.domain.plan import NOT_EXAMINED
from scheduler.i18n import venue_label
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.paging import Page, page_of_reader
from scheduler.services.requests import unscheduled_requests
from scheduler.services.requests.unscheduled_requests import Thing, UnscheduledDetails
from scheduler.services.schedule import scheduled, unscheduled, versions
from scheduler.services.text import is_storable
from scheduler.storage.models import Firm, Hall, MeetingRequest, ScheduleVersion, Slot, UnscheduledRequest

ADDING_FIXES: Final = frozenset({"add-person", "add-interpreter"})
"""Fixes that need a person's name and email address."""


@dataclass(frozen=True, slots=True)
class SuggestedFix:
    """A suggested change of the event, with names. `starts` are the times that it opens."""

    kind: str
    things: Sequence[Thing]
    starts: Sequence[datetime]


@dataclass(frozen=True, slots=True)
class UnscheduledGroup:
    """A group of unscheduled requests: reason, subject, earliest start, and fix.

    With the fix, `holds` of them fit beside the plan and add `gains` points; None if not computed. `number`
    is None for versions made before groups existed.
    """

    number: int | None
    reason: str
    kind: str
    things: Sequence[Thing]
    start: datetime | None
    requests: int
    weight: int | float
    fix: SuggestedFix | None
    holds: int | None
    gains: int | float | None


@dataclass(frozen=True, slots=True)
class UnscheduledCounts:
    """Counts of a version's unscheduled requests, by what is known about them.

    `accepted` counts the event's requests. `most` is the proven maximum, if known. `newer` were accepted
    later. `unexamined` had no reason when the run was stopped. `fitting` fit into the version as it is.
    """

    accepted: int
    scheduled: int
    most: int | None
    newer: int
    unexamined: int
    fitting: int

    @property
    def requests(self) -> int:
        """Number of accepted requests that are not scheduled."""
        return max(self.accepted - self.scheduled, 0)

    @property
    def unexplained(self) -> int:
        return self.newer + self.unexamined

    @property
    def within_reach(self) -> int | None:
        """Upper bound of additional requests that a search can schedule, if known."""
        if self.most is None:
            return None
        return max(min(self.requests - self.newer, self.most - self.scheduled), 0)


@dataclass(frozen=True, slots=True)
class UnscheduledReason:
    """Requests unscheduled for one reason, and the groups whose fixes schedule most of them.

    `about` counts the subjects of its groups by kind. `fixes` counts the groups with a fix.
    """

    reason: str
    requests: int
    about: Mapping[str, int]
    fixes: int
    best: Sequence[UnscheduledGroup]


def count_unscheduled(session: Session, actor: Actor, number: int) -> UnscheduledCounts:
    """Return the counts of a version. Raises NotFound."""
    version = _version(session, actor, number)
    counts = _counts(session, version)
    accepted = scheduled.count_accepted(session, version.event_id)
    held = scheduled.count_scheduled(session, version.id)
    return UnscheduledCounts(
        accepted=accepted,
        scheduled=held,
        most=version.meetings_bound,
        newer=max(accepted - held - sum(count for _, _, count in counts), 0),
        unexamined=sum(count for _, reason, count in counts if reason == NOT_EXAMINED),
        fitting=sum(count for _, reason, count in counts if reason == "search-ended"),
    )


def list_reasons(session: Session, actor: Actor, number: int, *, best: int) -> list[UnscheduledReason]:
    """Return the reasons of unscheduled requests, most frequent first, each with its `best` groups.

    The number of queries is constant. Unexamined requests have no reason and are left out.
    """
    version = _version(session, actor, number)
    reasons: dict[str, list[GroupCount]] = defaultdict(list)
    for counted in _counts(session, version):
        if counted[1] != NOT_EXAMINED:
            reasons[counted[1]].append(counted)
    known = version.groups or []
    helped = {reason: _with_fix(known, counts) for reason, counts in reasons.items()}
    cards = iter(_cards(session, version, [each for rows in helped.values() for each in rows[:best]]))
    found = [
        UnscheduledReason(
            reason,
            sum(count for _, _, count in counts),
            _about(known, counts),
            len(helped[reason]),
            [next(cards) for _ in helped[reason][:best]],
        )
        for reason, counts in reasons.items()
    ]
    return sorted(found, key=lambda card: (-card.requests, card.reason))


def list_groups(
    session: Session, actor: Actor, number: int, *, reason: str, page: int, limit: int
) -> Page[UnscheduledGroup]:
    """Return a page of a reason's groups that have a fix, most effective first.

    The number of queries is constant.
    """
    version = _version(session, actor, number)
    counts = [counted for counted in _counts(session, version) if counted[1] == reason]
    helped = _with_fix(version.groups or [], counts)

    def read(first: int, most: int) -> list[UnscheduledGroup]:
        return _cards(session, version, helped[first : first + most])

    return page_of_reader(f"groups {number}", read, len(helped), number=page, limit=limit)


def list_all_groups(session: Session, actor: Actor, number: int) -> list[UnscheduledGroup]:
    """Return all groups of a version, highest weight first."""
    version = _version(session, actor, number)
    return _cards(session, version, _counts(session, version))


def get_group(session: Session, actor: Actor, number: int, group: int) -> UnscheduledGroup:
    """Return a group by number. Raises NotFound."""
    found = find_groups(session, actor, number, [group])
    if not found:
        raise NotFound("group", group)
    return found[group]


def find_groups(
    session: Session, actor: Actor, number: int, groups: Collection[int]
) -> dict[int, UnscheduledGroup]:
    """Return the groups with these numbers that still have unscheduled requests. Constant queries."""
    version = _version(session, actor, number)
    cards = _cards(session, version, [row for row in _counts(session, version) if row[0] in groups])
    return {card.number: card for card in cards if card.number is not None}


def get_group_fix(session: Session, actor: Actor, number: int, group: int) -> Mapping[str, Any]:
    """Return the fix of a group as stored with the plan: kind, ids, slots. Raises NotFound."""
    version = _version(session, actor, number)
    rows = version.groups or []
    if not 0 <= group < len(rows) or not rows[group]["lever"]:
        raise NotFound("remedy of group", group)
    fix: Mapping[str, Any] = rows[group]["lever"]
    return fix


def list_all_fixes(session: Session, actor: Actor, number: int) -> list[Mapping[str, Any]]:
    """Return the distinct fixes of all groups that still have unscheduled requests."""
    version = _version(session, actor, number)
    known = version.groups or []
    found: list[Mapping[str, Any]] = []
    for group, _, _ in sorted(_counts(session, version), key=lambda each: each[0] or 0):
        fix = known[group]["lever"] if group is not None else None
        if fix and fix not in found:
            found.append(fix)
    return found


def list_requests(
    session: Session,
    actor: Actor,
    number: int,
    *,
    group: int | None,
    reason: str,
    words: str,
    page: int,
    limit: int,
) -> Page[UnscheduledDetails]:
    """Return a page of requests of a group, of a reason, or of all, filtered by words of the firms' names."""
    version = _version(session, actor, number)
    which = [*unscheduled.answers_query(version.id)]
    if group is not None:
        which.append(UnscheduledRequest.group_number == group)
    if reason:
        which.append(UnscheduledRequest.reason == reason)
    which += _matches_words(version.event_id, words)
    size = session.scalar(select(func.count()).select_from(UnscheduledRequest).where(*which)) or 0

    def read(first: int, most: int) -> list[UnscheduledDetails]:
        rows = select(UnscheduledRequest.answer).where(*which).order_by(UnscheduledRequest.position)
        answers = session.scalars(rows.offset(first).limit(most)).all()
        return unscheduled_requests.describe_answers(session, version.event_id, answers)

    return page_of_reader(f"not held {number}", read, size, number=page, limit=limit)


def _version(session: Session, actor: Actor, number: int) -> ScheduleVersion:
    actor.require(Right.READ_VERSIONS)
    return versions.get_version(session, actor.event_id, number)


def _matches_words(event_id: int, words: str) -> list[ColumnElement[bool]]:
    """Return SQL conditions: each word occurs in a name of either firm."""
    if not words.strip() or not is_storable(words):
        return []
    one, two = aliased(Firm), aliased(Firm)
    keys = (
        select(MeetingRequest.key)
        .join(one, one.id == MeetingRequest.from_firm_id)
        .join(two, two.id == MeetingRequest.to_firm_id)
        .where(MeetingRequest.event_id == event_id)
    )
    names = (one.name, one.latin_name, two.name, two.latin_name)
    for word in words.split()[:10]:
        keys = keys.where(or_(*(name.icontains(word, autoescape=True) for name in names)))
    return [UnscheduledRequest.request_key.in_(keys)]


GroupCount = tuple[int | None, str, int]
"""Number of a group, its reason, and its unscheduled requests."""


def _counts(session: Session, version: ScheduleVersion) -> list[GroupCount]:
    """Count unscheduled requests by group.

    Counts the rows instead of reading stored counts, so that versions with removed requests are right.
    """
    row = UnscheduledRequest
    counted = select(row.group_number, row.reason, func.count()).where(*unscheduled.answers_query(version.id))
    found = session.execute(counted.group_by(row.group_number, row.reason)).all()
    known = version.groups or []

    def order(each: Any) -> tuple[bool, float, int]:
        group, _, count = each
        return group is None, -known[group]["weight"] if group is not None else -count, group or 0

    return [(group, reason, count) for group, reason, count in sorted(found, key=order)]


def _with_fix(known: Sequence[Mapping[str, Any]], counts: Iterable[GroupCount]) -> list[GroupCount]:
    """Return the groups with a fix, by requests gained, then weight; those not computed come last."""

    def order(each: GroupCount) -> tuple[int, float]:
        group = known[each[0] or 0]
        return -(-1 if group["holds"] is None else group["holds"]), -group["weight"]

    return sorted((each for each in counts if each[0] is not None and known[each[0]]["lever"]), key=order)


def _about(known: Sequence[Mapping[str, Any]], counts: Iterable[GroupCount]) -> dict[str, int]:
    """Count the distinct subjects of some groups, by kind."""
    about = (known[each[0]]["about"] for each in counts if each[0] is not None)
    return dict(Counter(kind for kind, *ids in {(row["kind"], *row["ids"]) for row in about} if ids))


def _cards(
    session: Session, version: ScheduleVersion, counts: Iterable[GroupCount]
) -> list[UnscheduledGroup]:
    rows = [(each, (version.groups or [])[each[0]] if each[0] is not None else None) for each in counts]
    known = [row for _, row in rows if row is not None]
    keys = {key for row in known for key in row["about"]["ids"]}
    keys |= {key for row in known if row["lever"] for key in row["lever"]["ids"]}
    things = dict(unscheduled_requests.find_things(session, version.event_id, keys))
    halls: Any = select(Hall.key, Hall.name, Hall.names).where(Hall.event_id == version.event_id)
    for key, name, names in session.execute(halls):
        things.setdefault(key, venue_label(name, names))
    starts: Any = select(Slot.key, Slot.start).where(Slot.event_id == version.event_id)
    slots = dict(session.execute(starts).all())
    return [_card(counted, row, things, slots) for counted, row in rows]


def _card(
    counted: GroupCount,
    row: Mapping[str, Any] | None,
    things: Mapping[str, Thing],
    slots: Mapping[str, datetime],
) -> UnscheduledGroup:
    number, reason, requests = counted
    if row is None:
        return UnscheduledGroup(number, reason, "", (), None, requests, requests, None, None, None)
    about, fix = row["about"], row["lever"]
    return UnscheduledGroup(
        number=number,
        reason=reason,
        kind=about["kind"],
        things=[things.get(key, key) for key in about["ids"]],
        start=slots.get(about["slot"]),
        requests=requests,
        weight=row["weight"],
        fix=fix
        and SuggestedFix(
            fix["kind"],
            [things.get(key, key) for key in fix["ids"]],
            sorted(slots[slot] for slot in fix["slots"] if slot in slots),
        ),
        holds=row["holds"],
        gains=row["gains"],
    )
