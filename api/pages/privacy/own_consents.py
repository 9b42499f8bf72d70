"""A person's privacy page at an event: the notice, consent by purpose, and what was decided before."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import flash, redirect, request, url_for
from flask_login import login_required
from werkzeug.wrappers import Response

from api import auth, context, sign_in_errands
from api.language import speaking
from api.language.speaking import gettext
from api.pages import rendering
from scheduler.domain.consents import ConsentChannel, ConsentPurpose
from scheduler.domain.errors import InvalidInput
from scheduler.i18n import gettext_lazy
from scheduler.services.identity import consents
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.privacy_notices import PURPOSES, TRANSFER_PARTS

blueprint = APIBlueprint(
    "own_consents", __name__, enable_openapi=False, url_prefix="/events/<event_key>/privacy"
)

CHANNELS = {
    ConsentChannel.REGISTRATION: gettext_lazy("Registration"),
    ConsentChannel.SIGN_IN: gettext_lazy("After signing in"),
    ConsentChannel.PRIVACY_PAGE: gettext_lazy("Privacy page"),
}


@blueprint.get("")
@login_required
def show_consents(event_key: str) -> str:
    """Show the notice and the choices. `next` in the query string is the page after saving."""
    return _page(auth.actor(event_key), request.args.get("next", ""))


@blueprint.post("")
@login_required
def save_consents(event_key: str) -> Response | tuple[str, int]:
    """Store the choices, which take effect at once."""
    actor, form = auth.actor(event_key), request.form
    target = sign_in_errands.local(form.get("next", ""))
    given = {ConsentPurpose(each) for each in form.getlist("purposes") if each in list(ConsentPurpose)}
    try:
        with context.database().write() as db:
            consents.save_own_consents(
                db,
                actor,
                given,
                version=form.get("version", ""),
                language=speaking.language(),
                channel=ConsentChannel.SIGN_IN if target else ConsentChannel.PRIVACY_PAGE,
                now=context.now(),
            )
    except InvalidInput as error:
        flash(speaking.said(error.faults[0].message), "error")
        return _page(actor, target), 422
    flash(gettext("Choices saved."), "good")
    return redirect(target or url_for("own_consents.show_consents", event_key=event_key), 303)


def _page(actor: Actor, target: str) -> str:
    with context.database().read() as db:
        own = consents.get_own_consents(db, actor, language=speaking.language())
        return rendering.render(
            db,
            actor,
            "privacy",
            "privacy/own_consents.html",
            own=own,
            target=sign_in_errands.local(target),
            purpose_texts=PURPOSES,
            transfer_parts=TRANSFER_PARTS,
            channels=CHANNELS,
        )
