"""The demo event: its counts, its proportions, and its consistency."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import subprocess
import sys
from collections import Counter
from datetime import date, timedelta

import pytest

from scheduler.domain.entities import RequestState, Tier
from scheduler.samples.event import SampleEvent
from scheduler.samples.expo import make_expo

SMALL = {"firms": 24, "requests": 150, "seed": 7}
SMALL_FINGERPRINT = "ad7f895c3e92fe6e2b433a0b17236421b35ef0d6e0edb1bcc4e540d7dcf85d71"


def fingerprint(event: SampleEvent) -> str:
    text = json.dumps(dataclasses.asdict(event), default=str, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def test_the_demo_event_has_the_size_that_is_promised(expo: SampleEvent) -> None:
    assert (len(expo.firms), len(expo.requests), len(expo.slots)) == (620, 9000, 62)
    assert (len(expo.days), len(expo.halls), len(expo.areas), len(expo.tables)) == (5, 8, 7, 78)
    assert (len(expo.interpreters), len(expo.attendees)) == (50, 969)


def test_slots_are_25_minutes_on_a_half_hour_grid_and_the_last_day_is_a_morning(expo: SampleEvent) -> None:
    assert {slot.end - slot.start for slot in expo.slots} == {timedelta(minutes=25)}
    assert {slot.start.minute for slot in expo.slots} == {0, 30}
    assert {slot.start.utcoffset() for slot in expo.slots} == {timedelta(hours=8)}
    sizes = Counter(slot.block for slot in expo.slots)
    mornings = {f"d{day}-am": 6 for day in range(1, 6)}
    assert sizes == mornings | {f"d{day}-pm": 8 for day in range(1, 5)}


def test_each_two_halls_have_walking_minutes_and_no_detour_is_shorter(expo: SampleEvent) -> None:
    halls = [hall.key for hall in expo.halls]
    minutes = {(w.from_hall, w.to_hall): w.minutes for w in expo.walking}
    assert len(minutes) == len(halls) * (len(halls) - 1) // 2
    minutes |= {(b, a): n for (a, b), n in minutes.items()} | {(h, h): 0 for h in halls}
    detours = ((a, b, c) for a in halls for b in halls for c in halls)
    assert all(minutes[a, c] <= minutes[a, b] + minutes[b, c] for a, b, c in detours)


def test_a_third_of_the_firms_is_from_overseas(expo: SampleEvent) -> None:
    countries = Counter(firm.country for firm in expo.firms)
    assert sum(countries.values()) - countries["CN"] == round(0.32 * 620)
    assert len(countries) == 30


def test_tiers_are_even_and_every_area_is_strong(expo: SampleEvent) -> None:
    tiers = Counter(firm.tier for firm in expo.firms)
    assert max(tiers.values()) - min(tiers.values()) <= 1
    assert set(tiers) == set(Tier)
    firms = Counter(area for firm in expo.firms for area in firm.areas)
    assert set(firms) == {area.key for area in expo.areas}
    assert min(firms.values()) >= 60


def test_the_guest_country_has_its_pavilion_in_one_hall(expo: SampleEvent) -> None:
    guests = [firm for firm in expo.firms if firm.country == "HU"]
    assert len(guests) == 25
    assert {(firm.hall, firm.pavilion) for firm in guests} == {("E1", "Hungary Pavilion")}
    assert {firm.pavilion for firm in expo.firms if firm.country != "HU"} == {None}


def test_another_country_can_be_the_guest() -> None:
    event = make_expo(firms=50, requests=10, guest_country="BR")
    assert {firm.country for firm in event.firms if firm.pavilion == "Brazil Pavilion"} == {"BR"}


def test_every_firm_has_its_booth_in_its_hall(expo: SampleEvent) -> None:
    booths = {booth.key: (booth.hall, booth.firm_key) for booth in expo.booths}
    assert len(booths) == len(expo.booths)
    assert booths == {firm.booth_key: (firm.hall, firm.key) for firm in expo.firms}


def test_every_firm_sends_somebody_and_one_or_two_answer_for_it(expo: SampleEvent) -> None:
    for firm in expo.firms:
        people = expo.people_of[firm.key]
        assert 1 <= len(people) <= 4
        assert sum(person.is_exhibitor for person in people) in (1, 2)


def test_everybody_has_time_left_and_only_real_slots_are_busy(expo: SampleEvent) -> None:
    slots = {slot.key for slot in expo.slots}
    for person in (*expo.attendees, *expo.interpreters):
        assert len(set(person.busy)) == len(person.busy)
        assert set(person.busy) < slots
    busy = sum(len(person.busy) for person in expo.attendees) / len(expo.attendees)
    assert 10 <= busy <= 14


def test_every_language_that_bars_somebody_has_an_interpreter(expo: SampleEvent) -> None:
    barred = {p.languages[0] for p in expo.attendees if not {"zh", "en"} & set(p.languages)}
    assert barred
    assert barred <= {code for person in expo.interpreters for code in person.languages}
    assert all({"zh", "en"} <= set(person.languages) for person in expo.interpreters)


def test_the_event_names_just_the_languages_that_are_spoken(expo: SampleEvent) -> None:
    spoken = {code for p in (*expo.attendees, *expo.interpreters) for code in p.languages}
    assert set(expo.languages) == spoken


def test_states_have_the_shares_asked_for(expo: SampleEvent) -> None:
    assert Counter(request.state for request in expo.requests) == {
        RequestState.ACCEPTED: 7380,
        RequestState.PENDING: 720,
        RequestState.DECLINED: 450,
        RequestState.WITHDRAWN: 270,
        RequestState.EXPIRED: 180,
    }
    assert len(expo.requests_in(RequestState.PENDING)) == 720


def test_only_declined_and_withdrawn_requests_bear_a_note(expo: SampleEvent) -> None:
    noted = {request.state for request in expo.requests if request.note}
    assert noted == {RequestState.DECLINED, RequestState.WITHDRAWN}


def test_no_two_firms_ask_each_other_twice(expo: SampleEvent) -> None:
    pairs = {frozenset((request.from_firm, request.to_firm)) for request in expo.requests}
    assert len(pairs) == len(expo.requests)
    assert {len(pair) for pair in pairs} == {2}


def test_requests_follow_the_chain_and_favour_the_sought_after(expo: SampleEvent) -> None:
    firms = {firm.key: firm for firm in expo.firms}
    ends = [(firms[r.from_firm], firms[r.to_firm]) for r in expo.requests]
    assert 0.9 <= sum(a.tier is not b.tier for a, b in ends) / len(ends) < 1
    assert 0.7 <= sum(bool(set(a.areas) & set(b.areas)) for a, b in ends) / len(ends) < 0.9
    received = sorted(Counter(r.to_firm for r in expo.requests).values(), reverse=True)
    assert received[0] > 100
    assert sum(received[:62]) > 2 * sum(received[-310:]) / 5


def test_named_people_belong_to_the_firms_that_meet(expo: SampleEvent) -> None:
    firm_of = {person.key: person.firm_key for person in expo.attendees}
    for request in expo.requests:
        assert {firm_of[key] for key in request.from_attendees} <= {request.from_firm}
        assert {firm_of[key] for key in request.to_attendees} <= {request.to_firm}
    assert 400 <= sum(bool(r.from_attendees or r.to_attendees) for r in expo.requests) <= 700


def test_requests_have_weights_from_1_to_5_and_a_few_take_two_slots(expo: SampleEvent) -> None:
    assert {request.weight for request in expo.requests} == {1, 2, 3, 4, 5}
    lengths = Counter(request.length for request in expo.requests)
    assert set(lengths) == {1, 2}
    assert 300 <= lengths[2] <= 600


def test_keys_are_unique(expo: SampleEvent) -> None:
    things = (
        expo.slots, expo.halls, expo.tables, expo.booths, expo.firms,
        expo.attendees, expo.interpreters, expo.requests,
    )  # fmt: skip
    for kind in things:
        assert len({thing.key for thing in kind}) == len(kind)
    assert not {table.key for table in expo.tables} & {booth.key for booth in expo.booths}


def test_the_same_seed_makes_the_same_event_as_ever() -> None:
    assert fingerprint(make_expo(**SMALL)) == SMALL_FINGERPRINT


def test_the_event_does_not_depend_on_the_hash_seed() -> None:
    program = "from tests.unit.samples.test_expo import *; print(fingerprint(make_expo(**SMALL)))"
    environment = {**os.environ, "PYTHONHASHSEED": "12345"}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == SMALL_FINGERPRINT


def test_another_seed_makes_another_event() -> None:
    assert fingerprint(make_expo(**SMALL | {"seed": 8})) != SMALL_FINGERPRINT


def test_more_requests_leave_the_firms_and_people_alone() -> None:
    few, many = make_expo(firms=30, requests=20), make_expo(firms=30, requests=200)
    assert (few.firms, few.attendees, few.booths) == (many.firms, many.attendees, many.booths)


def test_the_event_starts_on_the_day_asked_for() -> None:
    event = make_expo(firms=2, requests=1, start=date(2028, 3, 6))
    assert event.days == tuple(date(2028, 3, day) for day in range(6, 11))
    assert event.slots[0].start.isoformat() == "2028-03-06T09:00:00+08:00"


def test_twelve_firms_can_all_ask_each_other() -> None:
    event = make_expo(firms=12, requests=66)
    assert len({frozenset((r.from_firm, r.to_firm)) for r in event.requests}) == 66
    assert (len(event.halls), len(event.tables), len(event.interpreters)) == (2, 2, 3)


def test_a_big_event_has_more_halls_tables_and_interpreters() -> None:
    event = make_expo(firms=3000, requests=1)
    assert (len(event.halls), len(event.tables), len(event.interpreters)) == (24, 377, 242)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"firms": 1}, "two firms"),
        ({"firms": 12, "requests": 67}, "no more than 66 pairs"),
        ({"guest_country": "CN"}, "cannot be the host"),
        ({"guest_country": "XX"}, "no names for country 'XX'"),
        ({"firms": 12, "requests": 5, "pending_share": 0.95}, "from 0 to 1 together"),
        ({"overseas_share": 1.1}, "overseas share"),
    ],
)
def test_an_impossible_event_is_refused(arguments: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        make_expo(**arguments)
