"""My day: what an attendee needs on a phone at the venue, also offline.

"Running late" and "I can't come" are forms. The script `words.js` queues them until the server confirms
receipt. It requests JSON: 2xx confirms receipt, 4xx is a permanent failure with its reason.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from apiflask import APIBlueprint
from flask import Response, flash, redirect, request, url_for
from flask_login import login_required
from flask_wtf.csrf import generate_csrf
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as Leading

from api import auth, contact_views, context, inputs
from api.language import speaking
from api.language.speaking import gettext, ngettext, said
from api.pages import rendering
from api.pages.agendas.my_day import offline
from scheduler.domain.entities import Partstat
from scheduler.domain.errors import InvalidInput, NotAllowed, NotFound, WrongState
from scheduler.i18n import gettext_lazy
from scheduler.invites.catalogue import load_words
from scheduler.services.agendas.my_day import day as days
from scheduler.services.agendas.my_day import lateness
from scheduler.services.identity.actors import Actor
from scheduler.services.replies import agenda_replies
from scheduler.services.replies.agenda_replies import OVER
from scheduler.services.reports.outcomes import outcomes

blueprint = APIBlueprint("my_day", __name__, enable_openapi=False, url_prefix="/events/<event_key>/my-day")

CHANGED = gettext_lazy("The meeting was changed or cancelled. Check its details and try again.")
WAS_OVER = gettext_lazy("This meeting is over.")
FAR = gettext_lazy("You can report a delay from 12 hours before the meeting.")
NOT_YOURS = gettext_lazy("You're no longer an attendee of this meeting.")
WHY = {OVER: WAS_OVER, lateness.FAR: FAR}
"""Why a report about a meeting is no longer, or not yet, possible, by the meeting's state."""
LABELS = {"comment": gettext_lazy("Note")}
ANSWERS = {"accept": Partstat.ACCEPTED, "decline": Partstat.DECLINED}


@blueprint.get("")
@login_required
def show_day(event_key: str) -> Response | Leading:
    """Show the reader's meetings of one day, with the next one prominent. Redirect interpreters."""
    actor = auth.participant(event_key)
    if actor.attendee_id is None and actor.interpreter_id is not None:
        return redirect(url_for("interpreter_day.show_day", event_key=event_key, day=request.args.get("day")))
    now = context.now()
    with context.database().read() as db:
        mine = days.show_day(
            db, actor, inputs.day(request.args.get("day")), secret_key=context.settings().secret_key, now=now
        )
        said_of = outcomes.list_outcomes(
            db, actor, [meeting.item for meeting in (*mine.past, *mine.upcoming)], now=now
        )
        page = rendering.render(
            db,
            actor,
            "my_day",
            "agendas/my_day/show.html",
            mine=mine,
            now=now,
            choices=lateness.CHOICES,
            words_of_mails=load_words(speaking.language()),
            words=said_of,
            unsaid={key for key, of_meeting in said_of.items() if of_meeting.may_say and not of_meeting.own},
        )
    contact_views.log_partners(
        actor, (card.person.key for meeting in mine.upcoming for card in meeting.details.cards)
    )
    return offline.kept(page, actor)


@blueprint.get("/token")
@login_required
def issue_token(event_key: str) -> Response:
    """Return a CSRF token for a form queued on the phone, and its owner, who alone may submit it."""
    actor = auth.actor(event_key)
    return Response(
        json.dumps({"person": rendering.kept_for(actor), "token": generate_csrf()}),
        content_type="application/json",
    )


@blueprint.post("/<request_key>/late")
@login_required
def report_lateness(event_key: str, request_key: str) -> Leading | tuple[str, int]:
    """Notify the others in a meeting how many minutes the reader is late; 0 means on time."""
    actor, now = auth.actor(event_key), context.now()
    minutes = inputs.whole(request.form.get("minutes"), -1)

    def say_late(db: Session) -> None:
        lateness.report_late(db, actor, request_key, minutes, now=now, reported_at=now - _waited())

    message = ngettext(
        "The other attendees see that you'll be %(num)s minute late.",
        "The other attendees see that you'll be %(num)s minutes late.",
        minutes,
    )
    return _said(actor, say_late, message if minutes else gettext("You're marked as on time."))


@blueprint.post("/<request_key>/answer")
@login_required
def answer_invitation(event_key: str, request_key: str) -> Leading | tuple[str, int]:
    """Accept or decline the reader's own invitation, like the link in its email."""
    actor = auth.actor(event_key)
    partstat = ANSWERS.get(request.form.get("answer", ""))
    if partstat is None:
        raise NotFound("answer", request_key)
    given: dict[str, Any] = {
        "sequence": inputs.whole(request.form.get("sequence"), -1),
        "comment": request.form.get("comment", ""),
        "secret_key": context.settings().secret_key,
        "now": context.now(),
    }

    def give(db: Session) -> None:
        agenda_replies.submit_reply(db, actor, request_key, partstat, **given)

    message = gettext("Accepted. The other attendees expect you at this meeting.")
    if partstat is Partstat.DECLINED:
        message = gettext("Declined. Your note was sent.") if given["comment"] else gettext("Declined.")
    return _said(actor, give, message)


def _said(actor: Actor, step: Callable[[Session], None], message: str) -> Leading | tuple[str, int]:
    """Execute a form. Respond in JSON to its script, and with a page to browsers."""
    is_script = request.accept_mimetypes.best == "application/json"
    try:
        context.database().transact(step)
        status = 200
    except InvalidInput as error:
        if not is_script and error.faults[0].path == "comment":
            return rendering.refused(actor, "my_day", {f.path: f.message for f in error.faults}, LABELS)
        status, message = 422, said(error.faults[0].message)
    except NotAllowed as error:
        if not is_script:
            raise
        status, message = 403, said(str(error))
    except NotFound:
        if not is_script:
            raise
        status, message = 404, said(NOT_YOURS)
    except WrongState as error:
        status, message = 409, said(WHY.get(error.state, CHANGED))
    if is_script:
        return Response(json.dumps({"said": message}), status, content_type="application/json")
    flash(message, "good" if status == 200 else "error")
    return redirect(
        url_for("my_day.show_day", event_key=actor.event_key, day=request.form.get("day") or None), 303
    )


def _waited() -> timedelta:
    """Return how long a form was queued on the phone. Its clock need not be correct."""
    seconds = inputs.whole(request.form.get("waited"), 0)
    return timedelta(seconds=min(max(seconds, 0), int(lateness.AHEAD.total_seconds())))


@blueprint.get("/manifest.webmanifest")
@login_required
def serve_manifest(event_key: str) -> Response:
    """Return the web app manifest of the page."""
    actor = auth.actor(event_key)
    return offline.manifest(
        actor,
        url_for("my_day.show_day", event_key=event_key),
        gettext("My day"),
        lambda event: gettext("My day, %(event)s", event=event),
    )


@blueprint.get("/worker.js")
@login_required
def serve_worker(event_key: str) -> Response:
    """Return the service worker, scoped to this page."""
    auth.actor(event_key)
    return offline.worker(url_for("my_day.show_day", event_key=event_key))
