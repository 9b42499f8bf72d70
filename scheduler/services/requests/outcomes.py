"""Outcomes of accepted requests in the published schedule, safe for both firms to see."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from scheduler.domain.entities import RequestState
from scheduler.domain.errors import WrongState
from scheduler.i18n import gettext_lazy
from scheduler.invites.catalogue import load_words
from scheduler.services.identity.actors import Actor
from scheduler.services.requests import exhibitor_fixes as request_ways
from scheduler.services.requests import requests, unscheduled_reasons
from scheduler.services.requests.cards import RequestCard
from scheduler.services.requests.exhibitor_fixes import ExhibitorFix
from scheduler.services.requests.unscheduled_reasons import NOTHING, Explanation
from scheduler.services.schedule import agendas, unscheduled, versions
from scheduler.services.schedule.agendas import AgendaItem

SUPERSEDED = gettext_lazy(
    "A new schedule was published in the meantime. This fix belongs to the previous one."
)
OWN_TIMES = frozenset({"no-common-slot", "people-busy"})
"""Reasons to which the viewer's own busy times may contribute."""


@dataclass(frozen=True, slots=True)
class RequestOutcome:
    """Outcome of an accepted request: its `meeting` if scheduled, else the `reason`, a sentence without its
    beginning.

    Both are None if the request was accepted after the published schedule was made. `may_open_times` is True
    if freeing more of the viewer's own times might help.
    """

    meeting: AgendaItem | None = None
    reason: str | None = None
    code: str = ""
    """The solver's reason code, which every language has a text for."""
    may_open_times: bool = False
    ways: tuple[ExhibitorFix, ...] = ()
    version: int = 0
    why: Explanation = NOTHING
    """Obstacles by day, as far as the viewer may see them, and possible help."""


def list_outcomes(session: Session, actor: Actor, cards: Iterable[RequestCard]) -> dict[str, RequestOutcome]:
    """Return the outcomes of the accepted requests among these, by key.

    Empty until a schedule is published.
    """
    cards = list(cards)
    keys = [card.key for card in cards if card.state is RequestState.ACCEPTED]
    version = versions.find_published_version(session, actor.event_id) if keys else None
    if version is None:
        return {}
    held = agendas.list_firm_meetings(session, actor, version, keys)
    rows = unscheduled.list_answers_about(session, version.id, keys) if len(held) < len(keys) else {}
    ways = request_ways.list_fixes(session, actor, {key: row.get("ways", ()) for key, row in rows.items()})
    left = {key: row for key, row in rows.items() if key not in held}
    why = unscheduled_reasons.explain_requests(session, actor, cards, left)
    return {
        key: _outcome(
            held.get(key),
            rows.get(key),
            ways.get(key, ()),
            why.get(key, NOTHING),
            actor,
            version.number,
        )
        for key in keys
    }


def apply_fix(
    session: Session, actor: Actor, key: str, *, version: int, number: int, now: datetime
) -> ExhibitorFix:
    """Apply a fix of an unscheduled request and return it.

    Raises NotFound, and WrongState if it is not available any more: another schedule was published since, or
    the time has passed.
    """
    request = requests.get_request(session, actor, key)
    published = versions.find_published_version(session, actor.event_id)
    if published is None or published.number != version:
        raise WrongState("schedule", str(version), "superseded", "followed", SUPERSEDED)
    way = request_ways.apply_fix(session, actor, published, request, number)
    if way.start <= now:
        raise WrongState(
            "time",
            way.start.isoformat(timespec="minutes"),
            "over",
            "followed",
            gettext_lazy("That time has passed."),
        )
    return way


def _outcome(
    meeting: AgendaItem | None,
    row: Mapping[str, Any] | None,
    ways: tuple[ExhibitorFix, ...],
    why: Explanation,
    actor: Actor,
    version: int,
) -> RequestOutcome:
    if meeting is not None or row is None:
        return RequestOutcome(meeting=meeting)
    may_open = row["reason"] in OWN_TIMES and actor.attendee_id is not None and not ways
    return RequestOutcome(
        reason=_clause(row["reason"]),
        code=row["reason"],
        may_open_times=may_open,
        ways=ways,
        version=version,
        why=why,
    )


def _clause(code: str) -> str:
    """Return the reason as the end of a sentence.

    It never reveals whose calendar or limit it is, because both firms see it.
    """
    said = load_words("en").reason_of(code).removesuffix(".")
    return said[:1].lower() + said[1:]
