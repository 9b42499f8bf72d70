"""Chain report for sponsors: completed value chains, guests of honour, meeting outcomes."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from scheduler.domain import names
from scheduler.domain.entities import Side
from scheduler.domain.guests import is_guest
from scheduler.domain.rules.outcomes import OutcomeKind, OutcomeReport, merge_outcomes, outcomes_differ
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.paging import Page, page_of_list
from scheduler.services.reports.outcomes.by_country import CountryShare, list_country_shares
from scheduler.services.reports.statistics.chain_flow import ChainFlow, get_chain_flow
from scheduler.services.schedule import versions
from scheduler.services.schedule.scheduled import only_scheduled
from scheduler.storage.cache.cache_keys import accepted_requests_digest, firms_digest
from scheduler.storage.cache.cached_statistics import cached_statistic
from scheduler.storage.models import (
    Event,
    Firm,
    MeetingOutcome,
    MeetingRequest,
    PlannedMeeting,
    ScheduleVersion,
    Slot,
)


@dataclass(frozen=True, slots=True)
class GroupMeetings:
    """Meetings of a guest of honour's firms."""

    name: str
    firms: int
    meetings: int
    cross_tier: int
    """Meetings between two tiers."""


@dataclass(frozen=True, slots=True)
class OutcomeLine:
    """Meetings that count as one outcome."""

    kind: OutcomeKind
    alike: int
    """Reported alike by both sides."""
    alone: int
    """Reported by one side."""
    differing: int
    """Reported differently."""
    amounts: Mapping[str, int]
    """Sums of the counting reports by currency."""

    @property
    def meetings(self) -> int:
        return self.alike + self.alone + self.differing


@dataclass(frozen=True, slots=True)
class ReportedMeeting:
    """A meeting with reports: `words` has the requesting firm's and the other firm's, `counts` the one that
    counts.

    `firms` are their names in both scripts, the Latin one first.
    """

    request: str
    firms: tuple[str, str]
    words: tuple[OutcomeReport | None, OutcomeReport | None]
    counts: OutcomeReport
    is_removed: bool = False


@dataclass(frozen=True, slots=True)
class ChainReport:
    """Chain report of the published version. `meetings` were not cancelled; `begun` of them have started."""

    number: int
    meetings: int
    begun: int
    flow: ChainFlow
    countries: Sequence[CountryShare]
    guests: Sequence[GroupMeetings]
    outcomes: Sequence[OutcomeLine]
    reported: Sequence[ReportedMeeting]

    @property
    def silent(self) -> int:
        """Number of started meetings without a report."""
        return self.begun - len(self.reported)


_Asks, _Asked = aliased(Firm), aliased(Firm)


def get_chain_report(session: Session, actor: Actor, *, now: datetime) -> ChainReport | None:
    """Return the event's chain report, or None before a schedule is published.

    The number of queries is constant.
    """
    actor.require(Right.READ_OUTCOMES)
    version = versions.find_published_version(session, actor.event_id)
    if version is None:
        return None
    firms = session.execute(
        select(Firm.country, Firm.pavilion, func.count())
        .where(Firm.event_id == actor.event_id, Firm.withdrawn_at.is_(None))
        .group_by(Firm.country, Firm.pavilion)
    ).all()
    follows = accepted_requests_digest(session, actor.event_id), firms_digest(session, actor.event_id)
    met = cached_statistic(session, version, "met", follows, lambda: _count_meetings(session, version))
    by_slot = cached_statistic(session, version, "by slot", follows[:1], lambda: _by_slot(session, version))
    begun = set(session.scalars(select(Slot.id).where(Slot.event_id == actor.event_id, Slot.start <= now)))
    reported = _reported(session, version)
    flow = get_chain_flow(session, actor, version.number)
    return ChainReport(
        number=version.number,
        meetings=sum(row[5] for row in met),
        begun=sum(count for slot_id, count in by_slot if slot_id in begun),
        flow=flow,
        countries=list_country_shares(session, actor, version, [key for key, _ in flow.areas]),
        guests=_guests(session.get_one(Event, actor.event_id).guests, firms, met),
        outcomes=_lines(reported),
        reported=reported,
    )


def get_reported_page(
    session: Session, actor: Actor, *, cursor: str | None = None, limit: int = 30, now: datetime
) -> Page[ReportedMeeting] | None:
    """Return a page of reported meetings, or None before a schedule is published."""
    report = get_chain_report(session, actor, now=now)
    if report is None:
        return None
    return page_of_list(f"reported {report.number}", report.reported, cursor=cursor, limit=limit)


def _count_meetings(session: Session, version: ScheduleVersion) -> list[list[Any]]:
    """Return country and pavilion of both sides, whether they are of one tier, and the number of meetings."""
    columns = (_Asks.country, _Asks.pavilion, _Asked.country, _Asked.pavilion, _Asks.tier == _Asked.tier)
    query = select(*columns, func.count())
    return [list(row) for row in session.execute(_join_firms(query, version).group_by(*columns))]


def _by_slot(session: Session, version: ScheduleVersion) -> list[list[int]]:
    """Return the number of meetings, without cancelled ones, by start slot."""
    query = select(PlannedMeeting.slot_id, func.count())
    return [
        list(row) for row in session.execute(_join_firms(query, version).group_by(PlannedMeeting.slot_id))
    ]


def _join_firms(query: Any, version: ScheduleVersion) -> Any:
    """Limit the query to the version's meetings that were not cancelled, and join both firms."""
    return (
        only_scheduled(query.select_from(PlannedMeeting), version.id)
        .join(_Asks, _Asks.id == MeetingRequest.from_firm_id)
        .join(_Asked, _Asked.id == MeetingRequest.to_firm_id)
    )


def _guests(
    guests: Iterable[Mapping[str, str]], firms: Sequence[Any], met: Sequence[Any]
) -> list[GroupMeetings]:
    """Return the meetings of firms from each guest of honour's country or pavilion."""
    found = []
    for guest in guests:
        belongs = partial(is_guest, guest)
        mine = [row for row in met if belongs(row[0], row[1]) or belongs(row[2], row[3])]
        found.append(
            GroupMeetings(
                guest["name"],
                sum(count for country, pavilion, count in firms if belongs(country, pavilion)),
                sum(row[5] for row in mine),
                sum(row[5] for row in mine if not row[4]),
            )
        )
    return found


def _reported(session: Session, version: ScheduleVersion) -> list[ReportedMeeting]:
    rows = session.execute(
        _join_firms(
            select(
                MeetingRequest.key,
                _Asks.name,
                _Asks.latin_name,
                _Asked.name,
                _Asked.latin_name,
                MeetingOutcome.side,
                MeetingOutcome.kind,
                MeetingOutcome.amount,
                MeetingOutcome.currency,
            ),
            version,
        )
        .join(MeetingOutcome, MeetingOutcome.request_id == MeetingRequest.id)
        .where(MeetingOutcome.withdrawn_at.is_(None))
        .order_by(MeetingRequest.id)
    )
    firms: dict[str, tuple[str, str]] = {}
    said: dict[str, dict[Side, OutcomeReport]] = defaultdict(dict)
    for key, asks, asks_latin, asked, asked_latin, side, *word in rows:
        firms[key] = (names.join_scripts(asks, asks_latin), names.join_scripts(asked, asked_latin))
        said[key][side] = OutcomeReport(*word)
    found = []
    for key, words in said.items():
        counts = merge_outcomes(list(words.values()))
        if counts is not None:
            both = words.get(Side.FROM), words.get(Side.TO)
            found.append(ReportedMeeting(key, firms[key], both, counts))
    return found


def _lines(reported: Sequence[ReportedMeeting]) -> list[OutcomeLine]:
    """Return a line per outcome, most frequent first."""
    lines = []
    for kind in reversed(OutcomeKind):
        of_kind = [each for each in reported if each.counts.kind is kind]
        alone = [each for each in of_kind if None in each.words]
        differing = [
            each for each in of_kind if outcomes_differ([word for word in each.words if word is not None])
        ]
        amounts: Counter[str] = Counter()
        for each in of_kind:
            if each.counts.amount is not None and each.counts.currency is not None:
                amounts[each.counts.currency] += each.counts.amount
        alike = len(of_kind) - len(alone) - len(differing)
        lines.append(OutcomeLine(kind, alike, len(alone), len(differing), dict(sorted(amounts.items()))))
    return lines
