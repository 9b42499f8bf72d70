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
    gettext_lazy("Change"),
    gettext_lazy("Requesting exhibitor"),
    gettext_lazy("Requested exhibitor"),
    gettext_lazy("Time before"),
    gettext_lazy("Location before"),
    gettext_lazy("Attendees before"),
    gettext_lazy("Time after"),
    gettext_lazy("Location after"),
    gettext_lazy("Attendees after"),
    gettext_lazy("Reason"),
    gettext_lazy("Makes possible"),
    gettext_lazy("Decision"),
    gettext_lazy("Request ID"),
)
REJECTED: Final = gettext_lazy("rejected")
GROUPS: Final[Mapping[ChangeGroup, str]] = {
    ChangeGroup.CHOICE: gettext_lazy("optional"),
    ChangeGroup.HAD_TO: gettext_lazy("required"),
    ChangeGroup.CHANGED: gettext_lazy("changed"),
    ChangeGroup.NEW: gettext_lazy("new"),
    ChangeGroup.ENDS: gettext_lazy("cancelled"),
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


Translate = Callable[[str], str]
"""Returns a lazy text in the reader's language."""


def export_changes(
    session: Session, actor: Actor, number: int, ask: ChangeQuery, *, translate: Translate = str
) -> bytes | None:
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

    rows = [_row(each, called, local, translate) for each in shown]
    title = gettext_lazy("Version %(number)s", number=str(number))
    return write_xlsx([OutputSheet(translate(title), [translate(each) for each in HEADER], rows)])


def _row(
    each: ReviewedChange, called: Labels, local: Callable[[datetime], datetime], translate: Translate
) -> list[Cell]:
    cause = each.cause
    kind = translate(GROUPS[each.group])
    firms = called.firms.get(each.request, (each.request, ""))
    why = translate(CAUSES[cause.kind]) if cause is not None else ""
    if cause is not None and cause.ids:
        who = [translate(_name(key, called)) for key in cause.ids]
        why = f"{why}: {', '.join(who)}"
    more = [" × ".join(called.firms.get(key, (key, ""))) for key in cause.buys] if cause is not None else []
    decision = translate(REJECTED) if each.is_rejected else ""
    before, after = (_cells(meeting, called, local, translate) for meeting in (each.before, each.after))
    return [kind, *firms, *before, *after, why, "; ".join(more), decision, each.request]


def _cells(
    meeting: Meeting | None,
    called: Labels,
    local: Callable[[datetime], datetime],
    translate: Translate,
) -> tuple[Cell, Cell, Cell]:
    if meeting is None:
        return None, None, None
    slot = called.slots.get(meeting.slot)
    people = [called.people.get(key, key) for key in meeting.attendees]
    if meeting.interpreter:
        people.append(called.interpreters.get(meeting.interpreter, meeting.interpreter))
    at = local(slot.start) if slot is not None else meeting.slot
    return at, translate(called.places.get(meeting.place, meeting.place)), ", ".join(people)


def _name(key: str, called: Labels) -> str:
    return called.people.get(key) or called.interpreters.get(key) or called.places.get(key, key)
