"""Rejections as real mail servers write them, and the action for each."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from scheduler.domain.entities import Refusal
from scheduler.invites import refusals

REPLIES = json.loads((Path(__file__).parent / "refusals.json").read_text("utf-8"))
"""A refusal, and observed replies: `code text`. NetEase's have a mark instead of text."""

PAIRS = [(reply, Refusal(refusal)) for refusal, replies in REPLIES.items() for reply in replies]


def split(reply: str) -> tuple[int, str]:
    return int(reply[:3]), reply[4:]


@pytest.mark.parametrize(("reply", "refusal"), PAIRS)
def test_a_reply_asks_for_what_its_provider_means(reply: str, refusal: Refusal) -> None:
    assert refusals.classify_refusal(*split(reply)) is refusal


@pytest.mark.parametrize(("reply", "refusal"), PAIRS)
def test_a_report_that_repeats_the_reply_asks_for_the_same(reply: str, refusal: Refusal) -> None:
    """Postfix reports the remote status, or X.0.0 if the remote server gave none."""
    status = refusals._status(reply[4:].lower()) or f"{reply[0]}.0.0"
    assert refusals.classify_report(status, f"smtp; {reply}") is refusal


def test_every_row_of_the_table_decides_about_one_reply_at_least() -> None:
    deciding = {refusals.find_rule(*split(reply)) for reply, _ in PAIRS}
    assert set(refusals.load_rules()) - deciding == set()


def test_every_phrase_of_the_table_is_lower_case_and_every_row_has_its_source() -> None:
    for rule in refusals.load_rules():
        assert rule.source and rule.who and (rule.code or rule.status or rule.phrases)
        assert all(phrase == phrase.lower() for phrase in rule.phrases)


def test_what_nobody_knows_is_held_and_kills_no_address() -> None:
    for reply in ("550 no", "550 5.0.0 rejected", "554 5.5.0 x", "571 whatever", "550 "):
        assert refusals.classify_refusal(*split(reply)) is Refusal.HOLD
    assert refusals.classify_refusal(None, "") is Refusal.HOLD


def test_a_number_in_the_text_that_only_looks_like_a_status_decides_nothing() -> None:
    assert (
        refusals.classify_refusal(550, "rejected, see 5.1.1 of our rules; your host 5.1.1.9") is Refusal.HOLD
    )


def test_a_long_reply_is_looked_at_in_its_beginning_only() -> None:
    assert refusals.classify_refusal(550, "x" * 2_000_000 + " user unknown") is Refusal.HOLD


def test_codes_in_a_report_s_diagnostic_are_found_in_each_dialect() -> None:
    for diagnostic in ("smtp; 550 5.1.1 x", "smtp;550 5.1.1 x", "SMTP; 550-5.1.1 x", "550 5.1.1 x"):
        assert refusals.classify_report("", diagnostic) is Refusal.DEAD
    assert re.search("dead", refusals.classify_report("5.1.1", "").value)
