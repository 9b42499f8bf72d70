"""Calendar links of a meeting: file, subscription and web calendar forms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from apiflask import APIBlueprint
from flask import Response, abort, redirect, request, url_for
from markupsafe import Markup
from werkzeug.utils import secure_filename
from werkzeug.wrappers import Response as Leading

from api import context
from api.pages import browsers
from api.pages.replies.link_limits import counted
from scheduler.domain.emails.calendar_imports import CalendarImportMethod
from scheduler.domain.entities import Partstat
from scheduler.domain.errors import NotFound
from scheduler.invites import qr_codes
from scheduler.invites.ical import copies
from scheduler.invites.ical.calendar import Party
from scheduler.invites.ical.feed import FeedEvent, build_feed, strong_etag
from scheduler.invites.mail.addresses import organizer_address
from scheduler.services.emails.calendar_status import calendar_methods
from scheduler.services.links import CALENDAR_STEP
from scheduler.services.replies import reply_links
from scheduler.services.replies.reply_links import LinkedMeeting

blueprint = APIBlueprint("calendar", __name__, enable_openapi=False, url_prefix="/answers/<token>")

BY_CODE = "code"
"""Value of the query parameter `by` in the QR code's URL."""
LABELS: Mapping[CalendarImportMethod, str] = {
    CalendarImportMethod.OUTLOOK: "Outlook.com",
    CalendarImportMethod.MICROSOFT_365: "Microsoft 365",
}


@dataclass(frozen=True, slots=True)
class Ways:
    """Ways to add the meeting to a calendar.

    `app` is the in-app browser that shows the page and cannot open calendars, or "".
    """

    app: str
    address: str
    webcal: str
    forms: tuple[CalendarImportMethod, ...]
    text: str
    code: Markup
    labels: Mapping[CalendarImportMethod, str]


def ways_of(look: LinkedMeeting, token: str, step: str) -> Ways | None:
    """Return the calendar options on their own step, or after an acceptance. None for a cancelled meeting."""
    is_coming = look.answer is not None and look.answer.partstat in (Partstat.ACCEPTED, Partstat.TENTATIVE)
    if look.is_off or not (step == CALENDAR_STEP or (is_coming and not step)):
        return None
    base = context.settings().base_url
    address = base + url_for("reply_links.show_meeting", token=token, step=CALENDAR_STEP)
    follow = base.partition("://")[2] + url_for("calendar.subscribe_to_meeting", token=token)
    return Ways(
        app=browsers.app_around(request.user_agent.string),
        address=address,
        webcal=f"webcal://{follow}",
        forms=copies.FORM_ADDRESSES,
        text=copies.plain_copy(look.content),
        code=Markup(qr_codes.qr_svg(f"{address}?by={BY_CODE}")),  # noqa: S704 -- generated SVG
        labels=LABELS,
    )


def note_code(token: str) -> None:
    """Record that the page was opened by its QR code, if the query string says so."""
    if request.args.get("by") == BY_CODE:
        _note(token, CalendarImportMethod.CODE)


@blueprint.get("/meeting.ics")
def download_meeting(token: str) -> Response:
    """Return the meeting as an .ics file. Raises NotFound if it is cancelled."""
    counted(token)
    event = _event(token)
    if event.cancelled:
        raise NotFound("meeting", token[:4] + "...")
    settings = context.settings()
    sender = event.content.event_name or settings.mail_sender
    body = copies.published_copy(event, Party(sender, organizer_address(token, settings.mail_domain)))
    _note(token, CalendarImportMethod.FILE)
    response = _calendar(body)
    day = event.content.start.astimezone(event.content.zone)
    name = f"{secure_filename(event.content.partner_firm)[:40] or 'meeting'}-{day:%Y-%m-%d-%H%M}.ics"
    response.headers.set("Content-Disposition", "inline", filename=name)
    response.headers["Cache-Control"] = "private, no-store"
    return response


@blueprint.get("/follow.ics")
def subscribe_to_meeting(token: str) -> Response:
    """Return the meeting as a calendar subscription, which shows a later cancellation."""
    counted(token)
    event, address = (
        _event(token),
        context.settings().base_url + url_for("calendar.subscribe_to_meeting", token=token),
    )
    body = build_feed([event], event.content.summary, address, event.content.timezone)
    _note(token, CalendarImportMethod.FOLLOW)
    response = _calendar(body)
    response.headers["ETag"] = strong_etag(body)
    response.headers["Cache-Control"] = "private, max-age=300"
    response.make_conditional(request)
    return response


@blueprint.get("/to/<way>")
def open_web_calendar(token: str, way: str) -> Leading:
    """Redirect to a prefilled form of Google Calendar or Outlook."""
    counted(token)
    if way not in copies.FORM_ADDRESSES:
        abort(404)
    address = copies.form_address(_event(token).content, CalendarImportMethod(way))
    _note(token, CalendarImportMethod(way))
    leading = redirect(address, 303)
    leading.headers["Referrer-Policy"] = "no-referrer"
    return leading


@blueprint.post("/copied")
def note_copied(token: str) -> tuple[str, int]:
    """Record that the text was copied, as a script of the page reports."""
    counted(token)
    _note(token, CalendarImportMethod.COPY)
    return "", 204


def _event(token: str) -> FeedEvent:
    with context.database().read() as db:
        return reply_links.calendar_copy(db, token)


def _note(token: str, way: CalendarImportMethod) -> None:
    with context.database().write() as db:
        calendar_methods.record_link_use(db, token, way, now=context.now())


def _calendar(body: bytes) -> Response:
    response = Response(body, content_type="text/calendar; charset=utf-8")
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response
