"""Workbook of unscheduled requests: the groups, and each request with its fixes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.domain import names
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.planning.fixes import unscheduled_groups
from scheduler.services.planning.fixes.unscheduled_groups import UnscheduledGroup
from scheduler.services.requests import unscheduled_requests
from scheduler.services.requests.unscheduled_requests import RequestFirms, Thing, UnscheduledDetails
from scheduler.services.schedule import unscheduled, versions
from scheduler.sheets.writers import Cell, OutputSheet, write_xlsx
from scheduler.storage.models import Event, UnscheduledRequest

KINDS: Final[Mapping[str, str]] = {
    "person-cap": "one more meeting per day",
    "firm-cap": "one more meeting per day",
    "days-cap": "one more day with meetings",
    "row-cap": "more meetings in a row",
    "available": "make available",
    "shift": "extend shift",
    "add-place": "add table or space at the booth",
    "add-table": "add table",
    "add-booth": "extend booth",
    "add-interpreter": "add interpreter",
    "add-person": "add colleague",
    "any-place": "allow a table or the booth",
    "withdraw": "cancel the other meeting",
    "take-part": "let them attend after all",
    "closed": "allow the time",
    "fixed": "lock to the time",
    "again": "run longer, or schedule it then",
    "weight": "schedule it anyway",
    "precedence": "remove the required order",
}
"""Descriptions of fixes, by kind."""
GROUPS: Final = (
    *("Group", "Reason", "Regarding", "From", "Requests", "Priority points", "Best fix", "Applies to"),
    *("Requests gained", "Points"),
)
REQUESTS: Final = (
    *("Group", "Requesting exhibitor", "Requested exhibitor", "Priority", "Reason", "Caused by"),
    *("Suggested fix", "Applies to", "Time", "Request"),
)


def export_unscheduled(session: Session, actor: Actor, number: int) -> bytes:
    """Return an XLSX of a version: a row per group, and a row per fix of each request. Raises NotFound."""
    actor.require(Right.READ_VERSIONS)
    version = versions.get_version(session, actor.event_id, number)
    zone = ZoneInfo(session.get_one(Event, actor.event_id).timezone)

    def local(moment: datetime | None) -> datetime | None:
        return moment.astimezone(zone).replace(tzinfo=None) if moment is not None else None

    cards = unscheduled_groups.list_all_groups(session, actor, number)
    rows = session.execute(
        select(UnscheduledRequest.group_number, UnscheduledRequest.answer)
        .where(*unscheduled.answers_query(version.id))
        .order_by(UnscheduledRequest.position)
    ).all()
    listed = unscheduled_requests.describe_answers(session, actor.event_id, [answer for _, answer in rows])
    of_requests = [
        cells
        for (group, _), row in zip(rows, listed, strict=True)
        for cells in _request(_numbered(group), row, local)
    ]
    return write_xlsx(
        [
            OutputSheet("Groups", GROUPS, [_group(card, local) for card in cards]),
            OutputSheet("Requests", REQUESTS, of_requests),
        ]
    )


Local = Callable[[datetime | None], datetime | None]


def _numbered(group: int | None) -> int | None:
    return None if group is None else group + 1


def _group(card: UnscheduledGroup, local: Local) -> list[Cell]:
    fix = card.fix
    return [
        _numbered(card.number),
        unscheduled_requests.GROUPS.get(card.reason, card.reason),
        ", ".join(map(_name, card.things)),
        local(card.start),
        card.requests,
        card.weight,
        KINDS.get(fix.kind, fix.kind) if fix is not None else None,
        ", ".join(map(_name, fix.things)) if fix is not None else None,
        card.holds,
        card.gains,
    ]


def _request(group: int | None, row: UnscheduledDetails, local: Local) -> Iterator[list[Cell]]:
    """Yield a row per fix, or a single row if there is no fix."""
    firms = [row.key, ""]
    if row.meeting is not None:
        firms = [_name(row.meeting.sender), _name(row.meeting.receiver)]
    priority = row.meeting.priority if row.meeting is not None else None
    why = [unscheduled_requests.GROUPS.get(row.reason, row.reason), ", ".join(map(_name, row.blockers))]
    for remedy in row.remedies:
        what = [KINDS.get(remedy.kind, remedy.text), ", ".join(map(_name, remedy.things))]
        yield [group, *firms, priority, *why, *what, local(remedy.start), row.key]
    if not row.remedies:
        yield [group, *firms, priority, *why, None, None, None, row.key]


def _name(thing: Thing) -> str:
    if isinstance(thing, str):
        return thing
    if isinstance(thing, RequestFirms):
        return f"{_name(thing.sender)} and {_name(thing.receiver)}"
    return names.join_scripts(thing.name, thing.latin_name)
