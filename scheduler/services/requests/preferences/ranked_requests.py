"""Ranked requests of a firm: their order, and the remaining must-haves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, and_, bindparam, func, or_, select
from sqlalchemy.orm import Session, aliased

from scheduler.domain.entities import MUST, OPEN_REQUESTS, RequestState
from scheduler.domain.errors import Fault, InvalidInput, NotFound
from scheduler.i18n import gettext_lazy
from scheduler.services.directory.references import FirmRef, firm_columns
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.requests.preferences.ranks import (
    DEFAULT_PRIORITY,
    Rank,
    priorities_of_rank,
    rank_from_priority,
)
from scheduler.storage.models import Event, Firm, MeetingRequest
from scheduler.storage.rows import rows_of


@dataclass(frozen=True, slots=True)
class MustBudget:
    """Must-haves among a firm's open requests, and the maximum. None means no limit."""

    used: int
    most: int | None

    @property
    def left(self) -> int | None:
        return None if self.most is None else max(0, self.most - self.used)


@dataclass(frozen=True, slots=True)
class RankedRequest:
    """An open request that the own firm sent, at its rank and position."""

    key: str
    firm: FirmRef
    rank: Rank
    topic: str
    state: RequestState
    is_first: bool
    is_last: bool


def read_must_budget(session: Session, actor: Actor) -> MustBudget | None:
    """Return the must-haves of the actor's firm; None if the actor represents no firm. Runs two queries."""
    if actor.firm_id is None or not actor.may(Right.REQUEST_MEETINGS, firm_id=actor.firm_id):
        return None
    return must_budget_of(session, actor.event_id, actor.firm_id)


_FIRM: BindParameter[int] = bindparam("firm")
_MUSTS = (
    select(func.count())
    .select_from(MeetingRequest)
    .where(
        or_(
            and_(MeetingRequest.from_firm_id == _FIRM, MeetingRequest.priority >= MUST),
            and_(MeetingRequest.to_firm_id == _FIRM, MeetingRequest.reply_priority >= MUST),
        ),
        MeetingRequest.state.in_(OPEN_REQUESTS),
    )
)
_OTHER_MUSTS = _MUSTS.where(MeetingRequest.id != bindparam("but"))


def must_budget_of(session: Session, event_id: int, firm_id: int, *, but: int | None = None) -> MustBudget:
    """Return the must-haves of a firm: sent requests, and those it sent back.

    `but` is a request id to leave out.
    """
    most = session.get_one(Event, event_id).must_budget
    query, asked = (_MUSTS, {}) if but is None else (_OTHER_MUSTS, {"but": but})
    return MustBudget(rows_of(session, query, firm=firm_id, **asked).scalar_one(), most or None)


def check_must_budget(
    session: Session, event_id: int, firm_id: int, priority: int, *, but: int | None = None
) -> Iterator[Fault]:
    """Yield a fault if a firm has no must-have left for a request of this priority.

    Locks the firm's row until the transaction ends, so that two colleagues cannot both use the last one.
    """
    if priority < MUST:
        return
    session.execute(select(Firm.id).where(Firm.id == firm_id).with_for_update(key_share=True))
    musts = must_budget_of(session, event_id, firm_id, but=but)
    if musts.left == 0:
        yield Fault(
            "priority",
            gettext_lazy(
                "choose Want, or free up a must-have first; %(used)s of %(most)s are used",
                used=musts.used,
                most=musts.most,
            ),
        )


def list_ranked_requests(session: Session, actor: Actor) -> tuple[RankedRequest, ...]:
    """Return the own firm's open requests by rank and position, must-haves first. Runs one query."""
    _require(actor)
    other = aliased(Firm)
    query: Any = (
        select(MeetingRequest, *firm_columns(other))
        .join(other, other.id == MeetingRequest.to_firm_id)
        .where(*_open(actor))
        .order_by(*_ORDER)
    )
    rows = [(row[0], FirmRef(*row[1:])) for row in session.execute(query)]
    found = sorted(rows, key=lambda row: list(Rank).index(rank_from_priority(row[0].priority)))
    ranks = [rank_from_priority(request.priority) for request, _ in found]
    return tuple(
        RankedRequest(
            key=request.key,
            firm=firm,
            rank=ranks[i],
            topic=request.topic,
            state=request.state,
            is_first=i == 0 or ranks[i - 1] is not ranks[i],
            is_last=i + 1 == len(found) or ranks[i + 1] is not ranks[i],
        )
        for i, (request, firm) in enumerate(found)
    )


def rank_request(session: Session, actor: Actor, key: str, rank: Rank, before: str | None) -> None:
    """Move a request to a rank: before another request of that rank, or to its end.

    Recomputes the weights of the firm's requests. Raises NotFound if it is no open request of the own firm,
    InvalidInput if no must-have is left.
    """
    _require(actor)
    # Serialised per firm: concurrent changes would mix two orders.
    session.execute(select(Firm.id).where(Firm.id == actor.firm_id).with_for_update(key_share=True))
    rows = _all(session, actor)
    moved = next((row for row in rows if row.key == key), None)
    if moved is None or moved.key == before:
        raise NotFound("open request", key)
    if rank is Rank.MUST and rank_from_priority(moved.priority) is not Rank.MUST:
        faults = list(check_must_budget(session, actor.event_id, moved.from_firm_id, MUST, but=moved.id))
        if faults:
            raise InvalidInput(faults)
    left, was = [row for row in rows if row is not moved], rank_from_priority(moved.priority)
    moved.priority = DEFAULT_PRIORITY[rank]
    there = [row for row in left if rank_from_priority(row.priority) is rank]
    at = next((i for i, row in enumerate(there) if row.key == before), len(there))
    _number([*there[:at], moved, *there[at:]], rank)
    if was is not rank:
        _number([row for row in left if rank_from_priority(row.priority) is was], was)
    session.flush()


def move_request(session: Session, actor: Actor, key: str, *, is_up: bool) -> None:
    """Move a request one position up or down within its rank. Does nothing at the end. Raises NotFound."""
    _require(actor)
    session.execute(select(Firm.id).where(Firm.id == actor.firm_id).with_for_update(key_share=True))
    rows = _all(session, actor)
    moved = next((row for row in rows if row.key == key), None)
    if moved is None:
        raise NotFound("open request", key)
    rank = rank_from_priority(moved.priority)
    there = [row for row in rows if rank_from_priority(row.priority) is rank]
    i = there.index(moved)
    other = i - 1 if is_up else i + 1
    if 0 <= other < len(there):
        there[i], there[other] = there[other], there[i]
        _number(there, rank)
        session.flush()


_ORDER = (
    MeetingRequest.preference_rank.asc().nulls_last(),
    MeetingRequest.priority.desc(),
    MeetingRequest.id,
)


def _open(actor: Actor) -> tuple[ColumnElement[bool], ...]:
    return (
        MeetingRequest.event_id == actor.event_id,
        MeetingRequest.from_firm_id == actor.firm_id,
        MeetingRequest.state.in_(OPEN_REQUESTS),
    )


def _all(session: Session, actor: Actor) -> Sequence[MeetingRequest]:
    """Return the own open requests in order, refreshed from the database."""
    query = select(MeetingRequest).where(*_open(actor)).order_by(*_ORDER)
    return session.scalars(query.execution_options(populate_existing=True)).all()


def _number(rows: Sequence[MeetingRequest], rank: Rank) -> None:
    """Write the positions, and the priorities that follow from them."""
    for i, (row, priority) in enumerate(zip(rows, priorities_of_rank(rank, len(rows)), strict=True)):
        row.preference_rank, row.priority = i, priority


def _require(actor: Actor) -> None:
    own = gettext_lazy("Only company contacts can rank their company's preferences.")
    actor.require(Right.REQUEST_MEETINGS, firm_id=actor.firm_id, sentence=own)
    if actor.firm_id is None:
        raise NotFound("firm", "")
