"""Calendar feeds, authenticated by the secret URL alone, without a cookie."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Response, request, url_for

from api import context, limits
from scheduler.invites.ical.feed import strong_etag
from scheduler.services.emails.calendar_status import calendar_methods
from scheduler.services.schedule import feed_addresses, feeds

blueprint = APIBlueprint("feed", __name__, enable_openapi=False)

_ROBOTS = "User-agent: *\nAllow: /calendar/\nDisallow: /\n"


@blueprint.get("/calendar/<token>.ics")
def serve_calendar(token: str) -> Response:
    """Return a feed as iCalendar, whatever the Accept header. Raises NotFound for an unknown token."""
    with context.database().read() as db:
        with limits.looking_up_a_token():
            owner = feed_addresses.find_feed_owner(db, token)
        limits.require_link(token)
        body = feeds.render_feed(db, owner, url=address(owner), now=context.now())
    with context.database().write() as db:
        calendar_methods.record_feed_use(db, owner, now=context.now())
    response = Response(body, content_type="text/calendar; charset=utf-8")
    response.headers["ETag"] = strong_etag(body)
    response.headers["Cache-Control"] = "private, max-age=300"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"  # robots.txt allows calendar services to fetch it
    response.make_conditional(request)
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
