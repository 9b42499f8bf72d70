"""Error tracking by Sentry: each exception that is logged, without values.

An event is built here from what can't contain personal data: types, places in the code, and IDs. The text of
an exception, variables, addresses, headers and bodies are left out, as texts of databases and mail servers
contain names and addresses. The log has them, with the same ID of the request.
"""

from __future__ import annotations

import linecache
import logging
import sys
import time
import traceback
from collections import deque
from collections.abc import Iterator
from importlib.util import find_spec
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import structlog

from scheduler.version import installed_version

if TYPE_CHECKING:
    from sentry_sdk.types import Event

MAX_PER_MINUTE: Final = 30
"""Events of one process. What repeats is in the log."""
MAX_FRAMES, MAX_CAUSES = 50, 5
FLUSH_SECONDS: Final = 2.0
"""For events that wait when a process ends."""
TAGS: Final = ("request", "task", "task_id")
"""IDs of the log lines that an event has as tags."""
_OURS: Final = ("api", "chainmeet", "scheduler", "workers")
_OF_SENDING: Final = ("sentry_sdk", "urllib3")


def read_dsn(text: str) -> str:
    """Return the DSN, or "". Raises ValueError if it is not one, or if the package that sends is missing."""
    if not text:
        return ""
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.username or not parts.path.strip("/").isdigit():
        raise ValueError("must be a DSN, such as https://<key>@sentry.example.org/1")
    if find_spec("sentry_sdk") is None:
        raise ValueError(
            "needs a package that isn't installed; install it with: pip install 'chainmeet[sentry]'"
        )
    return text


class SentryHandler(logging.Handler):
    """Sends the exception of a log record, in the background and at most `MAX_PER_MINUTE`."""

    def __init__(self, dsn: str) -> None:
        super().__init__(logging.ERROR)
        from sentry_sdk import Client

        self._client = Client(
            dsn=dsn,
            release=f"chainmeet@{installed_version()}",
            default_integrations=False,
            auto_enabling_integrations=False,
            auto_session_tracking=False,
            send_client_reports=False,
            max_breadcrumbs=0,
            shutdown_timeout=FLUSH_SECONDS,
        )
        self._sent: deque[float] = deque(maxlen=MAX_PER_MINUTE)

    def emit(self, record: logging.LogRecord) -> None:
        error = _exception_of(record)
        if error is None or record.name.startswith(_OF_SENDING) or not self._may_send():
            return
        try:
            self._client.capture_event(build_event(error, record.name))
        except Exception:
            self.handleError(record)

    def flush(self) -> None:
        self._client.flush(timeout=FLUSH_SECONDS)

    def _may_send(self) -> bool:
        now = time.monotonic()
        if len(self._sent) == MAX_PER_MINUTE and now - self._sent[0] < 60:
            return False
        self._sent.append(now)
        return True


def build_event(error: BaseException, logger: str) -> Event:
    """Return the event of an exception and its causes, the first cause first."""
    ids = structlog.contextvars.get_contextvars()
    return {
        "level": "error",
        "logger": logger,
        "tags": {name: str(ids[name]) for name in TAGS if ids.get(name)},
        "exception": {"values": [_described(each) for each in reversed(list(_causes(error)))]},
    }


def _exception_of(record: logging.LogRecord) -> BaseException | None:
    """Return the exception of a record of the standard library or of structlog."""
    given: Any = record.exc_info
    if not given and isinstance(record.msg, dict):
        given = record.msg.get("exc_info")
    if given is True:
        return sys.exc_info()[1]
    if isinstance(given, tuple):
        given = given[1]
    return given if isinstance(given, BaseException) else None


def _causes(error: BaseException) -> Iterator[BaseException]:
    found: BaseException | None = error
    for _ in range(MAX_CAUSES):
        if found is None:
            return
        yield found
        found = found.__cause__ or (None if found.__suppress_context__ else found.__context__)


def _described(error: BaseException) -> dict[str, Any]:
    kind = type(error)
    frames = list(_frames(error.__traceback__))[-MAX_FRAMES:]
    return {"type": kind.__name__, "module": kind.__module__, "stacktrace": {"frames": frames}}


def _frames(trace: TracebackType | None) -> Iterator[dict[str, Any]]:
    """Yield the places in the code, the innermost last."""
    for frame, line in traceback.walk_tb(trace):
        module = str(frame.f_globals.get("__name__", ""))
        yield {
            "module": module,
            "filename": module.replace(".", "/") + ".py",
            "function": frame.f_code.co_qualname,
            "lineno": line,
            "context_line": linecache.getline(frame.f_code.co_filename, line).strip("\r\n"),
            "in_app": module.partition(".")[0] in _OURS,
        }
