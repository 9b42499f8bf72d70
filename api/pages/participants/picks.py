"""Fields in which a firm, a person, an interpreter or a place is meant: what is offered, what was picked."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Flask, render_template, request
from flask_login import login_required
from sqlalchemy.orm import Session

from api import auth, context
from scheduler.services.identity.actors import Actor
from scheduler.services.spreadsheets import record_search
from scheduler.services.spreadsheets.columns import ImportKind
from scheduler.services.spreadsheets.record_search import RecordOption

blueprint = APIBlueprint(
    "picks", __name__, enable_openapi=False, url_prefix="/events/<event_key>/participants/picks"
)


@blueprint.get("/<any(firms, people, interpreters, tables):kind>")
@login_required
def offers(event_key: str, kind: str) -> str:
    """What the field that the address names offers for what was typed in it, as options of its list.

    With a `firm`, people are its own, and places are tables and its booths.
    """
    actor, asked = auth.organiser(event_key), request.args
    found = offered_for(actor, kind, asked.get(asked.get("field", ""), ""), asked.get("firm", ""))
    return render_template("participants/options.html", found=found)


def key_in(db: Session, actor: Actor, kind: ImportKind, name: str) -> str:
    """The key that is meant in a field of the sent form, or nothing."""
    return record_search.resolve_key(db, actor, kind, said_in(name))


def picked(db: Session, actor: Actor, kind: ImportKind, name: str) -> str:
    """The same, else what was typed in the field."""
    return key_in(db, actor, kind, name) or said_in(name)


def said_in(name: str) -> str:
    """What was picked from the choices of a field, else what was typed in it."""
    return request.form.get(f"{name}-pick") or request.form.get(name, "")


def offered_for(actor: Actor, kind: str, typed: str, firm: str = "") -> list[RecordOption]:
    """What a page offers for what was typed, where it is to be chosen without a script."""
    with context.database().read() as db:
        return record_search.search_records(db, actor, ImportKind(kind), typed, firm=firm)


def pick_label(actor: Actor, kind: str, typed: str) -> str:
    """What stands in a field: names and keys of records, or what was typed."""
    with context.database().read() as db:
        return record_search.get_label(db, actor, ImportKind(kind), typed)


def init_app(app: Flask) -> None:
    app.add_template_global(offered_for)
    app.add_template_global(pick_label)
