"""A reply is read with any definition of its time zone that clients write (RFC 5545 3.6.5)."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from scheduler.domain.entities import MailKind
from scheduler.invites.inbound import read_email
from scheduler.invites.inbound.limits import MAX_COMPONENTS
from tests.support import missing_programs

FOLDER = Path(__file__).parents[1] / "unit" / "invites" / "zones"
WINDOWS = {"China Standard Time": "Asia/Shanghai", "W. Europe Standard Time": "Europe/Berlin"}
MEETING = datetime(2027, 5, 12, 10, 0, tzinfo=UTC)


def answer(zone: str) -> bytes:
    """Return a counter-proposal for ten o'clock in the definition's zone."""
    (tzid,) = re.findall(r"TZID:(.+)", zone)
    lines = (
        "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//X//EN\nMETHOD:COUNTER\n" + zone + "BEGIN:VEVENT\nUID:u@x\n"
        "DTSTAMP:20270402T080000Z\nSEQUENCE:0\nATTENDEE;PARTSTAT=TENTATIVE:mailto:a@b.example\n"
        f"DTSTART;TZID={tzid}:20270512T100000\nDTEND;TZID={tzid}:20270512T103000\nEND:VEVENT\nEND:VCALENDAR\n"
    )
    head = "From: a@b.example\nContent-Type: text/calendar; method=COUNTER; charset=utf-8\n\n"
    return (head + lines).replace("\n", "\r\n").encode()


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.ics")), ids=lambda path: path.stem)
def test_the_zones_of_apple_outlook_and_google_are_read(path: Path) -> None:
    zone = path.read_text()
    (name,) = re.findall(r"TZID:(.+)", zone)
    found = read_email(answer(zone))
    assert (found.kind, found.reason) == (MailKind.COUNTER, "")
    meeting = MEETING.replace(tzinfo=ZoneInfo(WINDOWS.get(name, name)))
    assert found.answers[0].start == meeting.astimezone(UTC)


def test_every_zone_of_libical_is_read() -> None:
    """Evolution writes them instead of ours; nearly half of them have RDATE."""
    missing_programs.require("libical")
    command = [sys.executable, "-m", "tests.interop.readers.libical_zones"]
    written = subprocess.run(command, capture_output=True, check=True).stdout.decode().replace("\r\n", "\n")
    zones = re.findall(r"BEGIN:VTIMEZONE\n.*?END:VTIMEZONE\n", written, re.DOTALL)
    assert len(zones) > 400 and sum("RDATE" in zone for zone in zones) > 100
    wrong = {}
    for zone in zones:
        found = read_email(answer(zone))
        if found.kind is not MailKind.COUNTER:
            wrong[re.findall(r"X-LIC-LOCATION:(.+)", zone)[0]] = found.reason
    assert wrong == {}
    assert max(zone.count("BEGIN:") for zone in zones) < MAX_COMPONENTS
