"""Participants pages: organisers' actions, with and without htmx."""

import re
from datetime import timedelta

import pytest

from scheduler.domain.entities import RequestState
from scheduler.services.board import commands, manual_drafts
from scheduler.storage.database import Database
from scheduler.storage.models import Firm
from tests.support import clocks
from tests.support.factories import NOW, make_interpreter, make_request, make_version, meet
from tests.support.forms import PageForms
from tests.support.site import Site


@pytest.fixture
def site(database: Database, broker_url: str) -> Site:
    site = Site.of_three_firms(database, broker_url)
    with database.write() as session:
        make_interpreter(session, site.expo)
    return site


@pytest.mark.parametrize("kind", ["firms", "people", "interpreters", "requests"])
def test_each_table_is_there_and_in_the_menu(site: Site, kind: str) -> None:
    browser = site.organiser()
    page = browser.get(site.path(f"/participants/{kind}"))
    assert re.search(rf'href="[^"]*/participants/{kind}" aria-current="page"', page)


def test_a_firm_is_changed_on_its_page_and_the_step_undone(site: Site) -> None:
    browser = site.organiser()
    browser.get(site.path("/participants/firms/f0"))
    page = browser.post(site.path("/participants/firms/f0"), name="Solar Zrt.", country="Hungary", booth="B9")
    assert "Saved." in page
    assert 'value="Hungary"' in page
    page = browser.get(site.path("/participants/firms?text=solar"))
    assert "Solar Zrt." in page
    assert "Booth B9" in page
    (undo,) = re.findall(r'action="([^"]*/steps/\d+/undo)"', page)
    assert "Change undone." in browser.post(undo)
    assert "Solar" not in browser.get(site.path("/participants/firms"))


def test_a_fault_stands_at_its_field_with_what_was_typed(site: Site) -> None:
    browser = site.organiser()
    browser.get(site.path("/participants/firms/f0"))
    page = browser.post(site.path("/participants/firms/f0"), 422, name="Solar", country="Nowhere")
    assert 'value="Nowhere"' in page
    assert re.search(r'id="country-error">.*is not a country', page)


@pytest.mark.parametrize(("limit", "wrong", "most"), [("max_days", "9", "2"), ("max_in_row", "0", "1,?000")])
def test_an_own_limit_of_a_person_is_set_on_their_page_and_in_bulk(
    site: Site, limit: str, wrong: str, most: str
) -> None:
    browser = site.organiser()
    path = site.path("/participants/people/f0-p0")
    browser.get(path)
    page = browser.post(path, 422, **{limit: wrong})
    assert re.search(rf'id="{limit}-error">.*nter a value from 1 to {most}\.', page)
    assert f'name="{limit}" type="text" value="1"' in browser.post(path, **{limit: "1"})
    bulk = site.path("/participants/people/bulk")
    page = browser.post(bulk, keys=["f0-p0", "f1-p0"], column=limit, value="2")
    assert "2 of 2 rows changed" in page
    assert f'name="{limit}" type="text" value="2"' in browser.get(path)


def test_a_row_is_changed_in_place_by_htmx(site: Site) -> None:
    browser = site.organiser()
    browser.get(site.path("/participants/people"))
    headers = {"HX-Request": "true"}
    form = browser.client.get(site.path("/participants/people/f0-p0"), headers=headers).text
    assert form.lstrip().startswith("<tr")
    assert 'name="title"' in form
    fields = {"csrf_token": browser.token, "title": "Head of sales"}
    row = browser.client.post(site.path("/participants/people/f0-p0"), data=fields, headers=headers).text
    assert row.lstrip().startswith("<tr")
    assert "Head of sales" in row
    assert "hx-swap-oob" in row


def test_what_a_withdrawal_touches_is_said_before_it_is_done(site: Site) -> None:
    with site.database.write() as session:
        make_request(session, site.expo, 0, 1)
    browser = site.organiser()
    browser.get(site.path("/participants/firms"))
    page = browser.post(site.path("/participants/firms/remove"), keys=["f0"])
    assert "no published meeting" in page
    assert "1 open request will be closed." in page
    assert site.stored()[0].state is RequestState.ACCEPTED
    page = browser.post(site.path("/participants/firms/remove"), keys=["f0"], sure="yes", note="No stand.")
    assert "Removed from the event. 1 request was closed." in page
    assert site.stored()[0].state is RequestState.WITHDRAWN
    assert "Firm 0" not in site.exhibitor(1).get(site.path("/firms"))
    page = browser.post(site.path("/participants/firms/restore"), keys=["f0"])
    assert "1 record restored." in page


def test_nobody_ticked_is_said(site: Site) -> None:
    browser = site.organiser()
    browser.get(site.path("/participants/firms"))
    assert "Select 1 to 200 rows" in browser.post(site.path("/participants/firms/remove"))


@pytest.mark.parametrize(
    ("path", "typed", "told"),
    [
        ("/participants/firms", {"column": "country", "value": "Atlantis <sunk>"}, "Select 1 to 200 rows."),
        ("/participants/people", {"column": "title", "value": "Head of <sales>"}, "Select 1 to 200 rows."),
        (
            "/participants/requests",
            {"note": "Please <come>", "verb": "decline"},
            "Select 1 to 200 requests and an action.",
        ),
    ],
)
def test_a_list_of_which_nothing_is_ticked_stands_there_again_with_what_was_typed(
    site: Site, path: str, typed: dict[str, str], told: str
) -> None:
    """So that rows can be selected then; filter and order are preserved."""
    browser = site.organiser()
    with site.database.write() as session:
        make_request(session, site.expo)
    back = site.path(f"{path}?text=f&sort=name")
    before = PageForms(browser.get(back), back)
    page = browser.post(site.path(f"{path}/bulk"), 422, back=back, **typed)
    again = PageForms(page, back)
    assert told in page
    (form,) = again.sending_to(site.path(f"{path}/bulk"))
    assert {name: value for name, value in form.sent() if name in typed} == {
        name: value for name, value in typed.items() if name != "verb"
    }
    assert ("back", back) in form.sent()
    assert (
        len(re.findall('type="checkbox"', page)) == len(re.findall('type="checkbox"', browser.get(back))) > 0
    )
    assert [each.actions for each in again.forms] == [each.actions for each in before.forms]


def test_several_rows_get_one_value_or_a_day_off(site: Site) -> None:
    browser = site.organiser()
    browser.get(site.path("/participants/firms"))
    page = browser.post(site.path("/participants/firms/bulk"), keys=["f0", "f1"], column="tier=downstream")
    assert "2 of 2 rows changed" in page
    browser.get(site.path("/participants/people"))
    day = "2026-12-07"
    page = browser.post(
        site.path("/participants/people/bulk"), keys=["f0-p0", "f1-p0"], column=["title", "absent"], day=day
    )
    assert "Availability saved." in page
    page = browser.get(site.path("/participants/people/f0-p0"))
    assert len(re.findall(r'name="slots" value="\w+" checked', page)) == 2


def test_a_record_shows_names_for_codes_and_reads_them_back(site: Site) -> None:
    browser = site.organiser()
    path = site.path("/participants/firms/f0")
    page = browser.get(path)
    assert 'name="country" type="text" value="China"' in page
    (form,) = PageForms(page, path).sending_to(path)
    assert "No changes were made." in browser.post(path, **dict(form.sent()))
    many = browser.get(site.path("/participants/people"))
    assert '<option value="exhibitor=no">Company contact: No</option>' in many
    assert '<option value="mail_language=hu">Email language: ' in many


def test_absences_are_ticked_and_cleared(site: Site) -> None:
    browser = site.organiser()
    for kind, key in (("people", "f0-p0"), ("interpreters", "i0")):
        browser.get(site.path(f"/participants/{kind}/{key}"))
        page = browser.post(site.path(f"/participants/{kind}/{key}/absences"), slots=["s0", "s3"])
        assert len(re.findall(r'name="slots" value="\w+" checked', page)) == 2
        page = browser.post(site.path(f"/participants/{kind}/{key}/absences"))
        assert len(re.findall(r'name="slots" value="\w+" checked', page)) == 0


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/participants/people/f0-p0/absences", {"slots": ["s0", "s1"], "note": "Ill."}),
        (
            "/participants/people/bulk",
            {"keys": ["f0-p0"], "column": ["title", "absent"], "day": "2026-12-07"},
        ),
    ],
)
def test_on_a_show_day_absences_are_saved_once_it_is_known_what_they_call_off(
    site: Site, monkeypatch: pytest.MonkeyPatch, path: str, fields: dict[str, object]
) -> None:
    with site.database.write() as session:
        both = [*site.expo.people[0], site.expo.people[2][0]]
        meetings = [
            meet(make_request(session, site.expo, 0, 1), site.expo, slot=0),
            meet(make_request(session, site.expo, 0, 2), site.expo, slot=1, people=both),
        ]
        make_version(session, site.expo, meetings)
        actor = site.expo.organiser_actor()
        manual_drafts.start_draft(session, actor, 1, now=NOW)
        commands.lock_meeting(session, actor, 2, meetings[0].request, seen=None, now=NOW)
    clocks.hold(monkeypatch, site.expo.slots[0].start - timedelta(minutes=30))
    browser = site.organiser()
    browser.get(site.path("/participants/people/f0-p0"))
    page = browser.post(site.path(path), **fields)
    for said in (
        "<b>2 published meetings</b> start too soon for a run to change.",
        "1 meeting will be cancelled and its request withdrawn.",
        "1 meeting will go ahead with a colleague who also attends it.",
        site.path("/board/2/people/f0-p0/unavailability"),
    ):
        assert said in page, said
    assert {each.state for each in site.stored()} == {RequestState.ACCEPTED}
    assert "checked" not in browser.get(site.path("/participants/people/f0-p0")).partition('id="absences"')[2]
    (form,) = PageForms(page, site.path(path)).sending_to(site.path(path))
    sent: dict[str, list[str]] = {}
    for name, text in form.sent():
        sent.setdefault(name, []).append(text)
    page = browser.post(site.path(path), **sent)
    assert "1 meeting that starts too soon to reschedule was cancelled." in page
    assert [each.state for each in site.stored()] == [RequestState.WITHDRAWN, RequestState.ACCEPTED]
    shown = browser.get(site.path("/participants/people/f0-p0"))
    assert len(re.findall(r'name="slots" value="\w+" checked', shown)) == 2


def test_an_interpreter_is_seated_at_a_table_that_its_page_names(site: Site) -> None:
    browser, path = site.organiser(), site.path("/participants/interpreters/i0")
    table = site.expo.tables[0]
    assert f'<option value="{table.key}">{table.name}</option>' in browser.get(path)
    page = browser.post(f"{path}/absences", slots=["s0", "s3"], table=table.key)
    assert page.count(f"<small>{table.name}</small>") == 2
    assert "checked" not in page
    page = browser.post(f"{path}/absences", slots=["s0"], table="")
    assert page.count(f"<small>{table.name}</small>") == 1
    page = browser.post(f"{path}/absences", 422, slots=["s0"], table="nowhere")
    assert "is not a table of this event" in page
    assert "Table assignments" not in browser.get(site.path("/participants/people/f0-p0"))


def without_tokens(page: str) -> str:
    """Return a page without CSRF tokens, which contain the time."""
    return re.sub(r'name="csrf_token" value="[^"]+"', "", page)


def test_a_merge_says_what_becomes_of_both_before_it_is_done(site: Site) -> None:
    browser = site.organiser()
    browser.get(site.path("/participants/firms/f0"))
    before = without_tokens(browser.get(site.path("/participants/firms")))
    page = browser.post(site.path("/participants/firms/f0/merge"), into="f1")
    for said in (
        "Record to remove",
        "b0 is released.",
        "F0-P0",
        "to Firm 1.",
        "Keep both",
        'name="sure" value="yes"',
    ):
        assert said in page, said
    assert without_tokens(browser.get(site.path("/participants/firms"))) == before
    assert "Records merged." in browser.post(site.path("/participants/firms/f0/merge"), into="f1", sure="yes")


def test_two_records_are_merged(site: Site) -> None:
    browser = site.organiser()
    browser.get(site.path("/participants/firms/f0"))
    page = browser.post(site.path("/participants/firms/f0/merge"), into="f1", sure="yes")
    assert "Records merged." in page
    assert "This was a duplicate of" in browser.get(site.path("/participants/firms/f0"))
    page = browser.post(site.path("/participants/firms/f1/merge"), 422, into="f1")
    assert "Choose a different record." in page


def test_a_request_in_a_firms_name_says_so_to_the_other_side(site: Site) -> None:
    browser = site.organiser()
    browser.get(site.path("/participants/requests/new"))
    page = browser.post(
        site.path("/participants/requests/new"), from_firm="Firm 0", to_firm="f1", topic="Cells",
        priority="3", place="any",
    )  # fmt: skip
    assert "on behalf of Firm 0" in page
    (request,) = site.stored()
    other = site.exhibitor(1)
    assert "the organiser on behalf of Firm 0" in other.get(site.path(f"/requests/{request.key}"))
    browser.get(site.path("/participants/requests"))
    page = browser.post(
        site.path("/participants/requests/bulk"), keys=[request.key, "none"], verb="accept", status=404
    )
    assert site.stored()[0].state is RequestState.PENDING
    page = browser.post(site.path("/participants/requests/bulk"), keys=[request.key], verb="accept")
    assert "Requests accepted on behalf of exhibitors: 1." in page
    page = site.exhibitor(0).get(site.path(f"/requests/{request.key}"))
    assert "the organiser on behalf of Firm 1" in page
    history = page[page.index("History") :]
    assert re.search(
        r"Requested\b.*the organiser on behalf of Firm 0.*Accepted\b.*the organiser on behalf of Firm 1",
        history,
    )
    page = browser.post(site.path("/participants/requests/bulk"), keys=[request.key], verb="decline")
    assert f"Request {request.key}: The request has already been accepted." in page


def test_a_firm_that_is_not_known_is_said_at_its_field(site: Site) -> None:
    browser = site.organiser()
    browser.get(site.path("/participants/requests/new"))
    page = browser.post(
        site.path("/participants/requests/new"), 422, from_firm="Firm 0", to_firm="Nobody", topic="Cells"
    )
    assert re.search(r'id="to_firm-error">.*Enter the full name or ID of one exhibitor', page)
    assert 'value="Cells"' in page


@pytest.mark.parametrize(
    "path",
    ["/participants/firms", "/participants/people/f0-p0", "/participants/requests", "/participants/steps"],
)
def test_exhibitors_have_no_desk(site: Site, path: str) -> None:
    site.exhibitor(0).get(site.path(path), 404)


def test_empty_tables_say_what_to_do(site: Site) -> None:
    browser = site.organiser()
    assert "Nothing here matches" in browser.get(site.path("/participants/firms?text=zzz"))
    assert "No records have been removed from the event." in browser.get(
        site.path("/participants/people?state=withdrawn")
    )
    assert "No requests yet." in browser.get(site.path("/participants/requests"))
    assert "No changes yet." in browser.get(site.path("/participants/steps"))
    with site.database.read() as session:
        assert session.query(Firm).count() == 3
