"""Target of a print's QR code: is the print current, or what has changed? Without sign-in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from apiflask import APIBlueprint
from flask import render_template

from api import context, limits
from api.language import choosing
from scheduler.invites.agenda.agenda import AgendaDocument, AgendaEntry
from scheduler.invites.catalogue import Words
from scheduler.services.exports import print_codes
from scheduler.services.exports.print_codes import ChangedEntry, PrintChange, PrintStatus

blueprint = APIBlueprint("print_status", __name__, enable_openapi=False)


@blueprint.get("/p/<token>")
def show_print_status(token: str) -> tuple[str, int]:
    """Show the changes since the print. It reveals nothing beyond the print itself."""
    now = context.now()
    with context.database().read() as db, limits.looking_up_a_token():
        found = print_codes.check_print(db, token, language=choosing.wanted(), now=now)
    limits.require_link(token)
    choosing.speak(found.language)
    sheet = AgendaDocument(
        owner=found.owner,
        event_name=found.event_name,
        timezone=found.timezone,
        language=found.language,
        entries=(),
        version=found.published,
        published_at=found.published_at,
    )
    page = render_template(
        "exports/printed.html",
        found=found,
        event_brand=found.brand,
        words=sheet.words,
        say=sheet.words.printed,
        verdict=_verdict(found, sheet.words),
        stamp=sheet.stamp,
        looked=_moment(now, sheet),
        changes=[(each.kind, each.entry, list(_lines(each, sheet))) for each in found.changes],
    )
    return page, 410 if found.is_over else 200


def _verdict(found: PrintStatus, words: Words) -> str:
    say, count = words.printed, len(found.changes)
    if found.is_over or found.published is None:
        return say["over" if found.is_over else "unpublished"]
    said = "current" if not count else "changed_one" if count == 1 else "changed_other"
    return say[said].format(count=count)


def _lines(change: ChangedEntry, sheet: AgendaDocument) -> Iterator[str]:
    """Yield time, place and people, with the previous values that differ."""
    was, now = change.was or change.entry, change.entry
    yield _was_now(_when(was, sheet), _when(now, sheet), sheet)
    yield _was_now(sheet.location(was), sheet.location(now), sheet)
    if change.kind is PrintChange.PEOPLE:
        yield _was_now(_people(was, sheet), _people(now, sheet), sheet)


def _was_now(old: str, new: str, sheet: AgendaDocument) -> str:
    return new if old == new else sheet.words.was_now.format(old=old, new=new)


def _when(entry: AgendaEntry, sheet: AgendaDocument) -> str:
    return sheet.words.times_of(entry.start, entry.end, sheet.zone)


def _people(entry: AgendaEntry, sheet: AgendaDocument) -> str:
    people = (*entry.partner_people, *entry.own_people, entry.interpreter)
    return sheet.words.list_comma.join(filter(None, people)) or sheet.words.none


def _moment(now: datetime, sheet: AgendaDocument) -> str:
    local = now.astimezone(sheet.zone)
    return sheet.words.moment.format(day=sheet.words.day_of(local), time=f"{local:%H:%M}")
