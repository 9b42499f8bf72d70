"""What the pages of an event share: how they are rendered, where a form leads back to, htmx."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, flash, g, render_template, request, session, url_for
from sqlalchemy.orm import Session

from api import auth, context
from api.language.speaking import said
from api.pages.presentation import capitalize_first
from scheduler.services.availability import calendar_failures
from scheduler.services.availability.calendar_failures import FailingCalendar
from scheduler.services.events import events
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.tokens import hash_token
from scheduler.services.operations import notices
from scheduler.services.operations.notices import Notice
from scheduler.services.requests.dashboard import dashboard

_LONG = 120
"""Characters from which on a text has a field of several lines."""
_NONE: Mapping[str, str] = MappingProxyType({})


def init_app(app: Flask) -> None:
    app.add_template_global(open_alerts)
    app.add_template_global(waiting_count)
    app.add_template_global(failing_calendars)
    app.add_template_global(labelled)
    app.add_template_global(label_of)
    app.add_template_filter(kept_for)


def labelled(name: str, label: str) -> str:
    """The label of a field, which is known by it where the page says what is wrong."""
    g.setdefault("labels", {})[name] = label
    return label


def label_of(name: str) -> str:
    """The label of a field that is on the page, else its name in words."""
    labels: dict[str, str] = g.get("labels", {})
    return labels.get(name, name.replace("_", " ").capitalize())


def open_alerts(actor: Actor | None = None) -> Sequence[Notice]:
    """The open alerts for the head of a page, also those of the actor's event, if one is given."""
    with context.database().read() as db:
        if actor is None:
            return notices.list_installation_notices(db, auth.user().session)
        return notices.list_event_notices(db, actor)


def waiting_count(actor: Actor) -> int:
    """How many requests wait for the actor's firm, for the menu."""
    with context.database().read() as db:
        return dashboard.count_waiting(db, actor)


def failing_calendars(actor: Actor) -> Sequence[FailingCalendar]:
    """The actor's own linked calendars that fail, for the head of every page of theirs."""
    with context.database().read() as db:
        return calendar_failures.list_own_failures(db, actor)


def kept_for(actor: Actor) -> str:
    """The reader, as a device may keep it beside what it keeps: it says nothing to others."""
    return hash_token(f"{actor.event_key} {actor.account_id}")[:16]


def render(db: Session, actor: Actor, here: str, template: str, **values: Any) -> str:
    """A page inside the actor's event. `here` names its entry of the menu."""
    event = events.get_event(db, actor)
    return render_template(template, event=event, actor=actor, here=here, **values)


def by_htmx() -> bool:
    """Whether htmx asks for a part of the page, rather than the browser for all of it."""
    return "HX-Request" in request.headers and "HX-History-Restore-Request" not in request.headers


def back(event_key: str, default: str) -> str:
    """The page from which the form was sent, if it is a page of the event."""
    target = request.form.get("back", "")
    inside = target.startswith(f"/events/{event_key}/") and target.isprintable() and "\\" not in target
    return target if inside else default


def flash_once(text: str, category: str) -> None:
    """A message for the next page, unless it waits for it: a page may be asked for twice at its end."""
    if (category, text) not in map(tuple, session.get("_flashes", ())):
        flash(text, category)


def flash_step(actor: Actor, text: str, now: datetime) -> None:
    """Say on the next page what was done at `now`, with the button that takes it back for who may."""
    flash(text, f"undo {now.isoformat()}" if actor.attendee_id is not None else "good")


def list_again(page: Callable[[], str], there: str, told: str) -> tuple[str, int]:
    """A list of which nothing was ticked, as `there` showed it, with what was typed in the form below it.

    The page is made as if its address were asked for: its search, its order and its links are those there.
    """
    address = urlsplit(there)
    request.path, request.query_string = address.path, address.query.encode()
    for name in ("args", "full_path"):
        request.__dict__.pop(name, None)
    flash(capitalize_first(told), "error")
    return page(), 422


def refused(
    actor: Actor, here: str, faults: Mapping[str, str], labels: Mapping[str, str] = _NONE
) -> tuple[str, int]:
    """The form that was sent, to be fixed and sent again. `faults` and `labels` are by the name of a field.

    Only what is wrong is shown; all other fields go along as they were sent. `here` is the menu's entry.
    """
    sent = [(name, value) for name, value in request.form.items(multi=True) if name != "csrf_token"]
    wrong = {name: text for name, text in sent if name in faults}
    with context.database().read() as db:
        page = render(
            db,
            actor,
            here,
            "refused.html",
            kept=[pair for pair in sent if pair[0] not in wrong],
            wrong=[(name, text, len(text) > _LONG or "\n" in text) for name, text in wrong.items()],
            labels={name: said(labels[name]) for name in wrong if name in labels},
            others=[text for name, text in faults.items() if name not in wrong],
            faults=faults,
            back=back(actor.event_key, url_for("home.event", event_key=actor.event_key)),
        )
    return page, 422
