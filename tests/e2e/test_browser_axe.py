"""Every page in every state has no axe violations in light and dark mode, and fits a phone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from api.language import speaking
from scheduler.services.publishing import version_jobs
from scheduler.services.schedule import versions
from tests.e2e import axe
from tests.support import clocks
from tests.support.calendars import busy_in
from tests.support.everything import Everything, everything_in, serving
from tests.support.factories import NOW

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

NO_PAGES = {
    "health.healthz": "JSON",
    "health.readyz": "JSON",
    "docs.spec": "JSON",
    "calendar.download_meeting": "a calendar",
    "calendar.subscribe_to_meeting": "a calendar",
    "calendar.open_web_calendar": "leads to another site",
    "feed.serve_calendar": "a calendar",
    "feed.serve_robots_txt": "a text",
    "static": "files",
    "agenda.download_own_agenda": "a PDF",
    "scenarios.export_comparison": "a workbook, or CSV",
    "scenarios.export_exhibitors": "a workbook",
    "passkeys.show_passkey_form": "wants a host that has passkeys: test_browser_passkeys.py",
    "second_factor.show_second_factor": "wants a setting: test_browser_second_factor.py",
    "provider_sign_in.receive_response": "wants a provider: tests/interop/test_oidc_provider.py",
    "scenarios.show_panel": "a part of its page",
    "fairness.show_curve_panel": "a part of its page",
    "agenda.download_own_firm_agenda": "a PDF",
    "agenda.download_firm_agenda": "a PDF",
    "agenda.download_person_agenda": "a PDF",
    "calendar_status.export_call_list": "a CSV file",
    "changes.download_workbook": "a workbook",
    "chain_report.download_pdf": "a PDF file",
    "chain_report.download_workbook": "a workbook",
    "statistics.download_figure": "a picture or a CSV file",
    "statistics.download_week": "a picture or a CSV file",
    "statistics.download_convergence": "a picture or a CSV file",
    "outcome_list.download_workbook": "a workbook",
    "outcomes.show_outcome_form": "leads to my day until the meeting has begun",
    "moved.redirect_below_event": "a redirect",
    "moved.redirect_to_audit_log": "a redirect",
    "moved.redirect_to_failed_emails": "a redirect",
    "moved.redirect_to_unassigned_emails": "a redirect",
    "moved.redirect_to_fixes": "a redirect",
    "operators.show_restored": "leads to the operators unless the database is a copy",
    "moved.redirect_to_response": "a redirect",
    "exports.export_by_plugin": "an imported file",
    "autocomplete.list_options": "the options of a field",
    "exports.download_offline_pack": "a ZIP file",
    "exports.export_event": "a workbook",
    "exports.export_list": "a workbook",
    "exports.download_print_pack": "a PDF",
    "exports.export_schedule": "a workbook",
    "delegations.download_print_pack": "a PDF",
    "create_from_workbook.download_template": "a workbook",
    "create_from_workbook.show_panel": "a part of create_from_workbook.show_preview",
    "large_imports.show_panel": "a part of imports.show_preview",
    "create_from_workbook.download_skipped_rows": "a workbook",
    "board.poll_changes": "a part of board.show_board",
    "imports.download_template": "a workbook",
    "imports.download_skipped_rows": "a workbook",
    "inbox.download_raw_email": "a file to save",
    "unassigned_emails.download_raw_email": "a file to save",
    "interpreter_day.serve_manifest": "JSON",
    "interpreter_day.download_agenda": "a PDF",
    "interpreter_day.serve_worker": "a script",
    "audit_log.export_entries": "a CSV file",
    "email_texts.list_texts": "leads on",
    "priorities.show_panel": "a part of priorities.show_priorities",
    "fixes.show_panel": "a part of fixes.show_fixes",
    "fixes.download_workbook": "a workbook",
    "fairness.download_workbook": "a workbook",
    "runs.show_run_panel": "a part of runs.show_run",
    "my_day.serve_manifest": "JSON",
    "audit_answers.download_workbook": "a workbook",
    "compliance_answers.download_pdf": "a PDF",
    "compliance_answers.download_workbook": "a workbook",
    "personal_data.download_own_json": "JSON",
    "personal_data.download_own_pdf": "a PDF",
    "personal_data.download_person_json": "JSON",
    "my_day.issue_token": "JSON",
    "my_day.serve_worker": "a script",
    "versions.show_panel": "a part of versions.show_version",
    "firms.serve_logo": "an image",
    "brand_files.serve_file": "an image or a style sheet",
    "brand.show_preview": "a part of brand.show_brand",
    "metrics.metrics": "figures for a program",
}
"""Routes that are no pages; `v1` is JSON."""


@pytest.fixture(scope="module")
def everything(
    tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path, broker_url: str
) -> Iterator[Everything]:
    axe.require()
    with everything_in(tmp_path_factory.mktemp("everything"), sqlite_template, broker_url) as made:
        yield made


class Reader:
    """A phone user who checks each page by axe."""

    def __init__(self, page: Page, everything: Everything, site: str) -> None:
        self.page, self.everything, self.site = page, everything, site
        self.faults: list[str] = []

    def open(self, path: str) -> None:
        """Open a page, which must exist and not redirect."""
        path = whole(path, self.everything.known)
        answer = self.page.goto(self.site + path)
        assert answer is not None and (answer.ok or "no-such" in path), (path, answer)
        assert self.page.url == self.site + path

    def visit(self, path: str) -> None:
        self.open(path)
        self.look(path)

    def look(self, state: str) -> None:
        """Check the current page with everything expanded, except the menu, which overlays the page."""
        self.page.wait_for_load_state()
        self.page.evaluate(
            "for (const each of document.querySelectorAll('details:not(nav *)')) each.open = true"
        )
        self.faults += [f"{state}: {fault}" for fault in axe.findings(self.page)]

    def sign_in(self, role: str) -> None:
        self.page.context.clear_cookies()
        self.page.goto(self.site + self.everything.link(self.everything.account(role)))
        self.press("Sign in")
        self.page.wait_for_url(lambda url: "/sign-in" not in url)

    def speak(self, language: str) -> None:
        """Choose the language of the pages."""
        choice = self.page.locator(f'button[name="language"][value="{language}"]')
        self.page.locator("details", has=choice).locator("> summary").click()
        choice.click()
        self.page.locator(f'html[lang="{language}"]').wait_for(state="attached")

    def press(self, name: str | re.Pattern[str]) -> None:
        self.page.get_by_role("button", name=name).first.click()

    def look_after(self, name: str | re.Pattern[str], reads: str) -> None:
        """Press a button, and check the page once it shows a text."""
        self.press(name)
        self.page.get_by_text(reads).locator("visible=true").first.wait_for()
        self.look(f"{name}: {reads}")

    def reach_by_keyboard(self, name: str) -> None:
        """Press Tab from the start of the page until a button has the focus."""
        button = self.page.get_by_role("button", name=name)
        for _ in range(self.page.locator("a, button, input, summary").count() + 1):
            self.page.keyboard.press("Tab")
            if button.evaluate("(each) => each === document.activeElement"):
                return
        pytest.fail(f"{name} is not reached by keyboard")

    def send_empty(self, path: str, button: str) -> None:
        """Submit an empty form without browser validation, and check its errors."""
        self.open(path)
        self.empty()
        self.press(button)
        self.page.locator(".error").first.wait_for()
        self.look(f"{path} with faults")

    def empty(self) -> None:
        """Empty all fields, and disable browser validation."""
        self.page.evaluate(
            "for (const form of document.forms) { form.noValidate = true; for (const field of form.elements)"
            " if (/text|number|date|time|email|url/.test(field.type)) field.value = '' }"
        )

    def unfold(self) -> None:
        """Expand everything, even in exclusive groups."""
        self.page.evaluate(
            "for (const each of document.querySelectorAll('main details')) {"
            " each.removeAttribute('name'); each.open = true }"
        )

    def choose_file(self, label: str, name: str, octets: bytes) -> None:
        self.page.get_by_label(label).first.set_input_files(
            {"name": name, "mimeType": "application/octet-stream", "buffer": octets}
        )


OF_FIRM = (
    "firms",
    "firms?text=no-such-firm",
    "firms/f0",
    "firms/f1",
    "agenda",
    "agenda/firm",
    "outcomes",
    "week",
    "week?meeting={held}",
    "week?show=unanswered&person=f0-p0",
    "my-day",
    "my-day?day=2026-12-07",
    "requests",
    "requests?state=all",
    "requests/received",
    "requests/received?state=all",
    "requests/sent",
    "requests/sent?state=declined",
    "requests/sent?state=unscheduled",
    "requests/{held}",
    "requests/{unscheduled}",
    "requests/{pending}",
    "busy-times",
    "preferences",
    "privacy",
    "no-such-page",
)
PAGES = {
    "signed out": (
        "/sign-in",
        "{sign_in}",
        "/sign-in/no-such-token",
        "{answer}/",
        "{answer}/accept",
        "{answer}/decline",
        "{answer}/propose",
        "{answer}/calendar",
        "{print}",
        "{summaries}",
        "{asked}/accept",
        "{digests}",
        "{invitation}",
        "{registration}",
        "/register/{event}",
        "/registration/no-such-token",
        "/team/no-such-token",
        "/answers/no-such-token/",
        "/api/v1/docs",
        "/help/exhibitors",
        "/help/organisers",
        "/help/operators",
    ),
    "attendee": ("/sessions", "/my-data", "interpreter-day", *OF_FIRM),
    "exhibitor": (
        "/sessions",
        "dashboard",
        "dashboard/setup",
        "dashboard/setup?step=needs",
        "dashboard/setup?step=times",
        "dashboard/changes",
        "first-steps",
        *OF_FIRM,
        "firms?order=fit&tier=midstream&tier=upstream",
        "firms?text=frm&relation=saved",
        "search",
        "search?text=firm",
        "search?text=no-such-firm",
        "ranked-requests",
        "ranked-requests/request",
        "profile",
        "colleagues",
        "colleagues/f0-p1",
        "requests/received?order=deadline",
        "firms/f8/request",
        "firms/f4/request",
        "firms/f1/request",
        "tokens",
    ),
    "organiser": (
        "/sessions",
        "/events/{event}",
        "first-steps",
        "team",
        "registrations/",
        "registrations/?state=declined",
        "registrations/1",
        "audit-log",
        "audit-log?act=run&text=no-such",
        "board?draft=3",
        "board?draft=3&pick={held}",
        "board?draft=3&rows=person&find=firm",
        "board/3/people/f0-p0/unavailability?slots=s0&look=1",
        "schedule",
        "runs/1",
        "versions/1",
        *(f"versions/2?kind={kind}" for kind in ("added", "moved", "cancelled", "relocated")),
        "versions/2/changes",
        "versions/2/fairness",
        "versions/2/fixes",
        "versions/2/fixes?reason=people-busy",
        "statistics?version=2",
        "weeks/people/f0-p0?version=2",
        "weeks/firms/f0?version=2",
        "weeks/places/t0?version=2",
        "chain-report",
        "versions/2/fairness?by=area",
        "versions/2/changes?against=3",
        "versions/2/changes?by=person",
        "versions/2/changes?by=firm",
        "versions/2/publish",
        "requests/received",
        "requests/received?state=unscheduled",
        "requests/sent",
        "requests/{held}",
        "requests/{unscheduled}",
        "privacy-notice",
        "pipl-audit",
        "calendar-status/",
        "calendar-status/?state=bounced",
        "calendar-status/people/f0-p0",
        "calendar-status/people/f2-p0",
        "calendar-status/failed-emails",
        "calendar-status/failed-emails?list=retrying",
        "participants/firms",
        "participants/firms?text=no-such-firm",
        "participants/firms/f0",
        "participants/people",
        "participants/people/f0-p0",
        "participants/interpreters",
        "participants/requests",
        "participants/requests/new",
        "participants/steps",
        "inbox/",
        "inbox/?outcome=waiting",
        *(f"inbox/{{letters[{i}]}}" for i in range(3)),
        "firms",
        "firms/f1",
        "firms/f1/agenda",
        "exclusions",
        "exports/",
        "delegations/",
        "delegations/?q=no-such",
        "delegations/g1",
        "delegations/g1?find=firm",
        "delegations/g1/members",
        "imports/",
        "imports/1",
        "imports/1/errors",
        "imports/1/errors?rows=all",
        "imports/1/errors?rows=changed",
        "people/f0-p0/agenda",
        "people/f8-p1/agenda",
        "settings",
        "brand",
        "archive",
        "overnight",
        "scenarios",
        "scenarios/1",
        "scenarios/2?kind=tables",
        "scenarios/2?kind=slots",
        "scenarios/2?kind=quota",
        "priorities",
        "reminders",
        "rehearsal",
        "event-invitations",
        "venue",
        "venue?kind=booth",
        "email-texts/en/new",
        "email-texts/zh/cancel",
        "tokens",
        "webhooks",
        "webhooks/1",
    ),
    "chamber": (
        "/sessions",
        "delegations/",
        "delegations/g1",
        "delegations/g1/members",
        "participants/requests",
        "participants/requests?state=declined",
        "requests/{held}",
        "firms/f0/agenda",
        "people/f0-p0/agenda",
    ),
    "operator": (
        "/",
        "/sessions",
        "/events/new",
        "/events/new/workbook/",
        "/events/new/workbook/{first_file}",
        "/events/new/workbook/{first_file}/errors",
        "/operators",
        "/operators/events",
        "/operators/retention",
        "/operators/processing-record",
        "/operators/processing-record/pipl",
        "/operators/unassigned-emails",
        "/operators/unassigned-emails/{stray}",
        "/audit-log",
    ),
    "stranger": (
        "/events/{rehearsed_event}",
        "/events/{rehearsed_event}/rehearsal",
        "/events/{rehearsed_event}/rehearsal/{rehearsed}",
    ),
}
"""Pages by reader; without a leading slash or brace, the path is relative to the event's."""

MOVES = b"key,name,country,tier,hall,booth\nf1,Firm 1,CN,midstream,h0,NEW\n"

LATER = {
    "busy_times.show_preview",
    "board.show_draft_progress",
    "outcomes.show_outcome_form",
    "fixes.show_person_form",
    "sign_in.continue_session",
}
"""Pages reached only by a form; the states below cover them."""


PATIENCE = 60_000
"""Milliseconds: only a hang takes this long."""


def whole(path: str, values: Mapping[str, object]) -> str:
    return (path if path[0] in "/{" else f"/events/{{event}}/{path}").format_map(values)


def test_no_page_is_forgotten(everything: Everything) -> None:
    routes = everything.app.url_map.bind("x")
    known = everything.known
    looked_at = {
        routes.match(whole(path, known).partition("?")[0])[0]
        for paths in PAGES.values()
        for path in paths
        if "no-such-page" not in path
    }
    there = {
        rule.endpoint for rule in everything.app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and not rule.endpoint.startswith("v1.")
    }  # fmt: skip
    assert there == looked_at | LATER | set(NO_PAGES)
    assert looked_at.isdisjoint(NO_PAGES)


@pytest.fixture(scope="module")
def site(everything: Everything) -> Iterator[str]:
    with serving(everything.app) as address:
        yield address


@pytest.fixture
def reader(chromium: Browser, everything: Everything, site: str) -> Iterator[Reader]:
    context = chromium.new_context(viewport={"width": 390, "height": 844}, reduced_motion="reduce")
    context.set_default_timeout(PATIENCE)
    context.add_init_script(path=axe.SCRIPT)  # sent once instead of for each page
    made = Reader(context.new_page(), everything, site)
    yield made
    context.close()
    assert not made.faults, "\n".join(made.faults)


@pytest.mark.parametrize("role", PAGES)
def test_no_page_has_a_fault(role: str, reader: Reader, everything: Everything) -> None:
    if role != "signed out":
        reader.sign_in(role)
    for path in PAGES[role]:
        reader.visit(whole(path, everything.known))


FAULTY = {
    "firms/f8/request": "main form .button-primary",
    "busy-times": 'form[action*="/busy-times/link"] button',
    "tokens": "main form .button-primary",
}
"""A firm's forms to submit empty, by their button."""


@pytest.mark.parametrize("language", ["hu", "zh"])
def test_no_page_of_a_firm_has_a_fault_in_another_language(
    language: str, reader: Reader, everything: Everything
) -> None:
    reader.sign_in("exhibitor")
    reader.open("firms")
    reader.speak(language)
    for path in PAGES["exhibitor"]:
        if "?" not in path:
            reader.visit(whole(path, everything.known))
    for path, button in FAULTY.items():
        reader.open(path)
        reader.empty()
        reader.unfold()
        reader.page.locator(button).first.click()
        reader.page.locator(".field .error").first.wait_for()
        reader.look(f"{path} with faults")
    reader.speak("en")


@pytest.mark.parametrize("role", ["exhibitor", "attendee", "organiser"])
def test_pages_from_right_to_left_fit_a_phone(
    role: str, reader: Reader, everything: Everything, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Guests' pages in Arabic. Those of organisers, who have no such language, in English from the right."""
    reader.sign_in(role)
    if role == "organiser":
        monkeypatch.setattr(speaking, "direction_of", lambda _: "rtl")
        reader.open("firms")
    else:
        reader.open("firms")
        reader.speak("ar")
    assert reader.page.evaluate("getComputedStyle(document.body).direction") == "rtl"
    everything.compare(2)  # tests before this one may have outdated the comparison
    wide = {}
    for path in PAGES[role]:
        reader.open(path)
        reader.unfold()
        if found := reader.page.evaluate(axe.WIDER):
            wide[path] = found
    if role != "organiser":
        reader.speak("en")
    assert wide == {}


def test_no_form_with_faults_has_a_fault(reader: Reader) -> None:
    reader.send_empty("/sign-in", "Send sign-in link")
    reader.page.get_by_label("Email address").fill("somebody@example.org")
    reader.look_after("Send sign-in link", "is on its way")
    reader.sign_in("exhibitor")
    reader.send_empty("firms/f8/request", "Send request")
    reader.open("busy-times")
    reader.empty()
    reader.unfold()
    reader.page.locator('form[action*="/busy-times/link"] button').click()
    reader.page.locator(".field .error").first.wait_for()
    reader.look("busy-times with faults")
    reader.send_empty("tokens", "Create token")
    reader.sign_in("organiser")
    reader.send_empty("settings", "Save")
    reader.send_empty("participants/requests/new", "Send request")
    reader.open("venue")
    reader.look_after("Close", "select at least one")
    reader.open("venue")
    reader.page.get_by_label("Mon 7 Dec, end time").fill("09:30")
    reader.look_after("Preview changes", "No one is notified now")
    reader.send_empty("team", "Send invitation")
    reader.send_empty("calendar-status/people/f2-p0", "Save and send invitations")
    reader.open("imports/")
    reader.choose_file("File", "firms.xlsx", b"%PDF-1.7")
    reader.look_after("Preview import", "The file is a PDF")
    reader.sign_in("operator")
    reader.send_empty("/events/new", "Create event")
    reader.open("/events/new/workbook/")
    reader.choose_file("Workbook", "firms.xlsx", b"%PDF-1.7")
    reader.look_after("Upload and preview", "The file is a PDF")
    reader.open("/events/new/workbook/")
    reader.choose_file("Workbook", "firms.csv", b"name,country,tier\nA,Nowhere,up\n")
    reader.look_after("Upload and preview", "has no name yet")
    reader.send_empty("/operators", "Add")


def test_no_state_of_a_firm_s_pages_has_a_fault(reader: Reader, everything: Everything) -> None:
    reader.sign_in("exhibitor")
    reader.open("requests/received")
    reader.press("Accept the request from Firm 4")
    reader.page.get_by_role("button", name="Undo").wait_for()
    reader.look("accepted in place, to be undone")
    reader.visit("requests/{pending}")
    reader.open("busy-times")
    slots = everything.expo.slots
    reader.unfold()
    reader.choose_file("File", "mine.ics", busy_in(slots[0], slots[6]))
    reader.look_after("Preview file", "Nothing is saved yet")
    reader.look_after("Save calendar", "Calendar saved: mine.ics")
    reader.visit("agenda")
    reader.open("agenda/firm")
    reader.look_after("Create link", "Link for Google")
    reader.open("tokens")
    reader.page.get_by_label("Purpose").fill("Our CRM")
    reader.page.get_by_role("checkbox").first.check()
    reader.look_after("Create token", "Our CRM")
    everything.end_freshness({"path": everything.path("/tokens"), "what": "create the token", "fields": []})
    reader.look_after("Create token", "Sign in again")
    reader.visit("/sign-in/continue")


def test_no_state_of_the_people_desk_has_a_fault(reader: Reader) -> None:
    reader.sign_in("organiser")
    reader.open("participants/firms")
    reader.page.get_by_role("link", name="Edit Firm 8").click()
    reader.page.locator(".editing").wait_for()
    reader.look("a row as a form")
    reader.page.get_by_label("Country").fill("Austria")
    reader.press("Save")
    reader.page.locator("tr.is-selected").wait_for()
    reader.look("a row that was saved")
    reader.page.get_by_label("Select Firm 8").check()
    reader.look_after("Remove from event", "You can undo this.")
    reader.look_after("Remove from event", "Removed from the event.")
    reader.look_after("Undo", "Change undone.")
    reader.open("participants/requests/new")
    reader.page.get_by_label("Requesting exhibitor").press_sequentially("firm 8")
    reader.page.locator("#from_firm-list option[value='Firm 8 [f8]']").wait_for(state="attached")
    reader.page.get_by_label("Requesting exhibitor").fill("Firm")
    reader.page.get_by_label("Requested exhibitor").fill("Firm 8 [f8]")
    reader.page.get_by_label("Topic").fill("Packs")
    reader.look_after("Send request", "Which one do you mean?")


def test_no_outcome_of_a_meeting_has_a_fault(reader: Reader, everything: Everything) -> None:
    with pytest.MonkeyPatch.context() as patch:
        clocks.hold(patch, everything.expo.slots[-1].end)
        reader.sign_in("exhibitor")
        reader.visit("meetings/{held}/outcome")


def test_no_answer_by_a_link_has_a_fault(reader: Reader) -> None:
    reader.open("{answer}/")
    reader.look_after("Accept", "Your reply: accepted")
    reader.look_after("Propose", "You proposed")
    reader.look_after("Decline", "Your reply: declined")


def test_no_stopped_summary_has_a_fault(reader: Reader) -> None:
    reader.open("{summaries}")
    reader.look_after("Unsubscribe", "no longer gets summaries")


def test_no_state_of_the_organiser_s_pages_has_a_fault(reader: Reader, everything: Everything) -> None:
    reader.sign_in("organiser")
    reader.open("imports/1/errors")
    reader.page.locator(".grid-table input[data-at]").first.fill("Elsewhere")
    reader.look_after("Apply changes", "Changed from")
    reader.open("imports/1/errors?sheet=changed")
    reader.look("changes of a file")
    reader.open("imports/")
    reader.choose_file("File", "firms.csv", MOVES)
    reader.look_after("Preview import", "Nothing has been imported yet")
    reader.look_after(re.compile("^Import"), "Exhibitors: ")
    reader.open("versions/2/fixes?reason=people-busy")
    reader.page.get_by_role("link", name="Add and lock time").first.click()
    reader.page.get_by_role("heading", name="Add ").wait_for()
    reader.look("who is to come")
    reader.open("versions/2/fixes?reason=people-busy")
    reader.look_after("Apply and lock time", "Locked to")
    reader.open("schedule")
    reader.look_after("Run now", "Waiting for a worker")
    everything.compare(3)
    reader.open("versions/3/publish")
    reader.look_after("Send me test emails", "Test emails for")
    reader.reach_by_keyboard("Publish version 3")
    reader.page.keyboard.press("Enter")
    reader.page.get_by_text("is about to be published").first.wait_for()
    reader.look("held")
    reader.visit("schedule")
    reader.visit("versions/2")
    reader.open("versions/3")
    reader.look_after("Cancel publication", "is a draft again")
    with everything.database.write() as session:
        version = versions.get_version(session, everything.expo.event.id, 1)
        version_jobs.request_manual_draft(session, version, by=None, now=NOW)
    reader.visit("board/1/progress")
