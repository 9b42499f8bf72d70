"""Subscribers to the audit log. Each entry is delivered after its commit, at least once, in order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final, TypeAlias

from scheduler.plugins.loading import PluginGroup


@dataclass(frozen=True, slots=True)
class AuditChange:
    """A changed value before and after, as JSON values. None means no value."""

    name: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """An audit log entry, as shown on its page. It contains email addresses, but no secrets."""

    id: str
    """Idempotency key: the same at each delivery of the entry."""
    event: str
    """The event's ID, or empty for entries of the installation, such as a sign-in."""
    number: int
    """Counts from 1 in each event, without a gap."""
    at: datetime
    """Aware, in UTC."""
    act: str
    """The action: a value of `scheduler.services.audit_log.acts.Act`, such as `publish`."""
    about: str
    """The object of the action, in English, such as `version 7`."""
    who: str
    """The actor: an account's email address, or a name, such as that of the overnight run."""
    role: str
    for_firm: str
    """The ID of the firm on whose behalf it was done, or empty."""
    changes: tuple[AuditChange, ...]

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-serialisable dict, with the time in ISO 8601."""
        return {**asdict(self), "at": self.at.isoformat()}


Subscriber: TypeAlias = Callable[[AuditEvent], None]
"""Handles one entry, in a worker. Exceptions are logged, and the entry is delivered again after a pause."""

SUBSCRIBERS: Final[PluginGroup[Subscriber]] = PluginGroup(
    "chainmeet.subscribers", callable, "a function that takes an AuditEvent"
)
