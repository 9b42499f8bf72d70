"""Reference implementation of rules and score on the JSON of docs/problem-format.md.

It is slow, simple and shares no code with the package, so that it can verify it. Meetings are the objects of
a plan file, and reference only existing objects of the problem.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from math import ceil
from typing import Any
from zoneinfo import ZoneInfo

Json = dict[str, Any]

FACTORS = {"served": 100, "shortfall": 2000, "idle": 10, "hall_change": 4} | {
    "moved": 60, "relocated": 15, "reassigned": 30, "dropped": 400,
}  # fmt: skip


class Page:
    """A problem file with its rows by id."""

    def __init__(self, document: Json) -> None:
        self.document = document
        self.policy: Json = document["policy"]
        self.slots: list[Json] = document["slots"]
        self.order = {row["id"]: i for i, row in enumerate(self.slots)}
        for kind in ("places", "firms", "attendees", "interpreters", "requests"):
            setattr(self, kind, {row["id"]: row for row in document[kind]})
        self.places: dict[str, Json]
        self.firms: dict[str, Json]
        self.attendees: dict[str, Json]
        self.interpreters: dict[str, Json]
        self.requests: dict[str, Json]
        zone = ZoneInfo(document["event"]["timezone"])
        self.day = [datetime.fromisoformat(row["start"]).astimezone(zone).date() for row in self.slots]
        self.walk: dict[tuple[str, str], float] = {}
        for row in document["walking_minutes"]:
            self.walk[row["from"], row["to"]] = self.walk[row["to"], row["from"]] = row["minutes"]
        for id, person in self.attendees.items():
            away = [*person.get("unavailable", []), *self._outside_hours(person, zone)]
            self.attendees[id] = {**person, "unavailable": away}
        self.published: dict[str, Json] = {m["request"]: m for m in document["published"]}

    def _outside_hours(self, person: Json, zone: ZoneInfo) -> list[str]:
        """Return the slots of no day's hours of a person."""
        hours = person.get("hours") or {}
        found = []
        for row in self.slots:
            start, end = (
                f"{datetime.fromisoformat(row[side]).astimezone(zone):%H:%M}" for side in ("start", "end")
            )
            if start < (hours.get("from") or "00:00") or end > (hours.get("to") or "24:00"):
                found.append(row["id"])
        return found

    # One meeting

    def span(self, meeting: Json) -> range:
        """Return the slots of a meeting, which may exceed the event."""
        start = self.order[meeting["slot"]]
        return range(start, start + self.requests[meeting["request"]]["length"])

    def start(self, slot: str) -> datetime:
        return datetime.fromisoformat(self.slots[self.order[slot]]["start"])

    def sides(self, meeting: Json) -> tuple[list[str], list[str]]:
        request = self.requests[meeting["request"]]
        of: dict[str, list[str]] = {side: [] for side in ("from", "to")}
        for id in meeting["attendees"]:
            for side, people in of.items():
                if self.attendees[id]["firm"] == request[side]:
                    people.append(id)
        return of["from"], of["to"]

    def staffed(self, meeting: Json) -> bool:
        """True if each side has exactly its named people, or one of the firm if none is named.

        Nobody may be excluded.
        """
        request, sides = self.requests[meeting["request"]], self.sides(meeting)
        if set(request.get("excluded", [])) & set(meeting["attendees"]):
            return False
        if len(sides[0]) + len(sides[1]) != len(meeting["attendees"]):
            return False
        return all(
            set(side) == set(request[key]) and len(side) == len(request[key])
            if request[key]
            else len(side) == 1
            for key, side in zip(("from_attendees", "to_attendees"), sides, strict=True)
        )

    def fits_a_block(self, meeting: Json) -> bool:
        span = self.span(meeting)
        if span.stop > len(self.slots) or len({self.slots[s]["block"] for s in span}) > 1:
            return False
        allowed = self.requests[meeting["request"]]["slots"]
        return allowed is None or meeting["slot"] in allowed

    def available(self, meeting: Json) -> bool:
        taken = {self.slots[s]["id"] for s in self.span(meeting) if s < len(self.slots)}
        rows = [self.attendees[id] for id in meeting["attendees"]] + [self.places[meeting["place"]]]
        if meeting["interpreter"]:
            rows.append(self.interpreters[meeting["interpreter"]])
        return not any(taken & set(row["unavailable"]) for row in rows)

    def right_place(self, meeting: Json) -> bool:
        request, place = self.requests[meeting["request"]], self.places[meeting["place"]]
        owner = place["kind"] == "table" or request["to"] in (place["firm"], *place.get("partners", ()))
        return owner and request["place"] in ("any", place["kind"]) and place["capacity"] > 0

    def understood(self, meeting: Json) -> bool:
        speak = [
            {language for id in side for language in self.attendees[id]["languages"]}
            for side in self.sides(meeting)
        ]
        if speak[0] & speak[1]:
            return meeting["interpreter"] is None
        if meeting["interpreter"] is None:
            return False
        heard = set(self.interpreters[meeting["interpreter"]]["languages"])
        return bool(heard & speak[0]) and bool(heard & speak[1])

    def at_station(self, meeting: Json) -> bool:
        """True if the meeting's place is the one that its interpreter is assigned to in any of its slots."""
        if meeting["interpreter"] is None:
            return True
        taken = {self.slots[s]["id"] for s in self.span(meeting) if s < len(self.slots)}
        stations = self.interpreters[meeting["interpreter"]].get("stations", [])
        return all(row["place"] == meeting["place"] for row in stations if taken & set(row["slots"]))

    def as_fixed(self, meeting: Json) -> bool:
        fixed = self.requests[meeting["request"]]["fixed"]
        if fixed is None:
            return True
        has_place = meeting["place"] == fixed.get("place", meeting["place"])
        return bool(meeting["slot"] == fixed["slot"] and has_place)

    def could_be_held(self, meeting: Json) -> bool:
        """True if a published meeting is feasible alone, as H13 defines."""
        known = (
            meeting["slot"] in self.order
            and meeting["place"] in self.places
            and all(id in self.attendees for id in meeting["attendees"])
            and meeting["interpreter"] in (None, *self.interpreters)
        )
        return (
            known
            and self.staffed(meeting)
            and self.available(meeting)
            and self.fits_a_block(meeting)
            and self.right_place(meeting)
            and self.understood(meeting)
            and self.at_station(meeting)
            and self.as_fixed(meeting)
        )

    # A person's days

    def of_person(self, id: str, meetings: list[Json]) -> list[Json]:
        mine = [m for m in meetings if id in m["attendees"] or id == m["interpreter"]]
        asked = list(self.requests)
        return sorted(mine, key=lambda m: (self.order[m["slot"]], asked.index(m["request"])))

    def by_day(self, id: str, meetings: list[Json]) -> dict[Any, list[Json]]:
        days: dict[Any, list[Json]] = {}
        for meeting in self.of_person(id, meetings):
            days.setdefault(self.day[self.order[meeting["slot"]]], []).append(meeting)
        return days

    def idle(self, id: str, meetings: list[Json]) -> int:
        total = 0
        away = set(self.attendees[id]["unavailable"])
        for mine in self.by_day(id, meetings).values():
            busy = {s for m in mine for s in self.span(m)}
            free = [s for s in range(min(busy), max(busy)) if s not in busy]
            if self.policy.get("idle_counts", "slots") == "slots":
                total += sum(1 for s in free if self.slots[s]["id"] not in away)
            else:
                total += sum(1 for s in free if s - 1 not in free)
        return total


# The hard rules


def broken_rules(document: Json, meetings: list[Json]) -> set[str]:
    """Return the ids of the violated hard rules; "format" for wrong attendees."""
    page = Page(document)
    alone = {
        "format": page.staffed, "H2": page.fits_a_block, "H4": page.available, "H5": page.right_place,
        "H7": page.understood, "H9": page.as_fixed, "H14": page.at_station,
    }  # fmt: skip
    broken = {rule for rule, keeps in alone.items() if not all(map(keeps, meetings))}
    together = {
        "H1": _once, "H3": _one_at_a_time, "H5": _capacity, "H6": _walking, "H8": _caps, "H10": _frozen,
        "H11": _precedences, "H12": _spread, "H13": _moved_few, "H15": _pairs,
        "H16": _rows, "H17": _days,
    }  # fmt: skip
    return broken | {rule for rule, keeps in together.items() if not keeps(page, meetings)}


def _once(page: Page, meetings: list[Json]) -> bool:
    held = [m["request"] for m in meetings]
    everything = page.policy.get("require_all", False)
    must = {id for id, row in page.requests.items() if everything or (row["fixed"] or {}).get("must")}
    return len(held) == len(set(held)) and must <= set(held)


def _one_at_a_time(page: Page, meetings: list[Json]) -> bool:
    return all(
        max(Counter(s for m in page.of_person(id, meetings) for s in page.span(m)).values(), default=0) <= 1
        for id in [*page.attendees, *page.interpreters]
    )


def _capacity(page: Page, meetings: list[Json]) -> bool:
    used = Counter((m["place"], s) for m in meetings for s in page.span(m))
    return all(n <= page.places[place]["capacity"] for (place, _), n in used.items())


def _walking(page: Page, meetings: list[Json]) -> bool:
    for id in [*page.attendees, *page.interpreters]:
        for one, two in pairwise(page.of_person(id, meetings)):
            halls = page.places[one["place"]]["hall"], page.places[two["place"]]["hall"]
            last = page.slots[min(page.span(one)[-1], len(page.slots) - 1)]
            end, start = datetime.fromisoformat(last["end"]), page.start(two["slot"])
            # Overlapping meetings violate H3; walks concern the others.
            if halls[0] != halls[1] and end <= start < end + timedelta(minutes=page.walk.get(halls, 0)):
                return False
    return True


def _caps(page: Page, meetings: list[Json]) -> bool:
    held: Counter[Any] = Counter()
    for m in meetings:
        request, day = page.requests[m["request"]], page.day[page.order[m["slot"]]]
        held.update((("firm", id), day) for id in (request["from"], request["to"]))
        held.update((("attendee", id), day) for id in m["attendees"])
    rows = {"firm": page.firms, "attendee": page.attendees}
    caps = {key: rows[key[0]][key[1]]["max_per_day"] for key, _ in held}
    return all(caps[key] is None or n <= caps[key] for (key, _), n in held.items())


def _frozen(page: Page, meetings: list[Json]) -> bool:
    if page.document["frozen_until"] is None:
        return True
    until = datetime.fromisoformat(page.document["frozen_until"])
    held = {m["request"]: m for m in meetings}
    soon = [
        m
        for m in page.published.values()
        if m["request"] in page.requests and m["slot"] in page.order and page.start(m["slot"]) < until
    ]
    excluding = [
        m for m in soon if set(page.requests[m["request"]].get("excluded", [])) & set(m["attendees"])
    ]
    stay = [m for m in soon if m not in excluding]
    if any(m["request"] not in held or not _same(m, held[m["request"]]) for m in stay):
        return False
    kept = [m["request"] for m in stay]
    own = {m["request"]: m["slot"] for m in excluding}
    return all(
        m["request"] in kept or page.start(m["slot"]) >= until or own.get(m["request"]) == m["slot"]
        for m in meetings
    )


def _precedences(page: Page, meetings: list[Json]) -> bool:
    at = {m["request"]: page.span(m) for m in meetings}
    pairs = [(row["before"], row["after"]) for row in page.document["precedences"]]
    return all(at[a].stop <= at[b].start for a, b in pairs if a in at and b in at)


def _spread(page: Page, meetings: list[Json]) -> bool:
    figures = [page.idle(id, meetings) for id in page.attendees]
    limit = page.policy.get("max_idle_spread")
    return limit is None or not figures or max(figures) - min(figures) <= limit


def _pairs(page: Page, meetings: list[Json]) -> bool:
    limit = page.policy.get("max_pair_per_day")
    met: Counter[Any] = Counter()
    for m in meetings:
        one, two = page.sides(m)
        met.update((frozenset((a, b)), page.day[page.order[m["slot"]]]) for a in one for b in two)
    return limit is None or max(met.values(), default=0) <= limit


def _rows(page: Page, meetings: list[Json]) -> bool:
    for id, person in page.attendees.items():
        limit = person.get("max_in_row") or page.policy.get("max_in_row")
        spans = [page.span(m) for m in page.of_person(id, meetings)]
        count = 0
        for before, span in zip([None, *spans], spans, strict=False):
            follows = before is not None and before.stop == span.start
            is_next = follows and page.slots[span.start - 1]["block"] == page.slots[span.start]["block"]
            count = count + 1 if is_next else 1
            if limit is not None and count > limit:
                return False
    return True


def _days(page: Page, meetings: list[Json]) -> bool:
    for id, person in page.attendees.items():
        limit = person.get("max_days") or page.policy.get("max_days")
        days = {page.day[page.order[m["slot"]]] for m in page.of_person(id, meetings)}
        if limit is not None and len(days) > limit:
            return False
    return True


def _moved_few(page: Page, meetings: list[Json]) -> bool:
    limit = page.policy.get("max_moved")
    held = {m["request"]: m for m in meetings}
    changed = [
        m
        for m in page.published.values()
        if m["request"] in page.requests
        and page.could_be_held(m)
        and not (m["request"] in held and _same(m, held[m["request"]]))
    ]
    return limit is None or len(changed) <= limit


def _same(one: Json, two: Json) -> bool:
    return all(one[key] == two[key] for key in ("slot", "place")) and not _other_people(one, two)


def _other_people(one: Json, two: Json) -> bool:
    return (set(one["attendees"]), one["interpreter"]) != (set(two["attendees"]), two["interpreter"])


# The score


def terms(document: Json, meetings: list[Json]) -> dict[str, int]:
    """Return the count of each term."""
    page = Page(document)
    held = {m["request"]: m for m in meetings}
    pairs = [(m, held[m["request"]]) for m in page.published.values() if m["request"] in held]
    repeated = {"repeated": _repeated(page, held)} if "repeated" in page.policy.get("factors", {}) else {}
    stayed = [(old, new) for old, new in pairs if old["slot"] == new["slot"]]
    everywhere = page.policy.get("reassigned_counts", "same_start") == "any_start"
    return {
        "served": sum(page.requests[id]["weight"] for id in held),
        "shortfall": sum(_lacking(page, id, held) for id in page.firms),
        "idle": sum(page.idle(id, meetings) for id in page.attendees),
        "hall_change": sum(
            page.places[one["place"]]["hall"] != page.places[two["place"]]["hall"]
            for id in page.attendees
            for mine in page.by_day(id, meetings).values()
            for one, two in pairwise(mine)
        ),
        "moved": len(pairs) - len(stayed),
        "relocated": sum(old["place"] != new["place"] for old, new in stayed),
        "reassigned": sum(_other_people(old, new) for old, new in (pairs if everywhere else stayed)),
        "dropped": len(page.published.keys() & page.requests.keys() - held.keys()),
        **repeated,
        **_unfair(page, held),
        **_group_gap(page, held),
    }


def _unfair(page: Page, held: dict[str, Json]) -> dict[str, int]:
    if "unfair" not in page.policy.get("factors", {}):
        return {}
    count = 0
    for row in page.policy.get("fair_shares", []):
        for firm in page.firms:
            mine = [id for id, ask in page.requests.items() if firm in (ask["from"], ask["to"])]
            lacking = ceil(Fraction(str(row["share"])) * len(mine)) - sum(id in held for id in mine)
            count += row.get("price", 1) * max(0, lacking)
    return {"unfair": count}


def _group_gap(page: Page, held: dict[str, Json]) -> dict[str, int]:
    if "group_gap" not in page.policy.get("factors", {}):
        return {}
    count = 0
    for firms in _groups(page):
        sides = [(id, row[side]) for id, row in page.requests.items() for side in ("from", "to")]
        mine = [id for id, firm in sides if firm in firms]
        share = Fraction(len(held), max(1, len(page.requests)))
        count += max(0, ceil(share * len(mine)) - sum(id in held for id in mine))
    return {"group_gap": count}


def _groups(page: Page) -> list[list[str]]:
    by = page.policy.get("group_by", "list")
    if by == "list":
        return [row["firms"] for row in page.document.get("firm_groups", [])]
    counts = Counter(row["country"] for row in page.firms.values())
    home = min(counts, key=lambda code: (-counts[code], code))
    keys = {"home": lambda row: [row["country"] == home], "tier": lambda row: [row["tier"]]}
    keys["area"] = lambda row: row["areas"]
    found: dict[Any, list[str]] = {}
    for id, row in page.firms.items():
        for key in set(keys[by](row)):
            found.setdefault(key, []).append(id)
    return list(found.values())


def _repeated(page: Page, held: dict[str, Json]) -> int:
    """Return the count: per attendee 0 for the first change, 1 for the second, 2 for the third and so on.

    The changes of this plan come after those before.
    """
    steps = 0
    for id, row in page.attendees.items():
        mine = [m for m in page.published.values() if m["request"] in page.requests and id in m["attendees"]]
        changes = [m for m in mine if m["request"] not in held or not _same(m, held[m["request"]])]
        before = row.get("changed_before", 0)
        steps += sum(range(before, before + len(changes)))
    return steps


def _lacking(page: Page, firm: str, held: dict[str, Json]) -> int:
    mine = [id for id, row in page.requests.items() if firm in (row["from"], row["to"])]
    # str: the share is the decimal of the file.
    share = ceil(Fraction(str(page.policy.get("fair_share", 0))) * len(mine))
    floor = min(len(mine), max(page.firms[firm]["min_meetings"], share))
    return int(max(0, floor - sum(id in held for id in mine)))


def total(document: Json, counts: dict[str, int]) -> float:
    """Return the sum: the served term minus the others."""
    factors = FACTORS | document["policy"].get("factors", {})
    lost = sum(factors[term] * n for term, n in counts.items() if term != "served")
    return float(factors["served"] * counts["served"] - lost)
