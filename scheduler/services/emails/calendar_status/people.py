"""Attendee on the calendar status board: meetings, worst state, and reason to call."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from scheduler.domain.entities import CalendarState
from scheduler.i18n import Separator, gettext_lazy, join_texts, ngettext_lazy
from scheduler.services.directory.references import FirmRef, firm_ref
from scheduler.services.emails.calendar_status.states import CalendarEntry
from scheduler.services.schedule import versions
from scheduler.storage.models import Attendee, Firm

SEVERITY = tuple(CalendarState)
"""States, worst first."""

SAID = 80
"""Maximum length of a bounce's text in a reason."""

CALLS = frozenset({CalendarState.BOUNCED, CalendarState.FAILED, CalendarState.DECLINED, CalendarState.SILENT})
"""States in which an upcoming meeting needs a call, because no email will resolve it."""

PATIENCE = timedelta(days=3)
"""An invitation without a reply after this time needs a call."""
NEAR = timedelta(days=2)
"""For a meeting that starts within this time, `AT_LEAST` replaces `PATIENCE`."""
AT_LEAST = timedelta(hours=2)
"""Minimum time to reply before a call, however near the meeting is."""

WORDS: Mapping[CalendarState, str] = {
    CalendarState.BOUNCED: gettext_lazy("Address bounced"),
    CalendarState.FAILED: gettext_lazy("Not delivered"),
    CalendarState.DECLINED: gettext_lazy("Declined"),
    CalendarState.PROPOSED: gettext_lazy("Another time proposed"),
    CalendarState.SILENT: gettext_lazy("No reply"),
    CalendarState.QUEUED: gettext_lazy("Not sent yet"),
    CalendarState.TENTATIVE: gettext_lazy("Tentative"),
    CalendarState.ACCEPTED: gettext_lazy("Accepted"),
}
"""Labels of the states."""


@dataclass(frozen=True, slots=True)
class BoardPerson:
    """An attendee with their meetings by start."""

    key: str
    name: str
    latin_name: str
    title: str
    email: str
    phone: str
    languages: tuple[str, ...]
    firm: FirmRef
    bounced_at: datetime | None
    bounce: str
    meetings: tuple[CalendarEntry, ...]
    calls: tuple[CalendarEntry, ...]
    """Those of the meetings that need a call."""

    @property
    def counts(self) -> Mapping[CalendarState, int]:
        """Number of meetings in each state."""
        return count_states(self.meetings)

    @property
    def worst(self) -> CalendarState | None:
        """The worst state of all meetings, or None without meetings."""
        return min((entry.state for entry in self.meetings), key=SEVERITY.index, default=None)

    @property
    def reason(self) -> str:
        """The reason to call as text, or an empty text."""
        return call_reason(Counter((entry.state, entry.is_off) for entry in self.calls), self.bounce)


def build_board_person(
    who: Attendee, firm: Firm, meetings: Sequence[CalendarEntry], now: datetime
) -> BoardPerson:
    """Build a person with these meetings, which must be sorted by start."""
    return BoardPerson(
        key=who.key,
        name=who.name,
        latin_name=who.latin_name,
        title=who.title,
        email=who.email,
        phone=who.phone,
        languages=tuple(who.languages),
        firm=firm_ref(firm),
        bounced_at=who.bounced_at,
        bounce=who.bounce,
        meetings=tuple(meetings),
        calls=tuple(entry for entry in meetings if needs_call(entry, now)),
    )


def call_reason(calls: Mapping[tuple[CalendarState, bool], int], bounce: str) -> str:
    """Return the reason to call as text, or an empty text.

    `calls` counts meetings by state and whether the meeting is off.
    """
    ordered = sorted(calls, key=lambda why: (SEVERITY.index(why[0]), why[1]))
    found = (_reason(state, is_off, calls[state, is_off], bounce) for state, is_off in ordered)
    return join_texts(found, Separator.CLAUSES)


def count_states(listed: Iterable[CalendarEntry]) -> dict[CalendarState, int]:
    """Count the entries in each state."""
    found = Counter(entry.state for entry in listed)
    return {state: found[state] for state in CalendarState}


def needs_call(entry: CalendarEntry, now: datetime) -> bool:
    """Return True if an upcoming meeting needs a call to the attendee."""
    if entry.state not in CALLS or entry.start <= now:
        return False
    return entry.state is not CalendarState.SILENT or is_overdue(entry.sent_at, entry.start, now)


def is_overdue(sent_at: datetime | None, start: datetime, now: datetime) -> bool:
    """Return True if an invitation should have a reply by now: it is days old, or its meeting is near."""
    waited = now - sent_at if sent_at else timedelta()
    return waited >= PATIENCE or (start <= now + NEAR and waited >= AT_LEAST)


def _reason(state: CalendarState, is_off: bool, number: int, bounce: str) -> str:
    if is_off:
        return ngettext_lazy(
            "not notified that %(num)s meeting is cancelled",
            "not notified that %(num)s meetings are cancelled",
            number,
        )
    if state is CalendarState.BOUNCED:
        return ngettext_lazy(
            "emails to the address bounce (%(why)s): %(num)s meeting",
            "emails to the address bounce (%(why)s): %(num)s meetings",
            number,
            why=_said(bounce) or gettext_lazy("no reason given"),
        )
    if state is CalendarState.FAILED:
        return ngettext_lazy(
            "the email about %(num)s meeting couldn't be delivered",
            "the emails about %(num)s meetings couldn't be delivered",
            number,
        )
    if state is CalendarState.DECLINED:
        return ngettext_lazy(
            "declined %(num)s scheduled meeting", "declined %(num)s scheduled meetings", number
        )
    return ngettext_lazy(
        "has not replied to the invitation to %(num)s meeting",
        "has not replied to the invitations to %(num)s meetings",
        number,
    )


def _said(bounce: str) -> str:
    """Return the server's reply, truncated and without the diagnostic type (RFC 3464 2.3.6)."""
    text = bounce.removeprefix("smtp;").strip()
    return text if len(text) <= SAID else f"{text[:SAID].rstrip()}..."


@dataclass(frozen=True, slots=True)
class BoardVersion:
    """The published version that a board shows."""

    id: int
    event_id: int
    number: int
    published_at: datetime | None


def find_published_version(session: Session, event_id: int) -> BoardVersion | None:
    row = versions.find_published_version(session, event_id)
    return BoardVersion(row.id, row.event_id, row.number, row.published_at) if row is not None else None
