"""Labels of meeting requests: states, ranks, places and list orders."""

from __future__ import annotations

from flask import Flask
from markupsafe import Markup

from api.language.speaking import gettext, ngettext, said
from api.pages import marks
from api.pages.formatting import full_name, short_name
from scheduler.domain.entities import PlaceWish, RequestState
from scheduler.i18n import gettext_lazy
from scheduler.services.identity.actors import Actor
from scheduler.services.requests.cards import RequestCard
from scheduler.services.requests.preferences.ranks import DEFAULT_PRIORITY, Rank, rank_from_priority
from scheduler.services.requests.request_lists import RequestOrder
from scheduler.services.requests.unscheduled_reasons import Blocker, UnscheduledReason

ANY_STATE = "all"
UNSCHEDULED = "unscheduled"
"""The tab of accepted requests that are unscheduled in the published version."""
NEEDS_RESPONSE = "needs-response"
"""The tab of received pending requests, in the list of both directions."""
WAITING = "waiting"
"""The tab of sent pending requests, in the list of both directions."""
RANKS = {
    Rank.MUST: (
        DEFAULT_PRIORITY[Rank.MUST],
        gettext_lazy("Must-have: you're coming to the event for this meeting"),
    ),
    Rank.WANT: (DEFAULT_PRIORITY[Rank.WANT], gettext_lazy("Want: important to you")),
    Rank.NICE: (DEFAULT_PRIORITY[Rank.NICE], gettext_lazy("Nice to have: if there's time")),
}
"""Ranks of a request: default priority and label."""
RANK_WORDS = {
    Rank.MUST: gettext_lazy("Must-have"),
    Rank.WANT: gettext_lazy("Want"),
    Rank.NICE: gettext_lazy("Nice to have"),
}
FOR_YOU = {
    Rank.MUST: gettext_lazy("You: must-have"),
    Rank.WANT: gettext_lazy("You: want"),
    Rank.NICE: gettext_lazy("You: nice to have"),
}
FOR_THEM = {
    Rank.MUST: gettext_lazy("They: must-have"),
    Rank.WANT: gettext_lazy("They: want"),
    Rank.NICE: gettext_lazy("They: nice to have"),
}
ORDERS = {
    RequestOrder.NEWEST: gettext_lazy("Newest first"),
    RequestOrder.DEADLINE: gettext_lazy("Respond by"),
    RequestOrder.RANK: gettext_lazy("Must-haves first"),
    RequestOrder.FIT: gettext_lazy("Best fit for you"),
}
PLACES = {
    "any": gettext_lazy("Booth or table"),
    "booth": gettext_lazy("Their booth"),
    "table": gettext_lazy("Meeting table"),
}
STATES = {
    ANY_STATE: gettext_lazy("All"),
    UNSCHEDULED: gettext_lazy("Not scheduled"),
    NEEDS_RESPONSE: gettext_lazy("Waiting for your response"),
    WAITING: gettext_lazy("Waiting for their response"),
    RequestState.PENDING: gettext_lazy("Pending"),
    RequestState.ACCEPTED: gettext_lazy("Accepted"),
    RequestState.DECLINED: gettext_lazy("Declined"),
    RequestState.WITHDRAWN: gettext_lazy("Withdrawn"),
    RequestState.EXPIRED: gettext_lazy("Expired"),
}
NONE = {
    ANY_STATE: gettext_lazy("No requests yet."),
    UNSCHEDULED: gettext_lazy("All accepted requests are scheduled or waiting for the next schedule."),
    NEEDS_RESPONSE: gettext_lazy("No requests need your response."),
    WAITING: gettext_lazy("No requests wait for a response."),
    RequestState.PENDING: gettext_lazy("No pending requests."),
    RequestState.ACCEPTED: gettext_lazy("No accepted requests."),
    RequestState.DECLINED: gettext_lazy("No declined requests."),
    RequestState.WITHDRAWN: gettext_lazy("No withdrawn requests."),
    RequestState.EXPIRED: gettext_lazy("No expired requests."),
}
DONE = {
    "ask": gettext_lazy("Requested"),
    "accept": gettext_lazy("Accepted"),
    "decline": gettext_lazy("Declined"),
    "withdraw": gettext_lazy("Withdrawn"),
}
"""Actions of a request's history."""


def request_state(state: str) -> str:
    """Return the label of a request state, for a tab or a request."""
    return said(STATES[RequestState(state) if state in {*RequestState} else state])


def no_request(state: str) -> str:
    """Return the message for an empty list of a state."""
    return said(NONE[RequestState(state) if state in {*RequestState} else state])


def done_word(verb: str) -> str:
    """Return the label of an action in a request's history."""
    return said(DONE[verb])


def rank(priority: int | None) -> str:
    """Return must, want or nice, or "" for a missing priority."""
    return rank_from_priority(priority).value if priority else ""


def rank_word(name: str) -> str:
    """Return the label of a rank: Must."""
    return said(RANK_WORDS[Rank(name)])


def rank_for(priority: int, whose: str, firm: str) -> str:
    """Return how important a meeting is to you, to them, or to a named firm."""
    rank = rank_from_priority(priority)
    if whose == "firm":
        return gettext("%(rank)s for %(firm)s", rank=said(RANK_WORDS[rank]), firm=firm)
    return said((FOR_YOU if whose == "you" else FOR_THEM)[rank])


def asked_place(card: RequestCard, sent: bool, actor: Actor) -> str:
    """Return where a meeting may take place, from the reader's perspective."""
    if card.place is PlaceWish.ANY:
        return gettext("at a booth or a table")
    if card.place is PlaceWish.TABLE:
        return gettext("at a table")
    if sent:
        return gettext("at their booth")
    if actor.firm_id:
        return gettext("at your booth")
    return gettext("at the booth of %(firm)s", firm=short_name(card.to_firm))


def reason_clause(code: str) -> str:
    """Return why a meeting is not scheduled, as a clause after a colon."""
    reason = marks.reason_label(code)
    return reason[:1].lower() + reason[1:]


WHY = {
    "away": gettext_lazy("Busy or unavailable"),
    "busy": gettext_lazy("In other meetings"),
    "walk": gettext_lazy("The walk to or from another hall is too long"),
    "person-cap": gettext_lazy("The daily meeting limit has been reached"),
    "firm-cap": gettext_lazy("The daily meeting limit has been reached"),
    "days-cap": gettext_lazy("Meetings on as many days as allowed"),
    "row-cap": gettext_lazy("Too many meetings in a row"),
    "pair-cap": gettext_lazy("They already meet as often as they may that day"),
    "theirs": gettext_lazy("Unavailable on their side"),
    "place-kind": gettext_lazy("No suitable booth or table is free"),
    "place-full": gettext_lazy("No suitable booth or table is free"),
    "interpreter": gettext_lazy("No interpreter for both companies is free"),
    "precedence": gettext_lazy("It must take place before or after another meeting"),
}
"""Labels of obstacles by kind."""


def why_reason(row: UnscheduledReason) -> str:
    """Return why a person or resource is unavailable, as far as the reader may know."""
    if row.what == "person-cap" and row.limit is not None:
        if row.is_me:
            return ngettext(
                "Your limit of %(num)s meeting per day has been reached",
                "Your limit of %(num)s meetings per day has been reached",
                row.limit,
            )
        return ngettext(
            "Their limit of %(num)s meeting per day has been reached",
            "Their limit of %(num)s meetings per day has been reached",
            row.limit,
        )
    if row.what == "days-cap" and row.limit is not None:
        if row.is_me:
            return ngettext(
                "Your limit of %(num)s day with meetings has been reached",
                "Your limit of %(num)s days with meetings has been reached",
                row.limit,
            )
        return ngettext(
            "Their limit of %(num)s day with meetings has been reached",
            "Their limit of %(num)s days with meetings has been reached",
            row.limit,
        )
    if row.what == "row-cap" and row.limit is not None:
        if row.is_me:
            return ngettext(
                "Your limit of %(num)s meeting in a row would be exceeded",
                "Your limit of %(num)s meetings in a row would be exceeded",
                row.limit,
            )
        return ngettext(
            "Their limit of %(num)s meeting in a row would be exceeded",
            "Their limit of %(num)s meetings in a row would be exceeded",
            row.limit,
        )
    if row.what == "firm-cap" and row.limit is not None:
        return ngettext(
            "Your company's limit of %(num)s meeting per day has been reached",
            "Your company's limit of %(num)s meetings per day has been reached",
            row.limit,
        )
    return said(WHY[row.what])


def why_who(row: UnscheduledReason, partner: str) -> str | Markup:
    """Return who or what is unavailable: a person by name, a firm, or a shared resource."""
    if row.person is not None:
        return full_name(row.person)
    if row.whose is Blocker.OWN:
        return gettext("Your company")
    if row.whose is Blocker.THEIRS:
        return partner
    if row.what == "interpreter":
        return gettext("Interpreters")
    if row.what == "pair-cap":
        return gettext("The same two people")
    return gettext("Booths and tables") if row.what.startswith("place") else gettext("Meeting order")


def why_side(row: UnscheduledReason, partner: str) -> str:
    """Return which side a person is on."""
    if row.is_me:
        return gettext("You")
    return gettext("Your colleague") if row.whose is Blocker.OWN else partner


def init_app(app: Flask) -> None:
    for each in (
        request_state,
        no_request,
        done_word,
        rank,
        rank_word,
        rank_for,
        asked_place,
        reason_clause,
        why_reason,
        why_who,
        why_side,
    ):
        app.add_template_filter(each)
