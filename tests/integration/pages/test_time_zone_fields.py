"""Time zone fields are the same on every page: search by city, country or offset."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from sqlalchemy import select

from scheduler.storage.database import Database
from scheduler.storage.models import Event, ImportFile
from tests.integration.pages.test_pages_events import NEW
from tests.support.factories import make_account
from tests.support.web import Browser, web_app

TEMPLATES = Path(__file__).parents[3] / "api/templates"
UNKNOWN = "Choose a time zone from the list. Type a city or a country, like Budapest."


@pytest.fixture
def operator(database: Database, broker_url: str) -> Browser:
    with database.write() as session:
        account = make_account(session, is_operator=True)
    return Browser(web_app(database, broker_url), account)


def field(page: str) -> str:
    """Return the time zone field."""
    found = re.search(r'<label for="timezone">.*?</datalist>', page, re.DOTALL)
    assert found is not None
    return found[0]


def test_who_makes_an_event_finds_the_zone_by_its_city(database: Database, operator: Browser) -> None:
    shown = field(operator.get("/events/new"))
    assert 'value="Shanghai, China (UTC+08:00)"' in shown and "<select" not in shown
    assert "<option>Budapest, Hungary (UTC+01:00)</option>" in shown
    operator.post("/events/new", **NEW | {"timezone": "Budapest, Hungary (UTC+01:00)"})
    with database.read() as session:
        assert session.scalars(select(Event)).one().timezone == "Europe/Budapest"


def test_an_unknown_zone_of_a_new_event_is_said_at_its_field(operator: Browser) -> None:
    operator.get("/events/new")
    page = operator.post("/events/new", status=422, **NEW | {"timezone": "Mars"})
    shown = field(page)
    assert UNKNOWN in shown and 'value="Mars"' in shown and 'aria-invalid="true"' in shown
    assert '<a href="#timezone">Venue time zone</a>' in page
    page = operator.post("/events/new", status=422, **NEW | {"timezone": "Chicago", "days": "many"})
    assert 'value="Chicago, United States (UTC-06:00)"' in field(page), "what was found is not lost"


def test_an_event_of_a_workbook_has_the_same_field(database: Database, operator: Browser) -> None:
    operator.get("/events/new/workbook/")
    firms = io.BytesIO(b"name,country,tier\nA,HU,upstream\n")
    page = operator.post("/events/new/workbook/", file=(firms, "x.csv"))
    assert 'value=""' in field(page), "nothing is chosen for the person"
    with database.read() as session:
        here = f"/events/new/workbook/{session.scalars(select(ImportFile.id)).one()}"
    said = {"name": "Expo", "key": "expo", "language": "en"}
    page = operator.post(f"{here}/details", **said, timezone="Mars")
    assert UNKNOWN in field(page) and 'value="Mars"' in field(page)
    page = operator.post(f"{here}/details", **said, timezone="Budapest")
    assert 'value="Budapest, Hungary (UTC+01:00)"' in field(page) and "Create event" in page


def test_no_template_has_a_field_of_its_own_for_a_zone() -> None:
    macros = {"_components.html", "_zones.html"}
    own = {
        path.name
        for path in TEMPLATES.rglob("*.html")
        if re.search(r'name="timezone"|(?<!\.get)\("timezone",|zone_list\(', path.read_text("utf-8"))
    }
    assert own == macros
