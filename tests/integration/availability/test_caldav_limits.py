"""CalDAV limits: truncation is reported, and the password is only sent to the service's own hosts."""

from __future__ import annotations

from datetime import timedelta

import pytest

from scheduler.invites.busy import MAX_OCTETS
from scheduler.invites.transport.remote import Fetcher, FetchFailure
from scheduler.services.availability import busy_times, caldav, calendar_services
from scheduler.services.availability.caldav import DavAccount
from scheduler.services.availability.calendar_services import SERVICES, find_service
from tests.integration.availability.test_caldav import Person, person
from tests.support import dav
from tests.support.calendars import calendar, event
from tests.support.dav import PASSWORD, USER, Layout, dav_server
from tests.support.factories import NOW, SECRET_KEY

__all__ = ["person"]  # a fixture

CUSTOMIZED = """BEGIN:VTIMEZONE
TZID:Customized Time Zone
BEGIN:STANDARD
DTSTART:16010101T000000
TZOFFSETFROM:{offset}
TZOFFSETTO:{offset}
END:STANDARD
END:VTIMEZONE
BEGIN:VEVENT
UID:{uid}
DTSTART;TZID=Customized Time Zone:{start}
DURATION:PT30M
SUMMARY:Call
END:VEVENT"""


def customized(offset: str, start: str, uid: str) -> bytes:
    """Return an Exchange entry with a VTIMEZONE of an ambiguous name."""
    return calendar(*CUSTOMIZED.format(offset=offset, start=start, uid=uid).split("\n"))


def left_out(person: Person) -> list[str]:
    return person.source().found["left_out"]


def test_zones_of_one_name_are_read_entry_by_entry(person: Person) -> None:
    with dav_server() as (server, fetcher):
        place = server.layout.calendar
        server.more = {
            f"{place}a.ics": customized("+0800", "20261207T090000", "a"),
            f"{place}b.ics": customized("+0530", "20261207T070000", "b"),
        }
        person.save(person.preview(server, fetcher))
    assert person.taken() == [0, 1], "09:00 and 09:30 in Beijing"


def test_zones_of_one_name_are_read_object_by_object_in_a_file(person: Person) -> None:
    octets = customized("+0800", "20261207T090000", "a") + customized("+0530", "20261207T070000", "b")
    with person.database.read() as session:
        window = busy_times.reading_for(session, person.actor.attendee_id or 0)
    found = window.of([octets], "Asia/Shanghai").busy
    assert [each.start for each in found] == [person.slots[0].start, person.slots[1].start]


def test_an_entry_that_explains_its_zone_nowhere_has_the_one_that_all_others_agree_on(
    person: Person,
) -> None:
    bare = calendar(
        "BEGIN:VEVENT", "UID:c", "DTSTART;TZID=Customized Time Zone:20261207T100000", "DURATION:PT30M",
        "END:VEVENT",
    )  # fmt: skip
    with person.database.read() as session:
        window = busy_times.reading_for(session, person.actor.attendee_id or 0)
    one = customized("+0800", "20261207T090000", "a")
    assert len(window.of([one + bare], "Asia/Tokyo").busy) == 2
    with pytest.raises(Exception, match="without defining it"):
        window.of([one + customized("+0530", "20261207T070000", "b") + bare], "Asia/Tokyo")


def test_an_empty_calendar_is_linked_and_one_that_becomes_empty_frees_its_owner(person: Person) -> None:
    with dav_server() as (server, fetcher):
        person.save(person.preview(server, fetcher))
        assert person.taken() == [] and person.source().failure == ""
        person.fill(server, 1)
        person.refetch(fetcher)
        assert person.taken() == [1]
        server.entries = {}
        person.refetch(fetcher, hours=4)
    assert person.taken() == [] and person.source().failure == ""


@pytest.mark.parametrize("layout", [dav.FEISHU, dav.DINGTALK, dav.FREE_BUSY], ids=["listed", "bare", "times"])
def test_other_servers_calendars_may_be_empty_as_well(person: Person, layout: Layout) -> None:
    with dav_server(layout) as (server, fetcher):
        path = layout.calendar if layout.is_bare else "/"
        person.save(person.preview(server, fetcher, path))
    assert person.taken() == [] and left_out(person) == []


def test_an_account_of_empty_calendars_is_empty_and_can_be_read_in_another_zone(person: Person) -> None:
    with dav_server(others=("one", "two", "three")) as (server, fetcher):
        key = person.preview(server, fetcher)
    busy_times.reread_preview(person.database, person.actor, key, "Asia/Tokyo")
    person.save(key)
    assert person.taken() == []


def test_fifteen_calendars_are_all_read(person: Person) -> None:
    others = tuple(f"c{i}" for i in range(14))
    with dav_server(others=others) as (server, fetcher):
        person.fill(server, 0)
        for name, slot in (("c9", 1), ("c10", 2), ("c13", 5)):
            start = person.slots[slot].start
            server.more[f"/calendars/wang/{name}/x.ics"] = calendar(
                event(start, start + timedelta(minutes=5))
            )
        person.save(person.preview(server, fetcher))
    assert person.taken() == [0, 1, 2, 5] and left_out(person) == []


def test_seven_hundred_entries_that_are_only_listed_are_all_read(person: Person) -> None:
    with dav_server(dav.FEISHU) as (server, fetcher):
        start = person.slots[3].start
        server.entries = {f"e{i}": (start, start + timedelta(minutes=5)) for i in range(699)}
        server.entries["last"] = (person.slots[5].start, person.slots[5].end)
        roomy = with_room(fetcher)
        person.save(person.preview(server, roomy))
    assert person.taken() == [3, 5] and left_out(person) == []


def with_room(fetcher: Fetcher) -> Fetcher:
    """Return the fetcher with the application's size limit."""
    return Fetcher(
        max_octets=MAX_OCTETS,
        resolve=fetcher.resolve,
        is_allowed=fetcher.is_allowed,
        ports=fetcher.ports,
        context=fetcher.context,
    )


def test_calendars_that_are_not_read_are_named(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caldav, "MOST_CALENDARS", 3)
    with dav_server(others=("sales", "travel", "family", "sport")) as (server, fetcher):
        person.fill(server, 1)
        person.save(person.preview(server, fetcher))
        assert left_out(person) == ["2 of 5 calendars were not read: Family, Sport."]
        person.refetch(fetcher)
    assert left_out(person) == ["2 of 5 calendars were not read: Family, Sport."]
    assert person.taken() == [1], "what was read counts"


def test_calendars_that_are_too_large_together_are_named(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(caldav, "MOST_OCTETS", 400)
    with dav_server(others=("sales",)) as (server, fetcher):
        person.fill(server, 1)
        server.more["/calendars/wang/sales/x.ics"] = calendar(
            event(person.slots[0].start, person.slots[0].end, "x" * 400)
        )
        person.save(person.preview(server, fetcher))
    assert left_out(person) == ["1 of 2 calendars were not read: Sales."]


def test_a_calendar_that_is_listed_and_closed_is_named_and_the_others_are_read(person: Person) -> None:
    with dav_server(others=("shared",), closed=("shared",)) as (server, fetcher):
        person.fill(server, 1)
        person.save(person.preview(server, fetcher))
    assert left_out(person) == ["1 of 2 calendars were not read: Shared."] and person.taken() == [1]


def test_entries_that_are_not_read_are_counted(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caldav, "MOST_ENTRIES", 2)
    with dav_server(dav.FEISHU) as (server, fetcher):
        person.fill(server, 0, 1, 2)
        person.save(person.preview(server, fetcher))
    assert left_out(person) == ["1 of 3 entries were not read."] and person.taken() == [0, 1]


def test_entries_that_the_server_keeps_back_are_counted_and_never_an_empty_calendar(person: Person) -> None:
    with dav_server(dav.FEISHU, keeps_back=1) as (server, fetcher):
        person.fill(server, 0, 1)
        person.save(person.preview(server, fetcher))
        assert left_out(person) == ["1 of 2 entries were not read."]
    with dav_server(dav.FEISHU, keeps_back=2) as (server, fetcher):
        person.fill(server, 0, 1)
        with pytest.raises(FetchFailure, match="lists 2 entries but returns none"):
            person.preview(server, fetcher)


def test_a_server_that_says_that_it_sends_a_part_is_believed(person: Person) -> None:
    with dav_server(is_cut=True) as (server, fetcher):
        person.save(person.preview(server, fetcher))
    assert left_out(person) == ["The calendar server sent only some of the entries."]


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
def test_a_server_of_http_digest_is_signed_in_to(person: Person, algorithm: str) -> None:
    with dav_server(digest=algorithm) as (server, fetcher):
        person.fill(server, 1, 4)
        person.save(person.preview(server, fetcher))
        assert person.taken() == [1, 4]
        tried = len(server.seen)
        with pytest.raises(FetchFailure, match="did not accept this user name and app password"):
            person.preview(server, fetcher, account=DavAccount(USER, "wrong"))
        assert len(server.seen) == tried + 2, "once as Basic, once as Digest, and no more"


@pytest.mark.parametrize("status", [401, 403])
def test_a_refusal_names_app_passwords(person: Person, status: int) -> None:
    said = "Create an app password in the account's security settings"
    with dav_server(refuses=status) as (server, fetcher), pytest.raises(FetchFailure, match=said):
        person.preview(server, fetcher)


def test_a_refusal_of_a_known_service_says_where_its_app_passwords_are_made(person: Person) -> None:
    said = r"iCloud did not accept .* at account\.apple\.com"
    with dav_server(refuses=403) as (server, fetcher), pytest.raises(FetchFailure, match=said):
        preview_at(person, f"https://caldav.icloud.com:{server.port}/", fetcher)


def preview_at(person: Person, address: str, fetcher: Fetcher) -> str:
    return busy_times.preview_caldav(
        person.database, person.actor, address, DavAccount(USER, PASSWORD), "Asia/Shanghai",
        fetcher=fetcher, secret_key=SECRET_KEY, now=NOW,
    )  # fmt: skip


@pytest.mark.parametrize("host", ["p42-caldav.icloud.com", "p231-caldav.icloud.com.cn"])
def test_icloud_is_read_on_the_numbered_host_of_its_user(person: Person, host: str) -> None:
    with dav_server(home=f"https://{host}:{{port}}/calendars/wang/") as (server, fetcher):
        person.fill(server, 2)
        person.save(preview_at(person, f"https://caldav.icloud.com:{server.port}/", fetcher))
        assert person.taken() == [2]
        person.fill(server, 3)
        person.refetch(fetcher)
    assert person.taken() == [3] and person.source().failure == ""


@pytest.mark.parametrize(
    ("start", "named"),
    [
        ("caldav.icloud.com", "p42-caldav.icloud.com.evil.example"),
        ("caldav.icloud.com", "evil-caldav.icloud.com"),
        ("caldav.icloud.com", "icloud.com"),
        ("caldav.icloud.com", "caldav.fastmail.com"),
        ("dav.example", "p42-caldav.icloud.com"),
        ("dav.example", "other.example"),
        ("dav.example", "sub.dav.example"),
        ("one.co.uk", "two.co.uk"),
        ("one.github.io", "two.github.io"),
    ],
)
def test_the_password_goes_to_no_host_that_is_not_the_services_own(
    person: Person, start: str, named: str
) -> None:
    with dav_server(home=f"https://{named}:{{port}}/calendars/wang/") as (server, fetcher):
        asked: list[str] = []
        watched = Fetcher(
            max_octets=100_000,
            resolve=lambda host, _port: asked.append(host) or ["127.0.0.1"],  # type: ignore[func-returns-value]
            is_allowed=lambda _address: True,
            ports=fetcher.ports,
            context=dav.careless(fetcher.context),
        )
        with pytest.raises(FetchFailure, match="another server"):
            preview_at(person, f"https://{start}:{server.port}/", watched)
    assert set(asked) == {start}


def test_the_table_of_services_is_of_whole_hosts_below_no_public_suffix() -> None:
    assert {each.key for each in SERVICES} == {
        "icloud", "fastmail", "nextcloud", "qq", "netease", "wecom", "dingtalk", "feishu",
    }  # fmt: skip
    for each in SERVICES:
        address = each.address(USER, "cloud.example")
        assert address.startswith("https://") and "{" not in address
        if not each.asks_server:
            assert find_service(address) is each
    assert find_service("https://caldav.icloud.com.evil.example/") is None
    assert find_service("https://cloud.example/remote.php/dav/") is None


@pytest.mark.parametrize(
    "typed",
    [
        "cloud.example.org",
        "https://cloud.example.org/",
        "https://cloud.example.org/remote.php/dav",
        "HTTPS://cloud.example.org",
    ],
)
def test_a_nextcloud_is_named_by_its_host_or_by_its_address(typed: str) -> None:
    assert caldav.server_address("nextcloud", typed, USER) == "https://cloud.example.org/remote.php/dav/"
    below = calendar_services.BY_KEY["nextcloud"].address(USER, "https://corp.example/nextcloud")
    assert below == "https://corp.example/nextcloud/remote.php/dav/"


def test_a_heavy_user_s_address_of_three_mib_is_read(person: Person) -> None:
    start = person.slots[2].start
    hour, day = timedelta(hours=1), timedelta(days=1)
    years = (
        event(start - i * day, start - i * day + hour, "x" * 150, f"{i}@google.com") for i in range(1, 12_000)
    )
    octets = calendar(*years, event(start, start + timedelta(minutes=20), uid="now"))
    assert 2_900_000 < len(octets) < MAX_OCTETS
    key = busy_times.preview_upload(
        person.database, person.actor, "google.ics", octets, "Asia/Shanghai", now=NOW
    )
    person.save(key)
    assert person.taken() == [2] and person.source().found["counts"]["events"] == 12_000
