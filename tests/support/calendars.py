"""Small calendars, and a fetcher that serves one without a network."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from scheduler.invites.transport.remote import FetchFailure, FetchResult
from scheduler.storage.models import BusySource, Slot
from tests.support.factories import NOW


def calendar(*parts: str) -> bytes:
    return "\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", *parts, "END:VCALENDAR", ""]).encode()


def event(start: datetime, end: datetime, summary: str = "Dentist", uid: str = "1@elsewhere") -> str:
    first, last = (f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}" for moment in (start, end))
    lines = ["BEGIN:VEVENT", f"UID:{uid}", f"SUMMARY:{summary}", f"DTSTART:{first}", f"DTEND:{last}"]
    return "\r\n".join([*lines, "END:VEVENT"])


def busy_in(*slots: Slot, **options: str) -> bytes:
    """Return a calendar with an event in each slot."""
    events = (event(slot.start, slot.end, uid=f"{slot.key}@elsewhere") for slot in slots)
    return calendar(*(each.replace("Dentist", options.get("summary", "Dentist")) for each in events))


def linked(attendee_id: int, encrypted: bytes) -> BusySource:
    """Return a saved linked calendar that is due to be fetched and has no busy times yet."""
    return BusySource(
        attendee_id=attendee_id,
        key="linked",
        is_saved=True,
        name="calendar.example",
        address=encrypted,
        timezone="Asia/Shanghai",
        found={"busy": [], "counts": {}, "notes": []},
        read_at=NOW,
        next_fetch_at=NOW,
    )


@dataclass
class FarSide:
    """A fake fetcher: serves `octets` or fails with `fails`, and records requests."""

    octets: bytes = b""
    fails: str = ""
    etag: str = '"1"'
    asked: list[tuple[str, str]] = field(default_factory=list)

    def fetch(self, address: str, *, etag: str = "", modified: str = "") -> FetchResult:
        self.asked.append((address, etag))
        if self.fails:
            raise FetchFailure(self.fails)
        return FetchResult(None if etag == self.etag else self.octets, self.etag)
