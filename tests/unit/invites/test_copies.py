"""A meeting as a file, as a link to a calendar's form, as text, and an address as a QR code."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import icalendar
import pytest
import segno

from scheduler.domain.emails.calendar_imports import CalendarImportMethod
from scheduler.invites import qr_codes
from scheduler.invites.ical import copies
from scheduler.invites.ical.calendar import Party
from scheduler.invites.ical.feed import FeedEvent
from tests.unit.invites.builders import NOW, UID, content

CONTENT = content()
EVENT = FeedEvent(UID, 3, NOW, CONTENT)
ORGANIZER = Party("Expo", "meetings+abc@expo.example")


def test_1_12_the_file_publishes_the_meeting_under_the_uid_of_its_invitation() -> None:
    calendar = icalendar.Calendar.from_ical(copies.published_copy(EVENT, ORGANIZER))
    (event,) = calendar.walk("VEVENT")
    assert calendar["METHOD"] == "PUBLISH"
    assert (event["UID"], event["SEQUENCE"]) == (UID, 3)
    assert (event["DTSTART"].dt, event["DTEND"].dt) == (CONTENT.start, CONTENT.end)
    assert event["ORGANIZER"] == "mailto:meetings+abc@expo.example" and "ATTENDEE" not in event


@pytest.mark.parametrize("way", copies.FORM_ADDRESSES)
def test_an_address_of_a_form_holds_the_facts_and_is_never_too_long(way: CalendarImportMethod) -> None:
    asked = parse_qs(urlsplit(copies.form_address(CONTENT, way)).query)
    subject = asked["text" if way is CalendarImportMethod.GOOGLE else "subject"]
    assert subject == [CONTENT.summary] and asked["location"] == [CONTENT.location]
    if way is CalendarImportMethod.GOOGLE:
        assert asked["dates"] == [f"{CONTENT.start:%Y%m%dT%H%M%SZ}/{CONTENT.end:%Y%m%dT%H%M%SZ}"]
        assert asked["ctz"] == [CONTENT.timezone]
    else:
        assert asked["startdt"] == [f"{CONTENT.start:%Y-%m-%dT%H:%M:%SZ}"]
        assert asked["path"] == ["/calendar/action/compose"] and asked["rru"] == ["addevent"]
    long = replace(CONTENT, topic="电池" * 250, directions="走" * 1_500, language="zh")
    address = copies.form_address(long, way)
    assert len(address) <= 2_000 and "agenda" in address.casefold()


def test_what_outlook_reads_as_html_is_no_markup() -> None:
    told = copies.form_address(replace(CONTENT, topic="<b>1 & 2</b>"), CalendarImportMethod.OUTLOOK)
    body = parse_qs(urlsplit(told).query)["body"][0]
    assert "&lt;b&gt;1 &amp; 2" in body and "<br>" in body and "\n" not in body


def test_the_text_names_time_place_and_people() -> None:
    text = copies.plain_copy(CONTENT)
    for said in (CONTENT.summary, CONTENT.location, *CONTENT.partner_people, "Beijing time, UTC+08:00"):
        assert said in text


def test_a_code_has_level_m_a_quiet_zone_of_four_and_nothing_that_a_policy_forbids() -> None:
    address = "https://meet.expo.example/answers/" + "a" * 32 + "/calendar"
    rows = qr_codes.qr_modules(address)
    assert segno.make_qr(address, error="m", boost_error=False).error == "M"
    assert not any(map(any, (*rows[:4], *rows[-4:]))) and all(not any(row[:4] + row[-4:]) for row in rows)
    assert any(rows[4])
    drawn = ET.fromstring(qr_codes.qr_svg(address))
    assert drawn.get("viewBox") == f"0 0 {len(rows)} {len(rows)}" and drawn.get("aria-hidden") == "true"
    assert not [each for each in drawn.iter() if each.get("style") or each.get("onload")]
