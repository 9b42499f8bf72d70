"""The venue and the times of an invented event: days, slots, halls, walks and tables."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from itertools import combinations
from zoneinfo import ZoneInfo

from scheduler.samples.event import SampleHall, SampleSlot, SampleTable, SampleWalk

GRID = timedelta(minutes=30)
LENGTH = timedelta(minutes=25)
MORNING = ("am", time(9, 0), 6)
AFTERNOON = ("pm", time(13, 0), 8)
SIDES = {
    "E": {"en": "East Hall {}", "zh": "东{}馆", "hu": "{}. keleti csarnok"},
    "W": {"en": "West Hall {}", "zh": "西{}馆", "hu": "{}. nyugati csarnok"},
}
LONGEST_WALK = 20


def make_slots(days: tuple[date, ...], timezone: str) -> tuple[SampleSlot, ...]:
    """Slots of 25 minutes every half hour, in a morning and an afternoon; the last day is a morning."""
    zone = ZoneInfo(timezone)
    slots = []
    for number, day in enumerate(days, start=1):
        for block, opens, count in (MORNING, AFTERNOON)[: 1 if day == days[-1] else 2]:
            first = datetime.combine(day, opens, zone)
            for start in (first + i * GRID for i in range(count)):
                key = f"d{number}-{start:%H%M}"
                slots.append(SampleSlot(key, start, start + LENGTH, f"d{number}-{block}"))
    return tuple(slots)


def make_halls(firms: int) -> tuple[SampleHall, ...]:
    """An even number of halls, half on either side of the square: two to twenty-four, eight for 620 firms."""
    a_side = max(1, min(12, round(firms / 155)))
    return tuple(_hall(side, number) for side in SIDES for number in range(1, a_side + 1))


def _hall(side: str, number: int) -> SampleHall:
    names = {language: name.format(number) for language, name in SIDES[side].items()}
    return SampleHall(f"{side}{number}", names.pop("en"), names)


def make_walks(halls: tuple[SampleHall, ...]) -> tuple[SampleWalk, ...]:
    """Minutes between each two halls: along a side, or across the square and along."""
    return tuple(SampleWalk(a.key, b.key, walking_minutes(a.key, b.key)) for a, b in combinations(halls, 2))


def walking_minutes(a: str, b: str) -> int:
    apart = abs(int(a[1:]) - int(b[1:]))
    return min(LONGEST_WALK, 2 * apart + (2 if a[0] == b[0] else 8))


def make_tables(halls: tuple[SampleHall, ...], firms: int) -> tuple[SampleTable, ...]:
    """About one table for eight firms, spread over the halls."""
    count = max(2, round(firms * 78 / 620))
    tables = [
        SampleTable(f"{halls[i % len(halls)].key}-T{i // len(halls) + 1:02d}", halls[i % len(halls)].key)
        for i in range(count)
    ]
    return tuple(sorted(tables, key=lambda table: (table.hall[0], int(table.hall[1:]), table.key)))
