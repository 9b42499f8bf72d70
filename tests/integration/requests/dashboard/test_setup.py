"""First sign-in: a firm's offers and needs, and its exhibitor's availability."""

from __future__ import annotations

import re
from datetime import time

import pytest

from scheduler.domain.entities import RequestState
from scheduler.domain.errors import InvalidInput, NotAllowed
from scheduler.services.availability.grid import list_marked_slots
from scheduler.services.directory.glossary import load_products
from scheduler.services.requests.dashboard import setup
from scheduler.services.requests.suggestions import partners
from scheduler.services.requests.suggestions.parsing.profile_texts import keys_of
from scheduler.storage.database import Database
from scheduler.storage.models import Account, Attendee, Firm
from tests.support.factories import NOW, Expo, make_event, make_request
from tests.support.web import Browser, web_app


@pytest.fixture
def expo(database: Database) -> Expo:
    with database.write() as session:
        expo = make_event(session, firms=4, people=2, slots="3 3")
        texts = (
            "Planetary gearboxes.",
            "Ceramic bearings.",
            "Castings.",
            "We need gearboxes, we make bearings.",
        )
        for firm, text in zip(expo.firms, texts, strict=True):
            firm.description = text
        return expo


@pytest.fixture
def browser(database: Database, expo: Expo) -> Browser:
    with database.read() as session:
        account = session.get_one(Account, expo.people[0][0].account_id)
    return Browser(web_app(database, "redis://127.0.0.1:1"), account)


def firm_of(database: Database, expo: Expo) -> Firm:
    with database.read() as session:
        return session.get_one(Firm, expo.firms[0].id)


def keys_suggested(database: Database, expo: Expo) -> list[str]:
    with database.read() as session:
        return [each.firm.key for each in partners.suggest_partners(session, expo.actor(0)).partners]


def test_the_first_sign_in_leads_here_until_it_is_answered_or_skipped(
    database: Database, expo: Expo, browser: Browser
) -> None:
    path = f"/events/{expo.event.key}"
    here = f"{path}/dashboard/setup"

    def lands() -> str:
        return browser.client.get(path).headers["Location"]

    assert lands().endswith(here)
    assert "Three steps to your first meetings" in browser.get(here)
    browser.post(f"{here}/offers", do="skip")
    assert lands().endswith(here)
    browser.post(f"{here}/needs", do="skip", unwanted="")
    assert lands().endswith(f"{path}/dashboard") and firm_of(database, expo).needs == []


def test_a_term_that_is_tapped_is_needed_at_once_in_the_words_of_the_page(
    database: Database, expo: Expo, browser: Browser
) -> None:
    here = f"/events/{expo.event.key}/dashboard/setup"
    page = browser.get(f"{here}?step=needs")
    assert 'name="add" value="bearings"' in page
    page = browser.post(f"{here}/needs", add="bearings", unwanted="", word="")
    assert firm_of(database, expo).needs == ["bearings"]
    assert "2 of 3 companies" in page and "1 of them needs what you offer" in page
    assert set(keys_suggested(database, expo)[:2]) == {"f1", "f3"}
    browser.post(f"{here}/needs", remove="bearings", unwanted="", word="")
    assert firm_of(database, expo).needs == []


def test_the_page_speaks_the_readers_language_and_keeps_terms_in_it(
    database: Database, expo: Expo, browser: Browser
) -> None:
    with database.write() as session:
        session.get_one(Attendee, expo.people[0][0].id).mail_language = "zh"
    here = f"/events/{expo.event.key}/dashboard/setup"
    page = browser.get(f"{here}?step=needs")
    assert "三步开始您的首批洽谈" in page and 'name="add" value="轴承"' in page
    browser.post(f"{here}/needs", add="轴承", unwanted="", word="")
    assert firm_of(database, expo).needs == ["轴承"]
    assert set(keys_suggested(database, expo)[:2]) == {"f1", "f3"}


def test_free_words_and_what_is_not_wanted_are_kept_with_any_press(
    database: Database, expo: Expo, browser: Browser
) -> None:
    here = f"/events/{expo.event.key}/dashboard/setup"
    browser.post(
        f"{here}/needs", word="Pattern making; 3D printing", add="castings", unwanted="bearings, staffing"
    )
    firm = firm_of(database, expo)
    assert firm.needs == ["Pattern making", "3D printing", "castings"]
    assert firm.unwanted == ["bearings", "staffing"] and firm.onboarded_at is None
    assert "f1" not in keys_suggested(database, expo)
    browser.post(f"{here}/needs", do="continue", unwanted="", word="")
    assert firm_of(database, expo).unwanted == [] and firm_of(database, expo).onboarded_at is not None


def test_the_count_is_that_of_the_query(database: Database, expo: Expo) -> None:
    with database.write() as session:
        setup.add_list_item(session, expo.actor(0), "needs", "bearings\ncastings", now=NOW)
        found = setup.show_setup(session, expo.actor(0)).reach
    assert (found.all, found.offering, found.needing, found.both) == (3, 3, 1, 1)


def test_what_is_too_long_is_said_at_the_field_and_stays(expo: Expo, browser: Browser) -> None:
    here = f"/events/{expo.event.key}/dashboard/setup"
    text = browser.post(f"{here}/needs", 422, word="x" * 500, unwanted="staffing")
    assert "x" * 500 in text and 'value="staffing"' in text
    assert 'aria-invalid="true"' in text


def test_the_times_at_the_venue_are_busy_times_and_single_ones_stay(
    database: Database, expo: Expo, browser: Browser
) -> None:
    here = f"/events/{expo.event.key}/dashboard/setup"
    page = browser.get(f"{here}?step=times")
    days = re.findall(r'name="from-([\d-]+)"', page)
    starts = re.findall(r'<select[^>]*name="from-' + days[0] + r'"(.*?)</select>', page, re.DOTALL)[0]
    ends = re.findall(r'<select[^>]*name="until-' + days[0] + r'"(.*?)</select>', page, re.DOTALL)[0]
    froms, untils = (re.findall(r">(\d\d:\d\d)<", each) for each in (starts, ends))
    form = {f"there-{days[0]}": "1", f"from-{days[0]}": froms[1], f"until-{days[0]}": untils[-1]}
    form |= {f"from-{days[1]}": froms[0], f"until-{days[1]}": untils[-1]}  # absent all day
    assert "Setup finished" in browser.post(f"{here}/times", **form)
    with database.read() as session:
        marked = list_marked_slots(session, expo.actor(0))
        shown = setup.show_setup(session, expo.actor(0)).days
    assert len(marked) == 1 + 3
    assert [(each.is_there, each.first.strftime("%H:%M")) for each in shown] == [
        (True, froms[1]),
        (False, froms[0]),
    ]
    assert firm_of(database, expo).onboarded_at is not None


def test_a_time_that_ends_before_it_begins_is_refused_with_a_sentence(database: Database, expo: Expo) -> None:
    with database.write() as session:
        (first, *_) = setup.show_setup(session, expo.actor(0)).days
        with pytest.raises(InvalidInput, match=first.day.isoformat()):
            setup.set_presence(session, expo.actor(0), {first.day: (time(15), time(9))})


def test_only_exhibitors_are_asked(database: Database, expo: Expo) -> None:
    with database.read() as session:
        assert setup.is_setup_due(session, expo.actor(0))
        assert not setup.is_setup_due(session, expo.actor(0, 1)) and not setup.is_setup_due(
            session, expo.organiser_actor()
        )
        for actor in (expo.actor(0, 1), expo.organiser_actor()):
            with pytest.raises(NotAllowed):
                setup.show_setup(session, actor)


def test_first_steps_and_an_empty_list_of_suggestions_ask_for_needs(
    database: Database, expo: Expo, browser: Browser
) -> None:
    with database.write() as session:
        for firm in expo.firms:
            session.get_one(Firm, firm.id).description = ""
    start = f"/events/{expo.event.key}/dashboard"
    page = browser.get(start)
    assert "Enter what you offer and need" in page and page.count("setup?step=needs") == 1
    with database.write() as session:
        make_request(session, expo, 1, 0, state=RequestState.PENDING)
    assert browser.get(start).count("setup?step=needs") == 1


@pytest.mark.parametrize("language", ["en", "zh", "hu"])
def test_each_name_of_a_thing_means_the_thing(language: str) -> None:
    for key, thing in load_products().items():
        assert keys_of(thing.names[language]) == {key}
