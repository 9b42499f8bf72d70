"""What a night may change of what people have in their calendars, when it publishes by itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from scheduler.domain.changes import Change, ChangeKind


@dataclass(frozen=True, slots=True)
class NightBudget:
    """At most `percent` of the published meetings change, `a_person` of each person, and none that starts
    within `hours`.

    A meeting changes that is held at another time or place, or by other people, or not at all. One that was
    called off by its firms does not count.
    """

    percent: int = 5
    a_person: int = 2
    hours: int = 24

    def most(self, published: int) -> int:
        """How many of the published meetings may change."""
        return self.percent * published // 100

    def excess(
        self, changes: Iterable[Change], *, published: int, starts: Mapping[str, datetime], now: datetime
    ) -> list[str]:
        """What of the budget is exceeded, a sentence each, with the figures. `starts` are those of slots."""
        changes = list(changes)
        return [
            *self._too_many(len(changes), published),
            *self._of_a_person(changes),
            *self._too_soon(changes, starts, now),
        ]

    def _too_many(self, changed: int, published: int) -> Iterable[str]:
        if changed > self.most(published):
            yield (
                f"it changes {changed:,} of {published:,} published meetings, "
                f"{100 * changed / published:.1f} %, and a night may change {self.percent} %"
            )

    def _of_a_person(self, changes: Sequence[Change]) -> Iterable[str]:
        counts = Counter(person for c in changes if c.before for person in set(c.before.attendees))
        many = [count for count in counts.values() if count > self.a_person]
        if many:
            yield (
                f"people with more than {self.a_person} changes, which is the most for one person: "
                f"{len(many):,}, one of them with {max(many):,}"
            )

    def _too_soon(
        self, changes: Sequence[Change], starts: Mapping[str, datetime], now: datetime
    ) -> Iterable[str]:
        until = now + timedelta(hours=self.hours)
        soon = sum(any(starts[m.slot] < until for m in (c.before, c.after) if m) for c in changes)
        if soon:
            yield f"changed meetings that start within {self.hours} hours: {soon:,}"


def counted(changes: Iterable[Change], accepted: Collection[str]) -> list[Change]:
    """The changes that a budget counts. `accepted` are the requests that both firms still want."""
    kinds = ChangeKind.MOVED, ChangeKind.RELOCATED, ChangeKind.REASSIGNED
    dropped = ChangeKind.CANCELLED
    return [c for c in changes if c.kind in kinds or (c.kind is dropped and c.request in accepted)]
