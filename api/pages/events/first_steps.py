"""First steps of organisers and company contacts: a checklist on the dashboard, and a page of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from apiflask import APIBlueprint
from flask import flash, redirect, url_for
from flask_login import login_required
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from api import auth, context
from api.language.speaking import gettext, said
from api.pages import rendering
from scheduler.i18n import gettext_lazy
from scheduler.services.events import organiser_steps
from scheduler.services.identity import onboarding
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.onboarding import FirstSteps
from scheduler.services.requests.dashboard import exhibitor_steps

blueprint = APIBlueprint(
    "first_steps", __name__, enable_openapi=False, url_prefix="/events/<event_key>/first-steps"
)


@dataclass(frozen=True, slots=True)
class StepText:
    """The title of a step, why to do it, and the page where it is done, with an anchor there."""

    title: str
    reason: str
    endpoint: str
    anchor: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """A step as the page shows it. `is_next` is True for the first one that is not done."""

    name: str
    title: str
    reason: str
    url: str
    is_done: bool
    is_next: bool


@dataclass(frozen=True, slots=True)
class Checklist:
    """The steps of a person, the number of those that are done, and whether the dashboard shows them."""

    steps: Sequence[Step]
    done: int
    is_hidden: bool
    is_on_dashboard: bool


ORGANISER_STEPS: Mapping[str, StepText] = MappingProxyType(
    {
        "venue": StepText(
            gettext_lazy("Set up the venue"),
            gettext_lazy("Enter days with meeting times, halls, and tables or booths."),
            "venue.show_venue",
        ),
        "contact": StepText(
            gettext_lazy("Name a contact for questions"),
            gettext_lazy(
                "It's shown at the foot of every page. "
                "Also check how long companies have to respond to a request."
            ),
            "events.show_settings",
            "contact",
        ),
        "exhibitors": StepText(
            gettext_lazy("Import exhibitors and attendees"),
            gettext_lazy("Each exhibitor needs a company contact, who requests meetings for it."),
            "imports.list_imports",
        ),
        "email": StepText(
            gettext_lazy("Send a test email"),
            gettext_lazy("It shows how invitations look, and that emails go out."),
            "email_texts.list_texts",
        ),
        "live": StepText(
            gettext_lazy("Go live"),
            gettext_lazy("Until you go live, emails reach only organisers."),
            "rehearsal.show_rehearsal",
        ),
        "invite": StepText(
            gettext_lazy("Invite the company contacts"),
            gettext_lazy("They then request meetings and respond to requests."),
            "event_invitations.show_invitations",
        ),
        "run": StepText(
            gettext_lazy("Run scheduling"),
            gettext_lazy(
                "A run looks for a time and a location for each accepted request. It creates a draft."
            ),
            "runs.show_schedule",
        ),
        "publish": StepText(
            gettext_lazy("Review and publish the draft"),
            gettext_lazy("Publishing sends the invitations."),
            "runs.show_schedule",
        ),
        "overnight": StepText(
            gettext_lazy("Set up overnight runs"),
            gettext_lazy("They schedule requests that are accepted during the day."),
            "overnight_settings.show_settings",
        ),
    }
)
"""Steps of an organiser, by the names of `organiser_steps`."""
EXHIBITOR_STEPS: Mapping[str, StepText] = MappingProxyType(
    {
        "description": StepText(
            gettext_lazy("Describe your company"),
            gettext_lazy("The directory shows and searches your description."),
            "profile.show_profile",
        ),
        "offers": StepText(
            gettext_lazy("Enter what you offer and need"),
            gettext_lazy("Suggestions match it with what others offer and need."),
            "setup.show_setup",
        ),
        "times": StepText(
            gettext_lazy("Save your busy times"),
            gettext_lazy(
                "No meetings are scheduled then. If you're available all day, save without marking a time."
            ),
            "busy_times.show_busy_times",
        ),
        "request": StepText(
            gettext_lazy("Request meetings"),
            gettext_lazy("Find companies that supply what you need, or need what you supply."),
            "firms.list_firms",
        ),
        "respond": StepText(
            gettext_lazy("Respond to requests"),
            gettext_lazy("Requests without a response expire and aren't scheduled."),
            "requests.list_received",
        ),
        "feed": StepText(
            gettext_lazy("Add your meetings to your calendar"),
            gettext_lazy("Subscribe to the calendar feed once. Your calendar then updates automatically."),
            "preferences.show_preferences",
            "feed",
        ),
    }
)
"""Steps of a company contact, by the names of `exhibitor_steps`."""


@blueprint.get("")
@login_required
def show_steps(event_key: str) -> str:
    """Show the steps, also if the dashboard doesn't."""
    actor = auth.actor(event_key)
    with context.database().read() as db:
        return rendering.render(
            db, actor, "first_steps", "events/first_steps.html", checklist=list_steps(db, actor)
        )


@blueprint.post("/hide")
@login_required
def hide_steps(event_key: str) -> Response:
    """Hide the steps on the person's dashboard."""
    return _keep(event_key, is_hidden=True)


@blueprint.post("/show")
@login_required
def unhide_steps(event_key: str) -> Response:
    """Show the steps on the person's dashboard again."""
    return _keep(event_key, is_hidden=False)


def list_steps(db: Session, actor: Actor) -> Checklist:
    """Return the checklist of an organiser, or else of a company contact. Raises NotAllowed for others."""
    if actor.is_organiser:
        return list_organiser(db, actor)
    return list_exhibitor(db, actor)


def list_organiser(db: Session, actor: Actor) -> Checklist:
    """Return the checklist of an organiser. Raises NotAllowed for others."""
    return _checklist(actor, ORGANISER_STEPS, organiser_steps.list_organiser_steps(db, actor))


def list_exhibitor(db: Session, actor: Actor) -> Checklist:
    """Return the checklist of a company contact. Raises NotAllowed for others."""
    return _checklist(actor, EXHIBITOR_STEPS, exhibitor_steps.list_exhibitor_steps(db, actor))


def _checklist(actor: Actor, texts: Mapping[str, StepText], found: FirstSteps) -> Checklist:
    steps = [
        Step(
            name,
            said(texts[name].title),
            said(texts[name].reason),
            url_for(texts[name].endpoint, event_key=actor.event_key, _anchor=texts[name].anchor),
            is_done,
            name == found.coming,
        )
        for name, is_done in found.steps.items()
    ]
    return Checklist(steps, found.done, found.is_hidden, found.is_on_dashboard)


def _keep(event_key: str, *, is_hidden: bool) -> Response:
    actor = auth.actor(event_key)
    with context.database().write() as db:
        onboarding.hide_first_steps(db, actor, is_hidden=is_hidden)
    flash(
        gettext("First steps hidden. You can open them from the menu.")
        if is_hidden
        else gettext("First steps are on the dashboard again."),
        "good",
    )
    return redirect(url_for("organiser_dashboard.show_dashboard", event_key=event_key), 303)
