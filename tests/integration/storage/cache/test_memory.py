"""A process's cached data about firms equal recomputed data after every change of a row."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
from sqlalchemy.orm import Session

from scheduler.domain.entities import RequestState, Tier
from scheduler.services.directory import search
from scheduler.services.directory.facets import FirmFilters
from scheduler.services.requests.suggestions import partners
from scheduler.storage.cache import memoization
from scheduler.storage.database import Database
from scheduler.storage.models import Delegation, DelegationFirm, Place
from tests.support.factories import NOW, Expo, make_event, make_request

WORDS = ("", "bearings", "Anna", "Booth 9", "Hall 1", "pavilion")


def scene(session: Session) -> Expo:
    """Six firms, the first of which looks for bearings."""
    expo = make_event(session, firms=6, slots="4|3 4", halls=2, walking=7, areas={"a": "A", "b": "B"})
    expo.firms[0].description = "We are looking for bearings."
    for firm in expo.firms[1:4]:
        firm.description = "We make bearings."
    session.flush()
    return expo


def look(session: Session, expo: Expo) -> list[object]:
    actor = expo.actor(0)
    found = [search.search_directory(session, actor, FirmFilters(text=text)) for text in WORDS]
    shown = [(each.facets, [card.key for card in each.page.items], each.meant) for each in found]
    return [shown, partners.suggest_partners(session, actor), partners.rank_fitting_firms(session, actor)]


def row_of(pick: Callable[[Expo], object], **columns: Any) -> Callable[[Session, Expo], None]:
    def change(session: Session, expo: Expo) -> None:
        row = session.merge(pick(expo))
        for name, value in columns.items():
            setattr(row, name, value)

    return change


def booth(session: Session, expo: Expo) -> None:
    place = session.query(Place).filter(Place.firm_id == expo.firms[2].id).one()
    place.name = "Booth 9"


def travels(session: Session, expo: Expo) -> None:
    group = Delegation(event_id=expo.event.id, key="d", name="D")
    session.add(group)
    session.flush()
    session.add(DelegationFirm(delegation_id=group.id, firm_id=expo.firms[2].id))


def full(session: Session, expo: Expo) -> None:
    """Fill all slots of the firm's only person."""
    for other in (2, 3, 4, 5):
        make_request(session, expo, other, 1)
    for other in (2, 3, 4, 5):
        make_request(session, expo, 1, other, state=RequestState.DECLINED)


def asked(session: Session, expo: Expo) -> None:
    for other in (4, 5):
        make_request(session, expo, other, 1, state=RequestState.PENDING)


FIRM: Callable[[Expo], object] = lambda expo: expo.firms[2]  # noqa: E731
PERSON: Callable[[Expo], object] = lambda expo: expo.people[2][0]  # noqa: E731
CHANGES: dict[str, Callable[[Session, Expo], None]] = {
    "a description": row_of(FIRM, description="We make cakes."),
    "needs": row_of(lambda expo: expo.firms[0], needs=["cells"], description=""),
    "offers": row_of(FIRM, offers=["Anna"]),
    "a name": row_of(FIRM, latin_name="Bearings Ltd", name="Bearings Ltd"),
    "a pavilion": row_of(FIRM, pavilion="Pavilion"),
    "a tier": row_of(FIRM, tier=Tier.DOWNSTREAM),
    "an area": row_of(FIRM, areas=["b"]),
    "a country": row_of(FIRM, country="AT"),
    "another hall": lambda session, expo: row_of(FIRM, hall_id=expo.halls[1].id)(session, expo),
    "a firm gone": row_of(FIRM, withdrawn_at=NOW),
    "a person's name": row_of(PERSON, name="Anna", latin_name="Anna"),
    "a person's languages": row_of(PERSON, languages=["hu"]),
    "a person gone": row_of(PERSON, withdrawn_at=NOW),
    "a hall's name": row_of(lambda expo: expo.halls[0], name="Hall 9"),
    "a booth's name": booth,
    "a delegation": travels,
    "a guest of honour": row_of(
        lambda expo: expo.event, guests=[{"name": "G", "kind": "country", "country": "CN", "pavilion": ""}]
    ),
    "a firm asked": asked,
    "a firm full": full,
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_is_remembered_is_right_after_a_change(database: Database, name: str) -> None:
    with database.write() as session:
        expo = scene(session)
    with database.read() as session:
        before = look(session, expo)
    with database.write() as session:
        CHANGES[name](session, expo)
    with database.read() as session:
        after = look(session, expo)
    memoization.clear_cache()
    with database.read() as session:
        assert after == look(session, expo)
    assert after != before


def test_the_same_rows_are_taken_apart_once(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    with database.write() as session:
        expo = scene(session)
    with database.read() as session:
        first = look(session, expo)
    monkeypatch.setattr("scheduler.services.directory.firm_rows._firms", pytest.fail)
    monkeypatch.setattr("scheduler.services.requests.suggestions.partners.parse_profile", pytest.fail)
    with database.read() as session:
        assert look(session, expo) == first


def test_threads_that_need_the_same_value_compute_it_once() -> None:
    memoization.clear_cache()
    both, calls = threading.Barrier(2), []

    def work_out() -> str:
        calls.append(threading.get_ident())
        with suppress(threading.BrokenBarrierError):
            both.wait(0.3)  # passed by two threads that compute at the same time
        return "found"

    with ThreadPoolExecutor(2) as threads:
        found = list(threads.map(lambda _: memoization.memoize("n", "1", work_out), range(2)))
    assert (found, len(calls)) == (["found", "found"], 1)


def test_a_value_that_cannot_be_computed_is_computed_again_for_the_next_reader() -> None:
    memoization.clear_cache()
    with pytest.raises(ZeroDivisionError):
        memoization.memoize("n", "1", lambda: 1 // 0)
    assert memoization.memoize("n", "1", lambda: 1) == 1


def test_so_much_is_remembered_and_no_more() -> None:
    memoization.clear_cache()
    for n in range(100):
        assert memoization.memoize("n", str(n), lambda n=n: n) == n  # type: ignore[misc]
    assert memoization.memoize("n", "99", lambda: 0) == 99
    assert memoization.memoize("n", "0", lambda: -1) == -1
