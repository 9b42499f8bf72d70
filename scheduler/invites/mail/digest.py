"""Content of a digest, as stored with the email."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any

from scheduler.domain.entities import DigestKind

WAITING = frozenset({DigestKind.RECEIVED, DigestKind.THREE_DAYS, DigestKind.ONE_DAY})
"""Entries that require a response."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestEntry:
    """One request. `request` is its id. `firm` and `person` are the other side's, both with Latin forms.

    `text` is the sender's message, or the note with the response. `expires_at` is aware, or None for never.
    `area` is the index of the firm's first area among the event's.
    """

    request: int
    key: str
    kind: DigestKind
    firm: str
    firm_latin: str
    country: str
    tier: str
    areas: Sequence[str]
    area: int
    topic: str
    text: str
    person: str
    person_latin: str
    title: str
    is_must: bool
    expires_at: datetime | None

    @property
    def waits(self) -> bool:
        return self.kind in WAITING

    def to_json(self) -> dict[str, Any]:
        values = asdict(self)
        at = self.expires_at
        return {**values, "kind": self.kind.value, "expires_at": at.isoformat() if at else None}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> DigestEntry:
        at = values["expires_at"]
        read = {"kind": DigestKind(values["kind"]), "expires_at": datetime.fromisoformat(at) if at else None}
        return cls(**{**values, **read})


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """One email to a person of a firm. `timezone` is the venue's, `own_timezone` the reader's or empty.

    `others` is the number of further pending requests that earlier emails announced, `unsaid` of those that
    none did. `first` is how often digests are sent, daily or at_once, if this is the reader's first; else
    empty.
    """

    language: str
    event_key: str
    event_name: str
    timezone: str
    own_timezone: str
    firm: str
    contact: str
    others: int
    made_at: datetime
    items: Sequence[DigestEntry]
    unsaid: int = 0
    first: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return JSON values. `from_json` restores an equal Digest."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        items = [item.to_json() for item in self.items]
        return {**values, "made_at": self.made_at.isoformat(), "items": items}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Digest:
        """Return the Digest that `to_json` wrote. The look of the email is left out."""
        items = tuple(DigestEntry.from_json(item) for item in values["items"])
        own = {each.name: values[each.name] for each in fields(cls) if each.name in values}
        return cls(**{**own, "made_at": datetime.fromisoformat(values["made_at"]), "items": items})
