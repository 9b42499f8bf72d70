"""Registrations of firms, for organisers: accept, correct, add to an existing firm, decline."""

from __future__ import annotations

from collections.abc import Mapping

from apiflask import APIBlueprint
from flask import flash, redirect, request, url_for
from flask_login import login_required
from werkzeug.wrappers import Response

from api import auth, context, inputs, limits
from api.language.speaking import gettext, ngettext
from api.language.speaking import said as say_it
from api.pages import paging, rendering
from api.pages.participants.registration import forms
from scheduler.domain.errors import InvalidInput, WrongState
from scheduler.domain.team import RegistrationState
from scheduler.invites.catalogue import languages
from scheduler.services.identity.actors import Actor
from scheduler.services.participants.registration import decisions, registrations
from scheduler.services.participants.registration.decisions import DecisionResult
from scheduler.services.participants.registration.form import RegistrationForm
from workers import dispatch

blueprint = APIBlueprint(
    "registrations", __name__, enable_openapi=False, url_prefix="/events/<event_key>/registrations"
)

Answer = Response | tuple[str, int]
HERE = "registrations"


@blueprint.get("/")
@login_required
def list_registrations(event_key: str) -> str:
    """List the registrations in a state, by default the waiting ones."""
    return _list(auth.organiser(event_key), {})


@blueprint.post("/")
@login_required
@limits.costly
def decide_registrations(event_key: str) -> Answer:
    """Accept or decline the selected registrations."""
    actor, typed = auth.organiser(event_key), request.form
    numbers = [inputs.whole(text) for text in typed.getlist("numbers")]
    try:
        with context.database().write() as db:
            if typed.get("verb") == "decline":
                reason = typed.get("reason", "")
                done = decisions.decline_registrations(db, actor, numbers, reason, now=context.now())
            else:
                done = decisions.accept_registrations(
                    db, actor, numbers, settings=context.settings(), now=context.now()
                )
    except InvalidInput as error:
        return _list(actor, forms.faults(error)), 422
    dispatch.deliver_urgent(app=context.celery())
    _tell(done, is_declined=typed.get("verb") == "decline")
    return _back(event_key)


@blueprint.get("/<int:number>")
@login_required
def show_registration(event_key: str, number: int) -> str:
    """Show a registration as a form, with existing firms that may be the same."""
    return _record(auth.organiser(event_key), number, None, {})


@blueprint.post("/<int:number>")
@login_required
def decide_registration(event_key: str, number: int) -> Answer:
    """Accept a registration as corrected, add its person to an existing firm, or decline it."""
    actor, typed = auth.organiser(event_key), request.form
    form, verb = forms.read(typed), typed.get("verb")
    try:
        with context.database().write() as db:
            if verb == "decline":
                decisions.decline_registration(db, actor, number, typed.get("reason", ""), now=context.now())
                said = gettext(
                    "Registration declined. The person who registered gets an email with your reason."
                )
            else:
                settings, now = context.settings(), context.now()
                if verb == "join":
                    key = (typed.get("into") or typed.get("into_key", "")).strip()
                    decisions.join_firm(db, actor, number, key, settings=settings, now=now)
                else:
                    decisions.accept_registration(db, actor, number, form, settings=settings, now=now)
                said = gettext(
                    "Registration accepted. The person who registered gets an "
                    "email. To undo this, open Exhibitors, then Change history."
                )
    except InvalidInput as error:
        return _record(actor, number, form if verb == "accept" else None, forms.faults(error)), 422
    except WrongState as error:
        flash(say_it(error.user_message), "warning")
        return _back(event_key)
    dispatch.deliver_urgent(app=context.celery())
    flash(said, "good")
    return _back(event_key)


def _tell(done: DecisionResult, *, is_declined: bool) -> None:
    if done.count and is_declined:
        flash(
            ngettext("%(num)s registration declined.", "%(num)s registrations declined.", done.count), "good"
        )
    elif done.count:
        flash(
            ngettext("%(num)s registration accepted.", "%(num)s registrations accepted.", done.count), "good"
        )
    for name, why in done.left:
        flash(gettext("%(firm)s is still waiting: %(fault)s", firm=name, fault=say_it(why)), "warning")


def _list(actor: Actor, faults: Mapping[str, str]) -> str:
    known = {state.value: state for state in registrations.VISIBLE_STATES}
    state = known.get(request.args.get("state", ""), RegistrationState.WAITING)
    text = request.args.get("text", "")
    with context.database().read() as db:
        found = registrations.list_registrations(db, actor, state, text=text, number=paging.asked_number())
        return rendering.render(
            db,
            actor,
            HERE,
            "participants/registration/list.html",
            found=found,
            page=found.page,
            state=state.value,
            text=text,
            faults=faults,
            reason=request.form.get("reason", ""),
            address=context.settings().base_url
            + url_for("registration_form.show_form", event_key=actor.event_key),
        )


def _record(actor: Actor, number: int, typed: RegistrationForm | None, faults: Mapping[str, str]) -> str:
    with context.database().read() as db:
        record = registrations.get_registration(db, actor, number)
        return rendering.render(
            db,
            actor,
            HERE,
            "participants/registration/show.html",
            record=record,
            known=record.known,
            form=typed or record.form,
            halls=record.halls,
            faults=faults,
            typed=request.form,
            countries=forms.countries(),
            languages=languages().items(),
        )


def _back(event_key: str) -> Response:
    default = url_for("registrations.list_registrations", event_key=event_key)
    return redirect(rendering.back(event_key, default), 303)
