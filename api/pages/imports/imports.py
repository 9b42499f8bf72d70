"""Firms, people and interpreters of an event: how many there are, and more from CSV files."""

from __future__ import annotations

import csv
import io
from typing import Any

from apiflask import APIBlueprint
from flask import Response, abort, flash, redirect, request, url_for
from flask_login import login_required
from werkzeug.wrappers import Response as BaseResponse

from api import auth, context
from api.errands import fresh_sign_in
from api.pages import rendering
from scheduler.domain.errors import InvalidInput
from scheduler.invites.catalogue import languages
from scheduler.services.access.actors import Actor
from scheduler.services.imports import csv_table, rows

blueprint = APIBlueprint("people", __name__, enable_openapi=False, url_prefix="/events/<event_key>/people")

SHOWN_FAULTS = 100


@blueprint.url_value_preprocessor
def _take_files(_endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """A file of an expo may be larger than any other form; the envelope of the form is not counted."""
    request.max_content_length = csv_table.MAX_OCTETS + (64 << 10)


@blueprint.get("/")
@login_required
def index(event_key: str) -> str:
    return _page(auth.organiser(event_key), (), "")


@blueprint.post("/<any(firms, people, interpreters):kind>")
@login_required
@fresh_sign_in("import people and their addresses")
def upload(event_key: str, kind: str) -> BaseResponse | tuple[str, int]:
    """Take a file whole, or show what is wrong with it; or say what it would do, and do nothing."""
    actor = auth.organiser(event_key)
    file = request.files.get("file")
    try:
        text = (file.read() if file else b"").decode("utf-8")
        only_look = "look" in request.form
        with context.database().write() as db:
            done = _import(db, actor, kind, text)
            if only_look:
                db.rollback()
    except UnicodeDecodeError:
        return _page(actor, ("The file is not in UTF-8; save it as CSV UTF-8.",), kind), 422
    except InvalidInput as error:
        return _page(actor, tuple(map(str, error.faults)), kind), 422
    flash(_said(kind, done, only_look=only_look), "message" if only_look else "good")
    return redirect(url_for("people.index", event_key=event_key))


@blueprint.get("/<kind>.csv")
@login_required
def template(event_key: str, kind: str) -> Response:
    """An empty file with the right header."""
    auth.organiser(event_key)
    if kind not in csv_table.COLUMNS:
        abort(404)
    text = io.StringIO()
    csv.writer(text).writerow(csv_table.COLUMNS[kind])
    headers = {"Content-Disposition": f'attachment; filename="{kind}.csv"'}
    return Response(text.getvalue(), content_type="text/csv; charset=utf-8", headers=headers)


def _import(db: Any, actor: Actor, kind: str, text: str) -> rows.Imported:
    if kind == "firms":
        return rows.import_firms(db, actor, text)
    if kind == "interpreters":
        return rows.import_interpreters(db, actor, text)
    return rows.import_people(db, actor, text, settings=context.settings(), now=context.now())


def _said(kind: str, done: rows.Imported, *, only_look: bool) -> str:
    """What a file did, or would do."""
    counts = f"{done.added:,} added, {done.changed:,} changed, {done.unchanged:,} unchanged."
    said = f"{kind.capitalize()}: {counts}"
    if done.moved:
        said += f" {done.moved:,} of them moved to another booth, or left theirs."
    if done.meetings:
        said += (
            f" Meetings that are published there: {done.meetings:,}. The next run plans them at the new "
            "booth; people are told when you publish it."
        )
    return f"Nothing is taken yet. It would be: {said}" if only_look else said


def _page(actor: Actor, faults: tuple[str, ...], kind: str) -> str:
    with context.database().read() as db:
        return rendering.render(
            db,
            actor,
            "people",
            "people/index.html",
            counts=rows.counts(db, actor),
            columns=csv_table.COLUMNS,
            required=csv_table.REQUIRED,
            most={"octets": csv_table.MAX_OCTETS, "rows": csv_table.MAX_ROWS},
            mail_languages=list(languages()),
            faults=faults[:SHOWN_FAULTS],
            more=max(0, len(faults) - SHOWN_FAULTS),
            wrong=kind,
        )
