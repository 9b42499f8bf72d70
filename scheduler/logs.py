"""Logging for every process: one line per event on standard error, as JSON or for a console."""

from __future__ import annotations

import logging
import re
import sys
from typing import Final

import structlog

from scheduler import error_tracking

SECRET_PATHS: Final = (
    "answers", "asked", "calendar", "digests", "p", "registration", "respond", "sign-in", "summaries", "team",
)  # fmt: skip
"""First path segments of links with a secret token. The token is the next segment."""
REQUEST_ID_LENGTH: Final = 64
_SECRET_PATH = re.compile(rf"(/(?:{'|'.join(SECRET_PATHS)})/)[\w.%-]{{8,}}")


def configure(log_format: str, *, sentry_dsn: str = "", level: int = logging.INFO) -> None:
    """Send structlog's and the standard library's records through one formatter.

    `log_format` is "json" or "console". With `sentry_dsn`, exceptions are also sent to Sentry. Settings
    and email bodies are never logged: they contain secrets. Tokens in links are removed from every line,
    including tracebacks.
    """
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    rendered: list[structlog.types.Processor] = (
        [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
        if log_format == "json"
        else [
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(),
                exception_formatter=structlog.dev.plain_traceback,  # rich's prints variables: secrets
            )
        ]
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *rendered,
                _without_secret_paths,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    if sentry_dsn:
        root.addHandler(error_tracking.SentryHandler(sentry_dsn))
    root.setLevel(level)


def current_request() -> str | None:
    """Return the ID of the web request that this code works for, directly or in a task, or None."""
    request = structlog.contextvars.get_contextvars().get("request")
    return str(request)[:REQUEST_ID_LENGTH] if request else None


def bind_request(request: str | None) -> None:
    """Bind the web request that caused stored work to each log line, unless its task has brought one."""
    if request and current_request() is None:
        structlog.contextvars.bind_contextvars(request=request)


def _without_secret_paths(_logger: object, _method: str, line: object) -> str:
    """Remove tokens from the rendered line. This is the last processor."""
    return _SECRET_PATH.sub(r"\1...", str(line))
