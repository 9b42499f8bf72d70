"""The problem file of a sample event."""

from __future__ import annotations

import json

from scheduler.domain.entities import RequestState
from scheduler.files.problem_file import problem_fingerprint, read_problem, write_problem
from scheduler.samples.event import SampleEvent
from scheduler.samples.expo import make_expo
from scheduler.samples.problem import to_problem


def test_the_problem_file_reads_back_as_the_same_problem(expo: SampleEvent) -> None:
    problem = to_problem(expo)
    read = read_problem(json.loads(json.dumps(write_problem(problem))))
    assert read == problem
    assert problem_fingerprint(read) == problem_fingerprint(problem)


def test_the_problem_file_is_ascii(expo: SampleEvent) -> None:
    assert json.dumps(write_problem(to_problem(expo)), ensure_ascii=False).isascii()


def test_the_problem_holds_every_request_or_the_accepted_only(expo: SampleEvent) -> None:
    accepted = {request.key for request in expo.requests_in(RequestState.ACCEPTED)}
    assert len(to_problem(expo).requests) == 9000
    assert {request.id for request in to_problem(expo, all_requests=False).requests} == accepted


def test_the_problem_has_the_places_of_the_event(expo: SampleEvent) -> None:
    problem = to_problem(expo)
    owners = {place.id: problem.firms[place.firm].id for place in problem.places if place.firm is not None}
    assert owners == {booth.key: booth.firm_key for booth in expo.booths}
    assert len(problem.places) == len(expo.booths) + len(expo.tables)


def test_walking_is_the_same_both_ways(expo: SampleEvent) -> None:
    problem = to_problem(expo)
    there = {(walk.from_hall, walk.to_hall): walk.minutes for walk in expo.walking}
    at = problem.index.halls
    assert {(a, b): problem.walking[at[b]][at[a]] for a, b in there} == there


def test_half_of_each_firms_requests_are_its_floor(expo: SampleEvent) -> None:
    assert to_problem(expo).policy.fair_share == 0.5


def test_a_request_keeps_its_people_and_its_slots() -> None:
    event = make_expo(firms=40, requests=500)
    problem = to_problem(event)
    for asked, request in zip(event.requests, problem.requests, strict=True):
        named = (*request.from_attendees, *request.to_attendees)
        assert tuple(problem.attendees[a].id for a in named) == asked.from_attendees + asked.to_attendees
        slots = None if request.slots is None else tuple(problem.slots[s].id for s in request.slots)
        assert slots == asked.slots
    assert any(asked.slots for asked in event.requests)
