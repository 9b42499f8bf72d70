"""Concise builders of tiny problems with defaults for everything that a test is not about.

    problem = make_problem(slots="2|2 3", requests=[ask("r1", "a", "b", weight=3)])
    plan = [meet("r1", "s0", "t1", "a1 b1")]

`slots="2|2 3"` is a first day of two blocks of two slots and a second day of one block of three: s0, s1, ...
of 30 minutes without gaps, from 09:00 UTC, blocks an hour apart. Missing firms, halls and people are derived:
firm "a" gets the attendee "a1", who speaks "en"; one large table "t1" is in "h1".

`problems()` is a Hypothesis strategy of random tiny problems with every feature of the format.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from scheduler.domain.plan import Meeting
from scheduler.domain.problem import DEFAULT_FACTORS, Problem
from scheduler.files.problem_file import read_problem

Json = dict[str, Any]

FIRST_DAY = datetime(2026, 11, 24, 9, tzinfo=UTC)
SLOT = timedelta(minutes=30)


def make_problem(**parts: Any) -> Problem:
    """Return a Problem of the parts of `make_document`, parsed and validated like a problem file."""
    return read_problem(make_document(**parts))


def make_document(
    *,
    slots: str | Sequence[Json] = "4",
    requests: Sequence[Json] = (),
    firms: Sequence[Json | str] = (),
    attendees: Sequence[Json] = (),
    interpreters: Sequence[Json] = (),
    places: Sequence[Json] = (),
    walking: Mapping[tuple[str, str], float] | None = None,
    precedences: Sequence[tuple[str, str]] = (),
    published: Sequence[Meeting] = (),
    frozen_until: str | datetime | None = None,
    firm_groups: Mapping[str, str] | None = None,
    timezone: str = "UTC",
    **policy: Any,
) -> Json:
    """Return a problem file. Remaining keywords become its policy.

    `frozen_until` may name a slot ("s2": frozen until that slot starts). The reader merges factors with
    defaults.
    """
    rows = make_slots(slots) if isinstance(slots, str) else list(slots)
    places = list(places) or [table("t1", capacity=max(1, len(requests)))]
    walking = walking or {}
    all_firms = _all_firms(firms, requests, attendees, places)
    return {
        "format": "chainmeet.problem/1",
        "event": {"name": "Expo", "timezone": timezone},
        "slots": rows,
        "halls": _unique([p["hall"] for p in places] + [hall for pair in walking for hall in pair]),
        "walking_minutes": [{"from": a, "to": b, "minutes": m} for (a, b), m in walking.items()],
        "places": places,
        "firms": all_firms,
        "attendees": _all_attendees(all_firms, attendees),
        "interpreters": list(interpreters),
        "requests": list(requests),
        "precedences": [{"before": before, "after": after} for before, after in precedences],
        "published": [meeting.to_json() for meeting in published],
        "frozen_until": _moment(frozen_until, rows),
        **({"firm_groups": _groups(firm_groups)} if firm_groups else {}),
        "policy": policy,
    }


def _groups(firm_groups: Mapping[str, str]) -> list[Json]:
    return [{"id": id, "firms": firms.split()} for id, firms in firm_groups.items()]


def make_slots(days: str) -> list[Json]:
    """Return the slots of "2|2 3": spaces separate days, bars separate the blocks of a day."""
    rows: list[Json] = []
    for day, blocks in enumerate(days.split()):
        start = FIRST_DAY + timedelta(days=day)
        for block, size in enumerate(blocks.split("|")):
            for _ in range(int(size)):
                rows.append(slot(f"s{len(rows)}", start, start + SLOT, f"d{day}b{block}"))
                start += SLOT
            start += timedelta(hours=1)
    return rows


def slot(id: str, start: datetime, end: datetime, block: str = "b") -> Json:
    return {"id": id, "start": start.isoformat(), "end": end.isoformat(), "block": block}


def ask(id: str, sender: str, receiver: str, **keys: Any) -> Json:
    """Return a request of `sender` to `receiver`. `keys` are those of the file, with people as words."""
    named = {f"{side}_attendees": _ids(keys.pop(f"{side}_attendees", [])) for side in ("from", "to")}
    if "excluded" in keys:
        named["excluded"] = _ids(keys.pop("excluded"))
    row = {"id": id, "from": sender, "to": receiver, "weight": 1, "length": 1, **named}
    return {**row, "place": "any", "slots": None, "fixed": None, **keys}


def firm(id: str, **keys: Any) -> Json:
    row = {"id": id, "name": id.upper(), "tier": "midstream", "areas": [], "country": "CN"}
    return {**row, "max_per_day": None, "min_meetings": 0, **keys}


def person(id: str, firm: str, languages: str = "en", unavailable: str = "", **keys: Any) -> Json:
    """Return an attendee: `person("ann", "a", "en zh", "s0 s1")`.

    Languages and unavailable slots are words.
    """
    row = {"id": id, "firm": firm, "languages": languages.split(), "unavailable": unavailable.split()}
    return {**row, "max_per_day": None, **keys}


def interpreter(
    id: str, languages: str = "en zh", unavailable: str = "", stations: Mapping[str, str] | None = None
) -> Json:
    """Return an interpreter. `stations` has the slots, as words, by place: `{"t1": "s0 s1"}`."""
    row: Json = {"id": id, "languages": languages.split(), "unavailable": unavailable.split()}
    if stations:
        row["stations"] = [{"place": place, "slots": slots.split()} for place, slots in stations.items()]
    return row


def table(id: str, hall: str = "h1", *, capacity: int = 1, unavailable: str = "") -> Json:
    return _place(id, hall, "table", None, capacity, unavailable)


def booth(
    id: str, firm: str, hall: str = "h1", *, capacity: int = 1, unavailable: str = "", partners: str = ""
) -> Json:
    """Return a booth. Firms that share it are words: `booth("x", "a", partners="b c")`."""
    row = _place(id, hall, "booth", firm, capacity, unavailable)
    return {**row, "partners": partners.split()} if partners else row


def meet(request: str, slot: str, place: str, people: str, interpreter: str | None = None) -> Meeting:
    """Return a meeting, with attendees as words: `meet("r1", "s0", "t1", "a1 b1")`."""
    return Meeting(request, slot, place, tuple(people.split()), interpreter)


def _place(id: str, hall: str, kind: str, firm: str | None, capacity: int, unavailable: str) -> Json:
    row = {"id": id, "hall": hall, "kind": kind, "firm": firm, "capacity": capacity}
    return {**row, "unavailable": unavailable.split()}


def _all_firms(
    firms: Sequence[Json | str], requests: Iterable[Json], people: Iterable[Json], places: Iterable[Json]
) -> list[Json]:
    rows = [firm(row) if isinstance(row, str) else row for row in firms]
    named = [request[side] for request in requests for side in ("from", "to")]
    named += [person["firm"] for person in people] + [p["firm"] for p in places if p["firm"] is not None]
    named += [id for p in places for id in p.get("partners", [])]
    known = {row["id"] for row in rows}
    return rows + [firm(id) for id in _unique(named) if id not in known]


def _all_attendees(firms: Iterable[Json], people: Sequence[Json]) -> list[Json]:
    staffed = {row["firm"] for row in people}
    return [*people, *(person(f"{row['id']}1", row["id"]) for row in firms if row["id"] not in staffed)]


def _moment(value: str | datetime | None, slots: Iterable[Json]) -> str | None:
    if isinstance(value, datetime):
        return value.isoformat()
    return next((row["start"] for row in slots if row["id"] == value), value)


def _ids(value: str | Sequence[str]) -> list[str]:
    return value.split() if isinstance(value, str) else list(value)


def _unique(ids: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(ids))


# Random tiny problems


def problems(max_requests: int = 3, *, rerun: bool | None = None) -> SearchStrategy[Problem]:
    """Return a strategy of problems small enough for `brute_force`.

    `rerun`: with published meetings or without.
    """
    return documents(max_requests, rerun=rerun).map(read_problem)


@st.composite
def documents(draw: DrawFn, max_requests: int = 3, *, rerun: bool | None = None) -> Json:
    """Draw a problem file: two or three firms, up to five slots, two places, any other feature."""
    days = draw(st.sampled_from(["2", "3", "4", "2|2", "2 2", "1|2 1", "3 2"]))
    slot_ids = [row["id"] for row in make_slots(days)]
    some_slots = st.lists(st.sampled_from(slot_ids), max_size=1).map(" ".join)
    firms = [
        firm(id, **draw(_firm_limits), **draw(_firm_kinds))
        for id in ("a", "b", "c")[: draw(st.integers(2, 3))]
    ]
    people = [
        person(
            id,
            id[0],
            draw(_languages),
            draw(some_slots),
            max_per_day=draw(_cap),
            **draw(_before),
            **draw(_row),
            **draw(_days),
        )
        for id in ("a1", "a2", "b1", "c1")
        if id[0] in {row["id"] for row in firms} and (id != "a2" or draw(st.booleans()))
    ]
    halls = st.sampled_from(["h1", "h2"])
    places = [
        table("t1", draw(halls), capacity=draw(st.integers(1, 2)), unavailable=draw(some_slots)),
        *draw(st.sampled_from([[], [_stand(draw, draw(halls), draw(some_slots), len(firms))]])),
    ]
    count = max_requests - draw(st.integers(0, max_requests - 1))
    requests = [draw(_request(f"r{i}", firms, people, places, slot_ids)) for i in range(count)]
    pair = draw(st.permutations([row["id"] for row in requests]))[:2]
    published = draw(_published(requests, people, places, slot_ids)) if _wish(draw, rerun) else []
    return make_document(
        slots=days,
        firms=firms,
        attendees=people,
        interpreters=_interpreters(draw, some_slots, places, slot_ids),
        places=places,
        requests=requests,
        walking={("h1", "h2"): draw(st.sampled_from([0, 10, 40, 100.5]))},
        precedences=[(pair[0], pair[1])] if len(pair) == 2 and draw(st.booleans()) else [],
        published=published,
        frozen_until=draw(st.sampled_from([None] * len(slot_ids) + slot_ids)),
        firm_groups=draw(st.sampled_from([None, None, {"g": "a"}, {"g": "a", "h": "b"}, {"g": "a b"}])),
        timezone=draw(st.sampled_from(["UTC", "Asia/Shanghai"])),
        **draw(_policies),
    )


_cap = st.sampled_from([None, None, None, None, 1, 2])
_row = st.sampled_from([{}, {}, {}, {}, {"max_in_row": 1}, {"max_in_row": 2}])
_days = st.sampled_from([{}, {}, {"max_days": 1}])
_before = st.sampled_from([{}, {}, {"changed_before": 1}, {"changed_before": 3}])
_languages = st.sampled_from(["en", "en zh", "en fr", "en", "zh", "fr"])
_firm_limits = st.fixed_dictionaries({"max_per_day": _cap, "min_meetings": st.integers(0, 2)})
_firm_kinds = st.fixed_dictionaries(
    {},
    optional={
        "country": st.sampled_from(["CN", "DE"]),
        "tier": st.sampled_from(["upstream", "downstream"]),
        "areas": st.lists(st.sampled_from(["x", "y"]), max_size=2, unique=True),
    },
)
_fair_share = st.fixed_dictionaries(
    {"share": st.sampled_from([0.3, 0.5, 0.9, 1])}, optional={"price": st.integers(1, 3)}
)
_policies = st.fixed_dictionaries(
    {},
    optional={
        "require_all": st.sampled_from([False, False, False, True]),
        "fair_share": st.sampled_from([0, 0.3, 0.5, 1]),
        "fair_shares": st.lists(_fair_share, max_size=3),
        "idle_counts": st.sampled_from(["slots", "breaks"]),
        "max_idle_spread": st.sampled_from([None, 1, 2, 0]),
        "max_moved": st.sampled_from([None, 1, 2, 0]),
        "group_by": st.sampled_from(["list", "home", "tier", "area"]),
        "max_pair_per_day": st.sampled_from([None, 1, 2]),
        "max_in_row": st.sampled_from([None, 1, 2]),
        "max_days": st.sampled_from([None, None, 1]),
        "reassigned_counts": st.sampled_from(["same_start", "any_start"]),
        "factors": st.dictionaries(
            st.sampled_from([*DEFAULT_FACTORS, "repeated", "unfair", "group_gap", "group_gap"]),
            st.sampled_from([100, 1, 0.5, 0]),
            max_size=3,
        ),
    },
)


def _wish(draw: DrawFn, wish: bool | None) -> bool:
    return draw(st.booleans()) if wish is None else wish


@st.composite
def _request(
    draw: DrawFn, id: str, firms: list[Json], people: list[Json], places: list[Json], slots: list[str]
) -> Json:
    sender, receiver = draw(st.permutations([row["id"] for row in firms]))[:2]
    staff = {
        side: draw(st.lists(st.sampled_from(_staff(people, firm)), max_size=2, unique=True))
        for side, firm in (("from_attendees", sender), ("to_attendees", receiver))
    }
    keys: Json = {"weight": draw(st.integers(1, 9)), "length": draw(st.sampled_from([1, 1, 1, 2])), **staff}
    named = {id for ids in staff.values() for id in ids}
    free = sorted({*_staff(people, sender), *_staff(people, receiver)} - named)
    if free and draw(st.integers(0, 4)) == 4:
        keys["excluded"] = draw(st.lists(st.sampled_from(free), max_size=2, unique=True))
    keys["place"] = draw(st.sampled_from(["any", "any", "any", "table", "booth"]))
    if draw(st.integers(0, 5)) == 5:
        keys["slots"] = draw(st.lists(st.sampled_from(slots), max_size=3, unique=True))
    if draw(st.integers(0, 5)) == 5:
        somewhere = st.sampled_from([{}, {"place": draw(st.sampled_from(places))["id"]}])
        must = draw(st.sampled_from([{}, {}, {"must": True}]))
        keys["fixed"] = {"slot": draw(st.sampled_from(slots)), **draw(somewhere), **must}
    return ask(id, sender, receiver, **keys)


def _stand(draw: DrawFn, hall: str, unavailable: str, firms: int) -> Json:
    """Draw the booth of firm b, possibly shared with others."""
    partners = draw(st.sampled_from(["", "", "a", "c", "a c"] if firms == 3 else ["", "a"]))
    size = draw(st.integers(1, 2)) if partners else 1
    return booth("bb", "b", hall, unavailable=unavailable, capacity=size, partners=partners)


def _interpreters(
    draw: DrawFn, some_slots: SearchStrategy[str], places: list[Json], slots: list[str]
) -> list[Json]:
    """Draw up to two interpreters, who may be assigned to places in some of the slots."""
    names = draw(st.sampled_from([[], ["i1"], ["i1", "i2"]]))
    return [interpreter(id, "en zh fr", draw(some_slots), _stations(draw, places, slots)) for id in names]


def _stations(draw: DrawFn, places: list[Json], slots: list[str]) -> dict[str, str]:
    nowhere = [""] * draw(st.integers(0, 3))
    where = st.sampled_from([*(row["id"] for row in places), *nowhere])
    tied = {slot: draw(where) for slot in slots} if draw(st.booleans()) else {}
    found: dict[str, list[str]] = {}
    for slot, place in tied.items():
        if place:
            found.setdefault(place, []).append(slot)
    return {place: " ".join(mine) for place, mine in found.items()}


def _staff(people: Iterable[Json], firm: str) -> list[str]:
    return [row["id"] for row in people if row["firm"] == firm]


@st.composite
def _published(
    draw: DrawFn, requests: list[Json], people: list[Json], places: list[Json], slots: list[str]
) -> list[Meeting]:
    """Draw meetings of some requests, mostly valid, some with references that no longer exist."""
    chosen = draw(st.lists(st.sampled_from([*requests, {**requests[0], "id": "gone"}]), unique_by=_id_of))
    return [
        Meeting(
            request["id"],
            draw(st.sampled_from([*slots * 4, "gone"])),
            draw(st.sampled_from([*[row["id"] for row in places] * 6, "gone"])),
            _some_people(draw, request, people),
            draw(st.sampled_from([None, None, None, None, None, "i1"])),
        )
        for request in chosen
    ]


def _some_people(draw: DrawFn, request: Json, people: list[Json]) -> tuple[str, ...]:
    sides = (("from", request["from_attendees"]), ("to", request["to_attendees"]))
    picked = [named or [draw(st.sampled_from(_staff(people, request[side])))] for side, named in sides]
    return tuple(id for side in picked for id in side)


def _id_of(row: Json) -> str:
    return str(row["id"])
