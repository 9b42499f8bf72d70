"""Normalisation of untrusted text."""

from __future__ import annotations

import pytest

from scheduler.services.text import is_web_address

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
