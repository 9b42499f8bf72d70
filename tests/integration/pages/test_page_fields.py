"""Limits of inputs equal those of the service, the API and the column."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

import pytest
from pydantic import TypeAdapter
from sqlalchemy import String

from api.inputs import CLOCK_FIELD
from api.v1.requests.schemas import NewRequestIn
from api.v1.schemas.base import Input
from scheduler.domain import fields
from scheduler.domain.entities import RequestState
from scheduler.domain.team import TeamRole
from scheduler.invites.mail import wording
from scheduler.services.events.events import EventSettings
from scheduler.services.events.new_event import NewEvent
from scheduler.services.events.overnight_schedule import OvernightSettings
from scheduler.services.requests.form import NewRequest
from scheduler.storage.database import Database
from scheduler.storage.models import Account, Event, MeetingRequest, TeamMember
from tests.support import replies
from tests.support.factories import make_event, make_request, make_version, meet
from tests.support.published import Published
from tests.support.web import Browser, web_app

PRICES = ("shortfall", "idle", "hall_change", "moved", "relocated", "reassigned", "repeated", "dropped")
DIALS = (
    dict.fromkeys(PRICES, fields.Factor)
    | dict.fromkeys(("max_moved", "max_idle_spread"), fields.MaxMoved)
    | {"max_in_row": fields.MeetingLimit, "max_days": fields.DayLimit}
)
TYPED: dict[str, dict[str, Any]] = {
    "/sign-in": {"email": fields.Email},
    "/events/new": fields.limited_fields(NewEvent)
    | {"key": fields.EventKey, "timezone": fields.TypedTimezone},
    "{event}/settings": fields.limited_fields(EventSettings),
    "{event}/overnight": fields.limited_fields(OvernightSettings),
    "{event}/priorities": DIALS | {"fair_share": fields.Percent},
    "{event}/schedule": {"seconds": fields.RunSeconds, "max_moved": fields.MaxMoved, "note": fields.RunNote},
    "{event}/email-texts/en/new": {part: rule.kind for part, rule in wording.PARTS.items()},
    "{event}/tokens": {"name": fields.TokenName},
    "{event}/calendar-status/": {"text": fields.Search},
    "{event}/calendar-status/people/f1-p0": {"email": fields.Email},
    "{event}/firms": {"text": fields.Search},
    "{event}/firms/f2/request": {"topic": fields.Topic, "message": fields.Message},
    "{event}/requests/received": {"text": fields.Search, "note": fields.Note},
    "{event}/busy-times": {
        "address": fields.CalendarAddress,
        "server": fields.CalendarAddress,
        "user": fields.CalendarLogin,
    },
}
"""User input by page and input name."""
ELSEWHERE = {"areas"}
"""One a line; no attribute of an input limits the number."""


@dataclass
class Inputs(HTMLParser):
    """The text inputs of a page."""

    found: dict[str, dict[str, str | None]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        typed = tag == "textarea" or given.get("type", "text") in ("text", "search", "email", "number", "url")
        if tag in ("input", "textarea") and typed and given.get("name"):
            self.found[str(given["name"])] = given


def attributes(kind: Any) -> dict[str, str]:
    limits = fields.limits(kind)
    if limits.is_size:
        return {"maxlength": str(limits.most)}
    return {"min": str(limits.least), "max": str(limits.most)}


def test_an_input_takes_what_the_field_takes(database: Database, broker_url: str) -> None:
    with database.write() as session:
        expo = make_event(session)
        make_request(session, expo, 2, 0, state=RequestState.PENDING)
        make_version(session, expo, [meet(make_request(session, expo), expo)])
        account = session.get_one(Account, expo.people[0][0].account_id)
        account.is_operator = True
        session.add(TeamMember(event_id=expo.event.id, account_id=account.id, role=TeamRole.OWNER))
    app = web_app(database, broker_url)
    browser = Browser(app, account)
    for page, kinds in TYPED.items():
        path = page.format(event=f"/events/{expo.event.key}")
        inputs = Inputs()
        inputs.feed((Browser(app) if page == "/sign-in" else browser).get(path))
        shown = {name: given for name, given in inputs.found.items() if name not in ELSEWHERE}
        shown = {
            name: given for name, given in shown.items() if given.get("pattern") != CLOCK_FIELD["pattern"]
        }
        assert shown and shown.keys() <= kinds.keys(), (page, "an input without a limit")
        for name, given in shown.items():
            wanted = attributes(kinds[name])
            assert {each: given.get(each) for each in wanted} == wanted, (page, name)


def test_the_comment_of_an_answer_is_as_long_as_the_service_takes(database: Database) -> None:
    published, inputs = Published(database), Inputs()
    app = web_app(database, "redis://127.0.0.1:1")
    inputs.feed(Browser(app).get(f"/answers/{replies.token(published.mail_to(0))}/decline"))
    assert inputs.found["comment"].items() >= attributes(fields.Comment).items()


def inputs_of(model: type[Input]) -> Iterator[type[Input]]:
    for child in model.__subclasses__():
        yield child
        yield from inputs_of(child)


@pytest.mark.parametrize("model", list(inputs_of(Input)), ids=lambda model: model.__name__)
def test_every_input_of_the_api_is_bounded(model: type[Input]) -> None:
    """Texts have a maximum length, lists a maximum size, numbers a range; other types are bounded anyway."""
    schema = model.model_json_schema()
    for name, described in schema.get("properties", {}).items():
        for part in described.get("anyOf", [described]):
            bound = {"string": "maxLength", "array": "maxItems", "integer": "maximum"}.get(part.get("type"))
            is_choice = part.keys() & {"enum", "const", "format", "$ref"}
            is_header = name == "Location"  # of a response
            assert bound is None or bound in part or is_choice or is_header, (model.__name__, name)


def test_the_api_takes_a_request_as_the_form_does() -> None:
    described = NewRequestIn.model_json_schema()["properties"]
    for name, kind in fields.limited_fields(NewRequest).items():
        limits = TypeAdapter(kind).json_schema().items()
        assert limits <= described[name].items(), name


@pytest.mark.parametrize(
    ("form", "table"), [(NewRequest, MeetingRequest), (EventSettings, Event), (NewEvent, Event)]
)
def test_a_column_has_room_for_what_its_form_takes(form: type, table: Any) -> None:
    columns = table.__table__.columns
    texts = {
        name: kind
        for name, kind in fields.limited_fields(form).items()
        if name in columns and isinstance(columns[name].type, String) and columns[name].type.length
    }
    assert texts
    for name, kind in texts.items():
        assert columns[name].type.length == fields.limits(kind).most, name
