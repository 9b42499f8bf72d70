"""Digest links, without sign-in. GET only shows the request."""

from __future__ import annotations

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from apiflask import APIBlueprint
from flask import g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from api import context, limits
from api.language import choosing
from api.pages.replies import link_forms
from scheduler.domain import fields, names
from scheduler.domain.errors import InvalidInput, NotAllowed, NotFound, WrongState
from scheduler.invites.catalogue import load_words
from scheduler.services.requests.digests import digest_links
from scheduler.services.requests.digests.digest_links import LinkedRequest

blueprint = APIBlueprint("digest_links", __name__, enable_openapi=False, url_prefix="/respond/<token>")

STEPS = ("accept", "decline")


@blueprint.get("/<step>")
def show_request(token: str, step: str) -> str:
    """Show the request, and the form of the step. Email scanners may open it."""
    _require_step(step, STEPS)
    return _page(_counted(token), token, step, {})


@blueprint.post("/<step>")
def answer_request(token: str, step: str) -> Response | tuple[str, int]:
    """Respond to the request, or undo the response, and redirect to the request."""
    _require_step(step, (*STEPS, "undo"))
    found = _counted(token)
    say = load_words(found.language).digest
    if link_forms.is_from_another_site():
        return _page(found, token, step, {}, load_words(found.language).answering["other_site"]), 403
    key, now, note = context.settings().secret_key, context.now(), request.form.get("note", "")
    try:
        with context.database().write() as db:
            if step == "undo":
                digest_links.undo_response(db, token, secret_key=key, now=now)
            else:
                digest_links.respond_to_request(db, token, step, note=note, secret_key=key, now=now)
    except (WrongState, NotAllowed):
        return _page(_counted(token), token, step, {}, say["changed"]), 409
    except InvalidInput:
        faults = {"note": say["note_long"].format(limit=fields.limits(fields.Note).most)}
        return _page(found, token, step, faults), 422
    return redirect(
        url_for("digest_links.show_request", token=token, step=step if step in STEPS else "accept"), 303
    )


def _counted(token: str) -> LinkedRequest:
    """Return the request of a known link, and count its use."""
    with limits.looking_up_a_token(), context.database().read() as db:
        found = digest_links.show_request(
            db, token, secret_key=context.settings().secret_key, now=context.now()
        )
    choosing.speak(found.language)
    limits.require_link(token)
    return found


def _require_step(step: str, steps: tuple[str, ...]) -> None:
    if step not in steps:
        raise NotFound("page", step)


def _page(found: LinkedRequest, token: str, step: str, faults: Mapping[str, str], message: str = "") -> str:
    """Render the current request. `step` may be "undo" if the undo was too late."""
    step = step if step in STEPS else "accept"
    language = load_words(found.language)
    g.words = language
    card, zone = found.card, ZoneInfo(found.timezone)

    def both(one: object) -> str:
        return names.display_both(one.name, one.latin_name, language.language)  # type: ignore[attr-defined]

    until = ""
    if card.expires_at is not None:
        local = card.expires_at.astimezone(zone)
        moment = language.moment.format(day=language.day_of(local), time=f"{local:%H:%M}")
        until = f"{moment} ({language.zone_of(local, zone)})"
    return render_template(
        "requests/digests/asked.html",
        found=found,
        event_brand=found.brand,
        card=card,
        token=token,
        step=step,
        steps=[step, *(other for other in STEPS if other != step)],
        words=language,
        say=language.digest,
        answering=language.answering,
        both=both,
        until=until,
        may_undo=found.may_undo(context.now()),
        faults=faults,
        typed=request.form if faults else {},
        message=message,
    )
