"""Errors: one error page, and problem details as JSON (RFC 9457)."""

from __future__ import annotations

from typing import Any

from apiflask import APIFlask
from flask import Response, current_app, json, make_response, redirect, render_template, request
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException, RequestURITooLarge
from werkzeug.wrappers import Response as WerkzeugResponse

from api import auth, context, sign_in_errands
from api.language import choosing
from api.language.speaking import said
from scheduler.domain.errors import (
    MAX_FAULTS_SHOWN,
    ChainmeetError,
    ComparisonNotReady,
    EditConflict,
    EventArchived,
    Fault,
    InvalidInput,
    NotAllowed,
    NotFound,
    PlanRejected,
    PublishingInProgress,
    RecentSignInRequired,
    RunAlreadyOpen,
    VenueChanged,
    VersionConflict,
    WrongState,
)
from scheduler.i18n import gettext_lazy
from scheduler.services.board.broken_rules import BreaksRules
from scheduler.services.events import events
from scheduler.services.exports.plugin_exports import ExportFailed
from scheduler.services.requests.locks import FixNotApplied
from scheduler.services.venue.venue_changes import VenueOutdated
from scheduler.storage.database import AWAY
from scheduler.storage.schema import DatabaseUnavailable

STATUS: dict[type[ChainmeetError], int] = {
    NotFound: 404,
    NotAllowed: 403,
    WrongState: 409,
    RunAlreadyOpen: 409,
    VersionConflict: 409,
    EditConflict: 409,
    VenueChanged: 409,
    VenueOutdated: 409,
    PlanRejected: 409,
    PublishingInProgress: 409,
    FixNotApplied: 409,
    BreaksRules: 409,
    ComparisonNotReady: 503,
    DatabaseUnavailable: 503,
    EventArchived: 410,
    InvalidInput: 422,
    ExportFailed: 500,
}

TITLES = {
    403: gettext_lazy("You don't have permission"),
    404: gettext_lazy("Not found"),
    405: gettext_lazy("Method not allowed"),
    409: gettext_lazy("This isn't possible right now"),
    413: gettext_lazy("Content too large"),
    414: gettext_lazy("URL too long"),
    422: gettext_lazy("Missing or incorrect information"),
    429: gettext_lazy("Too many requests"),
    503: gettext_lazy("Not ready yet"),
}

MAX_ADDRESS = 4_000
"""Maximum length of a URL with its query string, in characters."""
TOO_LONG = gettext_lazy(
    "This address is longer than %(most)s characters. Shorten your search or select fewer options.",
    most=f"{MAX_ADDRESS:,}",
)
NOT_FOUND = gettext_lazy(
    "This page doesn't exist, or you don't have access to it. Check the address or sign in."
)
RETRY_AFTER = 10
"""Retry-After of 503 responses, in seconds."""
UPGRADE_SECONDS = 30
"""Retry-After during a database upgrade, in seconds."""
READY_SECONDS = 2
"""Retry-After for clients that poll for a worker's result, in seconds."""


def status_of(error: ChainmeetError) -> int:
    return next((status for kind, status in STATUS.items() if isinstance(error, kind)), 400)


def init_app(app: APIFlask) -> None:
    app.before_request(_refuse_long_address)
    app.register_error_handler(ChainmeetError, _chainmeet_error)
    app.register_error_handler(CSRFError, _form_expired)
    app.register_error_handler(HTTPException, http_error)
    app.register_error_handler(Exception, _unexpected)
    for kind in AWAY:
        app.register_error_handler(kind, _database_away)


def problem(status: int, code: str, title: str, detail: str = "", **more: Any) -> Response:
    """Return an application/problem+json response. `code` identifies the problem type."""
    body = {"type": f"urn:chainmeet:error:{code}", "title": title, "status": status, "detail": detail, **more}
    return Response(json.dumps(body), status, content_type="application/problem+json")


def answer(status: int, code: str, title: str, detail: str = "", **more: Any) -> Response:
    """Return the error as problem details under /api, and otherwise as a page."""
    if request.path.startswith("/api/"):
        return problem(status, code, title, detail, **more)
    auth.settle(ask=status < 500)
    choosing.speak_own()
    around = _around() if status < 500 else {}
    page = render_template("error.html", status=status, title=said(title), detail=said(detail), **around)
    return make_response(page, status)


def _around() -> dict[str, Any]:
    """Return the event of the failed page, for its menu. Empty if the reader has no role in it."""
    event_key = (request.view_args or {}).get("event_key")
    if event_key is None or not auth.user().is_authenticated:
        return {}
    try:
        actor = auth.actor(event_key)
        with context.database().read() as db:
            return {"actor": actor, "event": events.get_event(db, actor), "here": ""}
    except (ChainmeetError, SQLAlchemyError):
        return {}


def _chainmeet_error(error: ChainmeetError) -> Response:
    if isinstance(error, EventArchived):
        choosing.speak(error.language)
        return make_response(render_template("over.html", error=error), status_of(error))
    if isinstance(error, RecentSignInRequired):
        return make_response(sign_in_errands.ask_again(error.what))
    more: dict[str, Any] = {}
    if isinstance(error, InvalidInput):
        more["errors"] = [{**_place(fault), "detail": fault.message} for fault in error.faults]
    status = status_of(error)
    title = TITLES.get(status, gettext_lazy("Something went wrong"))
    response = answer(status, error.code, title, _detail(error), **more)
    if isinstance(error, ComparisonNotReady):
        response.headers["Retry-After"] = str(READY_SECONDS)
    if isinstance(error, DatabaseUnavailable):
        response.headers["Retry-After"] = str(UPGRADE_SECONDS)
    return response


def _detail(error: ChainmeetError) -> str:
    """Return the error's message, as specific as is safe, in the reader's language on pages."""
    if isinstance(error, DatabaseUnavailable):  # its details are for operators: the log and /readyz have them
        return error.general
    if request.path.startswith("/api/"):
        return str(error)
    if isinstance(error, NotFound):
        return NOT_FOUND if type(error) is NotFound else str(error)
    if isinstance(error, InvalidInput):
        told = (Fault(fault.path, said(fault.message)) for fault in error.faults[:MAX_FAULTS_SHOWN])
        return "\n".join(map(str, told))
    return error.user_message


def _place(fault: Fault) -> dict[str, str]:
    """Return the location of a fault: a query parameter, or a JSON Pointer into the body (RFC 6901)."""
    if request.method == "GET":
        return {"parameter": fault.path}
    return {"pointer": "#/" + fault.path.replace("[", "/").replace("]", "").replace(".", "/")}


def _refuse_long_address() -> None:
    """Reject URLs above MAX_ADDRESS. The web server's own limit is twice as high."""
    if len(request.environ.get("RAW_URI") or request.full_path) > MAX_ADDRESS:
        raise RequestURITooLarge


def _form_expired(_error: CSRFError) -> Response:
    """Handle an expired CSRF token, as after signing out elsewhere. The submitted form is preserved."""
    if kept := sign_in_errands.of_expired_form():
        auth.settle(ask=True)
        choosing.speak_own()
        page = render_template("identity/sign_in/go_on.html", errand=kept, is_expired=True)
        return make_response(page, 400)
    detail = gettext_lazy("Go back, reload the page and submit the form again.")
    return answer(400, "csrf", gettext_lazy("This form has expired"), detail)


def http_error(error: HTTPException) -> Response | WerkzeugResponse:
    """Return a page or problem details for an HTTP error."""
    status = error.code or 500
    page = _page_above() if status == 405 else None
    if page is not None:
        return redirect(page, 303)
    code = error.name.lower().replace(" ", "-")
    detail = {
        404: NOT_FOUND,
        414: TOO_LONG,
        413: gettext_lazy(
            "This is larger than the limit of %(most)s MB. Nothing was saved. Send a "
            "smaller file or less text.",
            most=_megabytes(),
        ),
    }.get(status, error.description or "")
    response = answer(status, code, TITLES.get(status, error.name.capitalize()), detail)
    for name, value in error.get_headers():
        if name.lower() not in ("content-type", "content-length"):
            response.headers[name] = value
    return response


def _page_above() -> str | None:
    """Return the nearest page above a form's URL that a person opened by GET, or None for API clients."""
    if request.method != "GET" or request.path.startswith("/api/"):
        return None
    adapter, path = current_app.create_url_adapter(request), request.path
    while adapter is not None and path:
        path = path.rpartition("/")[0]
        if adapter.test(path or "/", method="GET"):
            return path or "/"
    return None


def _database_away(error: Exception) -> Response:
    """Respond 503 and log one line, because every request fails while the database is unavailable."""
    reason = str(getattr(error, "orig", error)).strip().partition("\n")[0]
    current_app.logger.error("database does not answer: %s, at %s", reason, request.endpoint)
    response = answer(
        503,
        "database-away",
        gettext_lazy("Temporarily unavailable"),
        gettext_lazy("The database isn't responding. Nothing was changed. Try again in a moment."),
    )
    response.headers["Retry-After"] = str(RETRY_AFTER)
    return response


def _megabytes() -> int:
    return (request.max_content_length or 0) >> 20


def _unexpected(error: Exception) -> Response:
    if current_app.testing:
        raise error
    current_app.logger.exception("unexpected error")
    detail = gettext_lazy("The error was logged. Try again.")
    return answer(500, "internal", gettext_lazy("Server error"), detail)
