"""LPs, solved in a process of their own that can be ended at any moment."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import tempfile
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt

from scheduler.solver.bounds.dtypes import Floats
from scheduler.solver.clock import SolveClock

Arrays = Mapping[str, npt.NDArray[np.generic]]

CHECK_SECONDS = 0.1
SMALL_COLUMNS = 2000  # solved in a few milliseconds, sooner than a process starts
READ_OCTETS = 1 << 20
LARGE = 1 << 20
"""Octets. glibc raises this limit up to 32 MiB as large blocks are freed, and then keeps what is free."""
ENVIRONMENT = {"MALLOC_MMAP_THRESHOLD_": str(LARGE), "MALLOC_TRIM_THRESHOLD_": str(LARGE)}
"""Of the process: it returns the memory of large arrays as soon as they are freed (mallopt(3))."""
WHOLE = b"\n"  # tells the process that a set of LPs is in the file


class LpSolver:
    """Solves LPs. The larger ones share a process, which takes a moment to start: see `begin`."""

    def __init__(self) -> None:
        self._process: _LpProcess | None = None

    def begin(self) -> _LpProcess:
        """Start the process, if none runs."""
        self._process = self._process or _LpProcess()
        return self._process

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.end()
            self._process = None

    def iter_duals(
        self,
        lp: Arrays,
        ways: Sequence[str],
        seconds: float,
        should_stop: Callable[[], bool] | None = None,
    ) -> Generator[Floats | None]:
        """Row duals of `max cost x, A x <= rhs, 0 <= x <= upper`, as each LP is solved; None without any.

        Parameters
        ----------
        lp
            `cost` (LPs x columns), `upper` (columns), `rhs` (rows) and the entries of A: `row`, `column` and
            `value`.
        ways
            One of `lp_process.ALGORITHMS` for each row of `cost`.
        seconds
            Wall time for all of them. Those that end later have no duals.
        should_stop
            Is asked often, and ends the process.

        Yields
        ------
        Floats | None
            By row. They are as good as the LP solver was exact: whoever claims a bound computes it from them.
        """
        asked = {**lp, "seconds": np.array(seconds), "ways": np.array(ways)}
        if lp["cost"].shape[1] <= SMALL_COLUMNS:
            yield from map(_finite, _iter_solved_here(asked))
            return
        process, clock, received, rows = self.begin(), SolveClock(seconds, should_stop), 0, len(lp["rhs"])
        try:
            process.send(asked)
            del asked, lp  # the process has them
            for _ in ways:
                duals = process.receive(rows, clock)
                received += duals is not None
                yield None if duals is None else _finite(duals)
        finally:
            if received < len(ways):  # it has ended, or works at what nobody waits for
                self.close()


class _LpProcess:
    """The process: it takes sets of LPs, and gives the duals of one after the other."""

    def __init__(self) -> None:
        # In a file, not a pipe: whoever writes to a pipe waits for a process that still starts. Without a
        # buffer: both have one position in it.
        self.file: IO[bytes] = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115  # closed by `end`
        # By its path and with -P: it needs nothing of ours, from wherever it is started.
        program = str(Path(__file__).with_name("lp_process.py"))
        # The program is this interpreter with a module of ours.
        self.child = subprocess.Popen(  # noqa: S603
            [sys.executable, "-P", program, str(self.file.fileno())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=[self.file.fileno()],
            bufsize=0,
            env=os.environ | ENVIRONMENT,
        )
        self.received = b""

    def send(self, asked: Arrays) -> None:
        """Send a set of LPs. The duals of those before have been received."""
        self.file.seek(0)
        self.file.truncate()
        np.savez(self.file, allow_pickle=False, **asked)
        if self.child.stdin is not None:
            with suppress(BrokenPipeError):  # it has ended: then it gives no duals
                self.child.stdin.write(WHOLE)

    def receive(self, rows: int, clock: SolveClock) -> Floats | None:
        """The next duals, NaN if the LP has none. None if the process ended or is too late."""
        wanted = rows * np.dtype(np.float64).itemsize
        output = self.child.stdout
        while len(self.received) < wanted and output is not None and not clock.is_over():
            if select.select([output], [], [], CHECK_SECONDS)[0]:
                read = os.read(output.fileno(), READ_OCTETS)
                if not read:
                    break
                self.received += read
        if len(self.received) < wanted:
            return None
        octets, self.received = self.received[:wanted], self.received[wanted:]
        return np.frombuffer(octets, np.float64)

    def end(self) -> None:
        self.child.kill()
        for pipe in (self.child.stdin, self.child.stdout, self.file):
            if pipe is not None:
                pipe.close()
        self.child.wait()


def _iter_solved_here(asked: Arrays) -> Iterator[Floats]:
    # Not all who import this module solve an LP: until then, HiGHS takes no memory.
    from scheduler.solver.bounds.lp_process import iter_duals

    return iter_duals(asked)


def _finite(duals: Floats) -> Floats | None:
    return None if np.isnan(duals).any() else duals
