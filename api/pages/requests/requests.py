"""Meeting request pages: send, respond, withdraw."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from apiflask import APIBlueprint
from flask import flash, redirect, request, url_for
from flask_login import login_required
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from api import auth, context, inputs
from api.language.speaking import gettext, said
from api.pages import forms, paging, rendering
from api.pages.formatting import short_name
from api.pages.forms import RequestForm
from api.pages.requests import request_context
from api.pages.requests.labels import ANY_STATE, NEEDS_RESPONSE, ORDERS, PLACES, RANKS, UNSCHEDULED, WAITING
from scheduler.domain import fields
from scheduler.domain.entities import RequestState, Side
from scheduler.domain.errors import InvalidInput, NotAllowed, NotFound, WrongState
from scheduler.i18n import gettext_lazy
from scheduler.services.directory import firm_notes, search
from scheduler.services.events.timetable import get_timetable
from scheduler.services.identity.actors import Actor
from scheduler.services.requests import help_requests, outcomes, request_lists, requests
from scheduler.services.requests.bulk_requests import drafts
from scheduler.services.requests.cards import RequestCard
from scheduler.services.requests.form import NewRequest
from scheduler.services.requests.preferences import common_times, ranked_requests
from scheduler.services.requests.request_lists import RequestOrder
from scheduler.services.requests.suggestions import partners
from scheduler.services.requests.unscheduled_reasons import HelpKind

blueprint = APIBlueprint("requests", __name__, enable_openapi=False, url_prefix="/events/<event_key>")

Answer = Response | str | tuple[str, int]


@blueprint.get("/requests")
@login_required
def list_all(event_key: str) -> str:
    """List received and sent requests together, by default those that need the reader's response."""
    return _listing(event_key, None, at_first=NEEDS_RESPONSE)


@blueprint.get("/requests/received")
@login_required
def list_received(event_key: str) -> str:
    """List received requests, by default those that await a response."""
    return _listing(event_key, Side.TO, at_first=RequestState.PENDING)


@blueprint.get("/requests/sent")
@login_required
def list_sent(event_key: str) -> str:
    return _listing(event_key, Side.FROM, at_first=ANY_STATE)


@blueprint.get("/requests/<key>")
@login_required
def show_request(event_key: str, key: str) -> str:
    """Show one request."""
    actor = auth.actor_or_delegation_manager(event_key)
    with context.database().read() as db:
        card = request_lists.show_request(db, actor, key)
        values = _values(db, actor, card)
        here = "sent" if values["side"] is Side.FROM else "received"
        outcome = values["outcomes"].get(card.key)
        is_left_out = actor.firm_id is not None and outcome is not None and outcome.reason is not None
        template = "requests/unscheduled.html" if is_left_out else "requests/show.html"
        return rendering.render(db, actor, here, template, **values)


def _values(db: Session, actor: Actor, card: RequestCard) -> dict[str, Any]:
    """Return the template values of a request's page."""
    around = request_context.around(db, actor, [card])
    return {"card": card, **around, **request_context.of_page(db, actor, around["sides"][card.key], card)}


@blueprint.get("/firms/<firm_key>/request")
@login_required
def show_request_form(event_key: str, firm_key: str) -> str:
    """Show the request form, empty or prefilled from a draft or template."""
    actor, kept = auth.actor(event_key), inputs.whole(request.args.get("draft"))
    empty = NewRequest(to_firm=firm_key, topic="")
    with context.database().read() as db:
        values = drafts.draft_form(db, actor, kept, firm_key) if kept > 0 else empty
    return _form(actor, firm_key, RequestForm(values, slots=frozenset(values.slots or ())))


@blueprint.post("/firms/<firm_key>/request")
@login_required
def submit_request(event_key: str, firm_key: str) -> Response | tuple[str, int]:
    """Send a request, or show the form again with an error at each invalid field."""
    actor = auth.actor(event_key)
    with context.database().read() as db:
        form = forms.read_request(request.form, firm_key, get_timetable(db, actor))
    kept = request.form.get("keep", "")
    try:
        if kept:
            return _keep(actor, form, is_template=kept == "template")
        with context.database().write() as db:
            made = requests.submit_form(db, actor, form.values, now=context.now())
            drafts.delete_sent_draft(db, actor, firm_key)
            key, asked, asking = made.key, short_name(made.to_firm), short_name(made.from_firm)
    except InvalidInput as error:
        return _form(actor, firm_key, form, forms.sentences(error)), 422
    if made.state is RequestState.ACCEPTED:
        flash(
            gettext(
                "You and %(firm)s agreed to meet. The next scheduling run will look for a time.", firm=asking
            ),
            "good",
        )
        return redirect(url_for("requests.show_request", event_key=event_key, key=key), 303)
    flash(gettext("Request sent to %(firm)s. Their response will appear here.", firm=asked), "good")
    return redirect(url_for("requests.list_sent", event_key=event_key), 303)


@blueprint.post("/requests/<key>/accept")
@login_required
def accept_request(event_key: str, key: str) -> Answer:
    done = gettext(
        "Request accepted. The next scheduling run will look for a time that suits both companies."
    )
    return _answer(event_key, key, requests.accept_request, done)


@blueprint.post("/requests/<key>/decline")
@login_required
def decline_request(event_key: str, key: str) -> Answer:
    done = (
        gettext("Request declined. The other company can read your note.")
        if request.form.get("note", "").strip()
        else gettext("Request declined.")
    )
    return _answer(event_key, key, requests.decline_request, done)


@blueprint.post("/requests/<key>/withdraw")
@login_required
def withdraw_request(event_key: str, key: str) -> Answer:
    """Withdraw a request, or cancel an accepted one. Its state must still be the one that the page showed."""
    seen = RequestState.ACCEPTED if request.form.get("seen") == "accepted" else RequestState.PENDING
    done = (
        gettext("Request withdrawn.")
        if seen is RequestState.PENDING
        else gettext("Request withdrawn. The next schedule won't include this meeting.")
    )
    return _answer(event_key, key, requests.withdraw_request, done, seen=seen)


@blueprint.post("/requests/<key>/undo")
@login_required
def undo_request(event_key: str, key: str) -> Answer:
    """Undo the last action, unless its notification was sent."""
    return _answer(event_key, key, _undo, gettext("Undone. The request is as it was before."), may_undo=False)


@blueprint.post("/requests/<key>/ways/<int:number>")
@login_required
def apply_fix(event_key: str, key: str, number: int) -> Answer:
    """Apply a suggested fix to an unscheduled request."""
    version = inputs.whole(request.form.get("version"), 0)

    def step(db: Session, actor: Actor, key: str, *, note: str, now: datetime) -> None:
        outcomes.apply_fix(db, actor, key, version=version, number=number, now=now)

    return _answer(
        event_key, key, step, gettext("Change saved. The next scheduling run will try again."), may_undo=False
    )


@blueprint.post("/requests/<key>/help/<kind>")
@login_required
def request_help(event_key: str, key: str, kind: str) -> Answer:
    """Email whoever blocks the request, or change the request so that more times are possible."""
    actor, now, person = auth.actor(event_key), context.now(), request.form.get("person", "")
    try:
        with context.database().write() as db:
            match kind:
                case HelpKind.ASK_COLLEAGUE:
                    who = help_requests.ask_colleague(db, actor, key, person, now=now)
                    done = gettext("Email sent to %(name)s.", name=who)
                case HelpKind.ASK_PARTNER:
                    who = help_requests.ask_partner(db, actor, key, now=now)
                    done = gettext("Email sent to %(name)s.", name=who)
                case HelpKind.SHORTER:
                    help_requests.shorten(db, actor, key)
                    done = gettext("Change saved. The next scheduling run will try again.")
                case HelpKind.ANY_TIME:
                    help_requests.allow_any_time(db, actor, key)
                    done = gettext("Change saved. The next scheduling run will try again.")
                case _:
                    raise NotFound("help", kind)
    except WrongState as error:
        flash(said(error.user_message), "warning")
    else:
        flash(done, "good")
    return redirect(
        rendering.back(event_key, url_for("requests.show_request", event_key=event_key, key=key)), 303
    )


def _keep(actor: Actor, form: RequestForm, *, is_template: bool) -> Response:
    """Save the form as a draft for the firm, or as a template for any firm."""
    with context.database().write() as db:
        if is_template:
            name = form.values.topic[: fields.limits(fields.TemplateName).most]
            drafts.save_template(db, actor, form.values, name, now=context.now())
        else:
            drafts.save_draft(db, actor, form.values, now=context.now())
    flash(gettext("Saved. No request was sent."), "good")
    return redirect(url_for("ranked_requests.list_ranked_requests", event_key=actor.event_key), 303)


def _undo(db: Session, actor: Actor, key: str, *, note: str, now: datetime) -> None:
    requests.undo_step(db, actor, key, now=now)


def _listing(event_key: str, side: Side | None, *, at_first: str) -> str:
    actor = auth.actor(event_key)
    if side is None and actor.firm_id is None:  # the requests of an event have no direction
        side, at_first = Side.TO, RequestState.PENDING
    wanted, text = request.args.get("state", at_first), request.args.get("text", "")
    asked = request.args.get("order", "")
    order = RequestOrder(asked) if asked in set(RequestOrder) else RequestOrder.NEWEST
    with context.database().read() as db:
        counts = request_context.counts(db, actor, side, text)
        tab = wanted if wanted in counts.tabs else ANY_STATE
        state, of_side = _filter_of(tab, side)
        page = request_lists.list_requests(
            db,
            actor,
            side=of_side,
            state=state,
            unscheduled=tab == UNSCHEDULED,
            text=text,
            number=paging.asked_number(),
            total=counts.tabs[tab],
            order=order,
            ranks=partners.rank_fitting_firms(db, actor) if order is RequestOrder.FIT else (),
        )
        return rendering.render(
            db,
            actor,
            "sent" if side is Side.FROM else "received",
            "requests/list.html",
            page=page,
            listed=side,
            tab=tab,
            text=text,
            counts=counts,
            order=order,
            orders=ORDERS,
            common=request_context.common(db, actor, page.items),
            **request_context.around(db, actor, page.items),
        )


def _filter_of(tab: str, side: Side | None) -> tuple[RequestState | None, Side | None]:
    """Return the state and the direction of the requests of a tab."""
    if tab in (NEEDS_RESPONSE, WAITING):
        return RequestState.PENDING, Side.TO if tab == NEEDS_RESPONSE else Side.FROM
    return RequestState(tab) if tab in {*RequestState} else None, side


def _form(actor: Actor, firm_key: str, form: RequestForm, faults: dict[str, str] | None = None) -> str:
    if not actor.is_exhibitor:
        raise NotAllowed(gettext_lazy("Only company contacts can request meetings for their company."))
    with context.database().read() as db:
        partner, own = search.show_firm_beside_own(db, actor, firm_key)
        if partner is own:
            raise NotAllowed(gettext_lazy("This is your own company. Choose another one in the directory."))
        open_request = next(iter(partner.card.open_requests), None)
        if open_request and (open_request.sent or open_request.state is RequestState.ACCEPTED):
            card = request_lists.show_request(db, actor, open_request.key)
            values = _values(db, actor, card)
            return rendering.render(
                db, actor, "firms", "requests/already.html", is_refused=bool(faults), **values
            )
        return rendering.render(
            db,
            actor,
            "firms",
            "requests/new.html",
            form=form,
            faults=faults or {},
            labels=forms.LABELS,
            partner=partner,
            own=own,
            refused=firm_notes.refuses_requests(db, actor, firm_key),
            times=get_timetable(db, actor),
            ranks=RANKS,
            budget=ranked_requests.read_must_budget(db, actor),
            drafts=drafts.list_drafts(db, actor),
            common=common_times.common_slots(db, actor, [firm_key]).get(firm_key, frozenset()),
            places=PLACES,
        )


def _answer(event_key: str, key: str, step: Any, done: str, *, may_undo: bool = True, **more: Any) -> Answer:
    """Execute an action, with an undo button if `may_undo`.

    Then return the updated card to htmx, or redirect to the previous page.
    """
    actor, now = auth.actor_or_delegation_manager(event_key), context.now()
    kind = "good"
    try:
        with context.database().write() as db:
            step(db, actor, key, note=request.form.get("note", ""), now=now, **more)
    except WrongState as error:
        kind, done = (
            "warning",
            gettext("%(error)s This is the current status.", error=said(error.user_message)),
        )
    except InvalidInput as error:
        return rendering.refused(actor, "received", forms.sentences(error), forms.LABELS)
    if rendering.by_htmx():
        return _answered(actor, key, done, kind)
    if kind == "good" and may_undo:
        rendering.flash_step(actor, done, now)
    else:
        flash(done, kind)
    return redirect(
        rendering.back(event_key, url_for("requests.show_request", event_key=event_key, key=key)), 303
    )


def _is_on(path: str) -> bool:
    """True if htmx requests from the page of this path."""
    asking = request.headers.get("HX-Current-URL", "").partition("?")[0].partition("#")[0]
    return asking.endswith(path)


def _answered(actor: Actor, key: str, message: str, kind: str) -> str:
    with context.database().read() as db:
        card = request_lists.show_request(db, actor, key)
        around = request_context.around(db, actor, [card])
        side = around["sides"][card.key]
        if _is_on(url_for("requests.show_request", event_key=actor.event_key, key=key)):  # it has no tabs
            around |= request_context.of_page(db, actor, side, card) | {"counts": {}}
        else:
            is_of_both = _is_on(url_for("requests.list_all", event_key=actor.event_key))
            listed = None if is_of_both else side
            around |= {"counts": request_context.counts(db, actor, listed).tabs, "listed": listed}
        return rendering.render(
            db, actor, "", "requests/answered.html", card=card, message=message, kind=kind, **around
        )
