"""Which language a reader gets: the one they chose, else the first that their browser says it reads."""

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
    """The language of the page that is made, chosen once."""
    found: str | None = g.get("language")
    if found is None:
        found = g.language = _chosen() if rooms.is_translated() else SOURCE
    return found


def speak_own() -> None:
    """Have the page in the reader's language whatever room it is of: an error is no page of that room."""
    g.language = _chosen()


def speak(language: str) -> None:
    """Have the page in this language: of a letter's link, whose reader is known."""
    g.language = nearest_language(language) or SOURCE


def keep(response: Response, language: str) -> None:
    """Keep the choice of who is not signed in, in this browser."""
    response.set_cookie(
        COOKIE,
        language,
        max_age=_YEAR,
        secure=current_app.config["SESSION_COOKIE_SECURE"],
        httponly=True,
        samesite="Lax",
    )


def wanted() -> str:
    """The language that the reader chose or their browser asks for, or an empty text for none of ours."""
    return _own() or _known(request.cookies.get(COOKIE, "")) or _read()


def _chosen() -> str:
    return wanted() or SOURCE


def _own() -> str:
    """What the signed-in person chose for mails and pages, or an empty text."""
    try:
        return _known(current_user.session.language) if current_user.is_authenticated else ""
    except SQLAlchemyError:  # the page says so by itself
        return ""


def _known(language: str) -> str:
    return language if language in languages() else ""


def _read() -> str:
    """The first that the browser reads of those there are, or an empty text: zh-Hant is zh."""
    return next(filter(None, map(nearest_language, request.accept_languages.values())), "")
