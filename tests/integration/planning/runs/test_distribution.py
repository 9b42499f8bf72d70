"""A search distributed through the broker: calls for help, subproblems, answers, lost messages."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
import redis

from scheduler.domain.problem import Problem
from scheduler.files.problem_file import problem_fingerprint, write_problem
from scheduler.services.planning.runs import distribution, runs
from scheduler.services.planning.runs.distribution import (
    HelperChannel,
    WorkerHelpers,
    help_run,
    redis_url,
    topic_name,
)
from scheduler.solver.annealing.day_shares import full_share
from scheduler.solver.annealing.helper import Helper
from scheduler.solver.annealing.subproblem import Subproblem
from scheduler.solver.annealing.temperature import Temperatures
from scheduler.solver.instance.arrays import flatten
from scheduler.solver.plans.start import build_start_state
from scheduler.storage.database import Database
from tests.support.builders import ask, make_problem
from tests.support.factories import NOW, make_event
from tests.support.workers import eventually

PROBLEM = make_problem(slots="2 2", requests=[ask("r1", "a", "b"), ask("r2", "b", "c")])


@pytest.fixture
def client(broker_url: str) -> Iterator[redis.Redis]:
    with redis.Redis(unix_socket_path=broker_url.removeprefix("redis+socket://")) as client:
        client.flushall()
        yield client


# The run's worker


class Member:
    """A helper whose messages the test sends."""

    def __init__(self, url: str, name: str) -> None:
        self.name, self.line = name, HelperChannel(url, topic_name(1, name))

    def say(self, number: int, answer: bytes = b"", *, stays: bool = True) -> None:
        head = distribution._ANSWER.pack(number, stays, len(self.name)) + self.name.encode()
        assert self.line.say(topic_name(1), head + answer)

    def hear(self) -> tuple[int, bytes]:
        """Return the next subproblem and its number."""
        content = self.line.heard(60)
        assert content is not None
        return distribution._SUBPROBLEM.unpack_from(content)[0], content[distribution._SUBPROBLEM.size :]


class HelpersScene:
    """The helpers of run 1, and the calls that it sent."""

    def __init__(self, url: str) -> None:
        self.url, self.calls = url, 0
        self.members: list[Member] = []
        self.helpers = WorkerHelpers(url, 1, "here:1", self.call)
        self.helpers.begin()

    def call(self, run_id: int) -> bool:
        self.calls += 1
        return True

    def joined_by(self, name: str) -> Member:
        self.members.append(Member(self.url, name))
        self.members[-1].say(distribution.READY)
        eventually(lambda: self.helpers.size(nearby=True) > 0 and name in self.helpers.chosen)
        return self.members[-1]

    def answers(self, count: int) -> dict[int, bytes]:
        eventually(lambda: len(self.helpers.answers()) == count)
        return dict(self.helpers.answers())


@pytest.fixture
def scene(broker_url: str) -> Iterator[HelpersScene]:
    scene = HelpersScene(broker_url)
    yield scene
    scene.helpers.clear()
    for member in scene.members:
        member.line.close()


def test_nobody_helps_until_a_call_is_answered(scene: HelpersScene) -> None:
    assert (scene.helpers.size(nearby=True), scene.calls) == (0, distribution.MAX_CALLS)
    scene.joined_by("w1")
    assert scene.helpers.size(nearby=True) == 1


def test_others_on_the_same_machine_can_be_left_in_peace(scene: HelpersScene) -> None:
    near, far = scene.joined_by("here:2"), scene.joined_by("there:2")
    assert scene.helpers.size(nearby=False) == 1
    scene.helpers.send([b"part"])
    assert far.hear()[1] == b"part"
    assert near.line.heard() is None


def test_one_worker_counts_once_and_answered_calls_are_renewed(scene: HelpersScene) -> None:
    scene.joined_by("w1").say(distribution.READY)
    eventually(lambda: not scene.helpers.calls or bool(scene.helpers.answers()))
    scene.helpers.call()
    assert (scene.helpers.size(nearby=True), scene.calls) == (1, 2 * distribution.MAX_CALLS)


def test_a_call_that_nobody_takes_is_renewed_when_it_is_lost(
    scene: HelpersScene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.helpers.call()
    assert scene.calls == distribution.MAX_CALLS
    monkeypatch.setattr(runs, "CALL_TIMEOUT", -1.0)
    scene.helpers.call()
    assert scene.calls == 2 * distribution.MAX_CALLS


def test_a_helper_that_is_lost_before_it_is_ready_is_not_counted_and_its_call_is_renewed(
    scene: HelpersScene, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = Member(scene.url, "w1")
    assert scene.helpers.size(nearby=True) == 0
    lost.line.close()
    scene.helpers.send([b"part"])
    assert (scene.helpers.sent, scene.calls) == (0, distribution.MAX_CALLS)
    monkeypatch.setattr(runs, "CALL_TIMEOUT", -1.0)
    scene.helpers.call()
    assert scene.calls == 2 * distribution.MAX_CALLS


def test_each_member_gets_a_part_and_its_answer_comes_back_at_the_parts_place(scene: HelpersScene) -> None:
    first, second = scene.joined_by("w1"), scene.joined_by("w2")
    scene.helpers.send([b"one", b"two"])
    (number, part), (other, other_part) = first.hear(), second.hear()
    assert (part, other_part) == (b"one", b"two")
    second.say(other, b"TWO")
    assert scene.answers(1) == {1: b"TWO"}
    first.say(number, b"ONE")
    assert scene.answers(2) == {0: b"ONE", 1: b"TWO"}


def test_who_is_late_is_left_out_until_it_is_heard_again(scene: HelpersScene) -> None:
    member = scene.joined_by("w1")
    scene.helpers.send([b"part"])
    scene.helpers.withdraw()
    assert (scene.helpers.size(nearby=True), scene.helpers.sent, scene.helpers.lost) == (0, 1, 1)
    member.say(member.hear()[0], b"late")
    eventually(lambda: not scene.helpers.answers() and scene.helpers.size(nearby=True) == 1)


def test_an_answer_that_another_member_was_asked_for_is_not_taken(scene: HelpersScene) -> None:
    first, second = scene.joined_by("w1"), scene.joined_by("w2")
    scene.helpers.send([b"one"])
    number, _ = first.hear()
    second.say(number, b"mine")
    first.say(number, b"ONE")
    assert scene.answers(1) == {0: b"ONE"}


def test_who_goes_after_an_answer_is_asked_no_more(scene: HelpersScene) -> None:
    member = scene.joined_by("w1")
    scene.helpers.send([b"part"])
    member.say(member.hear()[0], b"answer", stays=False)
    assert scene.answers(1) == {0: b"answer"}
    assert scene.helpers.size(nearby=True) == 0


def test_members_are_let_go_at_the_end(scene: HelpersScene) -> None:
    member = scene.joined_by("w1")
    scene.helpers.clear()
    assert member.hear() == (distribution.DISMISS, b"")
    assert scene.helpers.size(nearby=True) == 0


@pytest.mark.parametrize(
    ("celery", "plain"),
    [
        ("redis://:secret@host:6379/0", "redis://:secret@host:6379/0"),
        ("redis+socket:///run/b.sock?virtual_host=1", "unix:///run/b.sock"),
        ("rediss://host/0?ssl_cert_reqs=CERT_REQUIRED", "rediss://host/0?ssl_cert_reqs=required"),
        ("rediss://host/0?ssl_cert_reqs=none", "rediss://host/0?ssl_cert_reqs=none"),
    ],
)
def test_the_broker_is_found_where_celery_finds_it(celery: str, plain: str) -> None:
    assert redis_url(celery) == plain


@pytest.mark.parametrize("url", ["redis+socket:///nowhere/s", "redis://127.0.0.1:1/0"])
def test_without_a_broker_nobody_helps_and_nothing_is_raised(url: str) -> None:
    helpers = WorkerHelpers(url, 1, "here:1", lambda _: True)
    helpers.begin()
    helpers.send([b"part"])
    assert (helpers.size(nearby=True), helpers.answers()) == (0, {})
    helpers.withdraw()
    helpers.clear()


def test_a_broker_that_goes_away_leaves_the_run_alone_and_raises_nothing(
    scene: HelpersScene, client: redis.Redis
) -> None:
    scene.joined_by("w1")
    client.client_kill_filter(_type="pubsub")
    client.client_kill_filter(_type="normal")
    eventually(lambda: scene.helpers.send([b"part"]) is None and scene.helpers.answers() == {})


# The helpers


class Help:
    """A running run of PROBLEM, its worker's channel, and help for it in a thread."""

    def __init__(self, database: Database, url: str) -> None:
        self.database, self.url = database, url
        found = {"fingerprint": problem_fingerprint(PROBLEM), "problem": write_problem(PROBLEM)}
        with database.write() as session:
            run = runs.queue_run(session, make_event(session).event.id, requested_by=None, now=NOW)
            runs.claim_run(session, run.id, "coordinator", now=NOW)
            runs.store_problem(session, run.id, worker="coordinator", **found, basis={})
            self.run_id = run.id
        self.line = HelperChannel(url, topic_name(self.run_id))
        self.done: list[int] = []
        self.thread: threading.Thread | None = None

    def begin(self, should_stop: Callable[[], bool] = lambda: False) -> None:
        self.thread = threading.Thread(target=lambda: self.done.append(self.help(should_stop)))
        self.thread.start()

    def help(self, should_stop: Callable[[], bool] = lambda: False) -> int:
        keys: dict[str, Any] = {"worker": "w1", "threads": 1, "should_stop": should_stop}
        return help_run(self.database, self.url, self.run_id, **keys)

    def hear(self) -> tuple[int, bool, bytes]:
        """Return the next number, True if the helper stays, and its answer."""
        content = self.line.heard(600)
        assert content is not None
        number, stays, length = distribution._ANSWER.unpack_from(content)
        name, answer = (
            content[distribution._ANSWER.size :][:length],
            content[distribution._ANSWER.size + length :],
        )
        assert name == b"w1"
        return number, stays, answer

    def say(self, number: int, part: bytes = b"") -> None:
        assert self.line.say(topic_name(self.run_id, "w1"), distribution._SUBPROBLEM.pack(number) + part)

    def ended(self) -> int:
        """Return the number of subproblems that the helper solved, once it has ended."""
        assert self.thread is not None
        self.thread.join()
        return self.done[0]


@pytest.fixture
def helped(database: Database, client: redis.Redis, broker_url: str) -> Iterator[Help]:
    with closing((helped := Help(database, broker_url)).line):
        yield helped


def a_part() -> bytes:
    """Return the whole plan as a subproblem, to be improved for 0.1 seconds."""
    flat = flatten(PROBLEM)
    plan = build_start_state(flat, None, 1)
    return Subproblem(plan.held, full_share(flat.data), Temperatures(3.0, 0.2), 0.0, 1.0, 0.1).to_bytes()


def test_a_helper_says_that_it_is_ready_and_answers_parts_until_it_is_let_go(helped: Help) -> None:
    helped.begin()
    assert helped.hear() == (distribution.READY, True, b"")
    for number in (7, 8):
        helped.say(number, a_part())
        answered, stays, answer = helped.hear()
        assert (answered, stays) == (number, True)
        assert answer
    helped.say(distribution.DISMISS)
    assert helped.ended() == 2


def test_a_helper_reads_the_problem_once(helped: Help, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Problem] = []

    def make(problem: Problem, threads: int, seed: int) -> Helper:
        made.append(problem)
        return Helper(problem, threads, seed)

    monkeypatch.setattr(distribution, "_prepared", {})
    monkeypatch.setattr(distribution, "Helper", make)
    for _ in range(2):
        helped.begin()
        helped.hear()
        helped.say(distribution.DISMISS)
        assert helped.ended() == 0
    assert made == [PROBLEM]


def test_a_helper_goes_when_others_have_waited_long_and_says_so(
    helped: Help, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(distribution, "HELP_SECONDS", 0.0)
    helped.begin()
    assert helped.hear()[:2] == (distribution.READY, False)
    assert helped.ended() == 0


def test_a_helper_that_hears_nothing_goes(helped: Help, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distribution, "IDLE_SECONDS", 0.1)
    helped.begin()
    assert helped.ended() == 0


def test_a_helper_that_shuts_down_answers_its_part_and_goes(helped: Help) -> None:
    stopping = threading.Event()
    helped.begin(stopping.is_set)
    helped.hear()
    stopping.set()
    assert helped.ended() == 0
    assert helped.help(lambda: True) == 0


def test_octets_that_are_no_part_are_not_answered(helped: Help) -> None:
    helped.begin()
    helped.hear()
    helped.say(1, b"\x80\x04no part")
    assert helped.ended() == 0


def test_a_helper_whose_run_is_gone_goes(helped: Help) -> None:
    helped.line.close()
    assert helped.help() == 0


def test_a_run_that_is_not_running_gets_no_help(helped: Help) -> None:
    with helped.database.write() as session:
        runs.fail_run(session, helped.run_id, worker="coordinator", error="No.", now=NOW)
    assert helped.help() == 0
    assert help_run(helped.database, helped.url, 999, worker="w", threads=1, should_stop=lambda: False) == 0


def test_nothing_is_left_in_the_broker(helped: Help, client: redis.Redis) -> None:
    helped.begin()
    helped.hear()
    helped.say(1, a_part())
    helped.hear()
    helped.say(distribution.DISMISS)
    helped.ended()
    assert client.keys("*") == []
