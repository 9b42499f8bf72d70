"""Email addresses on pages: no line breaks, or only after @ and dots."""

from __future__ import annotations

import pytest
from markupsafe import Markup

from api.language.unbroken import email_address


@pytest.mark.parametrize(
    ("address", "parts"),
    [
        ("bo-li@trade-fair.example", ["bo-li@trade-fair.example"]),
        ("no address", ["no address"]),
        (
            "export-sales.department@heavy-machinery.example",
            ["export-sales.", "department@", "heavy-machinery.", "example"],
        ),
    ],
)
def test_a_long_address_breaks_after_at_signs_and_dots_alone(address: str, parts: list[str]) -> None:
    shown = email_address(address)
    assert shown == "<wbr>".join(f'<span class="nowrap">{part}</span>' for part in parts)
    assert Markup(shown).striptags() == address


def test_a_long_part_of_an_address_may_break_anywhere() -> None:
    long = "-".join(["export"] * 8)
    assert email_address(f"{long}@a.example").startswith(f"{long}@<wbr>")


def test_an_address_is_escaped() -> None:
    assert "<b>" not in email_address("<b>@x.example")
