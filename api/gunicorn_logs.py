"""Gunicorn logger in the format of the other logs (option --logger-class)."""

from __future__ import annotations

import os
from typing import Any

from gunicorn.glogging import Logger as GunicornLogger

from scheduler import logs
from scheduler.config import PREFIX


class Logger(GunicornLogger):
    """Propagates to the root logger, which is configured before the application is loaded."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True
        logs.configure(os.environ.get(f"{PREFIX}LOG_FORMAT") or "json")
