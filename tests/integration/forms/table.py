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


VENUE = "venue.change_venue"
DECLINE = {"verb": "decline", "keys": "{pending}"}
TABLE = (
    Typed("signed out", "/sign-in", "sign_in.send_link"),
    Typed("signed out", "{answer}/decline", "reply_links.answer_invitation",
          in_mail=True, path="{answer}/decline"),
    Typed("signed out", "{answer}/propose", "reply_links.answer_invitation",
          in_mail=True, path="{answer}/propose"),
    Typed("signed out", "{asked}/decline", "digest_links.answer_request", in_mail=True),
    Typed("signed out", "/register/{event}", "registration_form.submit_registration"),
    Typed("signed out", "/register/{event}", "registration_form.submit_registration", only=("website",),
          instead={"website": "mailto:li@firm.example"}, empty_is_wrong=False),
    Typed("attendee", "busy-times", "busy_times.link_calendar"),
    Typed("attendee", "busy-times", "busy_times.connect_calendar_server", only=("user", "password")),
    Typed("attendee", "busy-times", "busy_times.connect_calendar_server",
          press={"service": "other"}, only=("server",)),
    Typed("exhibitor", "firms/f1", "firms.save_note"),
    Typed("exhibitor", "firms/f8/request", "requests.submit_request"),
    Typed("exhibitor", "requests/{pending}", "requests.decline_request"),
    Typed("exhibitor", "requests/sent", "requests.withdraw_request"),
    Typed("exhibitor", "ranked-requests/request", "ranked_requests.submit_bulk_requests"),
    Typed("exhibitor", "requests/received", "ranked_requests.answer_bulk_requests",
          press={"answer": "decline"},
          sent=(("keys", "{pending}"), ("note", ""))),
    Typed("exhibitor", "preferences", "preferences.save_preferences"),
    Typed("exhibitor", "dashboard/setup", "setup.save_offers"),
    *(Typed("exhibitor", "dashboard/setup?step=needs", "setup.save_needs", only=(name,),
            instead={"unwanted": "x" * 90}) for name in ("word", "unwanted")),
    Typed("exhibitor", "profile", "profile.save_profile", instead={"website": "no address"}),
    Typed("exhibitor", "colleagues", "colleagues.add_colleague"),
    Typed("exhibitor", "colleagues/f0-p1", "colleagues.change_colleague"),
    Typed("exhibitor", "tokens", "tokens.create_token"),
    Typed("exhibitor later", "meetings/{held}/outcome", "outcomes.save_outcome", press={"kind": "signed"}),
    Typed("organiser", "team", "team.send_invitation", press={"role": "organiser"}),
    Typed("organiser", "team", "team.change_member"),
    Typed("organiser", "registrations/1", "registrations.decide_registration", press={"verb": "accept"},
          free={"reason": "is of another button", "into_key": "is of another button"}),
    *(Typed("organiser", "registrations/1", "registrations.decide_registration",
          press={"verb": verb}, only=(name,))
      for verb, name in (("decline", "reason"), ("join", "into_key"))),
    Typed("organiser", "registrations/", "registrations.decide_registrations", press={"verb": "decline",
          "numbers": "1"}),
    Typed("organiser", "schedule", "runs.start_run"),
    Typed("organiser", "calendar-status/people/f0-p0", "calendar_status.correct_address"),
    Typed("organiser", "calendar-status/people/f4-p0", "calendar_status.save_call"),
    *(Typed("organiser", f"participants/{kind}", "participants.edit_records",
            press={"keys": key, "column": column})
      for kind, key, column in (("firms", "f1", "max_per_day"), ("people", "f1-p0", "languages"),
                                ("interpreters", "i0", "languages"))),
    Typed("organiser", "participants/firms", "participants.withdraw_records",
          sent=(("keys", "f8"), ("sure", "yes"), ("note", ""))),
    *(Typed("organiser", f"participants/{record}", "participants.edit_record")
      for record in ("firms/f0", "people/f0-p0", "interpreters/i0")),
    Typed("organiser", "participants/firms/f0", "participants.merge_records"),
    Typed("organiser", "participants/requests", "event_requests.apply_step", press=DECLINE),
    Typed("organiser", "participants/requests/new", "event_requests.submit_request"),
    Typed("organiser", "delegations/", "delegations.create_delegation"),
    Typed("organiser", "delegations/g1", "delegations.change_delegation"),
    Typed("chamber", "participants/requests", "event_requests.apply_step", press=DECLINE),
    Typed("organiser", "settings", "events.save_settings"),
    Typed("organiser", "privacy-notice", "privacy_notice.publish_notice"),
    Typed("organiser", "pipl-audit", "compliance_answers.save_answers"),
    Typed("organiser", "webhooks", "webhooks.create_webhook", instead={"url": "http://crm.example"}),
    Typed("organiser", "webhooks/1", "webhooks.change_webhook", instead={"url": "http://crm.example"}),
    Typed("organiser", "brand", "brand.save_brand"),
    Typed("organiser", "archive", "archives.copy_event"),
    Typed("organiser", "archive", "archives.delete_event"),
    Typed("organiser", "overnight", "overnight_settings.save_settings"),
    Typed("organiser", "scenarios", "scenarios.create_scenario"),
    Typed("organiser", "scenarios/1", "scenarios.change_scenario", only=("name", "seconds")),
    Typed("organiser", "scenarios/2?kind=tables", "scenarios.change_scenario", only=("count",),
          empty_is_wrong=False),
    Typed("organiser", "scenarios/2?kind=slots", "scenarios.change_scenario", instead={"start": "12:00",
          "end": "09:00"},
          only=("end",)),
    Typed("organiser", "priorities", "priorities.change_priorities"),
    Typed("organiser", "event-invitations", "event_invitations.send_invitations"),
    Typed("organiser", "email-texts/en/new", "email_texts.change_text"),
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
    Typed("operator", "/events/new", "events.create_event", instead={"areas": "x" * 90}),
    Typed("operator", "/events/new", "events.create_event", only=("morning_from",),
          instead={"morning_from": "12:00", "morning_to": "09:00"}),
    Typed("operator", "/operators", "operators.add_operator"),
    Typed("operator", "/operators", "operators.pause_site"),
    Typed("operator", "/operators/events", "archives.delete_event_as_operator"),
)  # fmt: skip

OTHERWISE = {
    "board.place_meeting": "it needs an open draft and a worker: board/test_board_pages.py sends it",
    "my_day.answer_invitation": "it needs published meeting: my_day/test_pages_my_day.py sends it",
    "passkeys.add_passkey": "wants a host that has passkeys: identity/test_passkeys.py sends it",
    "second_factor.enrol_passkey": "wants a setting: identity/test_second_factor.py sends it",
    "second_factor.use_code": "wants a setting: identity/test_second_factor.py sends it",
    "calendar.note_copied": "the text to be copied is no field of the form",
    "imports.save_choices": "what is read instead of a cell is previewed with its file and rows",
    "imports.fix_errors": "what is changed in a cell is previewed with its file, in the grid of errors",
    "create_from_workbook.fix_errors": "what is changed in a cell is previewed with its file",
    "create_from_workbook.save_details": "the name of a workbook's event is previewed with its file",
}
"""Routes of forms with text fields, whose own response does not report bad input."""

NO_FORM = {
    "agenda.end_firm_feed", "archives.restore_event", "busy_times.discard_preview",
    "busy_times.change_preview_zone",
    "busy_times.save_calendar", "calendar_status.remove_alias", "changes.accept_all_changes",
    "changes.solve_again",
    "delegation_members.import_file", "delegations.confirm_people", "digests.resubscribe",
    "drafts.restore_draft", "firms.dismiss_firm",
    "firms.report_wanted_meeting", "create_from_workbook.restart_preview",
    "board.apply_step", "imports.undo_import", "large_imports.restart_preview", "my_day.report_lateness",
    "second_factor.make_codes", "second_factor.request_enrolment",
    "passkeys.remove_passkey", "passkeys.request_addition",
    "passkeys.request_sign_in", "passkeys.sign_in_passkey",
    "outcomes.undo_outcome", "participants.restore_records", "participants.undo_step", "profile.remove_logo",
    "first_steps.unhide_steps", "fixes.explain_requests",
    "fixes.try_fix", "operators.resume_site",
    "requests.undo_request", "runs.cancel_run", "runs.change_sending", "runs.stop_run",
    "provider_sign_in.request_authentication", "sign_in.send_fresh_link",
    "sign_in.redeem_link",
    "summary_unsubscribe.resubscribe", "tokens.revoke_token", "versions.end_hold", "versions.compare_version",
    "versions.restore_version",
    "versions.publish_version", "versions.revoke_publication", "versions.draft_for_partners",
    "versions.send_trial_emails", "versions.unlock_request",
    "week.keep_meeting", "week.mark_changes_seen",
    "ranked_requests.remove_draft", "ranked_requests.undo_bulk_answers",
    "webhooks.enable_webhook",
}  # fmt: skip
"""Routes of buttons that exist only after an earlier action or a setting; they have no text fields."""
