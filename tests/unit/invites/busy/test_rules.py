"""Recurrence rules equal dateutil's, within a window, at a cost independent of the past."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from dateutil import rrule
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.invites.busy import recurrence
from scheduler.invites.busy.model import StepBudget, UnusableCalendar
from scheduler.invites.busy.zones import parse_local

START = parse_local("20190329T091500")
DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


def numbers(*values: int) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(values), min_size=1, max_size=3).map(lambda v: ",".join(map(str, v)))


@st.composite
def rule_texts(draw: st.DrawFn) -> str:
    """Return rules for which dateutil follows RFC 5545: no mix of weekdays with and without ordinals."""
    frequency = draw(st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]))
    ordinals = draw(st.sampled_from([("",), ("1", "-1", "2", "-2", "5")])) if frequency[0] in "MY" else ("",)
    days = st.lists(st.tuples(st.sampled_from(ordinals), st.sampled_from(DAYS)), min_size=1, max_size=3)
    parts = {
        "INTERVAL": st.integers(1, 5).map(str),
        "BYMONTH": numbers(1, 2, 6, 11, 12),
        "BYDAY": days.map(lambda listed: ",".join(f"{n}{day}" for n, day in listed)),
        "BYHOUR": numbers(0, 8, 17),
        "BYMINUTE": numbers(0, 30, 59),
        "WKST": st.sampled_from(DAYS),
    }
    if frequency != "WEEKLY":
        parts["BYMONTHDAY"] = numbers(1, 13, 30, 31, -1, -2)
    if frequency == "YEARLY":
        parts["BYYEARDAY"] = numbers(1, 100, 366, -1, -200)
    chosen = draw(st.lists(st.sampled_from(sorted(parts)), unique=True, max_size=4))
    texts = [f"FREQ={frequency}", *(f"{name}={draw(parts[name])}" for name in chosen)]
    end = draw(st.sampled_from(["", "COUNT", "UNTIL"]))
    if end == "COUNT":
        texts.append(f"COUNT={draw(st.integers(1, 300))}")
    if end == "UNTIL":
        texts.append("UNTIL=2021" + draw(st.sampled_from(["0101", "0329", "1231"])) + "T091500")
    if any(name.startswith("BY") for name in chosen) and draw(st.booleans()):
        texts.append("BYSETPOS=" + draw(st.sampled_from(["1", "-1", "2", "1,-1"])))
    return ";".join(texts)


def worked_out(
    text: str, first: datetime, last: datetime, budget: StepBudget | None = None
) -> list[datetime]:
    rule = recurrence.parse_rule(text)
    until = parse_local(rule.until) if rule.until else None
    return list(recurrence.occurrences(rule, START, first, last, until, budget or StepBudget()))


@pytest.mark.slow
@pytest.mark.no_cover  # most of it is dateutil; the examples below run the same lines
@settings(max_examples=200)
@given(rule_texts(), st.integers(0, 1000), st.sampled_from([3, 40, 400]))
def test_a_rule_gives_what_dateutil_gives(text: str, after: int, length: int) -> None:
    first = parse_local("20190301") + timedelta(days=after)
    last = first + timedelta(days=length)
    # dateutil looks for the occurrences of a rule without any up to this year.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rrule.datetime, "MAXYEAR", last.year)
        expected = rrule.rrulestr(text, dtstart=START).between(first, last, inc=True)
    assert worked_out(text, first, last) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO", ["2020-05-11", "2021-05-17"]),
        ("FREQ=YEARLY;BYWEEKNO=-1;BYDAY=TH", ["2019-12-26", "2020-12-31", "2021-12-30"]),
        ("FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13", ["2019-09-13", "2019-12-13", "2020-03-13", "2020-11-13",
                                                 "2021-08-13"]),
        ("FREQ=MONTHLY;COUNT=13;BYDAY=TU,1WE", ["2019-06-04", "2019-06-05"]),
    ],
)  # fmt: skip
def test_what_rfc_5545_says(text: str, expected: list[str]) -> None:
    first, last = parse_local("20190603"), parse_local("20211231T230000")
    assert [f"{each:%Y-%m-%d}" for each in worked_out(text, first, last)] == expected


def cost(text: str, year: int = 2026) -> int:
    budget = StepBudget(10**9)
    worked_out(text, parse_local(f"{year}1207"), parse_local(f"{year}1209"), budget)
    return 10**9 - budget.left


@pytest.mark.parametrize("text", ["FREQ=DAILY", "FREQ=WEEKLY", "FREQ=MONTHLY;BYDAY=-1FR", "FREQ=YEARLY"])
def test_the_years_before_the_window_cost_nothing(text: str) -> None:
    assert cost(text, 2020) == cost(text, 2920) < 1200


@pytest.mark.parametrize("text", ["FREQ=YEARLY;BYMONTH=2", "FREQ=MONTHLY;BYMONTH=2", "FREQ=DAILY;BYMONTH=2"])
def test_a_rule_that_never_holds_ends(text: str) -> None:
    assert cost(f"{text};BYMONTHDAY=30") < 1200


@pytest.mark.parametrize("frequency", ["SECONDLY", "MINUTELY", "HOURLY"])
def test_rules_by_the_hour_and_shorter_are_refused(frequency: str) -> None:
    with pytest.raises(UnusableCalendar, match="every hour or more often"):
        recurrence.parse_rule(f"FREQ={frequency};COUNT=1000000")


def test_a_rule_of_every_second_by_its_parts_uses_up_the_budget() -> None:
    every = ",".join(map(str, range(60)))
    budget = StepBudget(100_000)
    with pytest.raises(UnusableCalendar, match="too often"):
        worked_out(
            f"FREQ=DAILY;BYHOUR={','.join(map(str, range(24)))};BYMINUTE={every};BYSECOND={every}",
            parse_local("20261207"), parse_local("20261209"), budget,
        )  # fmt: skip
    assert budget.left >= -86_400, "at most one more day was begun"


@pytest.mark.parametrize(
    "text", ["", "FREQ=", "FREQ=OFTEN", "FREQ=DAILY;INTERVAL=0", "FREQ=DAILY;COUNT=-1", "FREQ=DAILY;BYDAY=XX",
             "FREQ=DAILY;BYHOUR=٣", "FREQ=DAILY;BYEASTER=1", "FREQ=WEEKLY;WKST=1"]
)  # fmt: skip
def test_what_is_no_rule_is_said_to_be_none(text: str) -> None:
    with pytest.raises(ValueError):
        recurrence.parse_rule(text)
