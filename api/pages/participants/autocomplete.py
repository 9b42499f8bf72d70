"""Autocomplete fields for firms, people, interpreters and places: suggestions and selection."""

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
    "autocomplete", __name__, enable_openapi=False, url_prefix="/events/<event_key>/participants/options"
)


@blueprint.get("/<any(firms, people, interpreters, tables):kind>")
@login_required
def list_options(event_key: str, kind: str) -> str:
    """Return suggestions for the field in the query string, as options of its list.

    With a `firm`, people are those of the firm, and places are tables and the firm's booths.
    """
    actor, asked = auth.organiser(event_key), request.args
    found = offered_for(actor, kind, asked.get(asked.get("field", ""), ""), asked.get("firm", ""))
    return render_template("participants/options.html", found=found)


def key_in(db: Session, actor: Actor, kind: ImportKind, name: str) -> str:
    """Return the key of the record that a form field identifies, or ""."""
    return record_search.resolve_key(db, actor, kind, said_in(name))


def picked(db: Session, actor: Actor, kind: ImportKind, name: str) -> str:
    """Return the key of the record that a form field identifies, or else the entered text."""
    return key_in(db, actor, kind, name) or said_in(name)


def said_in(name: str) -> str:
    """Return the selected suggestion of a form field, or else the entered text."""
    return request.form.get(f"{name}-pick") or request.form.get(name, "")


def offered_for(actor: Actor, kind: str, typed: str, firm: str = "") -> list[RecordOption]:
    """Return suggestions for an entered text, for pages without JavaScript."""
    with context.database().read() as db:
        return record_search.search_records(db, actor, ImportKind(kind), typed, firm=firm)


def pick_label(actor: Actor, kind: str, typed: str) -> str:
    """Return the text of a field: name and ID of the records, or the entered text."""
    with context.database().read() as db:
        return record_search.get_label(db, actor, ImportKind(kind), typed)


def init_app(app: Flask) -> None:
    app.add_template_global(offered_for)
    app.add_template_global(pick_label)
