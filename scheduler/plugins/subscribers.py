"""Subscribers to the audit log: each entry is given to them after its commit, at least once, in order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final, TypeAlias

from scheduler.plugins.loading import PluginGroup


@dataclass(frozen=True, slots=True)
class AuditChange:
    """A value that was changed, and what it was and is: values of JSON, None for none."""

    name: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """An entry of the audit log, as its page shows it. It has no secrets; it has email addresses."""

    id: str
    """The same each time that the entry is given: by it a receiver knows what it has had already."""
    event: str
    """The key of the event, or empty for what belongs to the installation, such as a sign-in."""
    number: int
    """Counts from 1 in each event, without a gap."""
    at: datetime
    """Aware, in UTC."""
    act: str
    """What was done: a value of `scheduler.services.audit_log.acts.Act`, such as `publish`."""
    about: str
    """What it was done to, in English, such as `version 7`."""
    who: str
    """The email address of the account, or a name, such as that of the overnight run."""
    role: str
    for_firm: str
    """The key of the firm in whose name it was done, or empty."""
    changes: tuple[AuditChange, ...]

    def to_json(self) -> dict[str, Any]:
        """As values of JSON, the time in ISO 8601."""
        return {**asdict(self), "at": self.at.isoformat()}


Subscriber: TypeAlias = Callable[[AuditEvent], None]
"""Takes one entry, in a worker. What it raises is logged, and the entry is given again after a pause."""

SUBSCRIBERS: Final[PluginGroup[Subscriber]] = PluginGroup(
    "chainmeet.subscribers", callable, "a function that takes an AuditEvent"
)
