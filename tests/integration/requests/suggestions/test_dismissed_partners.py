"""A suggested partner is saved or dismissed; a dismissed one is not suggested until that is undone."""

from __future__ import annotations

import pytest

from scheduler.domain.errors import InvalidInput, NotAllowed, NotFound
from scheduler.services.directory import firm_notes
from scheduler.services.requests.dashboard import dashboard
from scheduler.services.requests.suggestions import partners
from scheduler.storage.database import Database
from scheduler.storage.models import Account
from tests.support.factories import NOW, Expo, make_event
from tests.support.queries import count_selects
from tests.support.web import Browser, web_app


@pytest.fixture
def expo(database: Database) -> Expo:
    with database.write() as session:
        made = make_event(session, firms=6, people=2)
        for number, firm in enumerate(made.firms):
            firm.description = "Wind turbines." if number % 2 else "Planetary gearboxes."
        return made


def suggested(database: Database, expo: Expo, firm: int = 0) -> list[str]:
    with database.read() as session:
        found = partners.suggest_partners(session, expo.actor(firm)).partners
    return [partner.firm.key for partner in found]


def test_a_dismissed_firm_is_suggested_to_nobody_of_the_firm_and_to_others_still(
    database: Database, expo: Expo
) -> None:
    first = suggested(database, expo)[0]
    number = expo.firms.index(next(firm for firm in expo.firms if firm.key == first))
    other = next(i for i in range(1, 6) if first in suggested(database, expo, i))
    with database.write() as session:
        firm_notes.dismiss_firm(session, expo.actor(0), first, is_dismissed=True, now=NOW)
    assert first not in suggested(database, expo)
    assert "f0" in suggested(database, expo, number) and first in suggested(database, expo, other)
    with database.write() as session:
        assert [firm.key for firm in firm_notes.list_dismissed(session, expo.actor(0))] == [first]
        assert firm_notes.list_dismissed(session, expo.actor(other)) == ()
        firm_notes.dismiss_firm(session, expo.actor(0), first, is_dismissed=False, now=NOW)
    assert suggested(database, expo)[0] == first


def test_only_exhibitors_dismiss_firms_of_their_event(database: Database, expo: Expo) -> None:
    with database.write() as session:
        for actor, key, error in (
            (expo.actor(0, 1), "f1", NotAllowed),
            (expo.organiser_actor(), "f1", NotAllowed),
            (expo.actor(0), "no-such", NotFound),
            (expo.actor(0), "f0", InvalidInput),
        ):
            with pytest.raises(error):
                firm_notes.dismiss_firm(session, actor, key, is_dismissed=True, now=NOW)


def test_the_start_page_saves_dismisses_and_undoes(database: Database, expo: Expo) -> None:
    first = suggested(database, expo)[0]
    with database.read() as session:
        account = session.get_one(Account, expo.people[0][0].account_id)
    here = f"/events/{expo.event.key}"
    path, back = f"{here}/firms/{first}", f"{here}/start#suggested"
    browser = Browser(web_app(database, "redis://127.0.0.1:1"), account)
    assert 'i-star" aria-hidden="true"></span><span>Save<' in browser.get(f"{here}/dashboard")
    assert 'i-star-filled" aria-hidden="true"></span><span>Saved<' in browser.post(
        f"{path}/save", saved=1, back=back
    )
    page = browser.post(f"{path}/dismiss", dismissed=1, back=back)
    assert "hidden from suggestions" in page and "Not interested: 1" in page
    page = browser.post(f"{path}/dismiss", dismissed=0, back=back)
    assert "can be suggested again" in page and "Not interested: 1" not in page


def test_the_start_page_takes_as_many_queries_with_many_dismissed(database: Database, expo: Expo) -> None:
    def look() -> int:
        return count_selects(
            database, lambda session: dashboard.show_dashboard(session, expo.actor(0), now=NOW)
        )

    before = look()
    with database.write() as session:
        for key in ("f1", "f2", "f3"):
            firm_notes.dismiss_firm(session, expo.actor(0), key, is_dismissed=True, now=NOW)
    assert look() == before
