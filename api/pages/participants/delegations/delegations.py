"""Delegation pages: the list, and each delegation with its members."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import Any

from apiflask import APIBlueprint
from flask import flash, redirect, request, url_for
from flask_login import login_required
from werkzeug.utils import secure_filename
from werkzeug.wrappers import Response

from api import auth, contact_views, context, inputs, limits
from api.language.speaking import gettext, ngettext, reader
from api.pages import paging, rendering
from api.pages.formatting import short_name
from scheduler.domain import names
from scheduler.domain.errors import InvalidInput
from scheduler.services.exports import export_log, prints
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.participants.delegations import confirmation, delegations, membership
from scheduler.services.participants.delegations import print_pack as packs
from scheduler.services.participants.delegations.delegations import DelegationCard, DelegationForm

blueprint = APIBlueprint(
    "delegations", __name__, enable_openapi=False, url_prefix="/events/<event_key>/delegations"
)


@blueprint.get("/")
@login_required
def list_delegations(event_key: str) -> str:
    return _list(auth.of_delegations(event_key), DelegationForm(""), {})


@blueprint.post("/")
@login_required
def create_delegation(event_key: str) -> Response | tuple[str, int]:
    actor, form = auth.organiser(event_key), _typed()
    try:
        with context.database().write() as db:
            key = delegations.create_delegation(db, actor, form, now=context.now())
    except InvalidInput as error:
        return _list(actor, form, _faults(error)), 422
    flash(gettext("Delegation created. Now add exhibitors and people."), "good")
    return redirect(url_for("delegations.show_delegation", event_key=event_key, delegation_key=key), 303)


@blueprint.get("/<delegation_key>")
@login_required
def show_delegation(event_key: str, delegation_key: str) -> str:
    return _show(auth.of_delegations(event_key), delegation_key, None, {})


@blueprint.post("/<delegation_key>")
@login_required
def change_delegation(event_key: str, delegation_key: str) -> Response | tuple[str, int]:
    actor, form = auth.of_delegations(event_key), _typed()
    try:
        with context.database().write() as db:
            delegations.change_delegation(db, actor, delegation_key, form, now=context.now())
    except InvalidInput as error:
        return _show(actor, delegation_key, form, _faults(error)), 422
    flash(gettext("Saved."), "good")
    return redirect(
        url_for("delegations.show_delegation", event_key=event_key, delegation_key=delegation_key), 303
    )


@blueprint.get("/<delegation_key>/print-pack.pdf")
@login_required
@limits.costly
def download_print_pack(event_key: str, delegation_key: str) -> Response:
    """Return a PDF with the list of its people and the agenda of each."""
    actor = auth.of_delegations(event_key)
    part = max(1, inputs.whole(request.args.get("part")))
    with context.database().read() as db:
        name, document = packs.make_print_pack(db, actor, delegation_key, part=part)
    with context.database().write() as db:
        export_log.log_print_pack(db, actor, delegation_key, now=context.now())
    response = Response(document, content_type="application/pdf")
    file = f"{secure_filename(name) or delegation_key}-{event_key}.pdf"
    response.headers.set("Content-Disposition", "attachment", filename=file)
    response.headers["Cache-Control"] = "private, no-store"
    return response


@blueprint.post("/<delegation_key>/remove")
@login_required
def remove_delegation(event_key: str, delegation_key: str) -> Response:
    actor = auth.organiser(event_key)
    with context.database().write() as db:
        name = delegations.remove_delegation(db, actor, delegation_key, now=context.now())
    flash(
        gettext("Delegation %(name)s deleted. Its exhibitors and people stay in the event.", name=name),
        "good",
    )
    return redirect(url_for("delegations.list_delegations", event_key=event_key), 303)


@blueprint.post("/<delegation_key>/firms/<firm_key>/<any(join, leave):step>")
@login_required
def change_firm_membership(event_key: str, delegation_key: str, firm_key: str, step: str) -> Response:
    """Add or remove a firm with all its people."""
    actor = auth.organiser(event_key)
    change = membership.add_firm if step == "join" else membership.remove_firm
    with context.database().write() as db:
        who = change(db, actor, delegation_key, firm_key, now=context.now())
    name = short_name(who)
    if step == "join":
        told = gettext("%(name)s was added to the delegation with all its people.", name=name)
    else:
        told = gettext("%(name)s was removed from the delegation. Its meetings don't change.", name=name)
    return _back(event_key, delegation_key, told)


@blueprint.post("/<delegation_key>/people/<person_key>/<any(join, leave):step>")
@login_required
def change_person_membership(event_key: str, delegation_key: str, person_key: str, step: str) -> Response:
    """Add or remove a person without the firm."""
    actor = auth.organiser(event_key)
    change = membership.add_person if step == "join" else membership.remove_person
    with context.database().write() as db:
        who = change(db, actor, delegation_key, person_key, now=context.now())
    name = short_name(who)
    if step == "join":
        told = gettext("%(name)s was added to the delegation.", name=name)
    else:
        told = gettext("%(name)s was removed from the delegation. Their meetings don't change.", name=name)
    return _back(event_key, delegation_key, told)


@blueprint.post("/<delegation_key>/confirm")
@login_required
def confirm_people(event_key: str, delegation_key: str) -> Response:
    """Confirm people that a delegation manager imported."""
    actor, keys = auth.organiser(event_key), request.form.getlist("people")
    with context.database().write() as db:
        count = confirmation.confirm_people(db, actor, delegation_key, keys, now=context.now())
    return _back(
        event_key, delegation_key, ngettext("%(num)s person confirmed.", "%(num)s people confirmed.", count)
    )


def _back(event_key: str, delegation_key: str, told: str) -> Response:
    flash(told, "good")
    find = request.form.get("find") or None
    return redirect(
        url_for("delegations.show_delegation", event_key=event_key, delegation_key=delegation_key, find=find),
        303,
    )


def _typed() -> DelegationForm:
    return DelegationForm(
        **{field.name: request.form.get(field.name, "") for field in fields(DelegationForm)}
    )


def _faults(error: InvalidInput) -> dict[str, str]:
    return {fault.path: fault.message for fault in error.faults}


def _list(actor: Actor, form: DelegationForm, faults: dict[str, str]) -> str:
    text = request.args.get("q", "")
    with context.database().read() as db:
        page = delegations.list_delegations(db, actor, text=text, number=paging.asked_number())
        return _rendered(db, actor, "list", page=page, text=text, form=form, faults=faults)


def _show(actor: Actor, delegation_key: str, form: DelegationForm | None, faults: dict[str, str]) -> str:
    find = request.args.get("find", "")
    contact_views.log_delegation_view(actor, delegation_key)
    with context.database().read() as db:
        card = delegations.get_delegation(db, actor, delegation_key)
        found = membership.list_candidates(db, actor, delegation_key, find) if actor.is_organiser else None
        return _rendered(
            db,
            actor,
            "show",
            card=card,
            parts=-(-len(card.members.people) // prints.SHEETS_PER_PART),
            leaders=[("", gettext("Not selected yet")), *_leaders(card)],
            unconfirmed=(
                confirmation.list_unconfirmed(db, actor, delegation_key)
                if actor.may(Right.MANAGE_PARTICIPANTS)
                else ()
            ),
            found=found,
            find=find,
            form=form or card.form,
            faults=faults,
        )


def _leaders(card: DelegationCard) -> list[tuple[str, str]]:
    people = [each.person for each in card.members.people]
    return [(person.key, names.display_both(person.name, person.latin_name, reader())) for person in people]


def _rendered(db: Any, actor: Actor, template: str, form: DelegationForm, **values: Any) -> str:
    return rendering.render(
        db, actor, "delegations", f"participants/delegations/{template}.html", typed=asdict(form), **values
    )
