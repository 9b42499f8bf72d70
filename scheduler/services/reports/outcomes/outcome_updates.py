"""Meetings whose reported outcomes have changed since a time, for programs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, union
from sqlalchemy.orm import Session, aliased

from scheduler.domain import names
from scheduler.domain.entities import RequestState, Side
from scheduler.domain.rules.outcomes import OutcomeReport, merge_outcomes
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.paging import Order, Page, Updates, fetch_page
from scheduler.services.schedule import published_changes
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import Firm, MeetingOutcome, MeetingRequest, PlannedMeeting

_Sender, _Receiver = aliased(Firm), aliased(Firm)
_ORDER = Order("outcome updates", (MeetingRequest.id,), (int,))


@dataclass(frozen=True, slots=True)
class OutcomeUpdate:
    """A meeting with the reports that it has now: `words` has the requesting firm's and the other firm's.

    `firms` are their names in both scripts, the Latin one first.
    """

    request: str
    firms: tuple[str, str]
    words: tuple[OutcomeReport | None, OutcomeReport | None]
    is_scheduled: bool
    """The published schedule has the meeting, and its request is accepted."""

    @property
    def counts(self) -> OutcomeReport | None:
        """The report that counts, or None without one."""
        return merge_outcomes([word for word in self.words if word is not None])

    @property
    def is_removed(self) -> bool:
        """True if the list of reported meetings no longer has it."""
        return not self.is_scheduled or self.counts is None


def list_outcome_updates(
    session: Session,
    actor: Actor,
    updates: Updates,
    *,
    cursor: str | None = None,
    limit: int = 30,
) -> Page[OutcomeUpdate] | None:
    """Return a page of the meetings whose reports have changed since, by request.

    Meetings that left or entered the schedule are included if they have a report. None before a schedule is
    published. Runs at most six queries. Raises InvalidInput for a cursor of another list.
    """
    actor.require(Right.READ_OUTCOMES)
    window = published_changes.open_window(
        session, actor.event_id, _ORDER, updates, cursor=cursor, now=updates.now
    )
    if not window.version_id:
        return None
    reported = select(MeetingOutcome.request_id)
    moved = published_changes.select_changed_requests(window)
    changed = union(
        reported.where(window.changed_at(MeetingOutcome.updated_at)),
        reported.where(MeetingOutcome.request_id.in_(moved)),
    )
    query = (
        select(
            MeetingRequest.id, MeetingRequest.key, MeetingRequest.state, PlannedMeeting.id,
            _Sender.name, _Sender.latin_name, _Receiver.name, _Receiver.latin_name,
        )
        .join(_Sender, _Sender.id == MeetingRequest.from_firm_id)
        .join(_Receiver, _Receiver.id == MeetingRequest.to_firm_id)
        .outerjoin(
            PlannedMeeting,
            (PlannedMeeting.request_id == MeetingRequest.id)
            & (PlannedMeeting.version_id == window.version_id),
        )
        .where(MeetingRequest.event_id == actor.event_id, MeetingRequest.id.in_(changed))
    )  # fmt: skip
    page = fetch_page(session, query, _ORDER, cursor=window.cursor, limit=limit)
    words = _list_words(session, [row[0] for row in page.items])
    found = []
    for request_id, key, state, meeting_id, *said in page.items:
        given = words.get(request_id, {})
        sender, sender_latin, receiver, receiver_latin, *_ = said
        found.append(
            OutcomeUpdate(
                request=key,
                firms=(
                    names.join_scripts(sender, sender_latin),
                    names.join_scripts(receiver, receiver_latin),
                ),
                words=(given.get(Side.FROM), given.get(Side.TO)),
                is_scheduled=meeting_id is not None and state is RequestState.ACCEPTED,
            )
        )
    return window.close_page(page, found)


def _list_words(session: Session, ids: list[int]) -> Mapping[int, Mapping[Side, OutcomeReport]]:
    """Return the reports of requests by side."""
    rows: Any = session.execute(
        select(
            MeetingOutcome.request_id,
            MeetingOutcome.side,
            MeetingOutcome.kind,
            MeetingOutcome.amount,
            MeetingOutcome.currency,
        ).where(in_chunks(MeetingOutcome.request_id, ids), MeetingOutcome.withdrawn_at.is_(None))
    )
    found: dict[int, dict[Side, OutcomeReport]] = defaultdict(dict)
    for request_id, side, *word in rows:
        found[request_id][side] = OutcomeReport(*word)
    return found
