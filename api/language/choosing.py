"""Language negotiation: the reader's own choice, else the first supported language of Accept-Language."""

from __future__ import annotations

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
        found = g.language = _chosen() if rooms.is_translated() else SOURCE
    return found


def speak_own() -> None:
    """Use the reader's language on an error page, even within an English-only blueprint."""
    g.language = _chosen()


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


def wanted() -> str:
    """Return the language that the reader chose or Accept-Language prefers, or "" if unsupported."""
    return _own() or _known(request.cookies.get(COOKIE, "")) or _read()


def _chosen() -> str:
    return wanted() or SOURCE


def _own() -> str:
    """Return the language that the signed-in person chose for emails and pages, or ""."""
    try:
        return _known(current_user.session.language) if current_user.is_authenticated else ""
    except SQLAlchemyError:  # the page reports it
        return ""


def _known(language: str) -> str:
    return language if language in languages() else ""


def _read() -> str:
    """Return the first supported language of Accept-Language, or "". zh-Hant matches zh."""
    return next(filter(None, map(nearest_language, request.accept_languages.values())), "")
