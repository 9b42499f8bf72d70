"""New event from a workbook: upload, preview, and creation."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint
from flask import Response, flash, redirect, render_template, request, url_for
from flask_login import login_required
from werkzeug.wrappers import Response as BaseResponse

from api import auth, context
from api.language.speaking import gettext, said, translate_stored
from api.pages import marks, rendering, zones
from api.pages.imports import grid_form, import_form, import_labels, large_imports
from api.pages.imports.imports import NOT_SHOWN, XLSX
from api.pages.participants.columns import labels
from scheduler.domain.errors import Fault, InvalidInput, NotFound
from scheduler.invites.catalogue import languages
from scheduler.services.imports import create_from_workbook, sheet_import
from scheduler.services.imports.bulk_import import import_jobs
from scheduler.services.imports.bulk_import.import_jobs import ImportJobCard
from scheduler.services.imports.create_from_workbook import NewEventPreview
from scheduler.services.imports.import_files import SKIPPED_FILE_NAME
from scheduler.services.imports.sheet_import import ImportOutdated
from scheduler.sheets.tables import MAX_OCTETS, UnreadableSheet
from scheduler.untrusted.parsers import UNREADABLE_MESSAGE
from workers import dispatch

blueprint = APIBlueprint(
    "create_from_workbook", __name__, enable_openapi=False, url_prefix="/events/new/workbook"
)


@blueprint.url_value_preprocessor
def _take_files(_endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """Raise the size limit for uploads, as `imports` does."""
    request.max_content_length = MAX_OCTETS + (64 << 10)


@blueprint.before_request
def _require_operator() -> None:
    """Raise NotFound unless the user is an operator."""
    if auth.user().is_authenticated and not auth.user().is_operator:
        raise NotFound("page", "new event")


@blueprint.get("/")
@login_required
def show_upload_form() -> str:
    """Show the upload form."""
    return _ask()


@blueprint.post("/")
@login_required
def upload_workbook() -> BaseResponse | tuple[str, int]:
    """Store a workbook and redirect to its preview. An unreadable file is rejected with a message."""
    file = request.files.get("file")
    octets = file.read() if file else b""
    is_large = import_jobs.is_large_file(octets)
    try:
        if not is_large:
            sheet_import.read_parts(octets, "")
        with context.database().write() as db:
            name = file.filename or "" if file else ""
            number = create_from_workbook.store_workbook(
                db, auth.user().session, octets, name=name, now=context.now()
            )
    except (UnreadableSheet, *UNREADABLE_MESSAGE) as error:
        return _ask(translate_stored(str(error))), 422
    except InvalidInput as error:
        return _ask(marks.semicolon().join(map(import_labels.placed, error.faults))), 422
    if is_large:
        _have_looked(number)
    return redirect(url_for("create_from_workbook.show_preview", number=number))


@blueprint.get("/<int:number>")
@login_required
def show_preview(number: int) -> BaseResponse | str:
    """Preview a workbook: the event is created and rolled back, by a worker for large files."""
    if (page := _job_page(_follow(number))) is not None:
        return page
    try:
        name, _, look = _look(number)
    except NOT_SHOWN as error:
        return _not_shown(error)
    return _show(number, name, look)


@blueprint.post("/<int:number>/details")
@login_required
def save_details(number: int) -> BaseResponse:
    """Save the event settings, and show the preview with them."""
    with context.database().write() as db:
        zone = zones.meant(request.form.get("timezone", "").strip())
        create_from_workbook.save_event_settings(
            db, auth.user().session, number, {**request.form, "timezone": zone}
        )
    if _follow(number) is not None:
        _have_looked(number)
    return redirect(url_for("create_from_workbook.show_preview", number=number))


@blueprint.get("/<int:number>/errors")
@login_required
def show_errors(number: int) -> BaseResponse | str:
    """Show the grid of rows with errors, before an event is created."""
    if (page := _job_page(_follow(number))) is not None:
        return page
    try:
        name, parts, look = _look(number)
    except NOT_SHOWN as error:
        return _not_shown(error)
    with context.database().read() as db:
        options = create_from_workbook.load_options(db, auth.user().session, number)
    return render_template(
        "events/first_errors.html",
        number=number,
        name=name,
        labels=labels(),
        **grid_form.values(parts, look.look, options, lambda _kind, _keys: {}),
    )


@blueprint.post("/<int:number>/errors")
@login_required
def fix_errors(number: int) -> BaseResponse:
    """Save the corrections of a page of the grid, and refresh the preview once."""
    given, _ = grid_form.pressed()
    try:
        with context.database().write() as db:
            create_from_workbook.save_fixes(db, auth.user().session, number, given)
        if _follow(number) is not None:
            _have_looked(number)
    except InvalidInput as error:
        flash(marks.semicolon().join(map(import_labels.placed, error.faults)), "error")
    return redirect(grid_form.back(url_for("create_from_workbook.show_errors", number=number)))


@blueprint.post("/<int:number>/create")
@login_required
def create_event(number: int) -> BaseResponse | tuple[str, int]:
    """Create the event with all previewed data, or with the workbook as a pending import to be fixed."""
    with_all, digest = request.form.get("with") == "all", request.form.get("digest", "-")
    if with_all and _follow(number) is not None:
        with context.database().write() as db:
            import_jobs.request_new_event(db, auth.user().session, number, digest=digest, now=context.now())
        dispatch.import_file(number, app=context.celery())
        return redirect(url_for("create_from_workbook.show_preview", number=number))
    try:
        with context.database().read() as db:
            octets, name = create_from_workbook.load_workbook(db, auth.user().session, number)
        parts = sheet_import.read_parts(octets, "")
        with context.database().write() as db:
            made, _ = create_from_workbook.create_event(
                db,
                auth.user().session,
                number,
                parts,
                digest=digest if with_all else "",
                settings=context.settings(),
                now=context.now(),
                options=create_from_workbook.load_options(db, auth.user().session, number),
            )
    except ImportOutdated as error:
        flash(said(str(error)), "warning")
        return redirect(url_for("create_from_workbook.show_preview", number=number))
    except InvalidInput:
        name, _, look = _look(number)
        return _show(number, name, look), 422
    except NOT_SHOWN as error:
        return _not_shown(error)
    if not with_all:
        if import_jobs.is_large_file(octets):
            large_imports.look(auth.organiser(made.key), number)
        flash(gettext("Event created. Fix the rows of the workbook here, then import it."), "good")
        return redirect(url_for("imports.show_preview", event_key=made.key, number=number))
    return _made(made.key, name)


@blueprint.post("/<int:number>/discard")
@login_required
def discard_workbook(number: int) -> BaseResponse:
    with context.database().write() as db:
        create_from_workbook.delete_workbook(db, auth.user().session, number)
    flash(gettext("Workbook discarded. No event was created from it."), "message")
    return redirect(url_for("create_from_workbook.show_upload_form"))


@blueprint.get("/<int:number>/skipped-rows.xlsx")
@login_required
def download_skipped_rows(number: int) -> BaseResponse:
    """Return a workbook of the skipped rows, each with the reason."""
    try:
        _, parts, look = _look(number)
    except NOT_SHOWN as error:
        return _not_shown(error)
    with context.database().write() as db:
        asker = auth.user().session
        fixes = create_from_workbook.load_options(db, asker, number).fixes
        octets = create_from_workbook.export_skipped_rows(
            db, asker, parts, look.look, fixes, now=context.now()
        )
    return _file(octets, SKIPPED_FILE_NAME)


@blueprint.get("/template.xlsx")
@login_required
def download_template() -> Response:
    """Return an example workbook of a small complete event, to be overwritten."""
    return _file(create_from_workbook.example_workbook(auth.user().session), "chainmeet-event.xlsx")


@blueprint.get("/<int:number>/panel")
@login_required
def show_panel(number: int) -> BaseResponse | Response:
    """Return the part of the page that shows the progress of a worker's job."""
    job = _follow(number)
    if job is None:
        return redirect(url_for("create_from_workbook.show_preview", number=number))
    again = url_for("create_from_workbook.restart_preview", number=number)
    return large_imports.part(job, url_for("create_from_workbook.show_panel", number=number), again)


@blueprint.post("/<int:number>/retry")
@login_required
def restart_preview(number: int) -> BaseResponse:
    """Ask a worker for a new preview."""
    _have_looked(number)
    return redirect(url_for("create_from_workbook.show_preview", number=number))


def _made(event_key: str, name: str) -> BaseResponse:
    rendering.flash_once(gettext("Event created from %(file)s. Next, start a run.", file=name), "good")
    return redirect(url_for("organiser_dashboard.show_dashboard", event_key=event_key))


def _job_page(job: ImportJobCard | None) -> BaseResponse | str | None:
    """Return the page of a job that created the event or still runs, or None if the preview can be shown."""
    if job is not None and job.event_key:
        return _made(job.event_key, job.name)
    if job is not None and not job.is_done:
        return render_template("events/first_working.html", job=job)
    return None


def _follow(number: int) -> ImportJobCard | None:
    with context.database().read() as db:
        return import_jobs.find_new_event_job(db, auth.user().session, number)


def _have_looked(number: int) -> None:
    with context.database().write() as db:
        import_jobs.request_new_event_preview(db, auth.user().session, number, now=context.now())
    dispatch.import_file(number, app=context.celery())


def _look(number: int) -> tuple[str, Any, NewEventPreview]:
    """Return a pending workbook: its name, its parsed sheets, and the current preview."""
    with context.database().read() as db:
        octets, name = create_from_workbook.load_workbook(db, auth.user().session, number)
        kept = import_jobs.load_new_event_preview(db, auth.user().session, number)
    parts = sheet_import.read_parts(octets, "")
    if kept is not None:
        return name, parts, kept
    with context.database().write() as db:
        look = create_from_workbook.preview_new_event(
            db,
            auth.user().session,
            number,
            parts,
            settings=context.settings(),
            now=context.now(),
            options=create_from_workbook.load_options(db, auth.user().session, number),
        )
    return name, parts, look


def _show(number: int, name: str, look: NewEventPreview) -> str:
    of_form, others = _by_field(look)
    return render_template(
        "events/first_file.html",
        number=number,
        name=name,
        found=look,
        typed={**look.typed, "timezone": zones.shown(look.typed.get("timezone", ""))},
        faults=of_form,
        others=others,
        languages=languages().items(),
    )


def _by_field(look: NewEventPreview) -> tuple[dict[str, str], list[str]]:
    """Return errors by form field, with their location in the workbook, and the other errors as sentences."""
    of_form: dict[str, str] = {}
    others = []
    for fault in look.faults:
        place, _, field = fault.path.rpartition(", ")
        if field in create_from_workbook.EVENT_SETTINGS:
            is_no_zone = field == "timezone" and look.typed.get(field)
            of_form[field] = import_labels.placed(
                Fault(place, zones.UNKNOWN if is_no_zone else fault.message)
            )
        else:
            others.append(import_labels.placed(fault))
    return of_form, others


def _not_shown(error: Exception) -> BaseResponse:
    flash(translate_stored(str(error)), "error")
    return redirect(url_for("create_from_workbook.show_upload_form"))


def _file(octets: bytes, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(octets, content_type=XLSX, headers=headers)


def _ask(fault: str = "") -> str:
    accepted = import_form.accepted_endings()
    return render_template(
        "events/from_file.html", fault=fault, megabytes=MAX_OCTETS >> 20, accepted=accepted
    )
