"""Send due emails: `python -m tests.faults.sender [STEP]`.

With a step, the process is killed there, at email number `NTH`; connections are counted separately.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from scheduler.config import Settings
from scheduler.invites.transport.smtp import Smtp
from scheduler.services.delivery import claims, delivery
from scheduler.storage.database import Database

NTH = 5
Step = tuple[object, str, bool, int]
"""A function's owner and name, whether its fatal call still completes, and the number of that call."""
STEPS: dict[str, Step] = {
    "connected": (Smtp, "__enter__", True, 1),
    "claimed": (delivery, "render_email", False, NTH),
    "rendered": (delivery, "render_email", True, NTH),
    "taken by the server": (Smtp, "send", True, NTH),
    "marked, not committed": (claims, "mark_sent", True, NTH),
    "committed": (delivery, "render_email", False, NTH + 1),
}


def die_at(step: Step) -> None:
    """Kill this process by SIGKILL at a step."""
    owner, name, is_done, nth = step
    real: Callable[..., Any] = getattr(owner, name)
    calls = 0

    def deadly(*args: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == nth and not is_done:
            os.kill(os.getpid(), signal.SIGKILL)
        result = real(*args, **named)
        if calls == nth:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(owner, name, deadly)


def main() -> None:
    settings = Settings.from_env()
    database = Database(settings.database_url)
    delivery.deliver_emails(database, settings, worker=f"sender:{os.getpid()}", now=database.now)
    database.dispose()


if __name__ == "__main__":
    for step in sys.argv[1:]:
        die_at(STEPS[step])
    main()
