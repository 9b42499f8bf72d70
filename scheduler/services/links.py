"""URLs of pages for emails and the command line, as paths and absolute addresses."""

from __future__ import annotations

from scheduler.config import Settings

ANSWER_STEPS = ("accept", "decline", "propose", "instead")
"""What the links in an invitation's mail do."""

CALENDAR_STEP = "calendar"
"""The same page with the ways into a calendar."""


def absolute_url(settings: Settings, path: str) -> str:
    """The address of a path of the site."""
    return settings.base_url + path


def agenda(event_key: str) -> str:
    """The page where an attendee reads their agenda of an event."""
    return f"/events/{event_key}/agenda"


def busy_times(event_key: str) -> str:
    """The page of an attendee's busy times and linked calendars."""
    return f"/events/{event_key}/busy-times"


def interpreting(event_key: str) -> str:
    """The page where an interpreter reads their meetings of an event."""
    return f"/events/{event_key}/interpreting"


def answer(token: str, step: str) -> str:
    """The link to a step of an answer without sign-in. The step is one of `ANSWER_STEPS`."""
    return f"/answers/{token}/{step}"


def meeting(token: str) -> str:
    """The page of an invitation without sign-in."""
    return f"/answers/{token}/"


def answer_urls(settings: Settings, token: str) -> dict[str, str]:
    """The whole address of each step of an answer."""
    return {step: absolute_url(settings, answer(token, step)) for step in ANSWER_STEPS}


def summaries(token: str) -> str:
    """The page where a person stops the summaries of an event, without sign-in."""
    return f"/summaries/{token}"


def asked(token: str, step: str) -> str:
    """The link that answers a meeting request from a digest, without sign-in: accept or decline."""
    return f"/respond/{token}/{step}"


def digests(token: str) -> str:
    """The page where a person stops the digests of an event, without sign-in."""
    return f"/digests/{token}"


def digest_choices(event_key: str) -> str:
    """Where a person chooses what digests tell."""
    return f"/events/{event_key}/preferences#digests"


def imports(event_key: str) -> str:
    """The files that were brought into an event."""
    return f"/events/{event_key}/imports/"


def request(event_key: str, key: str) -> str:
    """The page of one meeting request."""
    return f"/events/{event_key}/requests/{key}"


def received(event_key: str) -> str:
    """The meeting requests of others to one's own firm."""
    return f"/events/{event_key}/requests/received"


def printed(token: str) -> str:
    """The page that says whether a print is still current, without sign-in. Short, for a QR code."""
    return f"/p/{token}"


def sign_in(token: str) -> str:
    """A sign-in that works once."""
    return f"/sign-in/{token}"


def rehearsed_mail(event_key: str, mail_id: int) -> str:
    """A mail that an event in rehearsal has sent to nobody, for organisers."""
    return f"/events/{event_key}/rehearsal/{mail_id}"


def team_invitation(token: str) -> str:
    """An invitation to an event's team."""
    return f"/team/{token}"


def register(event_key: str) -> str:
    """The public page where firms register for an event, if it is open."""
    return f"/register/{event_key}"


def registration(token: str) -> str:
    """Where a firm that registers itself confirms its address, without sign-in."""
    return f"/registration/{token}"


def schedule(event_key: str) -> str:
    """The organiser's page of runs and versions."""
    return f"/events/{event_key}/schedule"


def run(event_key: str, number: int) -> str:
    """A run, for organisers."""
    return f"/events/{event_key}/runs/{number}"


def version(event_key: str, number: int) -> str:
    """A schedule version, for organisers."""
    return f"/events/{event_key}/versions/{number}"


def mail_text(event_key: str, language: str, mail_kind: str) -> str:
    """An event's own text of a kind of mails in a language, for organisers."""
    return f"/events/{event_key}/email-texts/{language}/{mail_kind}"


def retried_mails(event_key: str) -> str:
    """The mails of an event that are tried again, for organisers."""
    return f"/events/{event_key}/calendar-status/dead-letters?list=retrying"
