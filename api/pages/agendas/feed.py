"""Calendar feeds, authenticated by the secret URL alone, without a cookie."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Response, request, url_for

from api import context, limits
from scheduler.services.emails.calendar_status import calendar_methods
from scheduler.services.schedule import feed_addresses, feed_states, feeds

blueprint = APIBlueprint("feed", __name__, enable_openapi=False)

_ROBOTS = "User-agent: *\nAllow: /calendar/\nDisallow: /\n"


@blueprint.get("/calendar/<token>.ics")
def serve_calendar(token: str) -> Response:
    """Return a feed as iCalendar, whatever the Accept header. Raises NotFound for an unknown token.

    Most polls are answered by 304, which renders no event and writes nothing.
    """
    database, now = context.database(), context.database().clock()
    url = context.settings().base_url + request.path
    response = Response(content_type="text/calendar; charset=utf-8")
    with database.autocommit() as connection:
        state = feed_states.find_person_state(connection, token, now=now)
    if state is None:
        with database.read() as db, limits.looking_up_a_token():
            state = feed_states.find_feed_state(db, token, now=now)
    limits.require_link(token)
    response.headers["ETag"] = state.etag(url)
    response.make_conditional(request)
    if response.status_code == 200:
        with database.read() as db:  # one snapshot for the tag and the bytes
            state = feed_states.find_feed_state(db, token, now=now)
            response.headers["ETag"] = state.etag(url)
            response.set_data(feeds.render_feed(db, state.owner, url=url, now=state.now))
    if calendar_methods.is_feed_use_due(state.owner, state.last_used_at, now=state.now):
        with database.write() as db:
            calendar_methods.record_feed_use(db, state.owner, now=state.now)
    response.headers["Cache-Control"] = "private, max-age=300"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"  # robots.txt allows calendar services to fetch it
    return response  # without Last-Modified: removed meetings have no date, so only the ETag is reliable


@blueprint.get("/robots.txt")
def serve_robots_txt() -> Response:
    """Return robots.txt, which excludes search engines.

    Calendar services read it before they fetch a feed, so feeds are allowed.
    """
    return Response(_ROBOTS, content_type="text/plain; charset=utf-8")


def address(owner: feed_addresses.FeedOwner) -> str:
    """Return the URL of the owner's feed, or "" without one."""
    token = feed_addresses.feed_token(owner, context.settings().secret_key)
    return context.settings().base_url + url_for("feed.serve_calendar", token=token) if token else ""
