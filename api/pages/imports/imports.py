"""Bring firms, people and interpreters in: a spreadsheet, what it would do, and then all of it or nothing."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from apiflask import APIBlueprint
from flask import Response, flash, redirect, request, url_for
from flask_login import login_required
from werkzeug.wrappers import Response as BaseResponse

from api import auth, context
from api.language.speaking import gettext, reported, said
from api.pages import rendering
from api.pages.imports import grid_form, import_form, import_words, large_imports
from api.pages.participants.columns import labels
from scheduler.domain.errors import InvalidInput, NotFound, WrongState
from scheduler.invites.catalogue import languages
from scheduler.services.identity.actors import Actor
from scheduler.services.imports import choices, import_files, sheet_import, template, undoable_import
from scheduler.services.imports.bulk_import import import_jobs
from scheduler.services.imports.import_files import AlreadyImported
from scheduler.services.imports.sheet_import import ImportOutdated, ImportPreview
from scheduler.services.participants import journal
from scheduler.services.spreadsheets.columns import COLUMNS, COMPOSED, REQUIRED, ImportKind
from scheduler.services.spreadsheets.options import ImportOptions
from scheduler.services.spreadsheets.table import MAX_ROWS
from scheduler.sheets.tables import MAX_OCTETS, UnreadableSheet
from scheduler.untrusted.parsers import UNREADABLE_MESSAGE

blueprint = APIBlueprint("imports", __name__, enable_openapi=False, url_prefix="/events/<event_key>/imports")

MOST_CELLS = 20
"""Changed cells that stand below the grid; the page of the file has all."""
NOT_SHOWN = (ImportOutdated, AlreadyImported, UnreadableSheet, *UNREADABLE_MESSAGE)
"""Why what a file does cannot be shown now; each is a sentence."""
for _filter in (
    import_words.import_kind,
    import_words.import_rows,
    import_words.placed,
    import_words.meetings_words,
    import_words.counted,
):
    blueprint.add_app_template_filter(_filter)

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@blueprint.url_value_preprocessor
def _take_files(_endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """A file of an expo may be larger than any other form. The envelope of the form is not counted."""
    request.max_content_length = MAX_OCTETS + (64 << 10)


@blueprint.get("/")
@login_required
def index(event_key: str) -> str:
    return _index(auth.organiser(event_key))


@blueprint.post("/")
@login_required
def upload(event_key: str) -> BaseResponse | tuple[str, int]:
    """Keep a file and show what it would do. What cannot be read is refused in words."""
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
        return _index(actor, reported(str(error))), 422
    except InvalidInput as error:
        return _index(actor, "; ".join(map(import_words.placed, error.faults))), 422
    if import_jobs.is_large_file(octets):
        large_imports.look(actor, number)
    return redirect(url_for("imports.show", event_key=event_key, number=number))


@blueprint.get("/<int:number>")
@login_required
def show(event_key: str, number: int) -> BaseResponse | str:
    """Show what a file would change: the import is run and rolled back, a large one by a worker."""
    actor = auth.organiser(event_key)
    job = large_imports.follow(actor, number)
    if job is not None and job.is_taken:
        return redirect(url_for("imports.index", event_key=event_key))
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
            looked_at=job and job.looked_at,
            options=options,
            columns={kind: COLUMNS[kind] + COMPOSED[kind] for kind in ImportKind},
            labels=labels(),
            may_go=choices.WITHDRAWABLE_KINDS,
            most_fixes=import_form.MOST_FIXES,
            starts=_starts(),
        )


@blueprint.post("/<int:number>/choose")
@login_required
def choose(event_key: str, number: int) -> BaseResponse:
    """Keep how the file is to be taken, and show what it does so."""
    actor = auth.organiser(event_key)
    try:
        with context.database().write() as db:
            choices.save_choices(db, actor, number, import_form.choices())
        if large_imports.follow(actor, number) is not None:
            large_imports.look(actor, number)
    except InvalidInput as error:
        flash("; ".join(map(import_words.placed, error.faults)), "error")
    return redirect(url_for("imports.show", event_key=event_key, number=number))


@blueprint.get("/<int:number>/errors")
@login_required
def errors(event_key: str, number: int) -> BaseResponse | str:
    """The rows that are wrong as a grid, a sheet and a page at a time, or what was changed of the file."""
    actor = auth.organiser(event_key)
    job = large_imports.follow(actor, number)
    if job is not None and job.is_taken:
        return redirect(url_for("imports.index", event_key=event_key))
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
            **grid_form.values(parts, look, options),
        )


@blueprint.post("/<int:number>/errors")
@login_required
def fix(event_key: str, number: int) -> BaseResponse:
    """Keep all that was changed on a page of the grid, and look once what the file does so."""
    actor = auth.organiser(event_key)
    given, remembered = grid_form.pressed()
    try:
        with context.database().write() as db:
            choices.save_fixes(db, actor, number, given, remembered)
        if large_imports.follow(actor, number) is not None:
            large_imports.look(actor, number)
    except InvalidInput as error:
        flash("; ".join(map(import_words.placed, error.faults)), "error")
    return redirect(grid_form.back(url_for("imports.errors", event_key=event_key, number=number)))


@blueprint.post("/steps/<int:step_id>/undo")
@login_required
def undo(event_key: str, step_id: int) -> BaseResponse:
    """Put back what a file changed, as long as nothing else changed it since."""
    actor = auth.organiser(event_key)
    try:
        with context.database().write() as db:
            done = journal.undo_step(db, actor, step_id, settings=context.settings(), now=context.now())
        flash(gettext("What %(file)s changed is as it was before.", file=done.subject), "good")
    except WrongState as error:
        flash(said(error.told), "error")
    return redirect(url_for("imports.index", event_key=event_key))


@blueprint.post("/<int:number>/take")
@login_required
def take(event_key: str, number: int) -> BaseResponse:
    actor = auth.organiser(event_key)
    is_large = large_imports.follow(actor, number) is not None
    with suppress(NotFound), context.database().write() as db:  # of a file that was taken, it is said below
        choices.save_notify(db, actor, number, wanted=bool(request.form.get("notify")))
    if is_large:
        large_imports.take(actor, number, request.form.get("digest", ""))
        return redirect(url_for("imports.show", event_key=event_key, number=number))
    try:
        look = _take(actor, number, request.form.get("digest", ""))
    except ImportOutdated as error:
        flash(said(str(error)), "warning")
        return redirect(url_for("imports.show", event_key=event_key, number=number))
    except NOT_SHOWN as error:
        return _not_shown(event_key, error)
    for part in look.parts:
        if part.kind and part.done:
            flash(import_words.done_words(part.kind, part.done), "good")
    return redirect(url_for("imports.index", event_key=event_key))


@blueprint.post("/<int:number>/drop")
@login_required
def drop(event_key: str, number: int) -> BaseResponse:
    actor = auth.organiser(event_key)
    with context.database().write() as db:
        import_files.delete_file(db, actor, number)
    flash(gettext("The file is gone. Nothing of it was taken."), "message")
    return redirect(url_for("imports.index", event_key=event_key))


@blueprint.get("/<int:number>/left-out.xlsx")
@login_required
def left_out(event_key: str, number: int) -> BaseResponse:
    """The rows that are wrong, each with the reason, to be fixed and sent again."""
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
def example(event_key: str) -> Response:
    """A workbook with our columns, what each means, and rows to be overwritten."""
    actor = auth.organiser(event_key)
    with context.database().read() as db:
        return _file(template.template_workbook(db, actor), "chainmeet.xlsx")


def _starts() -> dict[str, int]:
    """By kind of rows: the first of its errors that is shown, from 0."""
    given = {kind.value: request.args.get(kind.value, 0, type=int) for kind in ImportKind}
    return {kind: at for kind, at in given.items() if 0 < at < MAX_ROWS}


def _look(actor: Actor, number: int) -> tuple[str, list[Any], ImportPreview, ImportOptions]:
    """A kept file: its name, its parts, what it would do by now, and how it is to be taken."""
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
    flash(reported(str(error)), "error")
    return redirect(url_for("imports.index", event_key=event_key))


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
            fault=fault,
        )
