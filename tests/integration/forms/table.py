"""Table of every form with text input, and invalid values.

A form without a row, and a route that no form or exemption covers, fail a test.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

MANY_X = 5_000
"""Length of an overlong text for fields without a maximum."""


@dataclass(frozen=True)
class Typed:
    """A form: the role that submits it, its page and its route.

    Every field gets an invalid value: too long, too large, or no date. `instead` has others, by field. `only`
    are the fields that are made invalid, else all. `free` are those without invalid values, with the reason.
    `press` are the button and selections. `sent` is the form itself if its page requires another form.
    `in_mail` is a page in the language of the email with its link, independent of the browser's.
    """

    role: str
    page: str
    endpoint: str
    press: Mapping[str, str] = field(default_factory=dict)
    instead: Mapping[str, str] = field(default_factory=dict)
    only: tuple[str, ...] = ()
    free: Mapping[str, str] = field(default_factory=dict)
    path: str = ""
    sent: tuple[tuple[str, str], ...] = ()
    in_mail: bool = False
    empty_is_wrong: bool = True


VENUE = "venue.change"
DECLINE = {"verb": "decline", "keys": "{pending}"}
TABLE = (
    Typed("signed out", "/sign-in", "sign_in.send"),
    Typed("signed out", "{answer}/decline", "reply_links.answer", in_mail=True, path="{answer}/decline"),
    Typed("signed out", "{answer}/propose", "reply_links.answer", in_mail=True, path="{answer}/propose"),
    Typed("signed out", "{asked}/decline", "digest_links.answer", in_mail=True),
    Typed("signed out", "/register/{event}", "registering.register"),
    Typed("signed out", "/register/{event}", "registering.register", only=("website",),
          instead={"website": "mailto:li@firm.example"}, empty_is_wrong=False),
    Typed("attendee", "busy-times", "busy_times.link"),
    Typed("attendee", "busy-times", "busy_times.connect", only=("user", "password")),
    Typed("attendee", "busy-times", "busy_times.connect", press={"service": "other"}, only=("server",)),
    Typed("exhibitor", "firms/f1", "firms.note"),
    Typed("exhibitor", "firms/f8/ask", "requests.submit"),
    Typed("exhibitor", "requests/{pending}", "requests.decline"),
    Typed("exhibitor", "requests/sent", "requests.withdraw"),
    Typed("exhibitor", "wishes/ask", "ranked_requests.ask_several"),
    Typed("exhibitor", "requests/received", "ranked_requests.answer_several", press={"answer": "decline"},
          sent=(("keys", "{pending}"), ("note", ""))),
    Typed("exhibitor", "preferences", "preferences.save"),
    Typed("exhibitor", "start/setup", "setup.offers"),
    *(Typed("exhibitor", "start/setup?step=needs", "setup.needs", only=(name,),
            instead={"unwanted": "x" * 90}) for name in ("word", "unwanted")),
    Typed("exhibitor", "profile", "profile.change", instead={"website": "no address"}),
    Typed("exhibitor", "colleagues", "colleagues.add"),
    Typed("exhibitor", "colleagues/f0-p1", "colleagues.change"),
    Typed("exhibitor", "tokens", "tokens.create"),
    Typed("exhibitor later", "meetings/{held}/outcome", "outcomes.say", press={"kind": "signed"}),
    Typed("organiser", "team", "team.invite", press={"role": "organiser"}),
    Typed("organiser", "team", "team.change"),
    Typed("organiser", "registrations/1", "registrations.decide", press={"verb": "accept"},
          free={"reason": "is of another button", "into_key": "is of another button"}),
    *(Typed("organiser", "registrations/1", "registrations.decide", press={"verb": verb}, only=(name,))
      for verb, name in (("decline", "reason"), ("join", "into_key"))),
    Typed("organiser", "registrations/", "registrations.many", press={"verb": "decline", "numbers": "1"}),
    Typed("organiser", "schedule", "runs.start_run"),
    Typed("organiser", "calendar-status/people/f0-p0", "calendar_status.correct"),
    Typed("organiser", "calendar-status/people/f4-p0", "calendar_status.keep_call"),
    *(Typed("organiser", f"participants/{kind}", "people_desk.edit_many",
            press={"keys": key, "column": column})
      for kind, key, column in (("firms", "f1", "max_per_day"), ("people", "f1-p0", "languages"),
                                ("interpreters", "i0", "languages"))),
    Typed("organiser", "participants/firms", "people_desk.leave",
          sent=(("keys", "f8"), ("sure", "yes"), ("note", ""))),
    *(Typed("organiser", f"participants/{record}", "people_desk.edit")
      for record in ("firms/f0", "people/f0-p0", "interpreters/i0")),
    Typed("organiser", "participants/firms/f0", "people_desk.merge"),
    Typed("organiser", "participants/requests", "request_desk.take_many", press=DECLINE),
    Typed("organiser", "participants/requests/new", "request_desk.ask"),
    Typed("organiser", "delegations/", "delegations.make"),
    Typed("organiser", "delegations/g1", "delegations.change"),
    Typed("chamber", "participants/requests", "request_desk.take_many", press=DECLINE),
    Typed("organiser", "settings", "events.save_settings"),
    Typed("organiser", "archive", "archives.copy"),
    Typed("organiser", "archive", "archives.delete"),
    Typed("organiser", "overnight", "nights.save"),
    Typed("organiser", "scenarios", "what_if.make"),
    Typed("organiser", "scenarios/1", "what_if.take", only=("name", "seconds")),
    Typed("organiser", "scenarios/2?kind=tables", "what_if.take", only=("count",), empty_is_wrong=False),
    Typed("organiser", "scenarios/2?kind=slots", "what_if.take", instead={"start": "12:00", "end": "09:00"},
          only=("end",)),
    Typed("organiser", "priorities", "priorities.change"),
    Typed("organiser", "event-invitations", "welcome.invite"),
    Typed("organiser", "email-texts/en/new", "mail_texts.change"),
    Typed("organiser", "venue", VENUE, path="venue/days",
          only=("day-0-opens", "day-0-closes", "day-1-opens", "day-1-closes", "day-2-on", "pause-0-start",
                "pause-0-end")),
    Typed("organiser", "venue", VENUE, path="venue/days", only=("pause-0-name",),
          instead={"pause-0-start": "12:00", "pause-0-end": "13:00"}),
    Typed("organiser", "venue", VENUE, path="venue/days",
          only=("day-0-closes", "slot_minutes", "changeover_minutes"), instead={"day-0-closes": "00:01"}),
    Typed("organiser", "venue", VENUE, path="venue/halls"),
    Typed("organiser", "venue", VENUE, path="venue/walks"),
    Typed("organiser", "venue", VENUE, path="venue/places", 
          free={"from": "is of another button", "to": "is of another button"}),
    Typed("organiser", "venue", VENUE, path="venue/closing", only=("from", "to")),
    Typed("organiser", "venue", VENUE, path="venue/new-tables"),
    Typed("organiser", "venue", VENUE, path="venue/areas"),
    Typed("organiser", "venue", VENUE, path="venue/guests"),
    Typed("operator", "/events/new", "events.create", instead={"areas": "x" * 90}),
    Typed("operator", "/events/new", "events.create", only=("morning_from",),
          instead={"morning_from": "12:00", "morning_to": "09:00"}),
    Typed("operator", "/operators", "operators.add"),
    Typed("operator", "/operators/events", "archives.delete_as_operator"),
)  # fmt: skip

OTHERWISE = {
    "hand_board.put": "it needs a draft that is open and a worker: board/test_board_pages.py sends it",
    "my_day.answer": "it needs a published meeting: my_day/test_pages_my_day.py sends it",
    "calendar.copied": "the text to be copied is no field of the form",
    "imports.choose": "what is read instead of a cell is looked at with its file, whose rows say the rest",
    "imports.fix": "what is changed in a cell is looked at with its file, whose grid says what is wrong",
    "first_file.fix": "what is changed in a cell is looked at with its file, whose grid says what is wrong",
    "first_file.say": "what a workbook's event is called is looked at with it, which says the rest",
}
"""Routes of forms with text fields, whose own response does not report bad input."""

NO_FORM = {
    "agenda.end_firm_feed", "archives.bring_back", "busy_times.discard", "busy_times.read_again",
    "busy_times.save", "calendar_status.remove_alias", "changes.accept_all", "changes.solve",
    "delegation_members.take", "delegations.confirm", "digests.resume", "drafts.bring_back", "firms.dismiss",
    "firms.want", "first_file.look_again",
    "hand_board.change", "imports.undo", "large_imports.look_again", "my_day.late",
    "outcomes.take_back", "people_desk.bring_back", "people_desk.undo", "profile.no_logo", "remedies.explain",
    "remedies.try_it",
    "requests.undo", "runs.cancel_run", "runs.steer_mails", "runs.stop_run", "sign_in.again",
    "sign_in.redeem",
    "summary_unsubscribe.resume", "tokens.revoke", "versions.begin", "versions.compare", "versions.roll_back",
    "versions.publish", "versions.take_back", "versions.tell_partners", "versions.trial", "versions.unlock",
    "week.keep", "week.seen",
    "ranked_requests.remove", "ranked_requests.undo_several",
}  # fmt: skip
"""Routes of buttons that exist only after an earlier action; they have no text fields."""
