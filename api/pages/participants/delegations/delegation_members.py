"""Import of a delegation's firms and people from a file: preview, then all or nothing."""

from __future__ import annotations

import base64
from typing import Any

from apiflask import APIBlueprint
from flask import flash, redirect, request, url_for
from flask_login import login_required
from werkzeug.wrappers import Response

from api import auth, context
from api.language.speaking import gettext, said
from api.pages import rendering
from scheduler.i18n import gettext_lazy
from scheduler.services.identity.actors import Actor
from scheduler.services.imports import sheet_import, undoable_import
from scheduler.services.imports.sheet_import import ImportOutdated, ImportPreview
from scheduler.services.participants.delegations import delegations
from scheduler.services.spreadsheets.delegation_import import OWN_COLUMNS
from scheduler.sheets.tables import UnreadableSheet
from scheduler.untrusted.parsers import UNREADABLE_MESSAGE

blueprint = APIBlueprint(
    "delegation_members",
    __name__,
    enable_openapi=False,
    url_prefix="/events/<event_key>/delegations/<delegation_key>/members",
)

MOST_OCTETS = 36_000
"""Maximum file size in bytes, about 300 rows. The preview's form contains the file, and nothing is stored."""
TOO_LARGE = gettext_lazy(
    "The file is larger than 36 kB. Split it in two, or ask the organisers to import it."
)
NO_FILE = gettext_lazy("Choose a file first.")


@blueprint.get("")
@login_required
def show_members(event_key: str, delegation_key: str) -> str:
    return _page(auth.of_delegations(event_key), delegation_key)


@blueprint.post("")
@login_required
def preview_file(event_key: str, delegation_key: str) -> str | tuple[str, int]:
    """Preview a file. An unreadable file is rejected with a message."""
    actor = auth.of_delegations(event_key)
    file = request.files.get("file")
    octets = file.read(MOST_OCTETS + 1) if file else b""
    if not octets or len(octets) > MOST_OCTETS:
        return _page(actor, delegation_key, fault=TOO_LARGE if octets else NO_FILE), 422
    try:
        return _look(actor, delegation_key, octets)
    except (UnreadableSheet, ImportOutdated, *UNREADABLE_MESSAGE) as error:
        return _page(actor, delegation_key, fault=str(error)), 422


@blueprint.post("/import")
@login_required
def import_file(event_key: str, delegation_key: str) -> Response | str | tuple[str, int]:
    """Import the previewed file, which the form contains."""
    actor = auth.of_delegations(event_key)
    try:
        octets = base64.b64decode(request.form.get("file", ""), validate=True)[:MOST_OCTETS]
        parts = sheet_import.read_parts(octets, "")
    except (ValueError, UnreadableSheet, *UNREADABLE_MESSAGE):
        return _page(actor, delegation_key, fault=NO_FILE), 422
    try:
        with context.database().write() as db:
            done = undoable_import.import_members(
                db,
                actor,
                delegation_key,
                parts,
                digest=request.form.get("digest", ""),
                settings=context.settings(),
                now=context.now(),
            )
    except ImportOutdated as error:
        flash(said(str(error)), "warning")
        return _look(actor, delegation_key, octets)
    flash(
        gettext(
            "%(added)s added, %(changed)s changed. The organisers can see and undo this import.",
            added=done.added,
            changed=done.changed,
        ),
        "good",
    )
    return redirect(
        url_for("delegations.show_delegation", event_key=event_key, delegation_key=delegation_key), 303
    )


def _look(actor: Actor, key: str, octets: bytes) -> str:
    parts = sheet_import.read_parts(octets, "")
    with context.database().write() as db:
        found: ImportPreview = undoable_import.preview_members(
            db, actor, key, parts, settings=context.settings(), now=context.now()
        )
    return _page(actor, key, look=found, octets=base64.b64encode(octets).decode())


def _page(actor: Actor, key: str, **given: Any) -> str:
    with context.database().read() as db:
        card = delegations.get_delegation(db, actor, key)
        return rendering.render(
            db,
            actor,
            "delegations",
            "participants/delegations/members.html",
            card=card,
            columns={kind: sorted(names) for kind, names in OWN_COLUMNS.items()},
            **{"look": None, "octets": "", "fault": ""} | given,
        )
