"""Distributed search: a run's worker shares subproblems with other workers over the broker.

Subproblems and answers travel by publish/subscribe, one message each, and nothing is stored. Through the
database a subproblem took half a second, too slow for splitting days anew every 0.2 s. No worker waits for a
lost subproblem; only its improvement is lost. A helper keeps the problem in memory, stays for 20 s, and
returns to the queue, so that waiting runs get their turn.
"""

from __future__ import annotations

import re
import secrets
import struct
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from typing import Any

import redis
import structlog
from redis.backoff import NoBackoff
from redis.retry import Retry

from scheduler.files.problem_file import read_problem
from scheduler.services.planning.runs import runs
from scheduler.services.problems import stored_problems
from scheduler.solver.annealing.helper import Helper
from scheduler.solver.annealing.subproblem import SubproblemRefused
from scheduler.storage.database import Database

log = structlog.get_logger()

MAX_CALLS = 2
"""Open calls for help in the queue. Each is answered by one worker and then renewed."""
CALL_INTERVAL = 2.0
"""Seconds between two checks of the calls."""
HELP_SECONDS = 20.0
"""Seconds after which a helper returns to the queue, where other runs may wait."""
IDLE_SECONDS = 5.0
"""A helper that receives nothing for this many seconds returns as well."""
CONNECT_SECONDS, LISTEN_SECONDS = 2.0, 0.5

Call = Callable[[int], bool]
"""Sends a call for help with a run, by its id."""

_SUBPROBLEM = struct.Struct("<q")
_ANSWER = struct.Struct("<q?B")
READY = 0  # number in a helper's first message, before it has a subproblem
DISMISS = 0  # number that dismisses a helper


class HelperChannel:
    """A publish/subscribe connection between a run's worker and a helper.

    Messages are not stored: a disconnected subscriber misses them. Raises RedisError if the broker fails.
    """

    def __init__(self, url: str, topic: str) -> None:
        self.client = redis.Redis.from_url(
            redis_url(url),
            socket_connect_timeout=CONNECT_SECONDS,
            socket_timeout=CONNECT_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )
        self.subscription = self.client.pubsub()  # type: ignore[no-untyped-call]  # redis has no hint for it
        self.subscription.subscribe(topic)
        self.subscription.get_message(timeout=CONNECT_SECONDS)  # waits for the confirmation

    def say(self, topic: str, content: bytes) -> bool:
        """Publish a message. Return True if there was a subscriber."""
        return bool(self.client.publish(topic, content))

    def heard(self, seconds: float = 0.0) -> bytes | None:
        """Return the next message, or None after `seconds` without one."""
        message: dict[str, Any] | None = self.subscription.get_message(
            ignore_subscribe_messages=True, timeout=seconds
        )
        return message["data"] if message else None

    def close(self) -> None:
        self.subscription.close()
        self.client.close()


def redis_url(url: str) -> str:
    """Convert the broker URL to the form that the redis client accepts."""
    if url.startswith("redis+socket://"):
        return url.replace("redis+socket://", "unix://", 1).partition("?")[0]
    return re.sub(r"ssl_cert_reqs=CERT_(\w+)", lambda found: f"ssl_cert_reqs={found[1].lower()}", url)


def topic_name(run_id: int, helper: str = "") -> str:
    """Return the topic of the run's worker, or of one of its helpers."""
    return f"chainmeet.run.{run_id}" + (f".{helper}" if helper else "")


def worker_host(worker: str) -> str:
    """Return the host of a worker name "host:process"."""
    return worker.rpartition(":")[0]


class WorkerHelpers:
    """The solver's `Helpers`, implemented by other workers. Without a broker there are no helpers.

    `worker` is the name of the run's worker and starts with its host. A helper joins by answering a call, and
    is left out while its answers are late. Of the `sent` subproblems, `lost` were not answered in time.
    """

    def __init__(self, url: str, run_id: int, worker: str, call: Call) -> None:
        self.url, self.run_id, self.worker, self.send_call = url, run_id, worker, call
        self.line: HelperChannel | None = None
        self.ready: dict[str, None] = {}
        self.chosen: list[str] = []
        self.calls: deque[float] = deque()
        self.called_at = -CALL_INTERVAL
        self.asked: dict[int, tuple[int, str]] = {}
        self.answered: dict[int, bytes] = {}
        self.sent = self.lost = 0

    def begin(self) -> None:
        """Call for help early, so that helpers load the problem meanwhile."""
        self.clear()
        try:
            self.line = HelperChannel(self.url, topic_name(self.run_id))
        except (redis.RedisError, ValueError) as error:
            self._give_up(error)
        self.call()

    def size(self, *, nearby: bool) -> int:
        self._listen()
        if time.monotonic() >= self.called_at + CALL_INTERVAL:
            self.call()
        self.chosen = [name for name in self.ready if nearby or worker_host(name) != worker_host(self.worker)]
        return len(self.chosen)

    def send(self, subproblems: Sequence[bytes]) -> None:
        self.answered = {}
        for position, (helper, subproblem) in enumerate(zip(self.chosen, subproblems, strict=False)):
            self.sent += 1
            self.asked[self.sent] = (position, helper)
            self._say(helper, _SUBPROBLEM.pack(self.sent) + subproblem)

    def answers(self) -> Mapping[int, bytes]:
        self._listen()
        return self.answered

    def withdraw(self) -> None:
        late = [helper for _, helper in self.asked.values()]
        if late:
            log.info("subproblems lost", run=self.run_id, lost=len(late))
        for helper in late:
            self.ready.pop(helper, None)
        self.lost += len(late)
        self.asked = {}

    def call(self) -> None:
        """Renew calls that were answered or have timed out."""
        now = self.called_at = time.monotonic()
        while self.calls and now > self.calls[0] + runs.CALL_TIMEOUT:
            self.calls.popleft()
        while self.line is not None and len(self.calls) < MAX_CALLS:
            self.calls.append(now)
            self.send_call(self.run_id)

    def clear(self) -> None:
        """Dismiss the helpers."""
        for helper in self.ready:
            self._say(helper, _SUBPROBLEM.pack(DISMISS))
        if self.line is not None:
            self.line.close()
        self.line, self.ready, self.asked = None, {}, {}
        self.calls.clear()

    def _say(self, helper: str, content: bytes) -> None:
        try:
            if self.line is not None:
                self.line.say(topic_name(self.run_id, helper), content)
        except redis.RedisError as error:
            self._give_up(error)

    def _listen(self) -> None:
        try:
            while self.line is not None and (content := self.line.heard()) is not None:
                self._take_in(content)
        except redis.RedisError as error:
            self._give_up(error)

    def _take_in(self, content: bytes) -> None:
        number, stays, length = _ANSWER.unpack_from(content)
        begin = _ANSWER.size + length
        helper = content[_ANSWER.size : begin].decode()
        if stays:
            self.ready[helper] = None
        else:
            self.ready.pop(helper, None)
        if number == READY and self.calls:
            self.calls.popleft()
        if (asked := self.asked.get(number)) and asked[1] == helper:
            del self.asked[number]
            self.answered[asked[0]] = content[begin:]

    def _give_up(self, error: Exception) -> None:
        """Continue without helpers."""
        log.warning("search is not shared", run=self.run_id, error=str(error))
        self.line, self.ready = None, {}


def help_run(
    database: Database,
    url: str,
    run_id: int,
    *,
    worker: str,
    threads: int,
    should_stop: Callable[[], bool],
) -> int:
    """Help a running search by solving its subproblems for a while. Return the number solved.

    Raises RedisError if the broker fails.
    """
    helper = None if should_stop() else _helper_for(database, run_id, threads)
    if helper is None:
        return 0
    with closing(HelperChannel(url, topic_name(run_id, worker))) as line:
        return _HelperSession(line, run_id, worker, helper, should_stop).do()


class _HelperSession:
    """A helper's session with one run."""

    def __init__(
        self, line: HelperChannel, run_id: int, worker: str, helper: Helper, should_stop: Callable[[], bool]
    ) -> None:
        self.line, self.run_id, self.worker = line, run_id, worker
        self.helper, self.should_stop = helper, should_stop
        self.goes_at = time.monotonic() + HELP_SECONDS

    def do(self) -> int:
        done, heard_at = 0, time.monotonic()
        is_staying = self.answer(READY, b"")
        while is_staying and not self.should_stop() and time.monotonic() < heard_at + IDLE_SECONDS:
            content = self.line.heard(LISTEN_SECONDS)
            if content is None:
                continue
            (number,) = _SUBPROBLEM.unpack_from(content)
            if number == DISMISS:
                break
            try:
                answer = self.helper.improve(content[_SUBPROBLEM.size :], self.should_stop)
            except SubproblemRefused as error:
                log.warning("subproblem refused", run=self.run_id, reason=str(error))
                break
            is_staying, heard_at = self.answer(number, answer), time.monotonic()
            done += 1
        return done

    def answer(self, number: int, answer: bytes) -> bool:
        """Send an answer. Return True to continue."""
        stays, name = time.monotonic() < self.goes_at and not self.should_stop(), self.worker.encode()
        head = _ANSWER.pack(number, stays, len(name)) + name
        return self.line.say(topic_name(self.run_id), head + answer) and stays


_prepared: dict[str, Helper] = {}
"""Helper of the last problem in this process, by fingerprint."""


def _helper_for(database: Database, run_id: int, threads: int) -> Helper | None:
    """Return the cached helper of a run's problem, or None if the run is not running."""
    with database.read() as session:
        run = runs.find_searching_run(session, run_id)
        if run is None or run.fingerprint is None:
            return None
        if run.fingerprint in _prepared:
            return _prepared[run.fingerprint]
        document = stored_problems.load_problem_file(session, run_id)
    _prepared.clear()
    _prepared[run.fingerprint] = Helper(read_problem(document), threads, secrets.randbelow(2**31))
    return _prepared[run.fingerprint]
