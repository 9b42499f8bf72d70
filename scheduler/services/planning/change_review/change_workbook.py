"""Workbook of a version's changes: cause, effect and decision of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from scheduler.domain.plan import Meeting
from scheduler.domain.rules.causes import CauseKind
from scheduler.i18n import gettext_lazy
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.planning.change_review import review
from scheduler.services.planning.change_review.review import ChangeQuery
from scheduler.services.planning.change_review.reviewed_change import ChangeGroup, ReviewedChange
from scheduler.services.schedule import versions
from scheduler.services.schedule.labels import Labels
from scheduler.sheets.writers import Cell, OutputSheet, write_xlsx
from scheduler.storage.models import Event

HEADER: Final = (
    *("Kind", "Firm that asks", "Firm asked", "Was on", "Was at", "Was with", "Will be on", "Will be at"),
    *("Will be with", "Why", "Makes possible", "Decision", "Request"),
)
GROUPS: Final[Mapping[ChangeGroup, str]] = {
    ChangeGroup.CHOICE: gettext_lazy("optional"),
    ChangeGroup.HAD_TO: gettext_lazy("required"),
    ChangeGroup.CHANGED: gettext_lazy("changed"),
    ChangeGroup.NEW: gettext_lazy("new"),
    ChangeGroup.ENDS: gettext_lazy("removed"),
}
CAUSES: Final[Mapping[CauseKind, str]] = {
    CauseKind.WITHDRAWN: gettext_lazy("its request was withdrawn"),
    CauseKind.GONE: gettext_lazy("its time or location no longer exists"),
    CauseKind.AWAY: gettext_lazy("not available at that time"),
    CauseKind.PEOPLE: gettext_lazy("other attendees are required"),
    CauseKind.TIME: gettext_lazy("it can no longer start at that time"),
    CauseKind.PLACE: gettext_lazy("it can no longer take place there"),
    CauseKind.LANGUAGE: gettext_lazy("the interpreter is no longer suitable"),
    CauseKind.STATION: gettext_lazy("the interpreter is assigned to another table at that time"),
    CauseKind.FIXED: gettext_lazy("it is locked to another time or location"),
    CauseKind.CHOICE: "",
}
"""Reasons why a meeting cannot stay as published, by cause."""


def export_changes(session: Session, actor: Actor, number: int, ask: ChangeQuery) -> bytes | None:
    """Return an XLSX of all changes that match the query, or None until the versions are compared."""
    actor.require(Right.READ_VERSIONS)
    version = versions.get_version(session, actor.event_id, number)
    differences = review.get_diff(session, actor, version, ask.against)
    if differences is None:
        return None
    numbers = review.filter_changes(session, actor, version, differences, ask)
    shown = review.explain_changes(session, actor, version, differences, numbers)
    called = review.label_changes(session, actor, shown)
    zone = ZoneInfo(session.get_one(Event, actor.event_id).timezone)

    def local(moment: datetime) -> datetime:
        return moment.astimezone(zone).replace(tzinfo=None)

    rows = [_row(each, called, local) for each in shown]
    return write_xlsx([OutputSheet(f"changes of version {number}", HEADER, rows)])


def _row(each: ReviewedChange, called: Labels, local: Callable[[datetime], datetime]) -> list[Cell]:
    cause = each.cause
    kind = GROUPS[each.group]
    firms = called.firms.get(each.request, (each.request, ""))
    why = CAUSES[cause.kind] if cause is not None else ""
    if cause is not None and cause.ids:
        who = [_name(key, called) for key in cause.ids]
        why = f"{why}: {', '.join(who)}"
    more = [" × ".join(called.firms.get(key, (key, ""))) for key in cause.buys] if cause is not None else []
    decision = "rejected" if each.is_rejected else ""
    before, after = (_cells(meeting, called, local) for meeting in (each.before, each.after))
    return [kind, *firms, *before, *after, why, "; ".join(more), decision, each.request]


def _cells(
    meeting: Meeting | None, called: Labels, local: Callable[[datetime], datetime]
) -> tuple[Cell, Cell, Cell]:
    if meeting is None:
        return None, None, None
    slot = called.slots.get(meeting.slot)
    people = [called.people.get(key, key) for key in meeting.attendees]
    if meeting.interpreter:
        people.append(called.interpreters.get(meeting.interpreter, meeting.interpreter))
    at = local(slot.start) if slot is not None else meeting.slot
    return at, called.places.get(meeting.place, meeting.place), ", ".join(people)


def _name(key: str, called: Labels) -> str:
    return called.people.get(key) or called.interpreters.get(key) or called.places.get(key, key)
