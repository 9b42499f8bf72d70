"""Normalisation of untrusted text."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from scheduler.services.spreadsheets.composed_columns import (
    clean_number,
    clean_phone,
    split_hall_and_booth,
)
from scheduler.services.spreadsheets.time_parsing import parse_time
from scheduler.services.text import MAX_NARROWED, is_web_address, narrow_text

ACCENTS = "\u0301\u0316"


@pytest.mark.parametrize(
    "address", ["https://www.example.com", "http://a.example:8080/x?y", "https://例子.中国/"]
)
def test_a_website_has_a_host_in_a_domain(address: str) -> None:
    assert is_web_address(address)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ftp://www.example.com",
        "https://localhost",
        "https://a.example:99999999/",
        "https://[::1",
        "https://me:secret@www.example.com",
        "https://www.example.com/" + "x" * 200,
        f"https://a{ACCENTS * 500_000}.example",  # sorting them would take half an hour
    ],
    ids=lambda address: address[:40],
)
def test_anything_else_is_no_website(address: str) -> None:
    assert not is_web_address(address)


def test_a_text_is_narrowed() -> None:
    assert narrow_text(" \uff18\u3000\uff21 ") == "8 A"
    assert narrow_text("\uff18" * MAX_NARROWED) == "8" * MAX_NARROWED


@pytest.mark.parametrize("read", [narrow_text, clean_number, clean_phone])
def test_a_text_that_is_too_long_for_a_value_is_not_narrowed(read: Callable[[str], str]) -> None:
    far_too_long = f"\uff18{ACCENTS * 500_000}"  # sorting them would take minutes
    assert read(far_too_long) == far_too_long


def test_a_text_that_is_too_long_is_no_time_and_no_booth() -> None:
    far_too_long = f"14{ACCENTS * 500_000}"
    assert parse_time(far_too_long) is None
    assert split_hall_and_booth(far_too_long) is None
