"""Preferences page: ranking, drafts, and bulk requests and responses."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from apiflask import APIBlueprint
from flask import flash, redirect, request, url_for
from flask_login import login_required
from werkzeug.wrappers import Response

from api import auth, context, inputs
from api.language.speaking import gettext, ngettext, said
from api.pages import formatting, forms, rendering
from api.pages.requests.labels import PLACES, RANKS
from scheduler.domain.errors import InvalidInput, NotAllowed
from scheduler.i18n import gettext_lazy
from scheduler.services.directory import search
from scheduler.services.directory.facets import FirmFilters
from scheduler.services.directory.search import FirmOrder
from scheduler.services.events.timetable import get_timetable
from scheduler.services.identity.actors import Actor
from scheduler.services.requests.bulk_requests import bulk_actions, drafts
from scheduler.services.requests.bulk_requests.bulk_actions import BulkRequestResult
from scheduler.services.requests.form import NewRequest
from scheduler.services.requests.preferences import ranked_requests
from scheduler.services.requests.preferences.ranks import DEFAULT_PRIORITY, Rank

MOST_SAVED = 200
"""Maximum number of saved firms in the bulk form, which states how many more there are."""

blueprint = APIBlueprint(
    "ranked_requests", __name__, enable_openapi=False, url_prefix="/events/<event_key>/ranked-requests"
)


@blueprint.get("")
@login_required
def list_ranked_requests(event_key: str) -> str:
    """List the ranked requests, drafts and templates."""
    actor = auth.actor(event_key)
    with context.database().read() as db:
        return rendering.render(
            db,
            actor,
            "ranked_requests",
            "requests/wishes.html",
            wishes=ranked_requests.list_ranked_requests(db, actor),
            budget=ranked_requests.read_must_budget(db, actor),
            drafts=drafts.list_drafts(db, actor),
            ranks=RANKS,
        )


@blueprint.post("/<key>")
@login_required
def rank_request(event_key: str, key: str) -> Response:
    """Move a request up or down, change its rank, or place it before another one."""
    actor = auth.actor(event_key)
    step = request.form.get("step", "")
    try:
        with context.database().write() as db:
            if step in ("up", "down"):
                ranked_requests.move_request(db, actor, key, is_up=step == "up")
            else:
                rank = Rank(step) if step in set(Rank) else Rank.WANT
                before = request.form.get("before") or None
                ranked_requests.rank_request(db, actor, key, rank, before)
    except InvalidInput as error:
        flash(" ".join(forms.sentences(error).values()), "error")
    return redirect(
        url_for("ranked_requests.list_ranked_requests", event_key=event_key) + f"#wish-{key}", 303
    )


@blueprint.post("/drafts/<int:number>/remove")
@login_required
def remove_draft(event_key: str, number: int) -> Response:
    """Delete a draft or a template."""
    actor = auth.actor(event_key)
    with context.database().write() as db:
        drafts.delete_draft(db, actor, number)
    flash(gettext("Removed."), "good")
    return redirect(url_for("ranked_requests.list_ranked_requests", event_key=event_key), 303)


@blueprint.get("/request")
@login_required
def show_bulk_request_form(event_key: str) -> str:
    """Show the form to request meetings with saved firms in bulk."""
    return _several(auth.actor(event_key), NewRequest(to_firm="", topic=""), None)


@blueprint.post("/request")
@login_required
def submit_bulk_requests(event_key: str) -> Response | tuple[str, int]:
    """Request a meeting with each selected firm, and report why others were skipped."""
    actor, chosen = auth.actor(event_key), request.form.getlist("firms")
    with context.database().read() as db:
        form = forms.read_request(request.form, "", get_timetable(db, actor)).values
    try:
        with context.database().write() as db:
            done = bulk_actions.request_meetings(db, actor, form, chosen, now=context.now())
    except InvalidInput as error:
        return _several(actor, form, chosen, forms.sentences(error)), 422
    left = {
        key: gettext("No request sent to %(firm)s: %(fault)s.", firm=_name(done, key), fault=said(why))
        for key, why in done.refused.items()
    }
    if not done.sent:  # keep the form's values for another selection
        return _several(actor, form, chosen, {"firms": " ".join(left.values())}), 422
    flash(gettext("Requests sent: %(num)s. Responses will appear here.", num=len(done.sent)), "good")
    for sentence in left.values():
        flash(sentence, "warning")
    return redirect(url_for("requests.list_sent", event_key=event_key), 303)


@blueprint.post("/answers")
@login_required
def answer_bulk_requests(event_key: str) -> Response | tuple[str, int]:
    """Accept or decline all selected requests."""
    actor = auth.actor(event_key)
    is_accepted, now = request.form.get("answer") == "accept", context.now()
    note = "" if is_accepted else request.form.get("note", "")
    try:
        with context.database().write() as db:
            done = bulk_actions.respond_to_requests(
                db, actor, request.form.getlist("keys"), is_accepted=is_accepted, note=note, now=now
            )
        if done.done:
            rendering.flash_step(actor, _answered(done.done, note.strip(), is_accepted=is_accepted), now)
        for why in done.refused.values():
            flash(said(why), "warning")
    except InvalidInput as error:
        return rendering.refused(actor, "received", forms.sentences(error), forms.LABELS)
    here = url_for("requests.list_received", event_key=event_key)
    return redirect(rendering.back(event_key, here), 303)


@blueprint.post("/answers/undo")
@login_required
def undo_bulk_answers(event_key: str) -> Response:
    """Undo a bulk action, or a single one."""
    actor, at = auth.actor(event_key), inputs.moment(request.form.get("at"))
    with context.database().write() as db:
        done = bulk_actions.undo_bulk_action(db, actor, at, now=context.now()) if at else None
    if done and done.done:
        flash(
            ngettext(
                "%(num)s action undone. The request is as it was before.",
                "%(num)s actions undone. The requests are as they were before.",
                done.done,
            ),
            "good",
        )
    for why in set(done.refused.values()) if done else ():
        flash(said(why), "warning")
    if not done or not (done.done or done.refused):
        flash(gettext("There's nothing left to undo."), "warning")
    here = url_for("requests.list_received", event_key=event_key)
    return redirect(rendering.back(event_key, here), 303)


def _answered(count: int, note: str, *, is_accepted: bool) -> str:
    if is_accepted:
        return ngettext("%(num)s request accepted.", "%(num)s requests accepted.", count)
    if note:
        return ngettext(
            "%(num)s request declined. The other company can read your note.",
            "%(num)s requests declined. The other companies can read your note.",
            count,
        )
    return ngettext("%(num)s request declined.", "%(num)s requests declined.", count)


def _name(done: BulkRequestResult, key: str) -> str:
    """Return a firm's display name, or the submitted key if the firm does not exist."""
    return formatting.short_name(done.names[key]) if key in done.names else key[:64]


def _several(
    actor: Actor, form: NewRequest, chosen: list[str] | None, faults: dict[str, str] | None = None
) -> str:
    """Render the bulk form with saved firms that have no open request, initially all selected."""
    if not actor.is_exhibitor:
        raise NotAllowed(gettext_lazy("Only company contacts can request meetings for their company."))
    saved = FirmFilters(relation=("saved",))
    with context.database().read() as db:
        found = search.search_directory(db, actor, saved, order=FirmOrder.NAME, limit=MOST_SAVED).page
        firms = [
            firm for firm in found.items if not firm.open_requests and not (firm.note and firm.note.is_never)
        ]
        wanted = [firm.key for firm in firms][: bulk_actions.MOST_ASKED] if chosen is None else chosen
        shown: dict[str, Any] = {
            "firms": firms,
            "chosen": wanted,
            "left": found.total - len(found.items),
            "form": replace(form, priority=form.priority or DEFAULT_PRIORITY[Rank.WANT]),
            "faults": faults or {},
            "labels": forms.LABELS,
            "most": bulk_actions.MOST_ASKED,
            "budget": ranked_requests.read_must_budget(db, actor),
            "times": get_timetable(db, actor),
            "ranks": RANKS,
            "places": PLACES,
        }
        return rendering.render(db, actor, "firms", "requests/several.html", **shown)
