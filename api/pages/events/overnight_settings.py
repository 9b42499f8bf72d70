"""Overnight runs of an event: start times, publication limits, and run history."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint
from babel.dates import get_day_names
from flask import flash, redirect, request, url_for
from flask_login import login_required
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from api import auth, context
from api.language import speaking
from api.language.speaking import gettext
from api.pages import paging, rendering
from api.pages.reading import FormReader
from scheduler.domain.entities import AfterRun
from scheduler.domain.errors import InvalidInput
from scheduler.i18n import gettext_lazy
from scheduler.services.events import overnight_runs, overnight_schedule
from scheduler.services.events.overnight_schedule import OvernightSettings, OvernightTime
from scheduler.services.identity.actors import Actor

blueprint = APIBlueprint(
    "overnight_settings", __name__, enable_openapi=False, url_prefix="/events/<event_key>/overnight"
)

Faults = dict[str, str]
Typed = MultiDict[str, str]

SHOWN = 30
AFTER_RUNS = {
    "draft": (gettext_lazy("Save draft version"), gettext_lazy("Nothing is published.")),
    "publish": (
        gettext_lazy("Publish within limits"),
        gettext_lazy("Unavoidable changes are always published."),
    ),
}
"""Actions after a run: label and help text."""


@blueprint.get("")
@login_required
def show_settings(event_key: str) -> str:
    actor = auth.team(event_key)
    with context.database().read() as db:
        return _page(db, actor, _typed(overnight_schedule.get_overnight_settings(db, actor)), {})


@blueprint.post("")
@login_required
def save_settings(event_key: str) -> Response | tuple[str, int]:
    actor = auth.organiser(event_key)
    try:
        form = _read(request.form)
        with context.database().write() as db:
            overnight_schedule.change_overnight_settings(db, actor, form, now=context.now())
    except InvalidInput as error:
        with context.database().read() as db:
            return _page(db, actor, request.form, _by_field(error)), 422
    flash(gettext("Overnight run settings saved. They apply from now on."), "good")
    return redirect(url_for("overnight_settings.show_settings", event_key=event_key))


def _page(db: Session, actor: Actor, typed: Typed, faults: Faults) -> str:
    settings = overnight_schedule.get_overnight_settings(db, actor)
    allowed = overnight_schedule.count_allowed_changes(db, actor)
    return rendering.render(
        db,
        actor,
        "overnight_settings",
        "events/nights.html",
        typed=typed,
        faults=faults,
        rows=range(min(_rows(typed) + 1, overnight_schedule.MAX_TIMES)),
        weekdays=_weekdays(),
        after_runs=AFTER_RUNS,
        night=overnight_runs.get_last_night(db, actor),
        coming=settings.coming,
        published=allowed.version,
        most=allowed.most,
        meetings=allowed.meetings,
        page=overnight_runs.list_runs(db, actor, number=paging.asked_number(), limit=SHOWN),
    )


def _weekdays() -> list[str]:
    """Return Mon to Sun in the page's language."""
    names = get_day_names("abbreviated", context="stand-alone", locale=speaking.locale())
    return [names[i] for i in range(7)]


def _typed(rules: OvernightSettings) -> Typed:
    """Return the settings as form values."""
    typed: Typed = MultiDict(
        (name, str(getattr(rules, name)))
        for name in OvernightSettings.__dataclass_fields__
        if name != "times"
    )
    for i, night in enumerate(rules.times):
        typed.add(f"at-{i}", f"{night.at:%H:%M}")
        typed.add(f"then-{i}", night.then.value)
        typed.setlist(f"weekdays-{i}", list(night.weekdays))
    return typed


def _rows(typed: Typed) -> int:
    return max((i + 1 for i in range(overnight_schedule.MAX_TIMES) if typed.get(f"at-{i}")), default=0)


def _read(form: Typed) -> OvernightSettings:
    """Parse the form. Rows without a time are ignored."""
    read = FormReader(form, OvernightSettings)
    times = [
        OvernightTime(
            at=read.time(f"at-{i}"),
            weekdays="".join(sorted(set(form.getlist(f"weekdays-{i}")))),
            then=AfterRun.PUBLISH if form.get(f"then-{i}") == AfterRun.PUBLISH else AfterRun.DRAFT,
        )
        for i in range(overnight_schedule.MAX_TIMES)
        if form.get(f"at-{i}")
    ]
    for i in range(overnight_schedule.MAX_TIMES):
        if form.get(f"at-{i}") and not form.getlist(f"weekdays-{i}"):
            read.fault(f"weekdays-{i}", gettext_lazy("choose at least one day"))
    numbers: dict[str, Any] = {name: read.whole(name) for name in read.kinds}
    read.done()
    return OvernightSettings(tuple(times), **numbers)


def _by_field(error: InvalidInput) -> Faults:
    """Return the first error of each field."""
    faults: Faults = {}
    for fault in error.faults:
        faults.setdefault(fault.path, fault.message)
    return faults
