"""Foundations of the benchmarks: the peers keep the rules, and figures have their stated meaning."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest
from icalendar import Calendar

from benchmarks import (
    contestants,
    disruptions,
    emails,
    isolated,
    load,
    overnight_queue,
    plain_ical,
    polls,
    publishing,
)
from benchmarks.instances import generated, wanted
from benchmarks.load_users import Answer, User
from benchmarks.overnight_queue import EventNight
from benchmarks.peers import NoPlan, compact_greedy, cp_sat, first_fit, highs
from benchmarks.polls import Poll, Polling, Subscription
from benchmarks.quality import BrokenPlan, attendee_days, quality
from benchmarks.report import merged, share
from benchmarks.rerun import seconds_to
from benchmarks.settings import SETTINGS, make_setting
from benchmarks.svg import Axis
from scheduler.domain import rules
from scheduler.domain.plan import Meeting
from scheduler.domain.problem import Policy, Problem
from scheduler.domain.solving import Progress, Result
from scheduler.files.problem_file import read_problem, write_problem
from scheduler.invites.ical.calendar import build_calendar
from scheduler.solver.bounds.prove import Bounds
from tests.support.builders import ask, make_problem, meet, table
from tests.unit.chainmeet.test_cli_summary import PLAN
from tests.unit.invites.builders import ATTENDEE, ORGANIZER, new

Peer = Callable[[Problem, float], list[Meeting]]
EXPO = generated(6, 10).problem
MESSAGE = new()
PEERS = [first_fit.plan, compact_greedy.plan, cp_sat.plan, cp_sat.plan_served, highs.plan]


@pytest.mark.parametrize("plan", PEERS, ids=lambda plan: f"{plan.__module__}.{plan.__name__}")
def test_a_peer_keeps_every_rule_and_holds_what_fits(plan: Peer) -> None:
    meetings = plan(EXPO, 60.0)
    assert rules.violations(EXPO, meetings) == []
    assert len(meetings) == len(EXPO.requests)


@pytest.mark.parametrize("plan", PEERS[:2])
def test_the_greedy_peers_keep_every_rule_of_a_tight_expo(plan: Peer) -> None:
    expo = generated(20, 190).problem
    tight = replace(expo, firms=tuple(replace(firm, max_per_day=2) for firm in expo.firms))
    assert rules.violations(tight, plan(tight, 60.0)) == []


@pytest.mark.parametrize("plan", PEERS)
def test_a_peer_refuses_what_it_does_not_know(plan: Peer) -> None:
    with pytest.raises(NoPlan, match="first plans"):
        plan(replace(EXPO, policy=Policy(require_all=True)), 60.0)


def test_the_compact_greedy_leaves_no_gap_where_none_is_needed() -> None:
    problem = make_problem(
        slots="4", requests=[ask("r1", "a", "b"), ask("r2", "a", "c"), ask("r3", "a", "d")]
    )
    assert rules.score(problem, compact_greedy.plan(problem, 1.0)).terms["idle"] == 0


def test_a_plan_that_breaks_a_rule_has_no_quality() -> None:
    problem = make_problem(
        slots="2", requests=[ask("r1", "a", "b"), ask("r2", "a", "c")], places=[table("t1", capacity=2)]
    )
    clash = [meet("r1", "s0", "t1", "a1 b1"), meet("r2", "s0", "t1", "a1 c1")]
    with pytest.raises(BrokenPlan, match="H3"):
        quality(problem, clash, Bounds(2, 0, 200, 2))


def test_quality_is_told_in_percent_of_the_bounds() -> None:
    problem = make_problem(slots="2", requests=[ask("r1", "a", "b"), ask("r2", "a", "c")])
    found = quality(problem, [meet("r1", "s0", "t1", "a1 b1")], Bounds(2, 0, 200, 2))
    assert (found.held, found.served_share, found.score_share) == (1, 50.0, 50.0)


def test_an_attendees_day_counts_once_however_many_meetings_it_has() -> None:
    problem = make_problem(
        slots="2 2", requests=[ask("r1", "a", "b"), ask("r2", "a", "c"), ask("r3", "a", "b")]
    )
    meetings = [
        meet("r1", "s0", "t1", "a1 b1"),
        meet("r2", "s1", "t1", "a1 c1"),
        meet("r3", "s2", "t1", "a1 b1"),
    ]
    assert attendee_days(problem, meetings) == 5


def test_a_changed_expo_is_the_same_for_the_same_seed() -> None:
    meetings = first_fit.plan(EXPO, 1.0)
    assert disruptions.disrupt_problem(EXPO, meetings, 7) == disruptions.disrupt_problem(EXPO, meetings, 7)


def test_a_changed_expo_has_lost_requests_won_others_and_can_be_read() -> None:
    expo = generated(20, 100).problem
    changed = disruptions.disrupt_problem(expo, first_fit.plan(expo, 1.0))
    assert len({r.id for r in expo.requests} - {r.id for r in changed.requests}) == 5
    assert len({r.id for r in changed.requests} - {r.id for r in expo.requests}) == 5
    assert write_problem(read_problem(write_problem(changed))) == write_problem(changed)


def test_the_first_plan_of_a_score_is_found_in_the_curve() -> None:
    curve = tuple(Progress(float(k), "searching", score) for k, score in enumerate([None, 5, 9, 9, 12]))
    assert (seconds_to(Result(PLAN, curve), 9), seconds_to(Result(PLAN, curve), 13)) == (2.0, None)


def test_rows_are_put_in_the_place_of_those_with_the_same_keys(tmp_path: Path) -> None:
    path = tmp_path / "rows.json"
    path.write_text(json.dumps({"rows": [{"a": 1, "v": 1}, {"a": 2, "v": 2}]}))
    assert merged(path, [{"a": 1, "v": 7}, {"a": 3, "v": 3}], ("a",)) == [
        {"a": 1, "v": 7},
        {"a": 2, "v": 2},
        {"a": 3, "v": 3},
    ]


def test_small_helpers() -> None:
    assert (share(1, 4), share(1, 0), share(1, None)) == (25.0, None, None)
    assert (wanted("620 firms", []), wanted("620 Firms", ["firms"]), wanted("620", ["60"])) == (
        True,
        True,
        False,
    )
    assert Axis(1, 100, logarithmic=True).share(10) == 0.5
    assert Axis(0, 10).share(20) == 1.0


def test_the_mail_benchmark_makes_what_it_measures(tmp_path: Path) -> None:
    path = tmp_path / "mails.json"
    rows = {row["row"]: row for row in emails.run(path, (12, 40, 20), {})}
    assert json.loads(path.read_text("utf-8"))["rows"] == list(rows.values())
    rendered = [rows[name]["made"] for name in ("render mails", "render summaries, with PDF")]
    assert (rendered[0] >= 40, rendered[1] >= 12) == (True, True)
    assert rows["publish: write the outbox"]["made"] == sum(rendered)
    assert rows["publish the same plan again"]["made"] == 0
    feeds = [row["made"] for name, row in rows.items() if "feed" in name]
    assert len(feeds) == 4 and set(feeds) <= {feeds[0]} and feeds[0] >= 10


def test_the_peers_calendar_says_what_ours_says() -> None:
    (ours,), (peers,) = (
        Calendar.from_ical(octets).events
        for octets in (
            build_calendar(MESSAGE, ORGANIZER, ATTENDEE),
            plain_ical.calendar(MESSAGE, ORGANIZER.email, ATTENDEE.email, ATTENDEE.name, zones=True),
        )
    )
    for name in ("UID", "SEQUENCE", "SUMMARY", "LOCATION", "DESCRIPTION", "URL", "ORGANIZER", "ATTENDEE"):
        assert ours[name] == peers[name], name
    assert (ours.start, ours.end, ours.DTSTAMP) == (peers.start, peers.end, peers.DTSTAMP)


def test_a_call_in_a_process_of_its_own_gives_its_value_or_its_reason() -> None:
    done = contestants.run(contestants.first_fit, EXPO, 1.0)
    assert done.error is None and len(contestants.meetings_of(done)) == len(EXPO.requests)
    refused = contestants.run(contestants.first_fit, replace(EXPO, policy=Policy(require_all=True)), 1.0)
    assert refused.value is None and "NoPlan" in (refused.error or "")


def test_a_call_that_does_not_end_is_ended() -> None:
    import time

    assert isolated.run(time.sleep, 3600.0, limit=0.5).error == "ended, as it did not keep its time"


def test_a_route_under_load_counts_refusals_that_a_person_expects_as_no_errors() -> None:
    answers = [Answer("ask", "POST", status, 0.1) for status in (303, 303, 422, 500, 0)]
    cpu = [{"web": web, "database": 2_000_000} for web in (1_000_000, 9_000_000, 3_000_000)]
    row = load.row("ask", answers, cpu)
    assert (row["requests"], row["errors"], row["web_cpu_ms"], row["database_cpu_ms"]) == (5, 2, 3.0, 2.0)
    assert Answer("firm", "GET", 303, 0.1).is_error


def test_a_percentile_is_a_time_that_was_measured() -> None:
    seconds = [number / 1000 for number in range(1, 101)]
    assert [load.percentile(seconds, share) for share in (0.5, 0.95, 0.99)] == [51.0, 96.0, 100.0]


def test_the_figures_of_a_time_name_its_longest_request() -> None:
    answers = [Answer("firm", "GET", 200, number / 1000) for number in range(1, 100)]
    row = publishing.figures("publishing", [*answers, Answer("ask", "POST", 500, 2.5)])
    assert (row["requests"], row["errors"], row["longest_ms"], row["longest_route"]) == (100, 1, 2500, "ask")


def test_a_goal_that_a_publishing_misses_is_told_with_its_figure() -> None:
    reached = dict(publishing.GOALS)
    assert publishing.missed(reached) == []
    missed = publishing.missed(reached | {"job_mb": 300.1})
    assert missed == ["job_mb is 300.1, at most 300.0 is wanted"]


def test_people_go_round_until_the_work_is_done() -> None:
    asked: list[str] = []

    class Person(User):
        async def journey(self) -> AsyncIterator[Answer]:
            asked.append(self.address)
            yield Answer("firm", "GET", 200, 0.001)

    async def work() -> dict[str, int]:
        while len(asked) < 4:
            await asyncio.sleep(0)
        return {"mails": 7}

    people: list[User] = [Person(1, "expo", name, random.Random(name)) for name in ("a", "b")]
    done, answers = asyncio.run(publishing.meanwhile(people, work, think=(0.0, 0.0)))
    assert (done, len(answers) >= 4, set(asked)) == ({"mails": 7}, True, {"a", "b"})


def test_a_phase_of_polls_counts_unchanged_feeds_and_errors_and_costs_a_poll() -> None:
    found = [*(Poll(304, 0.001) for _ in range(8)), Poll(200, 0.03), Poll(503, 0.001)]
    row = polls.figures("unchanged", found, {"web": 0.02, "database": 0.01, "broker": 0.001})
    assert (row["polls"], row["unchanged"], row["errors"]) == (10, 8, 1)
    assert (row["p50_ms"], row["p99_ms"], row["web_cpu_ms"], row["database_cpu_ms"]) == (1.0, 30.0, 2.0, 1.0)
    assert polls.figures("publishing", found, {})["web_cpu_ms"] is None
    totals = {"errors": 1, "unchanged_cpu_ms": 2.0, "unchanged_at_full_load_cpu_ms": 2.0}
    assert polls.missed(totals) == ["errors is 1, at most 0 is wanted"]


def test_each_subscription_polls_once_a_round_at_the_wanted_rate() -> None:
    polled: list[str] = []

    class Subscribed(Subscription):
        async def poll(self) -> Poll:
            polled.append(self.path)
            return Poll(304, 0.001)

    subscriptions = [Subscribed(1, path) for path in "abc"]
    found = asyncio.run(Polling(subscriptions, rate=10_000).until(lambda number: number >= 6))
    assert len(found) == 6 and sorted(polled[:3]) == sorted(polled[3:]) == ["a", "b", "c"]


def test_a_night_counts_late_turns_and_events_that_nobody_explains() -> None:
    nights = [
        EventNight(0, 3.0, 10.0, 12.0, ""),
        EventNight(1, 20.0, 27.0, None, "too many meetings change"),
        EventNight(2, 5.0, 12.0, 15.0, ""),
        EventNight(3, 9.0, 16.0, None, ""),
    ]
    found = overnight_queue.figures(nights, workers=1, seconds=5)
    assert (found["ended"], found["published"], found["unexplained"], found["most_turns_late"]) == (
        4,
        2,
        1,
        2,
    )
    assert found["wait_s"] == {"median": 7.0, "longest": 20.0} and found["run_s_besides_search"] == 2.0
    assert found["minutes_with_60_s"][2] == 2 and found["starts_within_an_hour"][1] == 4
    assert found["missed"] == [
        "a run started 2 turns late",
        "1 events are not published, without a reason",
    ]


@pytest.mark.parametrize("name", SETTINGS)
def test_an_event_whose_limits_bind_is_a_problem_and_the_same_each_time(name: str) -> None:
    made, again = (make_setting(name, 40, 200).problem for _ in range(2))
    assert write_problem(made) == write_problem(again)
    read_problem(write_problem(made))
    assert name == "normal" or write_problem(made) != write_problem(make_setting("normal", 40, 200).problem)
