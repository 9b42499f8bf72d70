"""Conversations about a meeting, each with the best that can become of it, on both engines."""

from __future__ import annotations

import pytest

from scheduler.storage.database import Database
from tests.support.incoming.cases import CASES
from tests.support.incoming.scene import Case, run

NOT_YET = frozenset(
    [
        "tie-two-taps",
        "tie-no-then-yes",
        "tie-tmail-reuses-its-stamp",
        "tie-tmail-changes-its-mind-twice",
        "clock-ahead-three-hours",
        "clock-ahead-a-year",
        "clock-ahead-a-year-then-no",
        "older-answer-arrives-later",
        "older-decline-arrives-later",
        "link-then-mail-in-a-second",
        "offline-answer-after-the-link",
        "stamp-in-a-zone",
        "stamp-without-a-zone",
        "stamp-that-is-none",
        "late-decline",
        "late-decline-of-an-accepted-one",
        "late-declines-get-one-receipt",
        "late-yes-of-an-accepted-one",
        "late-refresh",
        "late-counter",
        "late-link",
        "late-answer-to-an-older-version",
        "yes-after-the-cancel",
        "counter-after-the-cancel",
        "list-ezmlm",
        "list-majordomo",
        "list-answer-too-late",
        "machine-answer-too-late",
        "note-in-the-text",
        "note-in-the-html",
        "note-above-the-invitation",
        "note-above-a-quotation",
        "note-in-chinese",
        "note-with-a-yes",
        "words-without-an-answer",
        "the-21st-of-a-day",
        "an-old-answer-every-12-minutes",
        "another-answer-to-an-older-version",
        "a-refresh-every-12-minutes",
        "reply-to-all-of-3-mb",
        "notes-accepted",
        "notes-declined",
        "notes-counter",
        "notes-by-setpos",
        "zone-by-day-of-year",
        "exchange-customized-otherwise",
        "zone-differs-from-its-name",
        "counter-without-an-end",
        "counter-of-a-whole-day",
        "counter-of-the-same-time",
        "counter-without-a-zone",
        "counter-in-an-unknown-zone",
        "instance-at-the-meetings-time",
        "instance-at-another-time",
        "smime-opaque",
        "smime-opaque-streamed",
        "smime-opaque-words",
        "smime-broken",
        "exchange-rewritten",
        "two-answers-that-differ",
        "away-in-the-west",
        "away-in-the-east",
        "away-in-asia",
        "away-but-a-person",
        "bounce-with-a-comment",
    ]
)


def test_the_cases_have_names_of_their_own_and_say_what_they_are_about() -> None:
    assert len({each.name for each in CASES}) == len(CASES) == 92
    assert all(each.about for each in CASES)
    assert {each.name for each in CASES} >= NOT_YET


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_becomes_of_an_answer_is_the_best_that_can(case: Case, database: Database) -> None:
    became = run(case, database)
    if became.differs and case.name in NOT_YET:
        pytest.xfail("; ".join(became.differs))
    assert not became.differs, became.differs
