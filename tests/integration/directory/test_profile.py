"""Firm profiles: edited by exhibitors, audit-logged, and searchable at once."""

from __future__ import annotations

from typing import Any

import pytest

from scheduler.domain.errors import InvalidInput, NotAllowed
from scheduler.services.directory import profile, search
from scheduler.services.directory.facets import FirmFilters
from scheduler.storage.database import Database
from scheduler.storage.models import AuditLogEntry
from tests.support.factories import NOW, make_event

NOTHING: dict[str, Any] = {"description": "", "website": "", "things": {}, "titles": {}}


def test_a_profile_is_changed_found_and_in_the_trail(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, people=2)
        titles = {"f0-p0": " Head  of sales ", "f1-p0": "Not ours"}
        said = {"description": "We make\ngearboxes", "website": "gears.example", "titles": titles}
        said["things"] = {"offers": "heat treatment\n\n 齿轮加工 ", "needs": "Bearings; oil", "products": ""}
        profile.change_profile(session, expo.actor(0), **said, now=NOW)
    with database.read() as session:
        found = profile.show_profile(session, expo.actor(0))
        assert (found.description, found.website) == ("We make\ngearboxes", "https://gears.example")
        assert [person.title for person in found.people] == ["Head of sales", ""]
        assert search.show_firm(session, expo.actor(0), "f1").people[0].title != "Not ours"
        hits = search.search_directory(session, expo.actor(1), FirmFilters(text="gearbox")).page.items
        assert [card.key for card in hits] == ["f0"]
        assert found.things["offers"] == hits[0].offers == ("heat treatment", "齿轮加工")
        assert (hits[0].needs, hits[0].products) == (("Bearings", "oil"), ())
        for text in ("treatments", "齒輪加工", "bearing"):
            found_by = search.search_directory(session, expo.actor(1), FirmFilters(text=text)).page.items
            assert [card.key for card in found_by] == ["f0"], text
        (entry,) = session.query(AuditLogEntry).all()
        assert entry.about == "exhibitor f0: profile" and "gearboxes" in entry.after


def test_what_is_wrong_stands_at_its_field(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        for website in ("javascript://x.example", "nowhere", "https://a b.example"):
            with pytest.raises(InvalidInput, match="website: enter a web address"):
                profile.change_profile(session, expo.actor(0), **NOTHING | {"website": website}, now=NOW)
        with pytest.raises(InvalidInput) as caught:
            profile.change_profile(
                session,
                expo.actor(0),
                description="x" * 4_001,
                website="",
                things={"offers": "\n".join(map(str, range(13))), "needs": f"oil\n{'x' * 81}"},
                titles={"f0-p0": "x" * 121},
                now=NOW,
            )
        faults = {fault.path: str(fault.message) for fault in caught.value.faults}
        assert faults.keys() == {"description", "offers", "needs", "title-f0-p0"}
        assert "at most 12 lines, not 13" in faults["offers"] and "shorten the line “xxx" in faults["needs"]


def test_only_the_firms_exhibitors_change_it(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, people=2)
        for actor in (expo.actor(0, 1), expo.organiser_actor()):
            with pytest.raises(NotAllowed):
                profile.change_profile(session, actor, **NOTHING, now=NOW)
