"""Answers of an event to a compliance audit under China's PIPL, for organisers: edited, and downloaded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from apiflask import APIBlueprint
from flask import Response, flash, redirect, request, url_for
from flask_login import login_required
from werkzeug.wrappers import Response as BaseResponse

from api import auth, context, downloads
from api.language.speaking import gettext, said
from api.pages import formatting, rendering
from api.pages.privacy.audit_answers import XLSX, site_cells, site_titles
from api.pages.privacy.compliance_answers_pdf import compliance_answers_pdf
from scheduler.domain.compliance import AnswerState, ComplianceTopic
from scheduler.domain.errors import InvalidInput
from scheduler.i18n import gettext_lazy
from scheduler.services.events import events
from scheduler.services.events.events import EventCard
from scheduler.services.exports.schedule_lists import Export
from scheduler.services.identity.actors import Actor
from scheduler.services.privacy import audit_answers, compliance_answers
from scheduler.services.privacy.compliance_answers import Answer, AnsweredTopic, TypedAnswer

blueprint = APIBlueprint(
    "compliance_answers", __name__, enable_openapi=False, url_prefix="/events/<event_key>/pipl-audit"
)

STATES: Final[Mapping[AnswerState, str]] = MappingProxyType(
    {
        AnswerState.ANSWERED: gettext_lazy("Answered"),
        AnswerState.NOT_APPLICABLE: gettext_lazy("Not applicable"),
        AnswerState.MISSING: gettext_lazy("Not answered"),
    }
)


@blueprint.get("")
@login_required
def edit_answers(event_key: str) -> str:
    """Show each topic with what this site knows, and the answer as a field."""
    return _page(auth.organiser(event_key), {}, {})


@blueprint.post("")
@login_required
def save_answers(event_key: str) -> BaseResponse | tuple[str, int]:
    """Store the answers, or show the form again with an error at each invalid field."""
    actor, typed = auth.organiser(event_key), dict(_read())
    try:
        with context.database().write() as db:
            changed = compliance_answers.save_answers(db, actor, typed, now=context.now())
    except InvalidInput as error:
        faults: dict[str, str] = {}
        for fault in error.faults:
            faults.setdefault(fault.path, fault.message)
        return _page(actor, typed, faults), 422
    if changed:
        flash(gettext("Answers changed: %(count)s.", count=changed), "good")
    else:
        flash(gettext("No changes made."), "good")
    return redirect(url_for("compliance_answers.edit_answers", event_key=event_key), 303)


@blueprint.get("/answers.xlsx")
@login_required
def download_workbook(event_key: str) -> Response:
    """Download the topics with their answers as a workbook."""
    _, rows = _export(auth.organiser(event_key))
    titles = (*site_titles(), gettext("Status"), gettext("Your answer"), gettext("Last change"))
    return downloads.download(audit_answers.export_topics(rows, titles), XLSX)


@blueprint.get("/answers.pdf")
@login_required
def download_pdf(event_key: str) -> Response:
    """Download the topics with their answers as a PDF."""
    event, rows = _export(auth.organiser(event_key))
    title = gettext("PIPL audit: %(event)s", event=event.name)
    day = formatting.local_day(context.now(), event.timezone)
    made = compliance_answers_pdf(rows, title, day)
    return downloads.download(Export(made, "pipl-audit.pdf"), "application/pdf")


def _export(actor: Actor) -> tuple[EventCard, list[tuple[str, str, str, str, str, str]]]:
    """Return the event, and for each topic the cells of the site, state, answer, and who changed it."""
    with context.database().read() as db:
        event = events.get_event(db, actor)
        listed = compliance_answers.list_answers(db, actor, context.settings(), now=context.now())
    rows = [
        (
            *site_cells(each.topic),
            said(STATES[each.answer.state]),
            each.answer.text,
            _changed(each, event.timezone),
        )
        for each in listed
    ]
    return event, rows


def _changed(each: AnsweredTopic, zone: str) -> str:
    if each.changed_at is None:
        return ""
    return " · ".join(filter(None, (formatting.local_day(each.changed_at, zone), each.changed_by)))


def _read() -> Iterator[tuple[ComplianceTopic, TypedAnswer]]:
    """Yield the answers of the form. Topics that it does not have stay as they are."""
    form = request.form
    for topic in ComplianceTopic:
        if topic in form:
            answer = Answer(form[topic], is_applicable=f"{topic}-not-applicable" not in form)
            yield topic, TypedAnswer(answer, form.get(f"{topic}-seen", ""))


def _page(actor: Actor, typed: Mapping[ComplianceTopic, TypedAnswer], faults: Mapping[str, str]) -> str:
    with context.database().read() as db:
        listed = compliance_answers.list_answers(db, actor, context.settings(), now=context.now())
        return rendering.render(
            db,
            actor,
            "settings",
            "privacy/compliance_answers.html",
            rows=[(each, _shown(each, typed, faults)) for each in listed],
            counts=Counter(each.answer.state for each in listed),
            states=STATES,
            faults=faults,
        )


def _shown(
    stored: AnsweredTopic, typed: Mapping[ComplianceTopic, TypedAnswer], faults: Mapping[str, str]
) -> TypedAnswer:
    """Return the answer as typed, else as stored.

    After an error it counts as filled with the stored answer: its next submission replaces that one.
    """
    key, current = stored.topic.key, stored.answer
    given = typed.get(key, TypedAnswer(current, current.version))
    return replace(given, seen=current.version) if key in faults else given
