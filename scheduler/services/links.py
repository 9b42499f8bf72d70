"""URLs of pages for emails and the command line, as paths and absolute addresses."""

from __future__ import annotations

from scheduler.config import Settings

ANSWER_STEPS = ("accept", "decline", "propose", "instead")
"""Steps of the reply links in an invitation email."""

CALENDAR_STEP = "calendar"
"""Step of the page that adds the meeting to a calendar."""


SIGN_IN = "/sign-in"
"""Path of the sign-in page."""

SESSIONS = "/sessions"
"""Path of a person's sessions and passkeys."""

AUDIT_LOG = "/audit-log"
"""Path of the audit log of the installation."""


def absolute_url(settings: Settings, path: str) -> str:
    """Return the absolute URL of a path."""
    return settings.base_url + path


def agenda(event_key: str) -> str:
    """Return the path of an attendee's agenda."""
    return f"/events/{event_key}/agenda"


def busy_times(event_key: str) -> str:
    """Return the path of an attendee's busy times and linked calendars."""
    return f"/events/{event_key}/busy-times"


def interpreting(event_key: str) -> str:
    """Return the path of an interpreter's meetings."""
    return f"/events/{event_key}/interpreter-day"


def answer(token: str, step: str) -> str:
    """Return the reply link of an invitation, without sign-in. `step` is one of `ANSWER_STEPS`."""
    return f"/answers/{token}/{step}"


def meeting(token: str) -> str:
    """Return the path of an invitation's page, without sign-in."""
    return f"/answers/{token}/"


def answer_urls(settings: Settings, token: str) -> dict[str, str]:
    """Return the absolute URL of each reply step."""
    return {step: absolute_url(settings, answer(token, step)) for step in ANSWER_STEPS}


def summaries(token: str) -> str:
    """Return the path where a person unsubscribes from an event's summaries, without sign-in."""
    return f"/summaries/{token}"


def asked(token: str, step: str) -> str:
    """Return the response link of a meeting request in a digest, without sign-in.

    `step` is accept or decline.
    """
    return f"/respond/{token}/{step}"


def digests(token: str) -> str:
    """Return the path where a person unsubscribes from an event's digests, without sign-in."""
    return f"/digests/{token}"


def digest_choices(event_key: str) -> str:
    """Return the path of a person's digest settings."""
    return f"/events/{event_key}/preferences#digests"


def imports(event_key: str) -> str:
    """Return the path of an event's imported files."""
    return f"/events/{event_key}/imports/"


def request(event_key: str, key: str) -> str:
    """Return the path of a meeting request."""
    return f"/events/{event_key}/requests/{key}"


def received(event_key: str) -> str:
    """Return the path of the meeting requests that the own firm received."""
    return f"/events/{event_key}/requests/received"


def printed(token: str) -> str:
    """Return the path that tells if a print is current, without sign-in. Short, for a QR code."""
    return f"/p/{token}"


def sign_in(token: str) -> str:
    """Return a single-use sign-in link."""
    return f"/sign-in/{token}"


def rehearsed_mail(event_key: str, mail_id: int) -> str:
    """Return the path of a rehearsed email, for organisers."""
    return f"/events/{event_key}/rehearsal/{mail_id}"


def team_invitation(token: str) -> str:
    """Return the link of an invitation to an event's team."""
    return f"/team/{token}"


def register(event_key: str) -> str:
    """Return the path of an event's public registration page, which exists while registration is open."""
    return f"/register/{event_key}"


def registration(token: str) -> str:
    """Return the link where a registering firm confirms its address, without sign-in."""
    return f"/registration/{token}"


def schedule(event_key: str) -> str:
    """Return the path of the organisers' page with runs and versions."""
    return f"/events/{event_key}/schedule"


def run(event_key: str, number: int) -> str:
    """Return the path of a run, for organisers."""
    return f"/events/{event_key}/runs/{number}"


def version(event_key: str, number: int) -> str:
    """Return the path of a schedule version, for organisers."""
    return f"/events/{event_key}/versions/{number}"


def mail_text(event_key: str, language: str, mail_kind: str) -> str:
    """Return the path of an event's own email texts of a kind and language, for organisers."""
    return f"/events/{event_key}/email-texts/{language}/{mail_kind}"


def retried_mails(event_key: str) -> str:
    """Return the path of an event's emails that are being retried, for organisers."""
    return f"/events/{event_key}/calendar-status/failed-emails?list=retrying"


def webhook(event_key: str, number: int) -> str:
    """Return the path of a webhook with its messages."""
    return f"/events/{event_key}/webhooks/{number}"
