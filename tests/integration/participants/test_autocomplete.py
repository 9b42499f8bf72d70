"""Autocomplete fields for firms and people: input and suggestions, with and without a script."""

import re
from urllib.parse import urlencode

import pytest

from scheduler.services.identity import actors
from scheduler.services.spreadsheets import record_search
from scheduler.services.spreadsheets.columns import ImportKind
from scheduler.storage.database import Database
from scheduler.storage.models import Event
from tests.support.factories import NOW, Expo, make_event, make_interpreter
from tests.support.full_size import fill
from tests.support.queries import count_selects
from tests.support.site import Site

FIRMS, PEOPLE, INTERPRETERS = ImportKind.FIRMS, ImportKind.PEOPLE, ImportKind.INTERPRETERS


@pytest.fixture
def expo(database: Database) -> Expo:
    with database.write() as session:
        expo = make_event(session, firms=5, people=1)
        names = [("北方电池", "Northern Battery"), ("Battery Kft.", "Battery Kft."), ("Solar", "Solar")]
        for firm, (name, latin) in zip(expo.firms, [*names, ("Twin", "Twin"), ("Twin", "Twin")], strict=True):
            firm.name, firm.latin_name = name, latin
    return expo


def test_the_key_comes_first_then_what_begins_so_then_what_has_every_word(
    expo: Expo, database: Database
) -> None:
    actor = expo.organiser_actor()
    with database.read() as session:
        for text, keys in (
            ("battery", ["f1", "f0"]),
            ("电池", ["f0"]),
            ("f2", ["f2"]),
            ("Solar [f2]", ["f2"]),
            ("twin", ["f3", "f4"]),
            ("battery north", ["f0"]),
            ("no such", []),
            (" ", []),
        ):
            assert [each.key for each in record_search.search_records(session, actor, FIRMS, text)] == keys, (
                text
            )


def test_one_record_is_meant_by_its_key_its_label_or_a_name_that_no_other_has(
    expo: Expo, database: Database
) -> None:
    actor = expo.organiser_actor()
    with database.read() as session:
        for text, key in (
            ("f3", "f3"),
            ("Twin [f4]", "f4"),
            ("Other name [f4]", ""),
            ("twin", ""),
            ("SOLAR", "f2"),
            ("北方电池", "f0"),
            ("north", "f0"),
            ("battery kft.", "f1"),
            ("f3 [nothing]", ""),
            ("", ""),
        ):
            assert record_search.resolve_key(session, actor, FIRMS, text) == key, text
        for offered in record_search.search_records(session, actor, PEOPLE, "f4-p"):
            assert record_search.resolve_key(session, actor, PEOPLE, offered.label) == offered.key == "f4-p0"


def test_neither_who_left_nor_another_event_is_offered(expo: Expo, database: Database) -> None:
    with database.write() as session:
        session.merge(expo.firms[1]).withdrawn_at = NOW
        other = make_event(session, key="other", firms=1)
        other.firms[0].latin_name = "Battery elsewhere"
    with database.read() as session:
        offered = record_search.search_records(session, expo.organiser_actor(), FIRMS, "battery")
        assert [each.key for each in offered] == ["f0"]
        assert record_search.resolve_key(session, expo.organiser_actor(), FIRMS, "Battery elsewhere") == ""


@pytest.mark.slow
def test_twenty_of_3_000_are_offered_by_one_query(database: Database) -> None:
    event_id = fill(database, meetings=100)
    with database.read() as session:
        actor = actors.operator_actor(session.get_one(Event, event_id))
        assert len(record_search.search_records(session, actor, FIRMS, "firm")) == record_search.MAX_OPTIONS
        assert (
            len(record_search.search_records(session, actor, PEOPLE, "person")) == record_search.MAX_OPTIONS
        )
    for kind in (FIRMS, PEOPLE, INTERPRETERS, ImportKind.TABLES):
        taken = count_selects(
            database,
            lambda session: record_search.search_records(session, actor, kind, "a"),  # noqa: B023
        )
        assert taken == 1


@pytest.fixture
def site(database: Database, broker_url: str) -> Site:
    site = Site.of_three_firms(database, broker_url)
    with database.write() as session:
        make_interpreter(session, site.expo)
    return site


def test_a_field_offers_names_with_their_keys_while_somebody_types(site: Site) -> None:
    browser = site.organiser()
    page = browser.get(site.path("/participants/requests/new"))
    address, listed = re.findall(
        r'hx-get="([^"]*options/firms\?field=to_firm)".*?<datalist id="([^"]*)"', page, re.DOTALL
    )[0]
    assert f'list="{listed}"' in page
    options = browser.get(address.replace("&amp;", "&") + "&" + urlencode({"to_firm": "firm 1"}))
    assert (
        options.strip() == '<option value="Firm 1 [f1]">' + options.split(">")[1].split("<")[0] + "</option>"
    )
    for kind, text in (("people", "F0"), ("interpreters", "i"), ("tables", "t")):
        assert "<option" in browser.get(site.path(f"/participants/options/{kind}?field=into&into={text}"))
    assert "<option" not in browser.get(site.path("/participants/options/firms"))


def test_without_a_script_a_name_that_several_have_is_chosen_on_the_page(site: Site) -> None:
    browser = site.organiser()
    browser.get(site.path("/participants/requests/new"))
    asked = {"topic": "Packs", "priority": "3", "place": "any"}
    page = browser.post(site.path("/participants/requests/new"), 422, from_firm="Firm", to_firm="f1", **asked)
    assert "Enter the full name or ID of one exhibitor of this event." in page
    assert 'value="Firm"' in page
    assert 'value="Firm 1 [f1]"' in page
    assert re.findall(r'type="radio" name="from_firm-pick" value="(\w*)"', page) == ["f0", "f1", "f2", ""]
    again = {"from_firm": "Firm", "from_firm-pick": "f2", "to_firm": "Firm 1 [f1]"}
    assert "Request sent to Firm 1 on behalf of Firm 2." in browser.post(
        site.path("/participants/requests/new"), **again, **asked
    )


def test_a_person_changes_firms_and_two_records_merge_by_what_was_picked(site: Site) -> None:
    browser = site.organiser()
    page = browser.get(site.path("/participants/people/f0-p0"))
    assert 'value="Firm 0 [f0]"' in page
    assert "No changes were made." in browser.post(
        site.path("/participants/people/f0-p0"), firm="Firm 0 [f0]"
    )
    assert 'value="Firm 1 [f1]"' in browser.post(site.path("/participants/people/f0-p0"), firm="Firm 1 [f1]")
    assert "Records merged." in browser.post(
        site.path("/participants/firms/f2/merge"), into="Firm 1 [f1]", sure="yes"
    )


def test_what_nobody_has_stays_in_its_field_with_what_is_wrong(site: Site) -> None:
    browser = site.organiser()
    browser.get(site.path("/participants/firms/f0"))
    page = browser.post(site.path("/participants/firms/f0/merge"), 422, into="Nowhere")
    assert 'value="Nowhere"' in page
    assert re.search(r'id="into-error">.*Enter the ID of a record of this event', page)
