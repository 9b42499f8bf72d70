"""Calendar status pages: the board, the call list and failed emails."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint
from flask import Response as FlaskResponse
from flask import flash, redirect, request, url_for
from flask_login import login_required
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from api import auth, contact_views, context, inputs
from api.language.speaking import gettext, ngettext
from api.pages import paging, rendering
from scheduler.domain.entities import CalendarState
from scheduler.domain.errors import InvalidInput
from scheduler.i18n import gettext_lazy
from scheduler.services.availability import calendar_failures
from scheduler.services.delivery import failed_emails
from scheduler.services.emails.calendar_status import board as calendar_health
from scheduler.services.emails.calendar_status import calendar_methods, call_list, calls, status_rows
from scheduler.services.emails.calendar_status.board import SORTS, BoardFilters
from scheduler.services.emails.calendar_status.people import WORDS
from scheduler.services.emails.email_addresses import address_corrections
from scheduler.services.emails.inbound import aliases
from scheduler.services.identity.actors import Actor
from scheduler.services.spreadsheets.columns import ImportKind
from workers import dispatch

blueprint = APIBlueprint(
    "calendar_status", __name__, enable_openapi=False, url_prefix="/events/<event_key>/calendar-status"
)

FILTERS = ("text", "state", "hall", "day", "country", "firm", "whose")
WHOSE_WORDS = {calls.MINE: gettext_lazy("Assigned to me"), calls.NOBODYS: gettext_lazy("Unassigned")}
SORT_WORDS = {
    "first": gettext_lazy("First meeting"),
    "worst": gettext_lazy("Calendar status"),
    "name": gettext_lazy("Name"),
    "firm": gettext_lazy("Exhibitor"),
}


@blueprint.get("/")
@login_required
def show_calendar_status(event_key: str) -> str:
    """List attendees of the published schedule with the status of their invitations."""
    actor = auth.organiser(event_key)
    filters = _filters()
    with context.database().read() as db:
        now = context.now()
        found = calendar_health.show_board(db, actor, filters, now=now)
        page = status_rows.list_status_rows(db, actor, found, number=paging.asked_number())
        return rendering.render(
            db,
            actor,
            "calendar_status",
            "emails/calendar_status/board.html",
            board=found,
            page=page,
            calls=calls.list_call_cards(db, actor, [person.key for person in page.items]),
            whose=WHOSE_WORDS,
            filters=filters,
            asked=_asked(filters),
            letters=failed_emails.count_failed_emails(db, actor),
            failing=calendar_failures.list_failing_people(db, actor),
            states=list(CalendarState),
            words=WORDS,
            ways=calendar_methods.count_methods(db, actor),
            way_words=calendar_methods.WORDS,
            sorts=SORT_WORDS,
        )


@blueprint.get("/calls.csv")
@login_required
def export_call_list(event_key: str) -> FlaskResponse:
    """Export the call list as CSV, with the same filters."""
    actor = auth.organiser(event_key)
    with context.database().write() as db:
        found = calendar_health.show_board(db, actor, _filters(), now=context.now())
        text = call_list.export_calls_csv(db, actor, found, now=context.now())
    response = FlaskResponse(text, content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="calls-{actor.event_key}.csv"'
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.get("/people/<person_key>")
@login_required
def show_person(event_key: str, person_key: str) -> str:
    return _person_page(auth.organiser(event_key), person_key, {}, {})


@blueprint.post("/people/<person_key>/address")
@login_required
def correct_address(event_key: str, person_key: str) -> Response | tuple[str, int]:
    """Correct a person's email address, or retry the present one."""
    actor = auth.organiser(event_key)
    try:
        with context.database().write() as db:
            queued = address_corrections.correct_address(
                db,
                actor,
                person_key,
                request.form.get("email", ""),
                settings=context.settings(),
                now=context.now(),
            )
    except InvalidInput as error:
        faults = {fault.path: fault.message for fault in error.faults}
        return _person_page(actor, person_key, request.form, faults), 422
    dispatch.deliver(app=context.celery())
    flash(
        ngettext(
            "Email address saved. %(num)s email is being sent.",
            "Email address saved. %(num)s emails are being sent.",
            queued,
        ),
        "good",
    )
    return redirect(url_for("calendar_status.show_person", event_key=event_key, person_key=person_key))


@blueprint.post("/people/<person_key>/call")
@login_required
def save_call(event_key: str, person_key: str) -> Response | tuple[str, int]:
    """Save who calls a person, and the result."""
    actor = auth.organiser(event_key)
    try:
        caller = request.form.get("caller", "")
        with context.database().write() as db:
            calls.save_call(
                db,
                actor,
                person_key,
                caller_id=inputs.whole(caller) if caller else None,
                note=request.form.get("note", ""),
                now=context.now(),
            )
    except InvalidInput as error:
        faults = {fault.path: fault.message for fault in error.faults}
        return _person_page(actor, person_key, request.form, faults), 422
    flash(gettext("Call saved."), "good")
    return redirect(url_for("calendar_status.show_person", event_key=event_key, person_key=person_key))


@blueprint.post("/people/<person_key>/aliases/<int:alias_id>/remove")
@login_required
def remove_alias(event_key: str, person_key: str, alias_id: int) -> Response:
    """Remove an email alias of a person."""
    actor = auth.organiser(event_key)
    with context.database().write() as db:
        done = aliases.remove_alias(db, actor, person_key, alias_id, now=context.now())
    if done:
        flash(gettext("Email alias removed."), "good")
    else:
        flash(gettext("This email alias was already removed."), "")
    return redirect(url_for("calendar_status.show_person", event_key=event_key, person_key=person_key))


@blueprint.get("/failed-emails")
@login_required
def list_failed_emails(event_key: str) -> str:
    """List failed emails, or those that are being retried."""
    actor = auth.organiser(event_key)
    retrying = request.args.get("list") == "retrying"
    with context.database().read() as db:
        return rendering.render(
            db,
            actor,
            "failed_emails",
            "emails/calendar_status/letters.html",
            page=failed_emails.list_failed_emails(db, actor, retrying=retrying, number=paging.asked_number()),
            retrying=retrying,
            routes=failed_emails.list_paused_routes(
                db, actor, rates=context.settings().rates, now=context.now()
            ),
            letters=failed_emails.count_failed_emails(db, actor),
        )


@blueprint.post("/failed-emails/<any(resend, drop):step>")
@login_required
def handle_failed_emails(event_key: str, step: str) -> Response:
    """Resend selected failed emails (or all), or archive them."""
    actor = auth.organiser(event_key)
    ids = [inputs.whole(each) for each in request.form.getlist("mail")]
    with context.database().write() as db:
        done = _handle(db, actor, step, ids)
    if step == "resend" and done:
        dispatch.deliver(app=context.celery())
    left = 0 if request.form.get("all") else len(set(ids)) - done
    if ids or request.form.get("all"):
        flash(_handled(step, done, left), "good" if done else "")
    else:
        flash(gettext("Select at least one email."), "")
    return redirect(url_for("calendar_status.list_failed_emails", event_key=event_key))


def _filters() -> BoardFilters:
    values = {name: request.args.get(name, "") for name in FILTERS}
    sort = request.args.get("sort") or SORTS[0]
    return BoardFilters(calls=request.args.get("calls") == "yes", sort=sort, **values)


def _asked(filters: BoardFilters) -> dict[str, str]:
    """Return the filters as query parameters."""
    asked = {name: getattr(filters, name) for name in FILTERS} | {"calls": "yes" if filters.calls else ""}
    asked["sort"] = filters.sort if filters.sort != SORTS[0] else ""
    return {name: value for name, value in asked.items() if value}


def _handle(db: Session, actor: Actor, step: str, ids: list[int]) -> int:
    now = context.now()
    if step == "drop":
        return failed_emails.archive_emails(db, actor, ids, now=now)
    if request.form.get("all"):
        return failed_emails.resend_all_emails(db, actor, now=now)
    return failed_emails.resend_emails(db, actor, ids, now=now)


def _handled(step: str, done: int, left: int) -> str:
    if step == "resend":
        told = ngettext("%(num)s email queued for resending.", "%(num)s emails queued for resending.", done)
    else:
        told = ngettext("%(num)s email archived.", "%(num)s emails archived.", done)
    if not left:
        return told
    others = ngettext(
        "%(num)s was skipped: already sent, archived or replaced by a newer message.",
        "%(num)s were skipped: already sent, archived or replaced by a newer message.",
        left,
    )
    return f"{told} {others}"


def _person_page(actor: Actor, person_key: str, typed: Any, faults: dict[str, str]) -> str:
    with context.database().read() as db:
        found = calendar_health.show_person(db, actor, person_key, now=context.now())
        call = calls.list_call_cards(db, actor, [person_key]).get(person_key)
        kept = {"caller": str(call.caller_id or ""), "note": call.note} if call else {}
        page = rendering.render(
            db,
            actor,
            "calendar_status",
            "emails/calendar_status/person.html",
            person=found,
            changes=address_corrections.list_corrections(db, actor, person_key),
            aliases=aliases.list_aliases(db, actor, person_key),
            ways=calendar_methods.list_methods_of_person(db, actor, person_key),
            way_words=calendar_methods.WORDS,
            typed={"email": found.email, **kept, **typed},
            call=call,
            failing=calendar_failures.find_failing_person(db, actor, person_key),
            callers=calls.list_callers(db, actor, now=context.now()),
            faults=faults,
            words=WORDS,
            now=context.now(),
        )
    contact_views.log_view(actor, ImportKind.PEOPLE, person_key)
    return page
