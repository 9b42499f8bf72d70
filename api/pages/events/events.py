"""Event pages: create an event, and change its settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, time
from typing import Any

from apiflask import APIBlueprint
from flask import flash, redirect, render_template, request, url_for
from flask_login import login_required
from werkzeug.wrappers import Response

from api import auth, context
from api.language.speaking import gettext
from api.pages import rendering, zones
from api.pages.reading import FormReader
from scheduler.domain.errors import InvalidInput, NotFound
from scheduler.invites.catalogue import languages
from scheduler.services.events import events, new_event, overnight_schedule
from scheduler.services.events.events import EventSettings
from scheduler.services.events.new_event import NewEvent
from scheduler.services.identity.actors import Actor

blueprint = APIBlueprint("events", __name__, enable_openapi=False)

Faults = dict[str, str]


@blueprint.get("/events/<event_key>/settings")
@login_required
def show_settings(event_key: str) -> str:
    actor = auth.organiser(event_key)
    with context.database().read() as db:
        now = events.get_settings(db, actor)
        return _settings_page(db, actor, _typed(now), {})


@blueprint.post("/events/<event_key>/settings")
@login_required
def save_settings(event_key: str) -> Response | tuple[str, int]:
    actor = auth.organiser(event_key)
    try:
        with context.database().write() as db:
            events.update_settings(
                db, actor, _read_settings(request.form, events.get_settings(db, actor)), now=context.now()
            )
    except InvalidInput as error:
        with context.database().read() as db:
            return _settings_page(db, actor, request.form, _by_field(error)), 422
    flash(gettext("Settings saved. They apply from now on."), "good")
    return redirect(url_for("events.show_settings", event_key=event_key))


@blueprint.get("/events/new")
@login_required
def show_event_form() -> str:
    _require_operator()
    return render_template(
        "events/new.html",
        typed={**_NEW, "timezone": zones.label(_NEW["timezone"])},
        faults={},
        languages=languages().items(),
    )


@blueprint.post("/events/new")
@login_required
def create_event() -> Response | tuple[str, int]:
    _require_operator()
    try:
        with context.database().write() as db:
            form = _read_new(request.form, context.now())
            made = events.create_event(db, auth.user().account_id, form, now=context.now())
            key = made.key
    except InvalidInput as error:
        page = render_template(
            "events/new.html",
            typed={**request.form, "timezone": zones.shown(request.form.get("timezone", "").strip())},
            faults=_by_field(error) | _zone_fault(error),
            languages=languages().items(),
        )
        return page, 422
    flash(gettext("Event created. Next, add exhibitors and people."), "good")
    return redirect(url_for("runs.show_schedule", event_key=key))


_NEW = {
    "timezone": "Asia/Shanghai",
    "days": "3",
    "morning_from": "09:00",
    "morning_to": "12:00",
    "afternoon_from": "13:00",
    "afternoon_to": "17:00",
    "slot_minutes": "30",
    "halls": "1",
    "tables_per_hall": "10",
    "walking_minutes": "5",
}


def _require_operator() -> None:
    if not auth.user().is_operator:
        raise NotFound("page", "new event")


def _settings_page(db: Any, actor: Actor, typed: Mapping[str, str], faults: Faults) -> str:
    return rendering.render(
        db,
        actor,
        "settings",
        "events/settings.html",
        typed=typed,
        faults=faults,
        languages=languages().items(),
        coming=overnight_schedule.get_overnight_settings(db, actor).coming,
    )


def _typed(now: EventSettings) -> dict[str, str]:
    """Return the settings as form values."""
    return {
        "name": now.name,
        "language": now.language,
        "solve_seconds": str(now.solve_seconds),
        "freeze_hours": str(now.freeze_hours),
        "request_days": str(now.request_days),
        "must_budget": str(now.must_budget),
        "proposals": "yes" if now.proposals else "",
        "colleagues": "yes" if now.colleagues else "",
        "registration": "yes" if now.registration else "",
        "mail_per_minute": str(now.mail_per_minute),
        "publish_hold": str(now.publish_hold),
        "summary_mails": "yes" if now.summary_mails else "",
        "digest_mails": "yes" if now.digest_mails else "",
        "contact": now.contact,
        "remind_minutes": str(now.remind_minutes),
    }


def _read_settings(form: Mapping[str, str], before: EventSettings) -> EventSettings:
    read = FormReader(form, EventSettings)
    after = replace(
        before,
        name=read.text("name"),
        language=form.get("language", before.language),
        solve_seconds=read.whole("solve_seconds"),
        freeze_hours=read.whole("freeze_hours"),
        request_days=read.whole("request_days"),
        must_budget=read.whole("must_budget"),
        proposals=form.get("proposals") == "yes",
        colleagues=form.get("colleagues") == "yes",
        registration=form.get("registration") == "yes",
        mail_per_minute=read.whole("mail_per_minute"),
        publish_hold=read.whole("publish_hold"),
        summary_mails=form.get("summary_mails") == "yes",
        digest_mails=form.get("digest_mails") == "yes",
        contact=read.text("contact"),
        remind_minutes=read.whole("remind_minutes"),
    )
    read.done()
    return after


def _read_new(form: Mapping[str, str], now: datetime) -> NewEvent:
    """Parse the form. Raises InvalidInput with all errors at once, including those that span fields."""
    read = FormReader(form, NewEvent)
    blocks: list[tuple[time, time]] = [(read.time("morning_from"), read.time("morning_to"))]
    if form.get("afternoon_from") or form.get("afternoon_to"):
        blocks.append((read.time("afternoon_from"), read.time("afternoon_to")))
    made = NewEvent(
        key=form.get("key", ""),
        name=form.get("name", ""),
        timezone=zones.meant(form.get("timezone", "").strip()),
        first_day=read.date("first_day") or date.min,
        days=read.whole("days"),
        blocks=blocks,
        slot_minutes=read.whole("slot_minutes"),
        halls=read.whole("halls"),
        tables_per_hall=read.whole("tables_per_hall"),
        walking_minutes=read.whole("walking_minutes"),
        areas=form.get("areas", "").splitlines(),
        language=form.get("language", "en"),
    )
    if read.faults:
        raise InvalidInput([*read.faults, *new_event.find_faults(made, now=now)])
    return made


def _zone_fault(error: InvalidInput) -> Faults:
    """Return the error of an unknown time zone, which suggests cities because the field accepts them."""
    return {fault.path: zones.UNKNOWN for fault in error.faults if fault.path == "timezone"}


def _by_field(error: InvalidInput) -> Faults:
    """Return the first error of each field. Errors of a block belong to its start time."""
    names = {"blocks": "morning_from", "blocks[0]": "morning_from", "blocks[1]": "afternoon_from"}
    faults: Faults = {}
    for fault in error.faults:
        faults.setdefault(names.get(fault.path, fault.path), fault.message)
    return faults
