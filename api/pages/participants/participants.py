"""Tables and record pages of firms, people and interpreters, with inline edits and undo."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from apiflask import APIBlueprint
from flask import flash, redirect, request, url_for
from flask_login import login_required
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from api import auth, contact_views, context
from api.language import speaking
from api.language.speaking import gettext
from api.pages import paging, rendering
from api.pages.marks import cell_label
from api.pages.participants import columns
from api.pages.participants.autocomplete import picked
from scheduler.domain.errors import InvalidInput, WrongState
from scheduler.services.board import manual_drafts
from scheduler.services.directory import delegation_lookup
from scheduler.services.events.timetable import get_timetable
from scheduler.services.identity.actors import Actor
from scheduler.services.participants import (
    absences,
    affected_meetings,
    editing,
    journal,
    merging,
    record_tables,
    row_counts,
    withdrawals,
)
from scheduler.services.participants.record_tables import TableQuery
from scheduler.services.participants.withdrawals import WithdrawalResult
from scheduler.services.spreadsheets.columns import ImportKind

blueprint = APIBlueprint(
    "participants", __name__, enable_openapi=False, url_prefix="/events/<event_key>/participants"
)

KIND = "<any(firms, people, interpreters):kind>"


@blueprint.get(f"/{KIND}")
@login_required
def list_records(event_key: str, kind: str) -> str:
    """Show one of the tables, filtered and sorted."""
    return _listing(auth.organiser(event_key), ImportKind(kind))


@blueprint.get(f"/{KIND}/<key>")
@login_required
def show_record(event_key: str, kind: str, key: str) -> str:
    """Show a record with its actions; for htmx, its row in the table as a form."""
    return _record(auth.organiser(event_key), ImportKind(kind), key)


@blueprint.post(f"/{KIND}/<key>")
@login_required
def edit_record(event_key: str, kind: str, key: str) -> Response | str | tuple[str, int]:
    """Save the submitted columns. Errors show the whole form with the submitted values."""
    actor, of = auth.organiser(event_key), ImportKind(kind)
    cells = {name: request.form[name] for name in editing.EDITABLE_COLUMNS[of] if name in request.form}
    try:
        with context.database().write() as db:
            cells |= {
                name: picked(db, actor, columns.PICKED[name], name)
                for name in cells.keys() & columns.PICKED.keys()
            }
            done = editing.edit_records(
                db, actor, of, [key], cells, settings=context.settings(), now=context.now()
            )
    except InvalidInput as error:
        return _record(actor, of, key, cells, columns.faults(error)), 422
    said = columns.edited(done.moved, done.meetings) if done.changed else gettext("No changes were made.")
    if rendering.by_htmx():
        return _row(actor, of, key, said)
    flash(said, "good")
    return redirect(url_for("participants.show_record", event_key=event_key, kind=kind, key=key), 303)


@blueprint.post(f"/{KIND}/bulk")
@login_required
def edit_records(event_key: str, kind: str) -> Response | str | tuple[str, int]:
    """Set one value for the selected rows, or an absence for a day."""
    actor, of, keys = auth.organiser(event_key), ImportKind(kind), request.form.getlist("keys")
    pressed = request.form.getlist("column")
    column, is_option, option = ("absent" if "absent" in pressed else "".join(pressed[:1])).partition("=")
    value = option if is_option else request.form.get("day" if column == "absent" else "value", "")
    left = WithdrawalResult(0, 0)
    try:
        with context.database().write() as db:
            if column == "absent":
                day = next((day for day in get_timetable(db, actor).days if day.key == value), None)
                slots = [slot.key for slot in day.slots] if day else [value]
                left = absences.add_absences(db, actor, of, keys, slots, now=context.now())
                if _asks_first(left):
                    db.rollback()
                said = " ".join(columns.marked(left))
            else:
                cells, settings = {column: value}, context.settings()
                done = editing.edit_records(db, actor, of, keys, cells, settings=settings, now=context.now())
                said = " ".join(
                    (columns.edited(done.moved, done.meetings), columns.changed(done.changed, len(keys)))
                )
    except InvalidInput as error:
        at = {column: "value", "slots": "day"}  # the form field of the value
        faults = {at.get(name, name): told for name, told in columns.faults(error).items()}
        if "keys" in faults:
            return rendering.list_again(lambda: _listing(actor, of), _there(event_key, of), faults["keys"])
        return rendering.refused(
            actor, f"participants_{kind}", faults, {"value": columns.LABELS.get(column, column)}
        )
    if _asks_first(left):
        return _absence_look(actor, of, keys, left)
    flash(said, "good")
    return _back(event_key, of)


@blueprint.post(f"/{KIND}/remove")
@login_required
def withdraw_records(event_key: str, kind: str) -> Response | str | tuple[str, int]:
    """Preview the effects of removing the selected records from the event. With `sure`, remove them."""
    actor, of, keys = auth.organiser(event_key), ImportKind(kind), request.form.getlist("keys")
    now, faults = context.now(), {}
    if "sure" in request.form:
        try:
            with context.database().write() as db:
                alone = request.form.get("named_alone", withdrawals.SoleAttendee.COLLEAGUE)
                note = request.form.get("note", "")
                left = withdrawals.withdraw_records(
                    db, actor, of, keys, note=note, named_alone=alone, now=now
                )
            said = (
                gettext("Removed from the event."),
                *columns.ended(left.requests),
                columns.touched(left.meetings, left.stay),
            )
            flash(" ".join(said), "good")
            return _back(event_key, of)
        except WrongState as error:
            flash(speaking.said(error.user_message), "warning")
            return _back(event_key, of)
        except InvalidInput as error:
            faults = columns.faults(error)
    with context.database().read() as db:
        if not keys or "keys" in faults:
            flash(gettext("Select 1 to 200 rows first."), "warning")
            return _back(event_key, of)
        page = rendering.render(
            db,
            actor,
            f"participants_{kind}",
            "participants/leave.html",
            kind=kind,
            rows=columns.TABLES[of](db, actor, TableQuery(state="", keys=keys)).items,
            keys=keys,
            touched=affected_meetings.count_affected(db, actor, of, keys, now=now),
            typed=request.form,
            faults=faults,
        )
        return (page, 422) if faults else page


@blueprint.post(f"/{KIND}/restore")
@login_required
def restore_records(event_key: str, kind: str) -> Response:
    """Restore the selected records."""
    actor, of = auth.organiser(event_key), ImportKind(kind)
    try:
        with context.database().write() as db:
            done = withdrawals.restore_records(db, actor, of, request.form.getlist("keys"), now=context.now())
        flash(columns.back_again(done), "good")
    except InvalidInput as error:
        flash(columns.sentence(error), "error")
    except WrongState as error:
        flash(speaking.said(error.user_message), "warning")
    return _back(event_key, of)


@blueprint.post(f"/{KIND}/<key>/absences")
@login_required
def set_absences(event_key: str, kind: str, key: str) -> Response | str | tuple[str, int]:
    """Set the slots in which a person is absent, or an interpreter is off duty or assigned to a table.

    If that cancels meetings at once, preview them first. With `sure`, save.
    """
    actor, of = auth.organiser(event_key), ImportKind(kind)
    try:
        with context.database().write() as db:
            slots, note = request.form.getlist("slots"), request.form.get("note", "")
            table, now = request.form.get("table"), context.now()
            left = absences.set_absences(db, actor, of, key, slots, table=table, note=note, now=now)
            if _asks_first(left):
                db.rollback()
        if _asks_first(left):
            return _absence_look(actor, of, [key], left)
        said = [
            gettext("Saved."),
            columns.touched(left.meetings, left.stay),
            *columns.called_off(left.requests),
        ]
        flash(" ".join(said), "good")
    except InvalidInput as error:
        return _record(actor, of, key, None, columns.faults(error)), 422
    return redirect(url_for("participants.show_record", event_key=event_key, kind=kind, key=key), 303)


def _asks_first(left: WithdrawalResult) -> bool:
    """Return True if imminent meetings would be cancelled at once and the user has not confirmed."""
    return left.soon > 0 and "sure" not in request.form


def _absence_look(actor: Actor, kind: ImportKind, keys: Sequence[str], left: WithdrawalResult) -> str:
    """Preview meetings that absences cancel at once, with a link to move them instead."""
    with context.database().read() as db:
        draft = next(iter(manual_drafts.list_open_drafts(db, actor)), None)
        return rendering.render(
            db,
            actor,
            f"participants_{kind.value}",
            "participants/absent.html",
            kind=kind.value,
            rows=columns.TABLES[kind](db, actor, TableQuery(state="", keys=keys)).items,
            left=left,
            draft=draft.number if draft else None,
            path=request.path,
            sent=[(name, text) for name, text in request.form.items(multi=True) if name != "csrf_token"],
        )


@blueprint.post(f"/{KIND}/<key>/merge")
@login_required
def merge_records(event_key: str, kind: str, key: str) -> Response | str | tuple[str, int]:
    """Preview the merge of two records, then merge them. The record of this page is removed."""
    actor, of, into = auth.organiser(event_key), ImportKind(kind), key
    try:
        if request.form.get("sure") != "yes":
            return _merge_look(actor, of, key)
        with context.database().write() as db:
            into = picked(db, actor, of, "into")
            ended = merging.merge_records(db, actor, of, key, into, now=context.now())
        flash(" ".join((gettext("Records merged."), *columns.both_had(ended))), "good")
    except InvalidInput as error:
        return _record(actor, of, key, {"into": request.form.get("into", "")}, columns.faults(error)), 422
    except WrongState as error:
        flash(speaking.said(error.user_message), "warning")
        into = key
    return redirect(url_for("participants.show_record", event_key=event_key, kind=kind, key=into), 303)


def _merge_look(actor: Actor, kind: ImportKind, key: str) -> str:
    with context.database().write() as db:
        into = picked(db, actor, kind, "into")
        look = merging.preview_merge(db, actor, kind, key, into, now=context.now())
        db.rollback()
    with context.database().read() as db:
        return rendering.render(
            db, actor, f"participants_{kind.value}", "participants/merge.html", kind=kind.value, look=look
        )


@blueprint.get("/steps")
@login_required
def list_steps(event_key: str) -> str:
    """List the last actions, each with its undo button."""
    actor = auth.organiser(event_key)
    with context.database().read() as db:
        done = journal.list_steps(db, actor, most=journal.MAX_SHOWN)
        return rendering.render(db, actor, "participants_firms", "participants/steps.html", steps=done)


@blueprint.post("/steps/<int:number>/undo")
@login_required
def undo_step(event_key: str, number: int) -> Response:
    """Undo an action."""
    actor = auth.organiser(event_key)
    try:
        with context.database().write() as db:
            journal.undo_step(db, actor, number, settings=context.settings(), now=context.now())
        flash(gettext("Change undone. Everything is as it was before."), "good")
    except WrongState as error:
        flash(speaking.said(error.user_message), "warning")
    return redirect(rendering.back(event_key, url_for("participants.list_steps", event_key=event_key)), 303)


def _listing(actor: Actor, kind: ImportKind) -> str:
    contact_views.log_view(actor, kind)
    text, state = request.args.get("text", ""), request.args.get("state", record_tables.PRESENT)
    sort, delegation = request.args.get("sort", "name"), request.args.get("delegation", "")
    with context.database().read() as db:
        ask = TableQuery(text, state, sort, paging.asked_number(), delegation=delegation)
        page = columns.TABLES[kind](db, actor, ask)
        return rendering.render(
            db,
            actor,
            f"participants_{kind}",
            "participants/table.html",
            kind=kind.value,
            page=page,
            text=text,
            state=state,
            delegation=delegation,
            delegations=delegation_lookup.list_delegation_names(db, actor),
            sort=sort if sort in record_tables.SORTS[kind] else "name",
            sorts=record_tables.SORTS[kind],
            counts=row_counts.count_records(db, actor),
            many=columns.bulk_options(kind),
            days=get_timetable(db, actor).days,
            last=journal.list_steps(db, actor, most=1),
        )


def _record(
    actor: Actor,
    kind: ImportKind,
    key: str,
    typed: Mapping[str, str] | None = None,
    faults: Mapping[str, str] | None = None,
) -> str:
    contact_views.log_view(actor, kind, key)
    with context.database().read() as db:
        values = editing.get_cells(db, actor, kind, key)
        row = columns.TABLES[kind](db, actor, TableQuery(state="", keys=[key])).items[0]
        by_row = rendering.by_htmx() and not faults
        template = "participants/row_form.html" if by_row else "participants/record.html"
        return rendering.render(
            db,
            actor,
            f"participants_{kind}",
            template,
            kind=kind.value,
            row=row,
            typed={**{name: _named(name, text) for name, text in values.items()}, **(typed or {})},
            faults=faults or {},
            columns=[name for name in editing.EDITABLE_COLUMNS[kind] if name in columns.LABELS],
            labels=columns.labels(),
            hints=columns.hints(),
            choices=columns.choices(),
            picked=columns.PICKED,
            days=_days(db, actor, kind, key),
            tables=absences.list_tables(db, actor) if kind is ImportKind.INTERPRETERS else (),
        )


def _named(column: str, text: str) -> str:
    """Return a stored cell as the form shows it: the value of an option, or the names of its codes."""
    return text if column in columns.choices() else cell_label(text, column)


def _days(db: Session, actor: Actor, kind: ImportKind, key: str) -> list[tuple[Any, list[Any]]]:
    """Return the days of the event with the slots of a person."""
    if kind not in absences.ABSENCE_KINDS:
        return []
    slots = {
        each.slot.key: each for each in absences.list_absence_slots(db, actor, kind, key, now=context.now())
    }
    return [(day, [slots[slot.key] for slot in day.slots]) for day in get_timetable(db, actor).days]


def _row(actor: Actor, kind: ImportKind, key: str, said: str) -> str:
    with context.database().read() as db:
        (row,) = columns.TABLES[kind](db, actor, TableQuery(state="", keys=[key])).items
        values = {"kind": kind.value, "row": row, "said": said}
        return rendering.render(db, actor, f"participants_{kind}", "participants/row.html", **values)


def _there(event_key: str, kind: ImportKind) -> str:
    return rendering.back(
        event_key, url_for("participants.list_records", event_key=event_key, kind=kind.value)
    )


def _back(event_key: str, kind: ImportKind) -> Response:
    return redirect(_there(event_key, kind), 303)
