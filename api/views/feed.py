"""The calendar feed: no cookie, no sign-in, the secret address alone opens it."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from apiflask import APIBlueprint
from flask import Response, request, url_for

from api import context
from scheduler.invites.feed import etag
from scheduler.services import access, agendas
from scheduler.storage.models import Attendee

blueprint = APIBlueprint("feed", __name__, enable_openapi=False)

_REVISED = re.compile(rb"^LAST-MODIFIED:(\d{8}T\d{6}Z)", re.MULTILINE)


@blueprint.get("/calendar/<token>.ics")
def calendar(token: str) -> Response:
    """A person's meetings as iCalendar, whatever Accept says; raises NotFound for a wrong token."""
    with context.database().read() as db:
        attendee = access.attendee_for_feed(db, token)
        body = agendas.feed_body(db, attendee, url=address(attendee), now=context.now())
    response = Response(body, content_type="text/calendar; charset=utf-8")
    response.headers["ETag"] = etag(body)
    response.headers["Cache-Control"] = "private, max-age=300"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.make_conditional(request)
    # set last, so that If-Modified-Since is not looked at: a meeting that is left out has no date
    revised = _last_revision(body)
    if revised is not None:
        response.last_modified = revised
    return response


def address(attendee: Attendee) -> str:
    """The https address of the attendee's feed."""
    token = access.feed_token(attendee, context.settings().secret_key)
    return context.settings().base_url + url_for("feed.calendar", token=token)


def _last_revision(body: bytes) -> datetime | None:
    """When the latest of the feed's meetings was revised."""
    revised = max(_REVISED.findall(body), default=None)
    return datetime.strptime(revised.decode(), "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC) if revised else None
