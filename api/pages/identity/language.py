"""Language switch in the page footer, for the signed-in person or the browser."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import redirect, request
from werkzeug.wrappers import Response

from api import auth, context, sign_in_errands
from api.language import choosing
from api.language.catalogs import SOURCE, languages
from scheduler.services.identity import preferences

blueprint = APIBlueprint("language", __name__, enable_openapi=False)


@blueprint.post("/language")
def choose_language() -> Response:
    """Save the language and return to the page."""
    language = request.form.get("language", "")
    if language not in languages():
        language = SOURCE
    if auth.user().is_authenticated:
        with context.database().write() as db:
            preferences.save_account_language(db, auth.user().account_id, language)
    response = redirect(sign_in_errands.local(request.form.get("back", "")) or "/", 303)
    choosing.keep(response, language)
    return response
