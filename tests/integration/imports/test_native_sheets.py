"""Event settings, venue, delegations and guests in sheets of eight languages."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from scheduler.services.exports.event_workbook import EXPORTED_SETTINGS
from scheduler.services.imports import event_settings_sheet, sheet_import
from scheduler.services.spreadsheets import vocabulary
from scheduler.services.spreadsheets.columns import ImportKind, fold_text
from scheduler.sheets.writers import Cell, OutputSheet, write_xlsx
from scheduler.storage.database import Database
from scheduler.storage.models import (
    Attendee,
    Delegation,
    DelegationFirm,
    DelegationPerson,
    Event,
    Hall,
    Slot,
    WalkingTime,
)
from tests.support.factories import NOW, make_account
from tests.support.publishing import SETTINGS as SITE

_DATA = json.loads((Path(__file__).parents[2] / "support" / "native_sheets.json").read_text("utf-8"))
SAID: dict[str, Cell] = _DATA["said"]
"""Values of the settings, in each language's order."""
NATIVE: dict[str, dict[str, Any]] = _DATA["languages"]
"""By language: names of sheets and headers, and localised cells."""


def sheets(native: dict[str, Any]) -> list[OutputSheet]:
    """Return a workbook of six native sheets, and the firms and people that they name."""
    said = SAID | {"language": native["language"], "proposals": native["yes"], "summary_mails": native["yes"]}
    settings = [[name, value] for name, value in zip(native["settings"], said.values(), strict=True)]
    (times, (day, start, end)), (halls, (first, second)) = native["times"], native["halls"]
    delegation = [
        "Chamber",
        "Fair Office",
        "anna@example.com",
        "Li Na",
        "+86 10 1234",
        "Paxkron",
        "anna@example.com",
    ]
    rows: list[tuple[list[str], list[list[Cell]]]] = [
        (list(native["header"]), settings),
        (list(times), [[day, start, end, "A"]]),
        (list(halls), [["h1", first, "一号馆"], ["h2", second, ""]]),
        (list(native["walking"]), [[first, second, 7]]),
        (list(native["delegations"]), [list(delegation)]),
        (list(native["guests"][0]), [list(guest) for guest in native["guests"][1]]),
    ]  # fmt: skip
    return [
        *(OutputSheet(name, *each) for name, each in zip(native["sheets"], rows, strict=True)),
        OutputSheet(
            "Firms",
            ["Name", "Country", "Tier"],
            [["Paxkron", "CN", "upstream"], ["Holzer", "DE", "midstream"]],
        ),
        OutputSheet(
            "People", ["Name", "Firm", "Email", "Languages"], [["Anna", "Holzer", "anna@example.com", "de"]]
        ),
    ]


@pytest.mark.parametrize("language", NATIVE)
def test_the_frame_of_an_event_and_its_groups_arrive_without_a_question(
    database: Database, language: str
) -> None:
    native = NATIVE[language]
    parts = sheet_import.read_parts(write_xlsx(sheets(native)), "")
    kinds = [ImportKind.EVENT, ImportKind.TIMES, ImportKind.HALLS, ImportKind.WALKING, ImportKind.DELEGATIONS]
    assert [kind for kind, sheet in parts if sheet.name in native["sheets"]] == [*kinds, ImportKind.GUESTS]
    with database.write() as session:
        account = make_account(session, is_operator=True)
        event_sheet = next(sheet for kind, sheet in parts if kind is ImportKind.EVENT)
        made = event_settings_sheet.create_event(session, account.id, event_sheet, now=NOW)
        actor = event_settings_sheet.owner_actor(account.id, made)
        look = sheet_import.apply_sheets(session, actor, parts, settings=SITE, now=NOW)
        wrong = [
            (part.sheet, part.faults, part.done and [cells.message for cells in part.done.wrong])
            for part in look.parts
        ]
        assert [each for each in wrong if any(each[1:])] == []
        assert [(part.sheet, header) for part in look.parts for header, column in part.headers if not column
                or column == sheet_import.UNDECIDED_COLUMN] == []  # fmt: skip
        arrived(session.scalars(select(Event)).one())
        slot = session.scalars(select(Slot)).one()
        zone = ZoneInfo("Asia/Shanghai")
        assert (slot.start.astimezone(zone), slot.end.astimezone(zone)) == (
            datetime(2027, 5, 19, 9, tzinfo=zone),
            datetime(2027, 5, 19, 9, 30, tzinfo=zone),
        )
        halls = session.scalars(select(Hall).order_by(Hall.position)).all()
        assert [(hall.key, hall.name) for hall in halls] == list(
            zip(("h1", "h2"), native["halls"][1], strict=True)
        )
        assert halls[0].names == {"zh": "一号馆"}
        assert [walk.minutes for walk in session.scalars(select(WalkingTime))] == [7]
        (delegation,) = session.scalars(select(Delegation))
        anna = session.scalars(select(Attendee)).one()
        told = (delegation.name, delegation.origin, delegation.escort, delegation.escort_phone)
        assert (*told, delegation.leader_id) == ("Chamber", "Fair Office", "Li Na", "+86 10 1234", anna.id)
        assert len(session.scalars(select(DelegationFirm)).all()) == 1
        assert [one.attendee_id for one in session.scalars(select(DelegationPerson))] == [anna.id]


def arrived(event: Event) -> None:
    """Check the settings of the sheet, and its guests."""
    assert (event.name, event.key, event.timezone, event.language, event.contact) == (
        "Harbour Expo", "harbour", "Asia/Shanghai", "en", "desk@expo.example",
    )  # fmt: skip
    numbers = (
        "solve_seconds",
        "freeze_hours",
        "request_days",
        "mail_per_minute",
        "publish_hold",
        "remind_minutes",
    )
    assert [getattr(event, name) for name in numbers] == [SAID[name] for name in numbers]
    assert (event.proposals, event.summary_mails) == (True, True)
    assert [(guest["kind"], guest["country"]) for guest in event.guests] == [
        ("country", "HU"),
        ("province", "CN"),
    ]


def test_each_language_names_every_setting_and_no_word_means_two() -> None:
    seen: dict[str, str] = {}
    for language in vocabulary.LANGUAGES:
        assert {*vocabulary.load_setting_names(language)} == {*EXPORTED_SETTINGS}, language
        for name, words in vocabulary.load_setting_names(language).items():
            for word in words:
                assert seen.setdefault(fold_text(word), name) == name, (language, word)
