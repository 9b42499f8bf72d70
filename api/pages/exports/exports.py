"""Exports: lists of the schedule, print packs, and the whole event as a workbook."""

from __future__ import annotations

from collections.abc import Callable

from apiflask import APIBlueprint
from flask import Response, abort, request, send_file
from flask_login import login_required
from sqlalchemy.orm import Session

from api import auth, context, inputs, limits
from api.downloads import download
from api.language import speaking
from api.pages import rendering
from scheduler.domain.emails.print_packs import PrintPack
from scheduler.i18n import gettext_lazy
from scheduler.services.exports import (
    event_workbook,
    export_log,
    plugin_exports,
    print_codes,
    prints,
    schedule_lists,
)
from scheduler.services.exports.offline_packs import pack_access
from scheduler.services.exports.prints import PackSheets
from scheduler.services.exports.schedule_lists import VERSION_LISTS, Export, ListName
from scheduler.services.identity.actors import Actor
from scheduler.services.schedule import history

blueprint = APIBlueprint("exports", __name__, enable_openapi=False, url_prefix="/events/<event_key>/exports")

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
TYPES = {"xlsx": XLSX, "csv": "text/csv; charset=utf-8", "pdf": "application/pdf"}
ABOUT = {
    ListName.MEETINGS: gettext_lazy("All meetings in time order"),
    ListName.FIRMS: gettext_lazy("Each exhibitor's meetings, with attendees"),
    ListName.PEOPLE: gettext_lazy("Each person's meetings, with email address and phone number"),
    ListName.HALLS: gettext_lazy("Meetings at each table and booth"),
    ListName.INTERPRETERS: gettext_lazy("Each interpreter's meetings"),
    ListName.UNSCHEDULED: gettext_lazy("Accepted requests that are not scheduled, with reasons"),
}
LIST_NAMES = {
    ListName.MEETINGS: gettext_lazy("Meetings"),
    ListName.FIRMS: gettext_lazy("By exhibitor"),
    ListName.PEOPLE: gettext_lazy("By person"),
    ListName.HALLS: gettext_lazy("By hall"),
    ListName.INTERPRETERS: gettext_lazy("By interpreter"),
    ListName.UNSCHEDULED: gettext_lazy("Not scheduled"),
}
PACK_NAMES = {
    PrintPack.PEOPLE: gettext_lazy("Personal agendas"),
    PrintPack.FIRMS: gettext_lazy("Exhibitor agendas"),
    PrintPack.PLACES: gettext_lazy("Tables and booths"),
    PrintPack.INTERPRETERS: gettext_lazy("Interpreters"),
}


@blueprint.get("/")
@login_required
def list_exports(event_key: str) -> str:
    """List the exports of the published version, or of the one in the query string."""
    actor = auth.organiser(event_key)
    number = _version()
    with context.database().read() as db:
        version = (
            history.show_version(db, actor, number) if number else history.find_published_version(db, actor)
        )
        shown = version.number if version else None
        return rendering.render(
            db,
            actor,
            "exports",
            "exports/index.html",
            about=ABOUT,
            list_names=LIST_NAMES,
            pack_names=PACK_NAMES,
            version=version,
            lists=VERSION_LISTS,
            packs=prints.count_parts(db, actor, shown),
            per_part=prints.SHEETS_PER_PART,
            makes_packs=bool(context.settings().pack_folder),
            pack=pack_access.find_pack(db, actor, context.settings()),
            from_plugins=plugin_exports.offered(actor),
        )


@blueprint.get("/event.xlsx")
@login_required
def export_event(event_key: str) -> Response:
    """Export the whole event as a workbook that can be imported."""

    def made(db: Session, actor: Actor) -> Export:
        return Export(event_workbook.export_event(db, actor), f"{actor.event_key}.xlsx")

    return _file(event_key, "xlsx", made)


@blueprint.get("/schedule.xlsx")
@login_required
def export_schedule(event_key: str) -> Response:
    """Export a version with all lists as one workbook, with names in the page's language."""
    language = speaking.language()
    return _file(
        event_key,
        "xlsx",
        lambda db, actor: schedule_lists.export_workbook(db, actor, _version(), language=language),
    )


@blueprint.get("/lists/<slug>.<ending>")
@login_required
def export_list(event_key: str, slug: str, ending: str) -> Response:
    """Export one list as a workbook or CSV."""
    name = next((each for each in ListName if each.slug == slug), None)
    if name is None or ending not in ("xlsx", "csv"):
        abort(404)
    language = speaking.language()
    return _file(
        event_key,
        ending,
        lambda db, actor: schedule_lists.export_list(db, actor, name, ending, _version(), language=language),
    )


@blueprint.get("/print/<pack>.pdf")
@login_required
def download_print_pack(event_key: str, pack: str) -> Response:
    """Export a part of a print pack: agendas of people or firms, places or interpreters."""
    if pack not in [*PrintPack]:
        abort(404)
    part = max(1, inputs.whole(request.args.get("part")))
    actor = auth.organiser(event_key)
    limits.require_costly()
    with context.database().read() as db:
        found = prints.make_pack(db, actor, PrintPack(pack), _version(), part=part)
    return _download(actor, "pdf", found.written(_checks(actor, found)))


@blueprint.get("/offline-pack.zip")
@login_required
def download_offline_pack(event_key: str) -> Response:
    """Export the newest offline pack. It is read from its file in portions."""
    actor = auth.organiser(event_key)
    limits.require_costly()
    with context.database().read() as db:
        pack = pack_access.take_pack(db, actor, context.settings())
    with context.database().write() as db:
        export_log.log_export(db, actor, pack.path.name, now=context.now())
    answer = send_file(
        pack.path, "application/zip", as_attachment=True, download_name=pack.path.name, etag=False
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer


@blueprint.get("/plugins/<name>")
@login_required
def export_by_plugin(event_key: str, name: str) -> Response:
    """Export a plugin's file. It is generated after the database session is closed."""
    actor = auth.organiser(event_key)
    limits.require_costly()
    with context.database().read() as db:
        prepared = plugin_exports.prepare(db, actor, name, _version(), language=speaking.language())
    context.database().close()
    made = prepared.make()
    with context.database().write() as db:
        plugin_exports.note(db, actor, made.name, now=context.now())
    return download(made, prepared.content_type)


def _version() -> int | None:
    """Return the version number in the query string, or None for the published version."""
    return inputs.whole(request.args.get("version")) or None


def _file(event_key: str, kind: str, make: Callable[[Session, Actor], Export]) -> Response:
    """Return a file as a download. It may contain email addresses, so the audit log records it."""
    actor = auth.organiser(event_key)
    limits.require_costly()
    with context.database().read() as db:
        made = make(db, actor)
    return _download(actor, kind, made)


def _checks(actor: Actor, found: PackSheets) -> dict[str, str]:
    """Return the URLs of the QR codes. Sheets without a schedule have none."""
    if found.version is None or not any(sheet.entries for sheet in found.sheets.values()):
        return {}
    languages = {key: sheet.language for key, sheet in found.sheets.items()}
    with context.database().write() as db:
        return print_codes.make_codes(
            db, actor, found.kind, languages, found.version, settings=context.settings(), now=context.now()
        )


def _download(actor: Actor, kind: str, made: Export) -> Response:
    with context.database().write() as db:
        export_log.log_export(db, actor, made.name, now=context.now())
    return download(made, TYPES[kind])
