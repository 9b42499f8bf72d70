"""Sections 1.2, 1.3, 1.6 to 1.8 and rules I1 to I15: literal messages in, literal calendars out."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar, Event

from scheduler.domain.entities import Method
from scheduler.domain.errors import InvalidInput
from scheduler.invites.ical import lines
from scheduler.invites.ical.calendar import Party, build_calendar
from scheduler.invites.ical.itip import EntryKey, ItipMessage, MessageKind
from scheduler.invites.ical.itip_revisions import next_messages
from scheduler.invites.ical.zones import vtimezone
from scheduler.invites.text import clean_parameter
from tests.unit.invites.builders import (
    ATTENDEE,
    NOW,
    ORGANIZER,
    UID,
    calendar,
    cancel,
    content,
    details,
    event_of,
    new,
    only,
    told,
    unfolded,
    update,
    wanted,
)

SHANGHAI = [
    "BEGIN:VTIMEZONE",
    "TZID:Asia/Shanghai",
    "BEGIN:STANDARD",
    "DTSTART:19700101T000000",
    "TZNAME:CST",
    "TZOFFSETFROM:+0800",
    "TZOFFSETTO:+0800",
    "END:STANDARD",
    "END:VTIMEZONE",
]
DESCRIPTION = (
    r"DESCRIPTION:With: Huaxin Microelectronics\nYou'll meet: Wang Xiaoming\, Li Na"
    r"\nYour colleagues: Kovács Éva\nWhere: Table 17\, Hall 3\nInterpreter: Zhao Lei"
    r"\nTopic: Power modules\nDirections: "
    r"South entrance\,\nlevel 2\nEvent: Chain Expo\n\nView your agenda: https://meet.example/agenda"
)
MEETING = [
    "DTSTART;TZID=Asia/Shanghai:20270512T100000",
    "DTEND;TZID=Asia/Shanghai:20270512T103000",
    "SUMMARY:Meeting with Huaxin",
    r"LOCATION:Table 17\, Hall 3",
    DESCRIPTION,
    "URL:https://meet.example/agenda",
]
REQUEST = [
    "BEGIN:VCALENDAR",
    "VERSION:2.0",
    "PRODID:-//Chainmeet//Chainmeet Scheduler//EN",
    "METHOD:REQUEST",
    *SHANGHAI,
    "BEGIN:VEVENT",
    "UID:5b3c2a7e-8f1d-4c65-9d0e-2f4b6a8c1e33@meet.example",
    "DTSTAMP:20270401T093015Z",
    "SEQUENCE:0",
    *MEETING,
    "ORGANIZER;CN=Chain Expo:mailto:meetings+tok3n@meet.example",
    (
        "ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=TRUE;"
        'CN="Nagy, Péter":mailto:peter.nagy@firm.example'
    ),
    "STATUS:CONFIRMED",
    "TRANSP:OPAQUE",
    "X-MICROSOFT-CDO-BUSYSTATUS:BUSY",
    "X-MICROSOFT-DISALLOW-COUNTER:FALSE",
    "END:VEVENT",
    "END:VCALENDAR",
]


def differing(calendar_text: str) -> list[str]:
    """Return a calendar's lines that the new request lacks, in order."""
    return [line for line in unfolded(calendar_text) if line not in REQUEST]


def test_1_2_trap_4_a_request_is_this_calendar() -> None:
    assert unfolded(calendar(new())) == REQUEST


def test_1_2_an_update_repeats_all_and_asks_anew() -> None:
    made = calendar(update(hall="Hall 5"))
    assert differing(made) == [
        "SEQUENCE:1",
        r"LOCATION:Table 17\, Hall 5",
        DESCRIPTION.replace("Hall 3", "Hall 5"),
    ]


def test_1_2_a_details_update_has_the_same_sequence_a_later_dtstamp_and_the_answer_we_know() -> None:
    (attendee,) = (line for line in REQUEST if line.startswith("ATTENDEE"))
    later = replace(details(), dtstamp=datetime(2027, 4, 2, tzinfo=UTC))
    assert differing(calendar(later)) == [
        "DTSTAMP:20270402T000000Z",
        DESCRIPTION.replace("Power modules", "Power modules and inverters"),
        attendee.replace("NEEDS-ACTION;RSVP=TRUE", "ACCEPTED;RSVP=FALSE"),
    ]


def test_1_3_trap_3_a_cancel_repeats_the_meeting_and_has_status_cancelled() -> None:
    (attendee,) = (line for line in REQUEST if line.startswith("ATTENDEE"))
    assert differing(calendar(cancel())) == [
        "METHOD:CANCEL",
        "SEQUENCE:1",
        attendee.replace(";RSVP=TRUE", ""),
        "STATUS:CANCELLED",
        "TRANSP:TRANSPARENT",
        "X-MICROSOFT-CDO-BUSYSTATUS:FREE",
    ]


def test_1_3_a_cancel_for_one_attendee_of_a_meeting_that_goes_on_has_no_status() -> None:
    (made,) = next_messages(told() | told(key=EntryKey(new().uid, 8)), wanted(), NOW)
    assert [line for line in unfolded(calendar(made)) if line.startswith(("STATUS", "METHOD"))] == [
        "METHOD:CANCEL"
    ]


def test_r5_sequence_is_always_there() -> None:
    for message in (new(), update(), details(), cancel()):
        assert f"SEQUENCE:{message.sequence}" in unfolded(calendar(message))


def test_m7_trap_17_the_organizer_is_a_bare_mailto() -> None:
    hostile = Party("Chainmeet", "Chainmeet <meetings+a@meet.example>")
    with pytest.raises(InvalidInput):
        build_calendar(new(), hostile, ATTENDEE)


def test_i1_no_vcalendar_uid_is_invented_and_the_bytes_repeat() -> None:
    assert calendar(new()) == calendar(new())
    assert Calendar.from_ical(calendar(new())).get("UID") is None


def test_i3_text_is_escaped() -> None:
    shown = content(summary="A, B; C\\D: E", directions="x\ny")
    made = unfolded(calendar(only({}, wanted(shown))))
    assert r"SUMMARY:A\, B\; C\\D: E" in made


def test_i3_a_backslash_and_a_capital_n_stay_what_they_are() -> None:
    made = calendar(only({}, wanted(content(summary=r"C:\New"))))
    assert r"SUMMARY:C:\\New" in unfolded(made)


def test_i4_hidden_characters_reach_no_calendar() -> None:
    made = calendar(only({}, wanted(content(summary="a\x00\x0b\x1b\x7f\x85\u2028\u202e\ud800b"))))
    assert "SUMMARY:a b" in unfolded(made)


def test_i5_i6_a_common_name_is_quoted_and_holds_no_double_quote() -> None:
    made = build_calendar(new(), ORGANIZER, Party('Ann "Boss"; x:y ^n\r\nX-EVIL:1', "ann@firm.example"))
    (attendee,) = (line for line in unfolded(made) if line.startswith("ATTENDEE"))
    assert attendee.endswith(";CN=\"Ann 'Boss'; x:y ˆn X-EVIL:1\":mailto:ann@firm.example")


@pytest.mark.parametrize("name", ["0 =", "a = b; c", "\\", "a\\", "O'Neil", "%2C", "^n", "芯 = 片"])
def test_a_common_name_comes_back_from_a_reader(name: str) -> None:
    event = event_of(build_calendar(new(), ORGANIZER, Party(name, ATTENDEE.email)))
    assert event["ATTENDEE"].params["CN"] == clean_parameter(name)
    assert event["ATTENDEE"] == "mailto:peter.nagy@firm.example"


def test_a_nameless_attendee_has_no_common_name() -> None:
    made = build_calendar(new(), ORGANIZER, Party(" ", "ann@firm.example"))
    (attendee,) = (line for line in unfolded(made) if line.startswith("ATTENDEE"))
    assert attendee.endswith(";RSVP=TRUE:mailto:ann@firm.example")


def test_i7_a_fixed_offset_becomes_the_venues_zone() -> None:
    from_psycopg = datetime.fromisoformat("2027-05-12T10:00:00+08:00")
    made = calendar(only({}, wanted(content(start=from_psycopg, end=from_psycopg + timedelta(minutes=30)))))
    assert unfolded(made) == REQUEST


def test_i8_trap_10_every_tzid_has_its_vtimezone_without_a_comment() -> None:
    parsed = Calendar.from_ical(calendar(new()))
    assert parsed.get_missing_tzids() == set()
    assert "COMMENT" not in calendar(new())


@pytest.mark.parametrize(
    ("zone", "rules", "offsets"),
    [
        ("Europe/Budapest", ["BYDAY=-1SU;BYMONTH=3", "BYDAY=-1SU;BYMONTH=10"], ["+0200", "+0100"]),
        ("Europe/Dublin", ["BYDAY=-1SU;BYMONTH=3", "BYDAY=-1SU;BYMONTH=10"], ["+0100", "+0000"]),
        ("America/New_York", ["BYDAY=2SU;BYMONTH=3", "BYDAY=1SU;BYMONTH=11"], ["-0400", "-0500"]),
        ("Australia/Sydney", ["BYDAY=1SU;BYMONTH=4", "BYDAY=1SU;BYMONTH=10"], ["+1000", "+1100"]),
        ("Asia/Kathmandu", [], ["+0545"]),
    ],
)
def test_1_7_the_vtimezone_has_both_observances_with_their_rules(
    zone: str, rules: list[str], offsets: list[str]
) -> None:
    made = unfolded(vtimezone(zone, content().start, content().end))
    assert [line for line in made if line.startswith("RRULE")] == [
        f"RRULE:FREQ=YEARLY;{rule}" for rule in rules
    ]
    assert [line.partition(":")[2] for line in made if line.startswith("TZOFFSETTO")] == offsets
    assert (made.count("BEGIN:STANDARD"), made.count("BEGIN:DAYLIGHT")) == (1, len(rules) // 2)


@pytest.mark.parametrize("zone", ["UTC", "Etc/UTC"])
def test_1_7_a_venue_in_utc_is_written_without_a_tzid(zone: str) -> None:
    made = calendar(only({}, wanted(content(timezone=zone))))
    assert "DTSTART:20270512T020000Z" in unfolded(made)
    assert "TZID" not in made


def test_i11_a_meeting_over_a_change_of_clocks_is_written_in_utc() -> None:
    clocks_go_back = content(
        timezone="Europe/Budapest",
        start=datetime(2027, 10, 31, 0, 45, tzinfo=UTC),
        end=datetime(2027, 10, 31, 1, 15, tzinfo=UTC),
    )
    made = calendar(only({}, wanted(clocks_go_back)))
    assert [line for line in unfolded(made) if line.startswith("DT")][1:] == [
        "DTSTART:20271031T004500Z",
        "DTEND:20271031T011500Z",
    ]


def test_1_7_the_second_run_of_an_hour_that_comes_twice_is_written_in_utc() -> None:
    second_run = content(
        timezone="Europe/Budapest",
        start=datetime(2027, 10, 31, 1, 15, tzinfo=UTC),
        end=datetime(2027, 10, 31, 1, 45, tzinfo=UTC),
    )
    made = unfolded(calendar(only({}, wanted(second_run))))
    assert "DTSTART:20271031T011500Z" in made and "BEGIN:VTIMEZONE" not in made


@given(
    st.sampled_from(["Asia/Shanghai", "Europe/Budapest", "America/Sao_Paulo", "Australia/Lord_Howe", "UTC"]),
    st.datetimes(datetime(2026, 1, 1), datetime(2032, 1, 1)),  # noqa: DTZ001 - bounds without a zone
)
def test_1_7_a_reader_gets_the_same_moments_back(zone: str, start: datetime) -> None:
    start = start.replace(tzinfo=UTC, microsecond=0)
    shown = content(timezone=zone, start=start, end=start + timedelta(minutes=30))
    event = event_of(calendar(only({}, wanted(shown))))
    assert event.start.astimezone(UTC) == shown.start


def test_what_icalendar_writes_of_the_same_event_reads_the_same() -> None:
    made = event_of(calendar(new()))
    built = Event()
    built.add("uid", new().uid)
    built.add("dtstamp", new().dtstamp)
    built.add("dtstart", content().start.astimezone(content().zone))
    built.add("summary", content().summary)
    built.add("location", content().location)
    for name in ("UID", "DTSTAMP", "DTSTART", "SUMMARY", "LOCATION"):
        assert made[name].to_ical() == built[name].to_ical()
        assert made[name].params == built[name].params


def test_1_6_lines_are_folded_at_75_octets_and_never_inside_a_character() -> None:
    made = build_calendar(only({}, wanted(content(summary="芯" * 150))), ORGANIZER, ATTENDEE)
    assert made.endswith(b"\r\n")
    for octets in made.split(b"\r\n"):
        assert len(octets) <= 75
        octets.decode("utf-8")
    assert event_of(made).get("SUMMARY") == "芯" * 150


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=400))
def test_folding_is_undone_by_unfolding(value: str) -> None:
    octets = lines.fold_lines(["X:" + value])
    assert octets.replace(b"\r\n ", b"").decode("utf-8") == f"X:{value}\r\n"
    assert all(len(line) <= 75 for line in octets.split(b"\r\n"))


@pytest.mark.parametrize("line", ["A\nB", "A\rB", "A\r\nB"])
def test_i2_a_line_with_a_break_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="line break"):
        lines.fold_lines([line])


def test_trap_13_a_request_asks_until_it_is_answered_and_a_cancel_does_not() -> None:
    asked = {"TRUE": (new(), update()), "FALSE": (details(),), None: (cancel(),)}
    for rsvp, made in asked.items():
        for message in made:
            assert event_of(calendar(message))["ATTENDEE"].params.get("RSVP") == rsvp


def test_1_10_nothing_is_sent_that_a_calendar_may_take_for_an_error() -> None:
    """Meetings are held in a hall, so there is no CONFERENCE; nothing of RFC 9073 and 9253 is written."""
    refused = ("CONFERENCE", "LINK", "STRUCTURED-DATA", "STYLED-DESCRIPTION", "CONCEPT", "REFID")
    for message in (new(), update(), details(), cancel()):
        parsed = Calendar.from_ical(calendar(message))
        assert {part.name for part in parsed.walk()} == {"VCALENDAR", "VTIMEZONE", "STANDARD", "VEVENT"}
        assert not [name for name in refused if name in event_of(calendar(message))]


def test_i9_only_values_with_their_required_types_are_written() -> None:
    assert not [line for line in unfolded(calendar(new())) if line.startswith(("SOURCE", "REFRESH", "CONF"))]


def test_a_meeting_without_a_place_has_no_location_and_one_without_a_title_is_called_a_meeting() -> None:
    for language, title in (("en", "Meeting"), ("zh", "洽谈"), ("hu", "Találkozó")):
        shown = content(summary=" \t", place_name="", hall=" ", language=language)
        made = unfolded(calendar(only({}, wanted(shown))))
        assert f"SUMMARY:{title}" in made
        assert not [line for line in made if line.startswith("LOCATION")]


def test_i10_no_property_is_there_twice() -> None:
    names = [line.partition(":")[0].partition(";")[0] for line in unfolded(calendar(update()))]
    in_event = names[names.index("UID") : names.index("END", names.index("UID"))]
    assert len(in_event) == len(set(in_event))


def test_1_6_i15_the_longest_texts_are_capped_and_stay_small() -> None:
    long = "芯, " * 10_000
    shown = content(summary=long, topic=long, directions=long, partner_people=(long,) * 50, place_name=long)
    made = build_calendar(only({}, wanted(shown)), ORGANIZER, Party(long, ATTENDEE.email))
    event = event_of(made)
    assert (len(event["SUMMARY"]), len(event["LOCATION"])) == (200, 200)
    assert 3_990 <= len(event["DESCRIPTION"]) <= 4_000
    assert event["DESCRIPTION"].endswith("View your agenda: https://meet.example/agenda")
    assert len(event["ATTENDEE"].params["CN"]) == 120
    assert len(made) < 32 * 1024


def test_1_8_outlook_is_told_that_the_time_is_busy_and_whether_proposals_are_taken() -> None:
    refusing = only({}, wanted(content(proposals=False)))
    for message, refuses in ((new(), "FALSE"), (refusing, "TRUE")):
        assert [line for line in unfolded(calendar(message)) if line.startswith("X-")] == [
            "X-MICROSOFT-CDO-BUSYSTATUS:BUSY",
            f"X-MICROSOFT-DISALLOW-COUNTER:{refuses}",
        ]


def test_1_4_a_declinecounter_echoes_uid_and_sequence_and_says_nothing_of_the_status() -> None:
    message = replace(update(), method=Method.DECLINECOUNTER, kind=MessageKind.PROPOSAL)
    lines_of = unfolded(calendar(message))
    assert "METHOD:DECLINECOUNTER" in lines_of and f"UID:{UID}" in lines_of and "SEQUENCE:1" in lines_of
    assert len([line for line in lines_of if line.startswith(("ORGANIZER", "ATTENDEE"))]) == 2
    assert not [line for line in lines_of if line.startswith(("STATUS", "TRANSP", "X-")) or "RSVP" in line]


@pytest.mark.parametrize("message", [new(), update(), details()], ids=lambda m: m.kind)
@pytest.mark.parametrize("minutes", [1, 15, 1440])
def test_1_11_an_invitation_reminds_so_many_minutes_before_as_the_event_sets(
    message: ItipMessage, minutes: int
) -> None:
    (alarm,) = event_of(build_calendar(message, ORGANIZER, ATTENDEE, remind_minutes=minutes)).walk("VALARM")
    assert (alarm["ACTION"], alarm["DESCRIPTION"]) == ("DISPLAY", message.content.summary)
    assert alarm["TRIGGER"].dt == timedelta(minutes=-minutes)


def test_1_11_nothing_reminds_where_the_event_sets_none_or_no_meeting_is_asked_for() -> None:
    declined = replace(update(), method=Method.DECLINECOUNTER, kind=MessageKind.PROPOSAL)
    for message, minutes in ((new(), 0), (cancel(), 15), (declined, 15)):
        assert b"VALARM" not in build_calendar(message, ORGANIZER, ATTENDEE, remind_minutes=minutes)
