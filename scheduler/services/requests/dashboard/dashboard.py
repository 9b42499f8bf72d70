"""Dashboard of an exhibitor: pending and unscheduled requests, news, and the next meeting."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, bindparam, func, or_, select
from sqlalchemy.orm import Session

from scheduler.domain.entities import MUST, RequestState, Tier
from scheduler.domain.errors import NotAllowed
from scheduler.i18n import gettext_lazy
from scheduler.services.directory import firm_notes
from scheduler.services.directory.references import FirmRef
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.requests import outcomes, request_lists
from scheduler.services.requests.cards import RequestCard
from scheduler.services.requests.dashboard import news
from scheduler.services.requests.dashboard.news import News
from scheduler.services.requests.digests import digest_settings
from scheduler.services.requests.digests.digest_settings import RequestMails
from scheduler.services.requests.outcomes import RequestOutcome
from scheduler.services.requests.suggestions import partners
from scheduler.services.requests.suggestions.partners import Suggestions
from scheduler.services.schedule import agendas
from scheduler.services.schedule.agendas import AgendaItem
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import Attendee, Firm, MeetingRequest
from scheduler.storage.rows import rows_of

MOST_WAITING, MOST_UNSCHEDULED, MOST_NEWS, MOST_SUGGESTED = 12, 5, 6, 3
"""Rows on the dashboard. If there are more, it shows the count and a link."""
MOST_CHANGES = 100
"""Changes on the page of all news."""


@dataclass(frozen=True, slots=True)
class FirmBadge:
    """Details shown beside a firm's name. `area` is the key of its first area."""

    tier: Tier
    area: str
    areas: tuple[str, ...]
    logo: str | None


@dataclass(frozen=True, slots=True)
class ProfileGaps:
    """Completeness of a firm's profile. `parts` is True, by name, for each part that is filled in."""

    parts: Mapping[str, bool]

    @property
    def missing(self) -> tuple[str, ...]:
        return tuple(name for name, is_there in self.parts.items() if not is_there)


@dataclass(frozen=True, slots=True)
class Dashboard:
    """Content of the dashboard. `waiting` requests are ordered by expiry.

    Of the suggested partners, `saved` are on the own list; `dismissed` ones are no longer suggested. `is_new`
    is True if the firm has neither sent nor received a request.
    """

    waiting: Sequence[RequestCard]
    waiting_count: int
    unscheduled: Sequence[RequestCard]
    unscheduled_sent: int
    unscheduled_received: int
    outcomes: Mapping[str, RequestOutcome]
    news: News
    next_meeting: AgendaItem | None
    meeting_count: int
    profile: ProfileGaps
    firms: Mapping[str, FirmBadge]
    suggested: Suggestions
    saved: frozenset[str]
    dismissed: Sequence[FirmRef]
    sent_count: int
    musts: int
    mails: RequestMails
    is_new: bool

    @property
    def unscheduled_count(self) -> int:
        return self.unscheduled_sent + self.unscheduled_received


def show_dashboard(session: Session, actor: Actor, *, language: str = "en", now: datetime) -> Dashboard:
    """Return the actor's dashboard, with firms' products named in `language`.

    The number of queries is constant. Raises NotAllowed if the actor does not represent a firm.
    """
    firm = _own_firm(session, actor)
    counts = request_lists.count_requests(session, actor)
    waiting = request_lists.first_requests(session, actor, _waiting(firm.id, now), _SOONEST, MOST_WAITING)
    left_out = request_lists.list_requests(session, actor, unscheduled=True, limit=MOST_UNSCHEDULED)
    new = news.list_unseen(session, actor, limit=MOST_NEWS, now=now)
    agenda = agendas.attendee_agenda(session, actor)
    ahead = [item for item in agenda.items if item.end > now and not item.is_called_off]
    found = [*waiting, *left_out.items, *(item.card for item in new.items)]
    suggested = partners.suggest_partners(session, actor, language=language, limit=MOST_SUGGESTED)
    return Dashboard(
        waiting=waiting,
        waiting_count=counts.received[RequestState.PENDING],
        unscheduled=left_out.items,
        unscheduled_sent=counts.sent_unscheduled,
        unscheduled_received=counts.received_unscheduled,
        outcomes=outcomes.list_outcomes(session, actor, left_out.items),
        news=new,
        next_meeting=ahead[0] if ahead else None,
        meeting_count=len(ahead),
        profile=_gaps(session, firm),
        firms=list_firm_badges(session, actor, {_other(card, firm) for card in found}),
        suggested=suggested,
        saved=firm_notes.list_saved(session, actor, [each.firm.key for each in suggested.partners]),
        dismissed=firm_notes.list_dismissed(session, actor),
        sent_count=sum(counts.sent.values()),
        musts=_musts(session, firm.id),
        mails=digest_settings.new_request_emails(session, actor, now=now),
        is_new=not any(counts.sent.values()) and not any(counts.received.values()),
    )


def list_news(session: Session, actor: Actor, *, now: datetime) -> tuple[News, dict[str, FirmBadge]]:
    """Return the news, at most MOST_CHANGES items, and the badges of the firms mentioned.

    Raises NotAllowed if the actor does not represent a firm.
    """
    firm = _own_firm(session, actor)
    found = news.list_unseen(session, actor, limit=MOST_CHANGES, now=now)
    return found, list_firm_badges(session, actor, {_other(item.card, firm) for item in found.items})


def mark_seen(session: Session, actor: Actor, keys: Iterable[str], *, now: datetime) -> int:
    """Mark the news items that a page showed as seen. Return their number. Raises NotAllowed."""
    _own_firm(session, actor)
    return news.mark_seen(session, actor, keys, now=now)


def count_waiting(session: Session, actor: Actor) -> int:
    """Count the requests that need a response from the actor's firm, for the menu. Runs one query."""
    if actor.firm_id is None or not actor.may(Right.REQUEST_MEETINGS, firm_id=actor.firm_id):
        return 0
    return rows_of(session, _WAITING_COUNT, firm_id=actor.firm_id).scalar_one()


_WAITING_COUNT = select(func.count()).where(
    MeetingRequest.to_firm_id == bindparam("firm_id"), MeetingRequest.state == RequestState.PENDING
)


_SOONEST = (MeetingRequest.expires_at.asc().nulls_last(), MeetingRequest.priority.desc(), MeetingRequest.id)


def _own_firm(session: Session, actor: Actor) -> Firm:
    sentence = gettext_lazy("Only company contacts have a dashboard for their company.")
    actor.require(Right.REQUEST_MEETINGS, firm_id=actor.firm_id, sentence=sentence)
    if actor.firm_id is None or actor.attendee_id is None:
        raise NotAllowed(sentence)
    return session.get_one(Firm, actor.firm_id)


def _waiting(firm_id: int, now: datetime) -> ColumnElement[bool]:
    in_time = or_(MeetingRequest.expires_at.is_(None), MeetingRequest.expires_at > now)
    return and_(MeetingRequest.to_firm_id == firm_id, MeetingRequest.state == RequestState.PENDING, in_time)


def _musts(session: Session, firm_id: int) -> int:
    """Count the firm's open must-have requests."""
    query = select(func.count()).where(
        MeetingRequest.from_firm_id == firm_id,
        MeetingRequest.priority >= MUST,
        MeetingRequest.state.in_((RequestState.PENDING, RequestState.ACCEPTED)),
    )
    return session.scalars(query).one()


def _gaps(session: Session, firm: Firm) -> ProfileGaps:
    titled, reachable, people = session.execute(
        select(
            func.count().filter(func.length(Attendee.title) > 0),
            func.count().filter(func.length(Attendee.phone) > 0),
            func.count(),
        ).where(Attendee.firm_id == firm.id, Attendee.withdrawn_at.is_(None))
    ).one()
    return ProfileGaps(
        {
            "logo": firm.logo is not None,
            "description": bool(firm.description.strip()),
            "offers": bool(firm.offers or firm.products),
            "needs": bool(firm.needs),
            "website": bool(firm.website),
            "areas": bool(firm.areas),
            "booth": firm.hall_id is not None,
            "titles": people > 0 and titled == people,
            "phones": people > 0 and reachable == people,
        }
    )


def _other(card: RequestCard, firm: Firm) -> str:
    return card.to_firm.key if card.from_firm.key == firm.key else card.from_firm.key


_BADGES = select(Firm.key, Firm.tier, Firm.areas, Firm.logo).where(
    Firm.event_id == bindparam("event"), in_chunks(Firm.key, bindparam("firms"))
)


def list_firm_badges(session: Session, actor: Actor, keys: set[str]) -> dict[str, FirmBadge]:
    """Return the badges of these firms of the actor's event, by key."""
    rows = rows_of(session, _BADGES, event=actor.event_id, firms=sorted(keys))
    return {
        key: FirmBadge(tier, areas[0] if areas else "", tuple(areas), logo) for key, tier, areas, logo in rows
    }
