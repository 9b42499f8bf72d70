"""Import pages: upload a spreadsheet, preview its changes, and apply all or nothing."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import Any

from apiflask import APIBlueprint
from flask import Response, flash, redirect, request, url_for
from flask_login import login_required
from werkzeug.wrappers import Response as BaseResponse

from api import auth, context
from api.language.speaking import gettext, said, translate_stored
from api.pages import marks, rendering
from api.pages.imports import grid_form, import_form, import_labels, large_imports
from api.pages.participants.columns import labels
from scheduler.domain.errors import InvalidInput, NotFound, WrongState
from scheduler.invites.catalogue import languages
from scheduler.services.identity.actors import Actor
from scheduler.services.imports import (
    choices,
    import_files,
    row_effects,
    sheet_import,
    template,
    undoable_import,
)
from scheduler.services.imports.bulk_import import import_jobs
from scheduler.services.imports.import_files import AlreadyImported
from scheduler.services.imports.sheet_import import ImportOutdated, ImportPreview
from scheduler.services.participants import journal
from scheduler.services.spreadsheets.changes import MAX_SHOWN
from scheduler.services.spreadsheets.columns import COLUMNS, COMPOSED, REQUIRED, ImportKind
from scheduler.services.spreadsheets.options import ImportOptions
from scheduler.services.spreadsheets.table import MAX_ROWS
from scheduler.sheets.tables import MAX_OCTETS, UnreadableSheet
from scheduler.untrusted.parsers import UNREADABLE_MESSAGE

blueprint = APIBlueprint("imports", __name__, enable_openapi=False, url_prefix="/events/<event_key>/imports")

MOST_CELLS = 20
"""Maximum number of corrected cells below the grid. The page of the file has all."""
NOT_SHOWN = (ImportOutdated, AlreadyImported, UnreadableSheet, *UNREADABLE_MESSAGE)
"""Errors that prevent a preview. Each has a message."""
for _filter in (
    import_labels.import_kind,
    import_labels.import_rows,
    import_labels.row_filter,
    import_labels.placed,
    import_labels.meetings_words,
    import_labels.counted,
):
    blueprint.add_app_template_filter(_filter)

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@blueprint.url_value_preprocessor
def _take_files(_endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """Raise the size limit for uploads, with room for the multipart envelope."""
    request.max_content_length = MAX_OCTETS + (64 << 10)


@blueprint.get("/")
@login_required
def list_imports(event_key: str) -> str:
    return _index(auth.organiser(event_key))


@blueprint.post("/")
@login_required
def upload_file(event_key: str) -> BaseResponse | tuple[str, int]:
    """Store a file and redirect to its preview. An unreadable file is rejected with a message."""
    actor = auth.organiser(event_key)
    file = request.files.get("file")
    octets = file.read() if file else b""
    kind = request.form.get("kind", "")
    try:
        if not import_jobs.is_large_file(octets):
            sheet_import.read_parts(octets, kind if kind in [*ImportKind] else "")
        with context.database().write() as db:
            name = file.filename or "" if file else ""
            number = import_files.store_file(db, actor, octets, name=name, kind=kind, now=context.now())
    except (UnreadableSheet, *UNREADABLE_MESSAGE) as error:
        return _index(actor, translate_stored(str(error))), 422
    except InvalidInput as error:
        return _index(actor, marks.semicolon().join(map(import_labels.placed, error.faults))), 422
    if import_jobs.is_large_file(octets):
        large_imports.look(actor, number)
    return redirect(url_for("imports.show_preview", event_key=event_key, number=number))


@blueprint.get("/<int:number>")
@login_required
def show_preview(event_key: str, number: int) -> BaseResponse | str:
    """Preview a file: the import is executed and rolled back, by a worker for large files."""
    actor = auth.organiser(event_key)
    job = large_imports.follow(actor, number)
    if job is not None and job.is_taken:
        return redirect(url_for("imports.list_imports", event_key=event_key))
    if job is not None and not job.is_done:
        return large_imports.page(actor, job)
    try:
        name, _, look, options = _look(actor, number)
    except NOT_SHOWN as error:
        return _not_shown(event_key, error)
    with context.database().read() as db:
        return rendering.render(
            db,
            actor,
            "imports",
            "imports/show.html",
            number=number,
            name=name,
            look=look,
            previewed_at=job and job.previewed_at,
            options=options,
            columns={kind: COLUMNS[kind] + COMPOSED[kind] for kind in ImportKind},
            labels=labels(),
            may_go=choices.WITHDRAWABLE_KINDS,
            most_rows=MAX_SHOWN,
            most_fixes=import_form.MOST_FIXES,
            starts=_starts(),
        )


@blueprint.post("/<int:number>/choose")
@login_required
def save_choices(event_key: str, number: int) -> BaseResponse:
    """Save the import options, and show the preview with them."""
    actor = auth.organiser(event_key)
    try:
        with context.database().write() as db:
            choices.save_choices(db, actor, number, import_form.choices())
        if large_imports.follow(actor, number) is not None:
            large_imports.look(actor, number)
    except InvalidInput as error:
        flash(marks.semicolon().join(map(import_labels.placed, error.faults)), "error")
    return redirect(url_for("imports.show_preview", event_key=event_key, number=number))


@blueprint.get("/<int:number>/errors")
@login_required
def show_errors(event_key: str, number: int) -> BaseResponse | str:
    """Show the grid of rows with errors by sheet and page, or the corrections made."""
    actor = auth.organiser(event_key)
    job = large_imports.follow(actor, number)
    if job is not None and job.is_taken:
        return redirect(url_for("imports.list_imports", event_key=event_key))
    if job is not None and not job.is_done:
        return large_imports.page(actor, job)
    try:
        name, parts, look, options = _look(actor, number)
    except NOT_SHOWN as error:
        return _not_shown(event_key, error)
    with context.database().read() as db:
        return rendering.render(
            db,
            actor,
            "imports",
            "imports/errors.html",
            number=number,
            name=name,
            labels=labels(),
            most_cells=MOST_CELLS,
            **grid_form.values(parts, look, options, partial(row_effects.list_record_names, db, actor)),
        )


@blueprint.post("/<int:number>/errors")
@login_required
def fix_errors(event_key: str, number: int) -> BaseResponse:
    """Save the corrections of a page of the grid, and refresh the preview once."""
    actor = auth.organiser(event_key)
    given, remembered = grid_form.pressed()
    try:
        with context.database().write() as db:
            choices.save_fixes(db, actor, number, given, remembered)
        if large_imports.follow(actor, number) is not None:
            large_imports.look(actor, number)
    except InvalidInput as error:
        flash(marks.semicolon().join(map(import_labels.placed, error.faults)), "error")
    return redirect(grid_form.back(url_for("imports.show_errors", event_key=event_key, number=number)))


@blueprint.post("/steps/<int:step_id>/undo")
@login_required
def undo_import(event_key: str, step_id: int) -> BaseResponse:
    """Undo an import, unless its records have been changed since."""
    actor = auth.organiser(event_key)
    try:
        with context.database().write() as db:
            done = journal.undo_step(db, actor, step_id, settings=context.settings(), now=context.now())
        flash(gettext("Changes from %(file)s undone.", file=done.subject), "good")
    except WrongState as error:
        flash(said(error.user_message), "error")
    return redirect(url_for("imports.list_imports", event_key=event_key))


@blueprint.post("/<int:number>/import")
@login_required
def import_file(event_key: str, number: int) -> BaseResponse:
    actor = auth.organiser(event_key)
    is_large = large_imports.follow(actor, number) is not None
    with suppress(NotFound), context.database().write() as db:  # an imported file is reported below
        choices.save_notify(db, actor, number, wanted=bool(request.form.get("notify")))
    if is_large:
        large_imports.take(actor, number, request.form.get("digest", ""))
        return redirect(url_for("imports.show_preview", event_key=event_key, number=number))
    try:
        look = _take(actor, number, request.form.get("digest", ""))
    except ImportOutdated as error:
        flash(said(str(error)), "warning")
        return redirect(url_for("imports.show_preview", event_key=event_key, number=number))
    except NOT_SHOWN as error:
        return _not_shown(event_key, error)
    for part in look.parts:
        if part.kind and part.done:
            flash(import_labels.done_words(part.kind, part.done), "good")
    return redirect(url_for("imports.list_imports", event_key=event_key))


@blueprint.post("/<int:number>/discard")
@login_required
def discard_file(event_key: str, number: int) -> BaseResponse:
    actor = auth.organiser(event_key)
    with context.database().write() as db:
        import_files.delete_file(db, actor, number)
    flash(gettext("Import discarded. Nothing was imported."), "message")
    return redirect(url_for("imports.list_imports", event_key=event_key))


@blueprint.get("/<int:number>/skipped-rows.xlsx")
@login_required
def download_skipped_rows(event_key: str, number: int) -> BaseResponse:
    """Return a workbook of the skipped rows with reasons, to be fixed and imported again."""
    actor = auth.organiser(event_key)
    try:
        _, parts, look, options = _look(actor, number)
    except NOT_SHOWN as error:
        return _not_shown(event_key, error)
    with context.database().write() as db:
        octets = import_files.export_skipped_rows(db, actor, parts, look, options.fixes, now=context.now())
    return _file(octets, import_files.SKIPPED_FILE_NAME)


@blueprint.get("/template.xlsx")
@login_required
def download_template(event_key: str) -> Response:
    """Return a template workbook: our columns with explanations, and example rows."""
    actor = auth.organiser(event_key)
    with context.database().read() as db:
        return _file(template.template_workbook(db, actor), "chainmeet.xlsx")


def _starts() -> dict[str, int]:
    """Return the offset of the first error to show, by kind of rows."""
    given = {kind.value: request.args.get(kind.value, 0, type=int) for kind in ImportKind}
    return {kind: at for kind, at in given.items() if 0 < at < MAX_ROWS}


def _look(actor: Actor, number: int) -> tuple[str, list[Any], ImportPreview, ImportOptions]:
    """Return a stored file: its name, its parsed sheets, the current preview, and its options."""
    with context.database().read() as db:
        octets, kind, name = import_files.load_file(db, actor, number)
        options = choices.load_options(db, actor, number)
    parts = sheet_import.read_parts(octets, kind)
    if (kept := large_imports.kept(actor, number)) is not None:
        return name, parts, kept, options
    with context.database().write() as db:
        look = undoable_import.preview_import(
            db, actor, parts, settings=context.settings(), now=context.now(), options=options
        )
    return name, parts, look, options


def _take(actor: Actor, number: int, digest: str) -> ImportPreview:
    with context.database().read() as db:
        octets, kind, _ = import_files.load_file(db, actor, number)
        options = choices.load_options(db, actor, number)
    parts = sheet_import.read_parts(octets, kind)
    with context.database().write() as db:
        return undoable_import.import_file(
            db,
            actor,
            number,
            parts,
            digest=digest,
            settings=context.settings(),
            now=context.now(),
            options=options,
        )


def _not_shown(event_key: str, error: Exception) -> BaseResponse:
    flash(translate_stored(str(error)), "error")
    return redirect(url_for("imports.list_imports", event_key=event_key))


def _file(octets: bytes, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(octets, content_type=XLSX, headers=headers)


def _index(actor: Actor, fault: str = "") -> str:
    with context.database().read() as db:
        return rendering.render(
            db,
            actor,
            "imports",
            "imports/index.html",
            counts=import_files.count_records(db, actor),
            files=import_files.list_files(db, actor),
            columns=COLUMNS,
            required=REQUIRED,
            most={"megabytes": MAX_OCTETS >> 20, "rows": MAX_ROWS},
            mail_languages=list(languages()),
            accepted=import_form.accepted_endings(),
            fault=fault,
        )
