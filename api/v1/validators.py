"""Conditional requests (RFC 9110, 13): ETag and If-None-Match of answers to GET, If-Match of writes.

A cache may keep an answer that has an ETag, but only a client's own cache, and not without asking again: each
request is made with its token, which is looked up before a 304. So a token that was revoked, has ended or has
lost a scope reads nothing anew. A cache never gives one token's answer to another (Vary: Authorization), nor
that about one event to a request about another (Vary: Chainmeet-Event).
"""

from __future__ import annotations

from typing import Any, NoReturn

from flask import Response, abort, request
from werkzeug.http import parse_etags, unquote_etag

from api.errors import problem
from api.v1.bearer import EVENT
from scheduler.invites.ical.feed import strong_etag
from scheduler.services.identity.actors import Actor

PRIVATE = "private, no-cache"


def is_known(etag: str) -> bool:
    """Return True if the client already has the answer with this ETag."""
    tag, _ = unquote_etag(etag)
    return request.if_none_match.contains_weak(tag)


def not_modified(etag: str) -> Response:
    """Return the answer to a client that has it already."""
    response = Response(status=304)
    del response.headers["Content-Type"]
    response.headers["ETag"] = etag
    return response


def weak_etag(actor: Actor, *facts: object) -> str:
    """Return the ETag of an answer that these facts determine, with what the token lets its owner see."""
    scopes = sorted(actor.scopes or ())
    seen = (actor.event_id, actor.account_id, actor.team_role, actor.firm_id, scopes, facts)
    return "W/" + strong_etag(repr(seen).encode())


def with_etag(response: Response, etag: str | None, version_field: str | None) -> Response:
    """Give an answer an ETag: `etag`, else the version in its body, else a digest of the body.

    The answer becomes a 304 if the client has it. A file has no ETag.
    """
    if response.status_code != 200 or response.mimetype != "application/json":
        return response
    if etag is None:
        body: Any = response.json if version_field else None
        etag = f'"{body[version_field]}"' if body else strong_etag(response.get_data())
    if is_known(etag):
        return not_modified(etag)
    response.headers["ETag"] = etag
    return response


def set_caching(response: Response) -> Response:
    """Only answers with an ETag may be kept."""
    if "ETag" in response.headers:
        response.headers["Cache-Control"] = PRIVATE
        response.vary.update(("Authorization", EVENT))
    else:
        response.headers["Cache-Control"] = "no-store"
    return response


def expected_version(if_match: str | None) -> str | None:
    """Return the version that an If-Match names, or None for any.

    Answers 412 if it names only weak ones, which never match, and 400 if it names several.
    """
    found = parse_etags(if_match)
    if if_match is None or found.star_tag:
        return None
    strong = found.as_set()
    if len(strong) > 1:
        abort(problem(400, "if-match", "Bad Request", "If-Match takes one entity tag."))
    if not strong:
        refuse_changed()
    return strong.pop()


def refuse_changed() -> NoReturn:
    detail = "It has another version than If-Match says. Nothing was changed."
    abort(problem(412, "precondition-failed", "Changed meanwhile", detail))
