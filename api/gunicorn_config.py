"""Gunicorn's settings in the image: `gunicorn --config python:api.gunicorn_config`.

The application's code is loaded before gunicorn forks its processes, which share its memory. The application
itself is made in each process, with its own threads and connections.
"""

from __future__ import annotations

from typing import Any

import api.app  # noqa: F401
from scheduler.gc_control import freeze_gc

wsgi_app = "api.app:create_app()"
bind = "0.0.0.0:8000"
worker_class = "gthread"
workers = 2
threads = 8
limit_request_line = 8190  # gunicorn's largest: the application itself answers that an address is too long
logger_class = "api.gunicorn_logs.Logger"
worker_tmp_dir = "/dev/shm"  # noqa: S108 -- a file on a disk could block the heartbeat of a process
control_socket_disable = True
# There is no access log: addresses of feeds and sign-in links are secrets.


def when_ready(_server: Any) -> None:
    """Exempt the loaded code from garbage collection, which would write to the shared memory."""
    freeze_gc()
