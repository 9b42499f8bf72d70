"""Privacy notice of an event, for organisers: new versions, and how many people consented."""

from __future__ import annotations

from collections.abc import Mapping

from apiflask import APIBlueprint
from flask import flash, redirect, request, url_for
from flask_login import login_required
from werkzeug.wrappers import Response

from api import auth, context
from api.language.speaking import gettext
from api.pages import rendering
from scheduler.domain.consents import ConsentPurpose
from scheduler.domain.errors import InvalidInput
from scheduler.invites.catalogue import languages
from scheduler.services.identity import privacy_notices
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.privacy_notices import PURPOSES, TEXT, TRANSFER_PARTS, NoticeForm

blueprint = APIBlueprint(
    "privacy_notice", __name__, enable_openapi=False, url_prefix="/events/<event_key>/privacy-notice"
)


@blueprint.get("")
@login_required
def edit_notice(event_key: str) -> str:
    """Show the current version as a form, and the counts by purpose."""
    return _page(auth.organiser(event_key), None, {})


@blueprint.post("")
@login_required
def publish_notice(event_key: str) -> Response | tuple[str, int]:
    """Publish a new version, or show the form again with an error at each invalid field."""
    actor, form = auth.organiser(event_key), _read()
    try:
        with context.database().write() as db:
            number = privacy_notices.publish_notice(db, actor, form, now=context.now())
    except InvalidInput as error:
        return _page(actor, form, {fault.path: fault.message for fault in error.faults}), 422
    sentence = gettext(
        "Version %(number)s published. People see it when they next sign in.", number=str(number)
    )
    flash(sentence, "good")
    return redirect(url_for("privacy_notice.edit_notice", event_key=event_key), 303)


def _read() -> NoticeForm:
    typed = request.form
    return NoticeForm(
        controller=typed.get("controller", ""),
        contact=typed.get("contact", ""),
        purposes=frozenset(each for each in ConsentPurpose if each.value in typed.getlist("purposes")),
        texts={
            language: {name: typed.get(f"{name}-{language}", "") for name in (TEXT, *TRANSFER_PARTS)}
            for language in languages()
        },
        asks_again=typed.get("asks_again") == "yes",
    )


def _page(actor: Actor, typed: NoticeForm | None, faults: Mapping[str, str]) -> str:
    with context.database().read() as db:
        record = privacy_notices.get_record(db, actor)
        return rendering.render(
            db,
            actor,
            "settings",
            "privacy/notice_form.html",
            record=record,
            typed=typed or record.form,
            faults=faults,
            purposes=PURPOSES,
            parts=TRANSFER_PARTS,
            languages=languages(),
        )
