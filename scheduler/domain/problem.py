"""Problem: the immutable, index-based input of a solve."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from fractions import Fraction
from functools import cached_property
from zoneinfo import ZoneInfo

from scheduler.domain.entities import PlaceKind, PlaceWish, Tier
from scheduler.domain.firm_groups import FirmGroup, GroupBy, group_firms
from scheduler.domain.plan import Meeting

DEFAULT_FACTORS: Mapping[str, int | float] = {
    "served": 100,
    "shortfall": 2000,
    "idle": 10,
    "hall_change": 4,
    "moved": 60,
    "relocated": 15,
    "reassigned": 30,
    "dropped": 400,
}
NAMED_FACTORS = frozenset(("group_gap", "repeated", "unfair"))
"""Terms that count only if a file names their factor."""
TERMS = (*DEFAULT_FACTORS, *sorted(NAMED_FACTORS))
"""All terms of the objective."""
EVENT_FACTORS: Mapping[str, int | float] = {"repeated": 120}
"""Factors added to the defaults for events of an installation.

With 120, no uninvolved person of 620 firms had more than three changes in ten nights of churn, from each of
three seeds; with 40 and with 80, some had (`benchmarks.repeated`).
"""

IMPROVING_FACTORS: Mapping[str, int | float] = {
    "moved": 1,
    "relocated": 0.25,
    "reassigned": 0.5,
    "repeated": 1,
}
"""Upper limits on change costs in a run with a change budget, where the budget limits the changes."""

SAME_START, ANY_START = "same_start", "any_start"
"""Published meetings that `reassigned` counts: those at the same start, or (events) all scheduled ones."""

People = tuple[int, ...]
"""Attendee indices."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One meeting time, a half-open interval. The slots of a block are consecutive."""

    id: str
    start: datetime
    end: datetime
    block: str


@dataclass(frozen=True, slots=True)
class Place:
    """A booth (of firm `firm`) or a table. `hall`, `firm`, `unavailable` and `partners` are indices.

    `partners` are the firms that share a booth with its owner, and therefore its capacity.
    """

    id: str
    hall: int
    kind: PlaceKind
    firm: int | None = None
    capacity: int = 1
    unavailable: frozenset[int] = frozenset()
    partners: frozenset[int] = frozenset()

    @property
    def owners(self) -> frozenset[int]:
        """The firms that can be met here: the owner of a booth and its partners. Empty for a table."""
        return self.partners if self.firm is None else self.partners | {self.firm}


@dataclass(frozen=True, slots=True)
class Firm:
    id: str
    name: str
    tier: Tier
    areas: tuple[str, ...]
    country: str
    max_per_day: int | None = None
    min_meetings: int = 0


@dataclass(frozen=True, slots=True)
class Attendee:
    """A person of firm `firm` (an index). `unavailable` holds slot indices.

    `changed_before` is how many changes of their meetings they were told of before. The next one costs as
    much as if those were changes of this plan (term `repeated`). `max_in_row` and `max_days`
    replace those of the policy.
    """

    id: str
    firm: int
    languages: frozenset[str]
    unavailable: frozenset[int] = frozenset()
    max_per_day: int | None = None
    changed_before: int = 0
    max_in_row: int | None = None
    max_days: int | None = None


@dataclass(frozen=True, slots=True)
class Interpreter:
    id: str
    languages: frozenset[str]
    unavailable: frozenset[int] = frozenset()
    stations: tuple[tuple[int, int], ...] = ()  # (slot, only place to interpret at in it) (H14)


@dataclass(frozen=True, slots=True)
class Fixed:
    """A request fixed to a slot (and optionally a place), by indices. `must`: it must be scheduled."""

    slot: int
    place: int | None = None
    must: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """A request from `sender` to `receiver`. `length` is in slots. Firms, people and slots are indices.

    `excluded` are people of either firm who do not attend this meeting; a colleague attends instead.
    """

    id: str
    sender: int
    receiver: int
    weight: int
    length: int = 1
    from_attendees: tuple[int, ...] = ()
    to_attendees: tuple[int, ...] = ()
    place: PlaceWish = PlaceWish.ANY
    slots: tuple[int, ...] | None = None
    fixed: Fixed | None = None
    excluded: frozenset[int] = frozenset()

    @property
    def is_must(self) -> bool:
        """True if it is locked: it must be scheduled where it is fixed."""
        return self.fixed is not None and self.fixed.must


@dataclass(frozen=True, slots=True)
class FairShare:
    """A target share of each firm's requests, and the penalty per meeting below it."""

    share: float
    price: int = 1


@dataclass(frozen=True, slots=True)
class Policy:
    require_all: bool = False
    fair_share: float = 0.0
    idle_counts: str = "slots"
    max_idle_spread: int | None = None
    max_moved: int | None = None
    factors: Mapping[str, int | float] = field(default_factory=lambda: dict(DEFAULT_FACTORS))
    reassigned_counts: str = SAME_START
    fair_shares: tuple[FairShare, ...] = ()
    group_by: GroupBy = GroupBy.LIST
    max_pair_per_day: int | None = None
    max_in_row: int | None = None
    max_days: int | None = None

    def improving(self, max_moved: int) -> Policy:
        """Return the policy to improve a published plan by at most `max_moved` changes, at reduced costs."""
        lower = {k: min(price, IMPROVING_FACTORS.get(k, price)) for k, price in self.factors.items()}
        return replace(self, max_moved=max_moved, factors=lower)

    @property
    def moved_and_reassigned(self) -> int | float:
        """Extra cost of different people in a published meeting that also moves to another start."""
        return self.factors["reassigned"] if self.reassigned_counts == ANY_START else 0


def round_up_share(share: float, count: int) -> int:
    """Return ceil(share * count) in exact decimal arithmetic: 0.07 of 100 is 7, not 8."""
    return math.ceil(Fraction(str(share)) * count)


@dataclass(frozen=True)
class Problem:
    """The complete input of a solve. Indices refer to the tuples below.

    `walking[a][b]` is the walking time in minutes from hall a to hall b. `precedences` are pairs of request
    indices (before, after). `published` uses ids, since its objects may no longer be in the problem.
    `named_groups` are the groups of the file, `firm_groups` those that count.
    `released` are ids of requests that are exempt from being compulsory or frozen. Problem files never have
    any: a solver releases commitments that are infeasible.
    """

    name: str
    timezone: str
    slots: tuple[Slot, ...]
    halls: tuple[str, ...]
    walking: tuple[tuple[float, ...], ...]
    places: tuple[Place, ...]
    firms: tuple[Firm, ...]
    attendees: tuple[Attendee, ...]
    interpreters: tuple[Interpreter, ...]
    requests: tuple[Request, ...]
    precedences: tuple[tuple[int, int], ...] = ()
    published: tuple[Meeting, ...] = ()
    frozen_until: datetime | None = None
    policy: Policy = field(default_factory=Policy)
    released: frozenset[str] = frozenset()
    named_groups: tuple[FirmGroup, ...] = ()
    source_fingerprint: str | None = field(default=None, compare=False)

    @cached_property
    def days(self) -> tuple[int, ...]:
        """Day number of each slot from 0, by its start in the event's time zone."""
        zone = ZoneInfo(self.timezone)
        dates = [slot.start.astimezone(zone).date() for slot in self.slots]
        order = {date: day for day, date in enumerate(sorted(set(dates)))}
        return tuple(order[date] for date in dates)

    @cached_property
    def room_ahead(self) -> tuple[int, ...]:
        """Slots from each slot to the end of its block, itself included: the maximum meeting length."""
        room = [1] * len(self.slots)
        for s in range(len(self.slots) - 2, -1, -1):
            if self.slots[s].block == self.slots[s + 1].block:
                room[s] = room[s + 1] + 1
        return tuple(room)

    @cached_property
    def most_in_row(self) -> tuple[int | None, ...]:
        """The most meetings in a row of each attendee (H16): their own limit, else that of the policy."""
        most = self.policy.max_in_row
        return tuple(most if row.max_in_row is None else row.max_in_row for row in self.attendees)

    @cached_property
    def most_days(self) -> tuple[int | None, ...]:
        """The most days with meetings of each attendee (H17): their own limit, else that of the policy."""
        most = self.policy.max_days
        return tuple(most if row.max_days is None else row.max_days for row in self.attendees)

    def is_followed(self, slot: int) -> bool:
        """True if the next slot is in the same block."""
        return self.room_ahead[slot] > 1

    @cached_property
    def compulsory(self) -> frozenset[int]:
        """Requests that must be scheduled (H1)."""
        everything = self.policy.require_all
        rows = [(r, row) for r, row in enumerate(self.requests) if everything or row.is_must]
        return frozenset(r for r, row in rows if row.id not in self.released)

    def releasing(self, requests: Collection[str]) -> Problem:
        """Return a copy in which these requests may be unscheduled or changed."""
        return replace(self, released=frozenset(requests)) if requests else self

    @cached_property
    def firm_attendees(self) -> tuple[tuple[int, ...], ...]:
        """Attendee indices of each firm."""
        members: list[list[int]] = [[] for _ in self.firms]
        for a, attendee in enumerate(self.attendees):
            members[attendee.firm].append(a)
        return tuple(tuple(people) for people in members)

    def sides(self, request: Request) -> tuple[tuple[People, ...], tuple[People, ...]]:
        """Return the groups of people that may attend for the sending side, and for the receiving side."""
        asking = self._side(request.from_attendees, request.sender, request.excluded)
        return asking, self._side(request.to_attendees, request.receiver, request.excluded)

    def _side(self, named: People, firm: int, excluded: frozenset[int]) -> tuple[People, ...]:
        if named:
            return (named,)
        alone = self._alone[firm]
        return tuple(group for group in alone if group[0] not in excluded) if excluded else alone

    @cached_property
    def _alone(self) -> tuple[tuple[People, ...], ...]:
        """Each attendee of each firm as a group of one."""
        return tuple(tuple((a,) for a in members) for members in self.firm_attendees)

    def meeting(
        self, request: int, slot: int, place: int, people: Iterable[int], interpreter: int | None
    ) -> Meeting:
        """Return a meeting by ids, from indices."""
        return Meeting(
            self.requests[request].id,
            self.slots[slot].id,
            self.places[place].id,
            tuple(self.attendees[a].id for a in people),
            None if interpreter is None else self.interpreters[interpreter].id,
        )

    @cached_property
    def floors(self) -> tuple[int, ...]:
        """Target minimum of meetings per firm: max(min_meetings, ceil(fair_share * n)), at most n."""
        return tuple(self.floor_of(firm, n) for firm, n in enumerate(self.request_counts))

    def floor_of(self, firm: int, requests: int) -> int:
        """Return the target minimum of meetings of a firm with this many requests."""
        least = max(self.firms[firm].min_meetings, round_up_share(self.policy.fair_share, requests))
        return min(requests, least)

    @cached_property
    def request_counts(self) -> tuple[int, ...]:
        """Number of requests per firm, sent and received."""
        counts = Counter(firm for request in self.requests for firm in (request.sender, request.receiver))
        return tuple(counts[firm] for firm in range(len(self.firms)))

    @cached_property
    def firm_groups(self) -> tuple[FirmGroup, ...]:
        """The groups whose shares are compared: those of the file, or by `policy.group_by`."""
        by = self.policy.group_by
        return self.named_groups if by is GroupBy.LIST else group_firms(self.firms, by)

    @cached_property
    def group_request_counts(self) -> tuple[int, ...]:
        """Number of requests of the firms of each group, sent and received: twice within the group."""
        return tuple(sum(self.request_counts[firm] for firm in group.firms) for group in self.firm_groups)

    @cached_property
    def groups_of_firm(self) -> tuple[tuple[int, ...], ...]:
        """The groups that each firm belongs to, as indices."""
        found: list[list[int]] = [[] for _ in self.firms]
        for g, group in enumerate(self.firm_groups):
            for firm in group.firms:
                found[firm].append(g)
        return tuple(map(tuple, found))

    @cached_property
    def fair_levels(self) -> tuple[tuple[tuple[int, int], ...], ...]:
        """Per firm, (number of meetings, penalty) for each of `policy.fair_shares`."""
        shares = self.policy.fair_shares
        return tuple(
            tuple((round_up_share(s.share, n), s.price) for s in shares) for n in self.request_counts
        )

    @cached_property
    def index(self) -> Index:
        """Mapping of ids to indices."""
        return Index(
            slots={slot.id: i for i, slot in enumerate(self.slots)},
            halls={hall: i for i, hall in enumerate(self.halls)},
            places={place.id: i for i, place in enumerate(self.places)},
            firms={firm.id: i for i, firm in enumerate(self.firms)},
            attendees={attendee.id: i for i, attendee in enumerate(self.attendees)},
            interpreters={person.id: i for i, person in enumerate(self.interpreters)},
            requests={request.id: i for i, request in enumerate(self.requests)},
        )


@dataclass(frozen=True, slots=True)
class Index:
    """Index of each id in the tuples of its problem."""

    slots: Mapping[str, int]
    halls: Mapping[str, int]
    places: Mapping[str, int]
    firms: Mapping[str, int]
    attendees: Mapping[str, int]
    interpreters: Mapping[str, int]
    requests: Mapping[str, int]
