"""A run's search shared with other workers: who can help, parts given out, answers taken in."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TypeVar

import structlog
from sqlalchemy import delete, exists, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from scheduler.domain.entities import RunState
from scheduler.domain.problem import Problem
from scheduler.services import runs
from scheduler.solver.arrays import Flat
from scheduler.solver.helping import improve, prepare
from scheduler.solver.parts import PartRefused
from scheduler.storage.database import Database
from scheduler.storage.models import Run, SearchPart

log = structlog.get_logger()

CALLS = 2
"""Calls for help that lie in the queue; each is answered by one worker, and then renewed."""
CALL_EVERY = 2.0
"""Seconds between two looks at who answered."""
CALL_SECONDS = 60.0
"""After so long a call counts as lost."""

Send = Callable[[int], bool]
"""Has a part, by its id, done by some worker."""

T = TypeVar("T")


class WorkerCrew:
    """The other workers, as the solver's Crew. A database that does not answer is as if nobody were there.

    A worker belongs to it once it has answered a call: then it is there, is not busy, and has the problem
    in memory. When parts are lost, whoever did not answer in that round is left out until the next call.
    `parts` were offered in all, and `lost` of them were not answered in time.
    """

    def __init__(self, database: Database, run_id: int, send: Send) -> None:
        self.database, self.run_id, self.send = database, run_id, send
        self.ready: set[str] = set()
        self.calls: dict[int, float] = {}
        self.offered: list[int] = []
        self.answered: dict[int, str] = {}
        self.called_at = -CALL_EVERY
        self.parts = self.lost = 0

    def begin(self) -> None:
        """Call for help, so that others read the problem while we do."""
        self.clear()
        self.call()

    def size(self) -> int:
        if time.monotonic() >= self.called_at + CALL_EVERY:
            self.call()
        return len(self.ready)

    def offer(self, parts: Sequence[bytes]) -> None:
        self.answered = {}
        self.offered = self._write(lambda session: self._add(session, parts)) or []
        self._send(self.offered)

    def answers(self) -> Mapping[int, bytes]:
        rows = self._read(self.offered)
        self.answered = {id: worker for id, worker, _ in rows}
        return {self.offered.index(id): answer for id, _, answer in rows}

    def withdraw(self) -> None:
        offered, lost = self.offered, len(self.offered) - len(self.answered)
        self.parts, self.lost = self.parts + len(offered), self.lost + lost
        if lost:
            log.info("parts lost", run=self.run_id, lost=lost, of=len(offered))
            self.ready = set(self.answered.values())
        self._write(lambda session: self._delete(session, offered))
        self.offered = []

    def call(self) -> None:
        """Take in who answered the calls, and renew these."""
        now = self.called_at = time.monotonic()
        rows = self._read(list(self.calls))
        self.ready |= {worker for _, worker, _ in rows}
        done = [*(id for id, _, _ in rows), *(id for id, at in self.calls.items() if now > at + CALL_SECONDS)]
        self.calls = {id: at for id, at in self.calls.items() if id not in done}

        def renew(session: Session) -> list[int]:
            self._delete(session, done)
            return self._add(session, [None] * (CALLS - len(self.calls)))

        new = self._write(renew) or []
        self.calls |= dict.fromkeys(new, now)
        self._send(new)

    def clear(self) -> None:
        """Forget the run's parts, and those of runs that nobody works on."""
        self.ready, self.calls, self.offered = set(), {}, []
        is_running = exists().where(Run.id == SearchPart.run_id, Run.state == RunState.RUNNING)
        forgotten = delete(SearchPart).where((SearchPart.run_id == self.run_id) | ~is_running)
        self._write(lambda session: session.execute(forgotten))

    def _send(self, ids: Sequence[int]) -> None:
        for id in ids:
            self.send(id)

    def _add(self, session: Session, parts: Sequence[bytes | None]) -> list[int]:
        rows = [SearchPart(run_id=self.run_id, part=part) for part in parts]
        session.add_all(rows)
        session.flush()
        return [row.id for row in rows]

    def _delete(self, session: Session, ids: Sequence[int]) -> None:
        session.execute(delete(SearchPart).where(SearchPart.id.in_(ids)))

    def _read(self, ids: Sequence[int]) -> list[tuple[int, str, bytes]]:
        """Those that are answered: id, worker and answer."""
        columns = (SearchPart.id, SearchPart.worker, SearchPart.answer)
        done = select(*columns).where(SearchPart.id.in_(ids), SearchPart.answer.is_not(None))
        rows = self._in(self.database.read, lambda session: session.execute(done).all()) or ()
        return [(id, worker or "", answer or b"") for id, worker, answer in rows]

    def _write(self, do: Callable[[Session], T]) -> T | None:
        return self._in(self.database.write, do)

    def _in(
        self, transaction: Callable[[], AbstractContextManager[Session]], do: Callable[[Session], T]
    ) -> T | None:
        try:
            with transaction() as session:
                return do(session)
        except SQLAlchemyError as error:
            log.warning("parts are not shared", run=self.run_id, error=str(error))
            self.ready = set()
            return None


_prepared: dict[str, Flat] = {}
"""The last problem that this process took parts of, by its fingerprint."""


def take(
    database: Database, part_id: int, *, worker: str, threads: int, should_stop: Callable[[], bool]
) -> bool:
    """Do a part that nobody has begun and that is still wanted; whether it was done.

    A call is answered once the problem is in memory, with nothing.
    """
    flat = None if should_stop() else _problem_of(database, part_id)
    if flat is None:
        return False
    with database.write() as session:
        claim = update(SearchPart).where(SearchPart.id == part_id, SearchPart.worker.is_(None))
        row = session.execute(claim.values(worker=worker).returning(SearchPart.part)).one_or_none()
    if row is None:
        return False
    try:
        answer = b"" if row.part is None else improve(flat, row.part, threads, should_stop)
    except PartRefused as error:
        log.warning("part refused", part=part_id, reason=str(error))
        return False
    with database.write() as session:
        ours = update(SearchPart).where(SearchPart.id == part_id, SearchPart.worker == worker)
        session.execute(ours.values(answer=answer))
    return True


def _problem_of(database: Database, part_id: int) -> Flat | None:
    """The problem that a part is of, ready to be searched; None if the part is no longer wanted."""
    with database.read() as session:
        of_run = select(Run.id, Run.fingerprint).join(SearchPart).where(SearchPart.id == part_id)
        run = session.execute(of_run).one_or_none()
        if run is None or run.fingerprint in _prepared:
            return None if run is None else _prepared[run.fingerprint]
        document = runs.problem_file(session, run.id)
    _prepared.clear()
    _prepared[run.fingerprint] = prepare(Problem.from_json(document))
    return _prepared[run.fingerprint]
