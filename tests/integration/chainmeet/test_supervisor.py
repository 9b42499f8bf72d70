"""The supervisor with small programs: order, restarts, and no leftover processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from chainmeet.stack.processes import Child, Program, clean_up, write_down
from chainmeet.stack.supervisor import ProgramFailed, Supervisor
from tests.support.workers import eventually

WAITS = (
    "import signal, sys, time; signal.signal(signal.SIGTERM, lambda *_: (print('stopped {0}'), sys.exit(0)))"
)
SLEEPS = "print('up', flush=True); time.sleep(600)"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "programs.log"


def program(name: str, log: Path, code: str = SLEEPS, **keys: object) -> Program:
    """Return a Python program that logs its start and its termination."""
    command = (sys.executable, "-c", WAITS.format(name) + "; " + code)
    return Program(name, command, log, **keys)  # type: ignore[arg-type]


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] != "Z"


def ups(log: Path) -> int:
    return log.read_text().splitlines().count("up")


def test_programs_stop_in_the_order_of_their_ranks(tmp_path: Path, log: Path) -> None:
    with Supervisor(tmp_path / "pids", say=lambda _: None) as supervisor:
        supervisor.start(
            *(program(name, log, stop_rank=rank) for name, rank in (("c", 2), ("a", 0), ("b", 1)))
        )
        eventually(lambda: ups(log) == 3)
    assert [line for line in log.read_text().splitlines() if line != "up"] == [
        "stopped a",
        "stopped b",
        "stopped c",
    ]
    assert not (tmp_path / "pids").exists()


def test_a_program_that_ignores_sigterm_is_killed_after_its_grace(tmp_path: Path, log: Path) -> None:
    stubborn = "signal.signal(signal.SIGTERM, signal.SIG_IGN); " + SLEEPS
    with Supervisor(tmp_path / "pids", say=lambda _: None) as supervisor:
        supervisor.start(program("stubborn", log, stubborn, grace=0.1))
        eventually(lambda: ups(log) == 1)
        (child,) = supervisor.children
    assert child.process.returncode == -signal.SIGKILL


def test_the_children_of_a_program_go_with_it(tmp_path: Path, log: Path) -> None:
    pid_file = tmp_path / "grandchild"
    forks = (
        f"import os; pid = os.fork(); (pid and open({str(pid_file)!r}, 'w').write(str(pid))); "
        "pid or signal.signal(signal.SIGTERM, signal.SIG_IGN); " + SLEEPS
    )
    with Supervisor(tmp_path / "pids", say=lambda _: None) as supervisor:
        supervisor.start(program("parent", log, forks))
        eventually(lambda: pid_file.exists() and pid_file.read_text() != "")
        grandchild = int(pid_file.read_text())
        assert is_alive(grandchild)
    eventually(lambda: not is_alive(grandchild))


def test_a_program_that_does_not_start_shows_the_end_of_its_log(tmp_path: Path, log: Path) -> None:
    with (
        Supervisor(tmp_path / "pids", say=lambda _: None) as supervisor,
        pytest.raises(ProgramFailed, match=r"web ended with status 3.*\n.*no module named web"),
    ):
        code = "print('no module named web'); sys.exit(3)"
        supervisor.start(program("web", log, code, is_ready=lambda: False))


@pytest.mark.parametrize(("load", "is_up"), [(0.0, False), (1e6, True)])
def test_a_crowded_machine_has_longer_to_start(
    tmp_path: Path, log: Path, monkeypatch: pytest.MonkeyPatch, load: float, is_up: bool
) -> None:
    monkeypatch.setattr(os, "getloadavg", lambda: (load, load, load))
    looks = iter([False] * 3 + [True] * 99)
    with Supervisor(tmp_path / "pids", say=lambda _: None) as supervisor:
        try:
            supervisor.start(program("web", log, is_ready=lambda: next(looks)), patience=0.01)
        except ProgramFailed as failed:
            assert "web was not ready after" in str(failed)
            assert not is_up
        else:
            assert is_up


def test_a_program_that_ends_is_started_again(tmp_path: Path, log: Path) -> None:
    said: list[str] = []
    with Supervisor(tmp_path / "pids", said.append) as supervisor:
        supervisor.start(program("web", log))
        eventually(lambda: ups(log) == 1)
        supervisor.children[0].process.kill()
        supervisor.watch(until=lambda: ups(log) == 2)
    assert said[0] == "web ended with status -9; restarts in 1 s."


def test_a_program_that_keeps_ending_is_started_ever_more_slowly(tmp_path: Path, log: Path) -> None:
    said: list[str] = []
    with Supervisor(tmp_path / "pids", said.append) as supervisor:
        supervisor.start(program("web", log, "print('up', flush=True); time.sleep(0.5); sys.exit(1)"))
        supervisor.watch(until=lambda: ups(log) == 3)
    waits = [line.rpartition("restarts in ")[2] for line in said if "restarts in" in line]
    assert waits[:2] == ["1 s.", "2 s."]


def test_work_in_a_thread_gives_its_result_while_children_run(tmp_path: Path, log: Path) -> None:
    with Supervisor(tmp_path / "pids", say=lambda _: None) as supervisor:
        supervisor.start(program("web", log))
        assert supervisor.attend(lambda: 41 + 1) == 42
        with pytest.raises(ZeroDivisionError):
            supervisor.attend(lambda: 1 / 0)


def test_a_signal_ends_the_watch_and_the_work(tmp_path: Path) -> None:
    with Supervisor(tmp_path / "pids", say=lambda _: None) as supervisor:

        def work() -> None:
            os.kill(os.getpid(), signal.SIGTERM)
            supervisor.stopping.wait()
            raise SystemExit("stopped by the signal")

        with pytest.raises(SystemExit, match="stopped by the signal"):
            supervisor.attend(work)
        supervisor.watch()


KILLED = """
import sys, time
from pathlib import Path
from chainmeet.stack.processes import Program
from chainmeet.stack.supervisor import Supervisor
log, pids = map(Path, sys.argv[1:3])
with Supervisor(pids) as supervisor:
    supervisor.start(Program("web", (sys.executable, "-c", sys.argv[3]), log))
    supervisor.watch()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the next start cleans up")
def test_a_killed_supervisor_leaves_nothing(tmp_path: Path, log: Path) -> None:
    code = "import os, time; print(os.getpid(), flush=True); time.sleep(600)"
    arguments = [sys.executable, "-c", KILLED, str(log), str(tmp_path / "pids"), code]
    supervisor = subprocess.Popen(arguments)
    eventually(lambda: log.exists() and log.read_text() != "")
    supervisor.kill()
    supervisor.wait()
    eventually(lambda: not is_alive(int(log.read_text())))


def test_the_next_start_kills_what_was_left(tmp_path: Path, log: Path) -> None:
    left = Child(program("web", log))
    eventually(lambda: ups(log) == 1)
    write_down(tmp_path / "pids", [left])
    assert clean_up(tmp_path / "pids") == 1
    assert left.process.wait() == -signal.SIGKILL
    assert not (tmp_path / "pids").exists()


def test_a_number_that_went_to_another_program_is_left_alone(tmp_path: Path, log: Path) -> None:
    other = Child(program("other", log))
    eventually(lambda: ups(log) == 1)
    other.born = "another time"
    write_down(tmp_path / "pids", [other])
    assert clean_up(tmp_path / "pids") == 0
    assert other.is_running
    other.kill_group()


FORKING = """
import os, signal, sys, time
from pathlib import Path
from chainmeet.stack.processes import Program
from chainmeet.stack.supervisor import ProgramFailed, Supervisor
log, pids, kind = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
held = open(sys.argv[1] + ".lock", "w")
def sleep():
    comm = Path("/proc/self/comm").read_text().strip()
    print(os.getpid(), os.getpgid(0), os.environ["ROLE"], comm,
          *sorted(os.listdir("/proc/self/fd"))[:3],
          len(os.listdir("/proc/self/fd")), signal.getsignal(signal.SIGTERM).name, flush=True)
    time.sleep(600)
def fail():
    raise LookupError("no such table")
def leave():
    raise SystemExit(3)
try:
    with Supervisor(pids) as supervisor:
        function = {"sleep": sleep, "fail": fail, "leave": leave}[kind]
        program = Program("mail worker", function=function, log=log, environment={"ROLE": "mail"},
                          is_ready=lambda: kind == "sleep")
        supervisor.start(program)
        supervisor.watch()
except ProgramFailed as error:
    print(error)
"""
"""A supervisor in a process of its own: forks need one without threads."""


@pytest.mark.skipif(sys.platform != "linux", reason="the small installation runs on Linux")
def test_a_function_runs_as_a_program_of_its_own(tmp_path: Path, log: Path) -> None:
    supervisor = subprocess.Popen([sys.executable, "-c", FORKING, str(log), str(tmp_path / "pids"), "sleep"])
    eventually(lambda: log.exists() and log.read_text() != "")
    pid, group, *rest = log.read_text().split()
    # Its open files are 0 to 2 and the listing itself, not the supervisor's.
    assert (group, rest) == (pid, ["mail", "mail", "worker", "0", "1", "2", "4", "SIG_DFL"])
    supervisor.terminate()
    assert supervisor.wait() == 0
    assert not is_alive(int(pid))


@pytest.mark.skipif(sys.platform != "linux", reason="the small installation runs on Linux")
def test_a_killed_supervisor_leaves_no_fork(tmp_path: Path, log: Path) -> None:
    supervisor = subprocess.Popen([sys.executable, "-c", FORKING, str(log), str(tmp_path / "pids"), "sleep"])
    eventually(lambda: log.exists() and log.read_text() != "")
    supervisor.kill()
    supervisor.wait()
    eventually(lambda: not is_alive(int(log.read_text().split()[0])))


@pytest.mark.parametrize(
    ("kind", "status", "says"), [("fail", 1, "LookupError: no such table"), ("leave", 3, "")]
)
def test_a_function_that_fails_shows_why(
    tmp_path: Path, log: Path, kind: str, status: int, says: str
) -> None:
    arguments = [sys.executable, "-c", FORKING, str(log), str(tmp_path / "pids"), kind]
    done = subprocess.run(arguments, capture_output=True, text=True, check=True)
    assert f"mail worker ended with status {status}" in done.stdout
    assert says in done.stdout
