"""The links in an invitation's mail: no sign-in; opening one shows the meeting, only its button answers."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from api import context
from api.limits import limiter
from scheduler.domain.entities import Partstat
from scheduler.domain.errors import InvalidInput, NotFound, WrongState
from scheduler.services import answer_links
from scheduler.services.counters import Unsuitable

blueprint = APIBlueprint("answers", __name__, enable_openapi=False, url_prefix="/answers/<token>")

_PARTSTATS = {"accept": Partstat.ACCEPTED, "decline": Partstat.DECLINED}
_CHANGED = "The meeting has changed or is off. Look at it as it is now."


@blueprint.get("/")
@blueprint.get("/<step>")
def look(token: str, step: str = "") -> str:
    """The meeting, and the form of the step (of every step if none is named). Mail scanners may open it."""
    if step and step not in answer_links.STEPS:
        raise NotFound("page", step)
    with context.database().read() as db:
        found = answer_links.look(db, token, now=context.now())
        return render_template(
            "answers/show.html", look=found, token=token, step=step, steps=answer_links.STEPS
        )


@blueprint.post("/<step>")
@limiter.limit("30/minute")
def answer(token: str, step: str) -> Response:
    """Answer, then show the meeting with the answer."""
    sequence = request.form.get("sequence", -1, type=int)
    comment = request.form.get("comment", "")
    try:
        with context.database().write() as db:
            if step == "propose":
                slot = request.form.get("slot", "")
                answer_links.propose(db, token, slot, sequence=sequence, comment=comment, now=context.now())
                said = "Your proposal is kept. The next schedule tries that time; a mail will tell you."
            elif step in _PARTSTATS:
                answer_links.answer(
                    db, token, _PARTSTATS[step], sequence=sequence, comment=comment, now=context.now()
                )
                said = "Thank you, your answer is kept."
            else:
                raise NotFound("page", step)
    except WrongState:
        flash(_CHANGED, "error")
    except (InvalidInput, Unsuitable) as error:
        flash(str(error), "error")
    else:
        flash(said, "good")
    return redirect(url_for("answers.look", token=token))
