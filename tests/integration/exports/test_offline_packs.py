"""Offline packs: what is in them, when they are made, who gets them, and how long they are kept."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pymupdf
import pytest
from icalendar import Calendar
from sqlalchemy import select

from scheduler.domain.entities import AlertKind, OutboxKind
from scheduler.domain.errors import NotAllowed, NotFound, RecentSignInRequired
from scheduler.domain.team import TeamRole
from scheduler.services.audit_log.recording import NamedDoer
from scheduler.services.exports.offline_packs import contents, nightly_packs, pack_access, pack_folder
from scheduler.services.exports.offline_packs.contents import PackedSchedule, PackInterrupted
from scheduler.services.exports.offline_packs.phone_page import DATA
from scheduler.services.operations import site_pause
from scheduler.services.operations.work_counts import count_work
from scheduler.services.schedule.feed_addresses import FeedOwner, feed_token
from scheduler.sheets.workbook import read_workbook
from scheduler.storage.database import Database
from scheduler.storage.models import Alert, Event, JobHeartbeat, OutboxEmail
from tests.support import clocks
from tests.support.factories import NOW, SECRET_KEY, Expo, make_event, make_member, make_request, meet
from tests.support.publishing import SETTINGS, draft, publish
from tests.support.web import Browser, web_app

DAY_2 = "2026-12-08"


@dataclass(frozen=True)
class Packed:
    """A published event, and the members of its pack by name."""

    expo: Expo
    members: dict[str, bytes]

    @property
    def data(self) -> dict[str, Any]:
        return page_data(self.members["index.html"])


def page_data(page: bytes) -> dict[str, Any]:
    _, _, after = page.decode().partition(DATA)
    found: dict[str, Any] = json.loads(after.partition("</script>")[0])
    return found


def make_expo(database: Database) -> Expo:
    """Two days. In version 2, the meeting of firms 0 and 1 moves to day 2, and firm 2's is cancelled."""
    with database.write() as session:
        expo = make_event(session, firms=3, slots="4 4", interpreters=1, language="en", contact="+86 10 55")
        expo.firms[0].name, expo.firms[0].latin_name = "长江新能源", "Yangtze </script> Energy"
        expo.people[0][0].phone = "+86 10 1234"
        session.flush()
        moved = make_request(session, expo, 0, 1, topic="Cells")
        ended = make_request(session, expo, 1, 2)
        first = [meet(moved, expo, slot=0), meet(ended, expo, slot=1)]
        publish(session, expo, draft(session, expo, first), None)
        again = meet(moved, expo, slot=5, place=expo.tables[1], interpreter=expo.interpreters[0])
        publish(session, expo, draft(session, expo, [again]), 1, minutes=30)
    return expo


@pytest.fixture
def packed(database: Database) -> Packed:
    expo = make_expo(database)
    octets = io.BytesIO()
    contents.write_pack(database, PackedSchedule(expo.event.id, 2), octets, now=NOW)
    with zipfile.ZipFile(octets) as archive:
        assert archive.testzip() is None
        members = {name: archive.read(name) for name in archive.namelist()}
    database.dispose()  # from here on there is no server
    return Packed(expo, members)


def test_the_drill_where_is_a_person_who_sits_at_a_table_and_where_does_an_interpreter_go(
    packed: Packed,
) -> None:
    """Answered from the page's data, the workbook and the calendars, which agree."""
    data, expo = packed.data, packed.expo
    (meeting,) = data["meetings"]
    start, end, place, asks, asked, own, theirs, interpreter, topic = meeting
    assert (start, end, topic) == (f"{DAY_2}T09:30", f"{DAY_2}T10:00", "Cells")
    assert data["places"][place][0] == ["Table t1", "طاولة t1", "t1 asztal", "洽谈桌 t1"]
    both = "Yangtze </script> Energy (长江新能源)"
    assert data["firms"][asks][0] == [both, both, both, "长江新能源"]  # English, Arabic, Hungarian, Chinese
    assert data["people"][own[0]][2] == "+86 10 1234"
    assert data["interpreters"][interpreter] == [expo.interpreters[0].name]

    sheets = {sheet.name: sheet.rows for sheet in read_workbook(packed.members["schedule.xlsx"]).sheets}
    header, *rows = (list(row.cells) for row in sheets["By interpreter"])
    (row,) = (dict(zip(header, each, strict=False)) for each in rows)
    assert (row["Day"], row["From"], row["Location"]) == (DAY_2, "09:30", expo.tables[1].key)
    header, *rows = (list(row.cells) for row in sheets["By hall"])
    assert [each[header.index("Location")] for each in rows] == [expo.tables[1].key]

    calendar = Calendar.from_ical(packed.members[f"calendars/people/{expo.people[0][0].key}.ics"])
    (event,) = (each for each in calendar.events if each["STATUS"] == "CONFIRMED")
    assert event.start.isoformat() == f"{DAY_2}T09:30:00+08:00"
    assert expo.tables[1].name in str(event["LOCATION"])
    assert event["SEQUENCE"] == 0  # version 1 was never sent
    assert data["people"][theirs[0]][1] == asked


def test_the_drill_what_changed_for_a_firm(packed: Packed) -> None:
    data = packed.data
    changes = {kind: (was, position) for kind, was, position in data["changes"]}
    assert changes.keys() == {"moved", "cancelled"}
    was, position = changes["moved"]
    assert (was[0], was[2] == data["meetings"][position][2]) == ("2026-12-07T09:00", False)
    was, position = changes["cancelled"]
    names = {data["firms"][number][0] for number in was[3:5]}
    assert (names, position) == ({packed.expo.firms[1].name, packed.expo.firms[2].name}, -1)


def test_a_pack_has_agendas_of_all_kinds_and_a_calendar_for_each_participant(packed: Packed) -> None:
    agendas = {name for name in packed.members if name.endswith(".pdf")}
    assert agendas == {
        f"agendas/{name}-1.pdf" for name in ("people", "companies", "tables-and-booths", "interpreters")
    }
    assert all(packed.members[name].startswith(b"%PDF") for name in agendas)
    folders = [name.split("/")[1] for name in packed.members if name.endswith(".ics")]
    assert {folder: folders.count(folder) for folder in folders} == {
        "people": 3, "companies": 3, "interpreters": 1,
    }  # fmt: skip


def test_a_pack_has_no_address_of_a_feed_no_link_and_no_print_code(packed: Packed) -> None:
    expo = packed.expo
    people = [person for each in expo.people for person in each]
    owners = [FeedOwner(each.id, False, expo.event.id, each.name, each.feed_seed) for each in people]
    tokens = [feed_token(owner, SECRET_KEY) for owner in owners]
    assert len(tokens) == 3 and all(tokens)
    texts = {name: octets for name, octets in packed.members.items() if name.endswith((".ics", ".html"))}
    with zipfile.ZipFile(io.BytesIO(packed.members["schedule.xlsx"])) as workbook:
        texts |= {name: workbook.read(name) for name in workbook.namelist() if "sheet" in name.lower()}
    for name, text in texts.items():
        assert not [token for token in tokens if token and token.encode() in text], name
        assert b"/feeds/" not in text, name
        assert b"SOURCE" not in text, name
    for name, octets in packed.members.items():
        if name.endswith(".pdf"):
            with pymupdf.open(stream=octets) as document:
                assert [link for page in document for link in page.get_links()] == [], name


def test_the_page_needs_no_network_and_has_each_language(packed: Packed) -> None:
    page = packed.members["index.html"].decode()
    assert "http" not in page.replace("http-equiv", "").partition(DATA)[0]
    assert "default-src 'none'" in page
    languages = packed.data["languages"]
    assert languages.keys() == {"en", "ar", "zh", "hu"}
    assert len({texts["search"] for texts in languages.values()}) == 4
    assert all(texts.keys() == languages["en"].keys() for texts in languages.values())


def test_a_key_of_any_characters_is_a_file_of_its_own(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=2)
        expo.people[0][0].key, expo.people[1][0].key = "../a/b", "../a_b"
        session.flush()
        publish(session, expo, draft(session, expo, [meet(make_request(session, expo), expo)]), None)
    octets = io.BytesIO()
    contents.write_pack(database, PackedSchedule(expo.event.id, 1), octets, now=NOW)
    names = [name for name in zipfile.ZipFile(octets).namelist() if name.startswith("calendars/people")]
    assert names == ["calendars/people/..%2Fa%2Fb.ics", "calendars/people/..%2Fa_b.ics"]


MORNING = datetime(2026, 12, 6, 21, 0, tzinfo=UTC)
"""05:00 in Shanghai on the first day."""


SetClock = Callable[[datetime], None]


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> SetClock:
    """Return what sets the clock. It begins at MORNING."""
    clocks.hold(monkeypatch, MORNING)
    return lambda now: clocks.hold(monkeypatch, now)


@dataclass
class Folder:
    """An installation with a folder of packs, in which packs take no time to write."""

    database: Database
    expo: Expo
    path: Path

    def make(self, **options: Any) -> int:
        settings = replace(SETTINGS, pack_folder=str(self.path), pack_days=14)
        return nightly_packs.make_due_packs(self.database, settings, **options)

    def names(self) -> list[str]:
        return sorted(path.name for path in self.path.iterdir())


@pytest.fixture
def folder(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: SetClock) -> Folder:
    monkeypatch.setattr(contents, "write_pack", lambda _database, pack, to, **_: to.write(b"PK"))
    return Folder(database, make_expo(database), tmp_path / "packs")


def test_a_pack_is_made_each_morning_and_after_each_publication(
    database: Database, folder: Folder, at: SetClock
) -> None:
    assert (folder.make(), folder.make()) == (1, 0)
    key = folder.expo.event.key
    assert folder.names() == [f"{key}-20261206T210000Z-v2.zip"]
    (path,) = folder.path.iterdir()
    assert (path.stat().st_mode & 0o777, folder.path.stat().st_mode & 0o777) == (0o600, 0o700)
    at(MORNING + timedelta(hours=23, minutes=59))
    assert folder.make() == 0
    at(MORNING + timedelta(days=1))
    assert folder.make() == 1
    with database.write() as session:
        publish(session, folder.expo, draft(session, folder.expo, []), 2)
    at(MORNING + timedelta(days=1, minutes=29))
    assert folder.make() == 0  # at most one in half an hour
    at(MORNING + timedelta(days=1, minutes=31))
    assert folder.make() == 1
    assert folder.names()[-1] == f"{key}-20261207T213100Z-v3.zip"


def test_an_event_that_is_over_or_archived_gets_none_and_its_packs_end(
    database: Database, folder: Folder, at: SetClock
) -> None:
    assert folder.make() == 1
    at(MORNING + timedelta(days=4))
    assert (folder.make(), len(folder.names())) == (0, 1)
    at(MORNING + timedelta(days=15))
    assert (folder.make(), folder.names()) == (0, [])
    at(MORNING + timedelta(days=1))
    with database.write() as session:
        session.get_one(Event, folder.expo.event.id).archived_at = NOW
    assert folder.make() == 0


def test_a_deleted_events_packs_are_deleted(database: Database, folder: Folder) -> None:
    folder.make()
    with database.write() as session:
        session.get_one(Event, folder.expo.event.id).deleted_at = MORNING - timedelta(hours=1)
    folder.make()
    assert folder.names() == []


def test_a_paused_site_makes_none(database: Database, folder: Folder) -> None:
    with database.write() as session:
        site_pause.pause(session, NamedDoer(name="operator"), "", now=MORNING)
    assert folder.make() == 0


def test_a_pack_that_cannot_be_written_is_an_alert_until_one_is(
    database: Database, folder: Folder, at: SetClock
) -> None:
    folder.path.write_bytes(b"a file, not a folder")
    assert folder.make() == 0
    with database.read() as session:
        (alert,) = session.scalars(select(Alert).where(Alert.kind == AlertKind.PACK_FAILED))
        assert (alert.event_id, alert.open_key is not None) == (folder.expo.event.id, True)
    folder.path.unlink()
    at(MORNING + timedelta(minutes=29))
    assert folder.make() == 0  # an attempt in half an hour
    at(MORNING + timedelta(minutes=31))
    assert folder.make() == 1
    with database.read() as session:
        assert session.scalars(select(Alert.open_key)).all() == [None]


def test_a_failure_holds_up_no_other_event_and_its_alert_ends_with_the_event(
    database: Database, folder: Folder, at: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.write() as session:
        other = make_event(session, firms=2, slots="4 4")
        publish(session, other, draft(session, other, [meet(make_request(session, other), other)]), None)

    def write(_database: Database, pack: PackedSchedule, to: io.BytesIO, **_: Any) -> None:
        if pack.event_id == folder.expo.event.id:
            raise ValueError("Li Wei, +86 10 1234")
        to.write(b"PK")

    monkeypatch.setattr(contents, "write_pack", write)
    assert folder.make() == 1
    assert [name.partition("-2026")[0] for name in folder.names()] == [other.event.key]
    with database.read() as session:
        (alert,) = session.scalars(select(Alert))
        assert alert.reason == "ValueError"  # what it is about can be a person
        assert list(count_work(session, now=MORNING).last_runs) == []  # no label names an event
    at(MORNING + timedelta(days=4))
    assert folder.make() == 0
    with database.read() as session:
        assert session.scalars(select(Alert.open_key)).all() == [None]
        assert session.scalars(select(JobHeartbeat.name)).all() == []


def test_a_shutdown_leaves_no_half_pack(
    database: Database, tmp_path: Path, at: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Folder(database, make_expo(database), tmp_path)
    answers = iter([False, True])
    assert folder.make(should_stop=lambda: next(answers)) == 0
    assert folder.names() == []
    with pytest.raises(PackInterrupted):
        contents.write_pack(
            database,
            PackedSchedule(folder.expo.event.id, 2),
            io.BytesIO(),
            now=NOW,
            should_stop=lambda: True,
        )


def test_organisers_are_told_each_morning_from_the_day_before(
    database: Database, folder: Folder, at: SetClock
) -> None:
    with database.write() as session:
        make_member(session, folder.expo, TeamRole.HELP_DESK)

    def told() -> list[str]:
        with database.read() as session:
            return [
                row.to_address
                for row in session.scalars(select(OutboxEmail).where(OutboxEmail.kind == OutboxKind.DESK))
                if row.payload["letter"] == "pack"
            ]

    at(MORNING - timedelta(days=2))
    assert (folder.make(), told()) == (1, [])
    at(MORNING - timedelta(days=1))
    assert (folder.make(), told()) == (1, [folder.expo.organiser.email])
    with database.write() as session:
        publish(session, folder.expo, draft(session, folder.expo, []), 2)
    at(MORNING - timedelta(hours=20))
    assert (folder.make(), len(told())) == (1, 1)  # a publication has its own email


def test_the_newest_pack_is_for_who_may_take_contacts_with_a_recent_sign_in(
    database: Database, folder: Folder
) -> None:
    settings = replace(SETTINGS, pack_folder=str(folder.path))
    actor = folder.expo.organiser_actor()
    with database.read() as session:
        with pytest.raises(NotFound):
            pack_access.take_pack(session, actor, settings)
        folder.make()
        assert pack_access.take_pack(session, actor, settings).version == 2
        with pytest.raises(RecentSignInRequired):
            pack_access.take_pack(session, replace(actor, is_stale=True), settings)
        with pytest.raises(NotAllowed):
            pack_access.take_pack(session, folder.expo.actor(0), settings)


def test_a_pack_from_before_the_event_was_created_is_another_events(tmp_path: Path) -> None:
    pack_folder.store_pack(tmp_path, "expo", 1, lambda to: to.writelines([b"PK"]), now=NOW)
    assert pack_folder.newest_pack(tmp_path, "expo", since=NOW + timedelta(days=1)) is None
    assert pack_folder.newest_pack(tmp_path, "expo", since=NOW) is not None
    assert pack_folder.newest_pack(tmp_path, "expo-2", since=NOW) is None
    (tmp_path / "notes.zip").write_bytes(b"no pack of ours")
    assert len(pack_folder.list_packs(tmp_path)) == 1


def test_the_page_of_exports_offers_the_newest_pack(database: Database, folder: Folder) -> None:
    settings = {"pack_folder": str(folder.path)}
    browser = Browser(web_app(database, "redis://127.0.0.1:1", **settings), folder.expo.organiser)
    address = f"/events/{folder.expo.event.key}/exports/"
    assert "No offline pack yet" in browser.get(address)
    assert browser.client.get(f"{address}offline-pack.zip").status_code == 404
    folder.make()
    assert f'href="{address}offline-pack.zip"' in browser.get(address)
    answer = browser.client.get(f"{address}offline-pack.zip")
    assert (answer.status_code, answer.data, answer.headers["Cache-Control"]) == (200, b"PK", "no-store")
    assert answer.headers["Content-Disposition"].startswith("attachment; filename=")


def test_a_draft_does_not_count_as_published(database: Database, folder: Folder) -> None:
    with database.read() as session:
        (event,) = nightly_packs.list_events(session, now=MORNING)
        assert event.version == 2
    with database.write() as session:
        draft(session, folder.expo, [])
    with database.read() as session:
        assert [each.version for each in nightly_packs.list_events(session, now=MORNING)] == [2]
