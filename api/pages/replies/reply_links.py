"""Reply links of invitation emails, without sign-in. GET only shows the meeting."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from apiflask import APIBlueprint
from flask import g, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from api import context, inputs
from api.language import speaking
from api.limits import Limited
from api.pages.replies import calendar, link_forms
from api.pages.replies.link_limits import counted
from scheduler.domain import fields
from scheduler.domain.entities import Partstat
from scheduler.domain.errors import InvalidInput, NotFound, WrongState
from scheduler.invites.catalogue import Words, load_words
from scheduler.invites.ical import view
from scheduler.services.links import ANSWER_STEPS, CALENDAR_STEP
from scheduler.services.replies import reply_links
from scheduler.services.replies.counter_proposals import Unsuitable
from scheduler.services.replies.reply_links import LinkedMeeting
from scheduler.services.schedule.meeting_ends import MeetingOver

blueprint = APIBlueprint("reply_links", __name__, enable_openapi=False, url_prefix="/answers/<token>")

_DONE = ("kept", "proposal_kept", "instead_kept")
"""Keys of confirmation texts. They are in the query string, so that no cookie is needed."""
_PARTSTATS = {"accept": Partstat.ACCEPTED, "decline": Partstat.DECLINED}


@blueprint.get("/")
@blueprint.get("/<step>")
def show_meeting(token: str, step: str = "") -> str:
    """Show the meeting and the form of a step, or of every step. Email scanners may open it."""
    _require_step(step, ("", *ANSWER_STEPS, CALENDAR_STEP))
    language = counted(token)
    calendar.note_code(token)
    done = request.args.get("done", "")
    return _page(token, step, language, {}, (language.answering[done], "good") if done in _DONE else ("", ""))


def _page(
    token: str, step: str, language: Words, faults: Mapping[str, str], message: tuple[str, str] = ("", "")
) -> str:
    """Render the meeting and the forms, with submitted values if there are errors.

    `message` is a message above them and its category. It needs no cookie, unlike a flash message.
    """
    with context.database().read() as db:
        found = reply_links.show_meeting(db, token, now=context.now())
        about = view.content_rows(found.content, language)
        return render_template(
            "replies/show.html",
            look=found,
            event_brand=found.brand,
            token=token,
            step=step,
            words=language,
            say=language.answering,
            lead=view.summarize(found.content, language),
            rows=view.remaining_rows(found.content, about, language),
            ways=calendar.ways_of(found, token, step),
            times=_times(found, language),
            proposed=_proposed(found, language),
            faults=faults,
            typed=request.form if faults else {},
            message=message,
        )


@blueprint.post("/<step>")
def answer_invitation(token: str, step: str) -> Response | tuple[str, int]:
    """Submit a reply and redirect to the meeting, or show the form again with its errors."""
    _require_step(step, ANSWER_STEPS)
    language = counted(token)
    say = language.answering
    if link_forms.is_from_another_site():
        return _page(token, step, language, {}, (say["other_site"], "error")), 403
    try:
        done = context.database().transact(lambda db: _answer(db, token, step))
    except MeetingOver:
        return _page(token, "", language, {}, (say["over"], "error")), 409
    except WrongState:
        return _page(token, "", language, {}, (say["has_changed"], "error")), 409
    except Unsuitable as error:
        return _page(token, "", language, {}, (say[error.reason], "error")), 409
    except InvalidInput as error:
        keys = {"slot": "choose", "comment": "too_long", "colleague": "choose_colleague"}
        most = fields.limits(fields.Comment).most
        faults = {fault.path: say[keys[fault.path]].format(limit=most) for fault in error.faults}
        return _page(token, step, language, faults), 422
    return redirect(url_for("reply_links.show_meeting", token=token, done=done), 303)


@blueprint.errorhandler(Limited)
def too_often(error: Limited) -> tuple[str, int, dict[str, str]]:
    """Show how long to wait, in the language of the email if the link is known, else of the browser."""
    language: Words = g.get("words") or load_words(speaking.language())
    duration = language.lasting(timedelta(seconds=error.seconds))
    page = render_template(
        "replies/too_often.html",
        words=language,
        say=language.answering,
        sentence=language.answering["too_often"].format(duration=duration),
    )
    return page, 429, {"Retry-After": str(error.seconds)}


def _require_step(step: str, steps: tuple[str, ...]) -> None:
    if step not in steps:
        raise NotFound("page", step)


def _answer(db: Session, token: str, step: str) -> str:
    """Execute the form, and return the key of its confirmation text."""
    sequence = inputs.whole(request.form.get("sequence"), -1)
    comment = request.form.get("comment", "")
    if step == "propose":
        slot = request.form.get("slot", "")
        reply_links.propose_time(db, token, slot, sequence=sequence, comment=comment, now=context.now())
        return "proposal_kept"
    if step == "instead":
        colleague = request.form.get("colleague", "")
        reply_links.send_substitute(
            db, token, colleague, sequence=sequence, comment=comment, now=context.now()
        )
        return "instead_kept"
    reply_links.submit_reply(
        db, token, _PARTSTATS[step], sequence=sequence, comment=comment, now=context.now()
    )
    return "kept"


def _times(found: LinkedMeeting, language: Words) -> list[tuple[str, str]]:
    """Return the slots that may be proposed: key, and a label with venue time and the reader's own time."""
    content, own = found.content, view.reader_zone(found.content)
    lasting = content.end - content.start
    listed = []
    for slot in found.slots:
        there, here = slot.start.astimezone(content.zone), slot.start.astimezone(own or content.zone)
        hours = language.hours_of(f"{there:%H:%M}", f"{there + lasting:%H:%M}")
        label = f"{language.short_day_of(there)} {hours}"
        if own is not None:
            day = "" if here.date() == there.date() else f"{language.short_day_of(here)} "
            label += f" · {language.your_time}{language.colon}{day}{here:%H:%M}"
        listed.append((slot.key, label))
    return listed


def _proposed(found: LinkedMeeting, language: Words) -> str:
    answer = found.answer
    if answer is None or answer.proposed_start is None or answer.proposed_end is None:
        return ""
    return language.span_of(answer.proposed_start, answer.proposed_end, found.content.zone)
