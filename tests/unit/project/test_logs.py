"""Logs: one JSON line per event, whatever its source, and no secrets in tracebacks."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from scheduler import logs


@pytest.fixture(autouse=True)
def keep_logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_our_own_events_are_json_lines(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("json")
    structlog.get_logger("workers").info("solve ended", run=3)
    (line,) = lines(capsys)
    assert (line["event"], line["run"], line["level"], line["logger"]) == (
        "solve ended",
        3,
        "info",
        "workers",
    )
    assert str(line["timestamp"]).endswith("Z")


def test_those_of_libraries_look_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("json")
    logging.getLogger("celery").warning("task %s late", "t1")
    (line,) = lines(capsys)
    assert (line["event"], line["level"], line["logger"]) == ("task t1 late", "warning", "celery")


def fail_with(_secret: str) -> None:
    raise ValueError("wrong")


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_a_traceback_shows_no_values(capsys: pytest.CaptureFixture[str], log_format: str) -> None:
    logs.configure(log_format)
    try:
        fail_with("hun" + "ter2")
    except ValueError:
        structlog.get_logger().exception("it failed")
    shown = capsys.readouterr().err
    assert "ValueError: wrong" in shown
    assert "hunter2" not in shown


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_the_keys_of_links_are_in_no_line(capsys: pytest.CaptureFixture[str], log_format: str) -> None:
    key = "2kxq7m4hv3w5t6y7z2a3b4c5d6e7f2g3"
    logs.configure(log_format)
    for path in (f"/{first}/{key}{rest}" for first in logs.SECRET_PATHS for rest in ("", ".ics", "/accept")):
        structlog.get_logger().info("asked", path=path)
        logging.getLogger("api.app").error("Exception on %s [GET]", path)
        try:
            raise ValueError(f"https://meet.example{path}?next=1")
        except ValueError:
            logging.getLogger("api.app").exception("failed")
    shown = capsys.readouterr().err
    assert key not in shown
    assert all(shown.count(f"/{first}/...") >= 9 for first in logs.SECRET_PATHS)
    assert "/answers/.../accept" in shown


def test_configuring_twice_logs_once(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("json")
    logs.configure("json")
    structlog.get_logger().info("once")
    assert len(lines(capsys)) == 1


def test_both_recipes_for_a_proxy_leave_these_paths_out() -> None:
    page = (Path(__file__).parents[3] / "docs" / "reverse-proxy.md").read_text("utf-8")
    assert f"~^/({'|'.join(logs.SECRET_PATHS)})/." in page
    assert "@secret path " + " ".join(f"/{first}/*" for first in logs.SECRET_PATHS) + "\n" in page
