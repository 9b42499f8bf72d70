"""Language negotiation: the reader's own choice, else the first of Accept-Language that the page has.

The languages of a page depend on its reader: see `rooms`.
"""

from __future__ import annotations

from collections.abc import Container, Mapping

from flask import current_app, g, request
from flask_login import current_user
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.wrappers import Response

from api.language import rooms
from api.language.catalogs import SOURCE, languages
from scheduler.invites.catalogue import nearest_language

COOKIE = "language"
_YEAR = 365 * 24 * 60 * 60


def of_request() -> str:
    """Return the language of the current page, cached for the request."""
    found: str | None = g.get("language")
    if found is None:
        found = g.language = _chosen(of_page())
    return found


def of_page() -> Mapping[str, str]:
    """Return the languages of the current page for its reader: their native names by tag."""
    endpoint = request.endpoint or ""
    if rooms.is_english_only(endpoint):
        return {SOURCE: languages()[SOURCE]}
    return _of_reader(is_for_guests=not endpoint or rooms.is_for_guests(endpoint))


def is_translated() -> bool:
    """True if the current page has several languages."""
    return not rooms.is_english_only(request.endpoint or "")


def speak_own() -> None:
    """Use the reader's language on an error page, even within an English-only blueprint."""
    g.language = _chosen(_of_reader(is_for_guests=True))


def speak(language: str) -> None:
    """Use the given language: that of the recipient whose link was opened."""
    g.language = nearest_language(language) or SOURCE


def keep(response: Response, language: str) -> None:
    """Store the choice of an anonymous reader in a cookie."""
    response.set_cookie(
        COOKIE,
        language,
        max_age=_YEAR,
        secure=current_app.config["SESSION_COOKIE_SECURE"],
        httponly=True,
        samesite="Lax",
    )


def wanted(known: Container[str] | None = None) -> str:
    """Return the language that the reader chose or Accept-Language prefers, or "" if it is not `known`."""
    known = languages() if known is None else known
    chosen = (
        _own(),
        request.cookies.get(COOKIE, ""),
        *map(nearest_language, request.accept_languages.values()),
    )
    return next((each for each in chosen if each and each in known), "")


def _chosen(known: Container[str]) -> str:
    return wanted(known) or SOURCE


def _own() -> str:
    """Return the language that the signed-in person chose for emails and pages, or ""."""
    try:
        return str(current_user.session.language) if current_user.is_authenticated else ""
    except SQLAlchemyError:  # the page reports it
        return ""


def _of_reader(*, is_for_guests: bool) -> Mapping[str, str]:
    """Return the languages of pages, without those of guests if the reader or the page is none of them."""
    if is_for_guests and not _runs_events():
        return languages()
    return {tag: name for tag, name in languages().items() if tag not in rooms.GUEST_LANGUAGES}


def _runs_events() -> bool:
    """True if the reader is an operator, or in the team of the page's event."""
    try:
        if not current_user.is_authenticated:
            return False
        actor = g.get("actors", {}).get((request.view_args or {}).get("event_key"))
        return bool(current_user.is_operator or (actor is not None and actor.team_role))
    except SQLAlchemyError:  # the page reports it
        return False
