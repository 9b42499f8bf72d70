"""Requests of a whole event: the table, bulk actions, and requests on behalf of a firm."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import flash, redirect, request, url_for
from flask_login import login_required
from werkzeug.wrappers import Response

from api import auth, context
from api.inputs import whole
from api.language.speaking import gettext, ngettext, said
from api.pages import forms, paging, rendering
from api.pages.formatting import capitalize_first, short_name
from api.pages.participants import columns
from api.pages.participants.autocomplete import said_in
from api.pages.requests.labels import RANK_WORDS
from scheduler.domain.entities import RequestState
from scheduler.domain.errors import InvalidInput
from scheduler.i18n import gettext_lazy
from scheduler.services.directory import delegation_lookup
from scheduler.services.identity.actors import Actor
from scheduler.services.participants import request_table
from scheduler.services.participants.record_tables import PAGE_SIZE
from scheduler.services.requests.form import NewRequest
from scheduler.services.requests.preferences.ranks import DEFAULT_PRIORITY, rank_from_priority

blueprint = APIBlueprint(
    "event_requests", __name__, enable_openapi=False, url_prefix="/events/<event_key>/participants/requests"
)

PLACES = (
    ("any", gettext_lazy("Booth or table")),
    ("booth", gettext_lazy("Booth of the requested exhibitor")),
    ("table", gettext_lazy("Meeting table")),
)
PRIORITIES = tuple((str(DEFAULT_PRIORITY[rank]), word) for rank, word in RANK_WORDS.items())


@blueprint.get("")
@login_required
def list_requests(event_key: str) -> str:
    """List the filtered requests. Delegation managers see those of their own firms."""
    return _listing(auth.of_delegations(event_key))


def _listing(actor: Actor) -> str:
    wanted = {name: request.args.get(name, "") for name in ("text", "firm", "delegation")}
    state, sort = request.args.get("state", ""), request.args.get("sort", "newest")
    state = state if state in {*RequestState} else ""
    with context.database().read() as db:
        counts = request_table.count_states(db, actor, **wanted)
        return rendering.render(
            db,
            actor,
            "event_requests",
            "participants/requests.html",
            page=request_table.list_requests(
                db,
                actor,
                **wanted,
                state=state,
                sort=sort,
                number=paging.asked_number(),
                limit=PAGE_SIZE,
                total=counts[state],
            ),
            counts=counts,
            rank_of=rank_from_priority,
            **wanted,
            delegations=delegation_lookup.list_delegation_names(db, actor),
            state=state,
            sort=sort if sort in request_table.REQUEST_SORTS else "newest",
            now=context.now(),
        )


@blueprint.post("/bulk")
@login_required
def apply_step(event_key: str) -> Response | tuple[str, int]:
    """Accept, decline, withdraw or undo the selected requests, each on behalf of its firm."""
    actor, verb = auth.of_delegations(event_key), request.form.get("verb", "")
    there = rendering.back(event_key, url_for("event_requests.list_requests", event_key=event_key))
    try:
        with context.database().write() as db:
            taken = request_table.take_step(
                db,
                actor,
                request.form.getlist("keys"),
                verb,
                note=request.form.get("note", ""),
                now=context.now(),
            )
        flash(_done(verb, taken.done), "good" if taken.done else "warning")
        for sentence in taken.refused[:5]:
            flash(said(sentence), "warning")
        if len(taken.refused) > 5:
            flash(
                ngettext(
                    "%(num)s more request stays unchanged.",
                    "%(num)s more requests stay unchanged.",
                    len(taken.refused) - 5,
                ),
                "warning",
            )
    except InvalidInput as error:
        faults = {name: capitalize_first(told) for name, told in columns.faults(error).items()}
        if "keys" in faults:
            return rendering.list_again(lambda: _listing(actor), there, faults["keys"])
        return rendering.refused(actor, "event_requests", faults, forms.LABELS)
    return redirect(there, 303)


@blueprint.get("/new")
@login_required
def show_request_form(event_key: str) -> str:
    """Show the form to request a meeting on behalf of a firm."""
    typed = {"priority": "3", "place": "any", "from_firm": request.args.get("from_firm", "")}
    return _form(auth.organiser(event_key), typed, {})


@blueprint.post("/new")
@login_required
def submit_request(event_key: str) -> Response | tuple[str, int]:
    """Request a meeting, or show the form again with the submitted values."""
    actor, typed = auth.organiser(event_key), request.form.to_dict()
    form = NewRequest(
        to_firm=said_in("to_firm"),
        from_firm=said_in("from_firm"),
        topic=typed.get("topic", ""),
        message=typed.get("message", ""),
        priority=whole(typed.get("priority")),
        place=typed.get("place", ""),
    )
    try:
        with context.database().write() as db:
            made = request_table.request_meeting(db, actor, form, now=context.now())
    except InvalidInput as error:
        return _form(actor, typed, columns.faults(error)), 422
    agreed = made.state is RequestState.ACCEPTED
    names = {"asks": short_name(made.from_firm), "asked": short_name(made.to_firm)}
    if agreed:
        flash(
            gettext("%(asks)s and %(asked)s had both requested this meeting, so it is accepted.", **names),
            "good",
        )
    else:
        flash(
            gettext(
                "Request sent to %(asked)s on behalf of %(asks)s. Both see that an organiser sent it.",
                **names,
            ),
            "good",
        )
    return redirect(url_for("requests.show_request", event_key=event_key, key=made.key), 303)


def _form(actor: Actor, typed: dict[str, str], faults: dict[str, str]) -> str:
    with context.database().read() as db:
        return rendering.render(
            db,
            actor,
            "event_requests",
            "participants/ask.html",
            typed=typed,
            faults=faults,
            places=[(value, said(text)) for value, text in PLACES],
            priorities=[(value, said(text)) for value, text in PRIORITIES],
        )


def _done(verb: str, count: int) -> str:
    if verb == "accept":
        return gettext("Requests accepted on behalf of exhibitors: %(count)s.", count=count)
    if verb == "decline":
        return gettext("Requests declined on behalf of exhibitors: %(count)s.", count=count)
    if verb == "withdraw":
        return gettext("Requests withdrawn on behalf of exhibitors: %(count)s.", count=count)
    return gettext("Changes undone on behalf of exhibitors: %(count)s.", count=count)
