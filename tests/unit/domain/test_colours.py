"""Colours of a brand: contrast by WCAG, and shades that are readable in light and dark mode."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.domain import colours

TOKENS = (Path(__file__).parents[3] / "api/static/tokens.css").read_text("utf-8")
ANY_COLOUR = st.integers(0, 0xFFFFFF).map(lambda value: f"#{value:06x}")
BEHIND_TEXT = (
    "paper",
    "card",
    "raised",
    "sunken",
    "hover",
    "good-soft",
    "warn-soft",
    "bad-soft",
    "info-soft",
)


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [
        ("#ffffff", "#000000", 21.0),
        ("#777777", "#ffffff", 4.48),
        ("#767676", "#ffffff", 4.54),
        ("#0000ff", "#ffffff", 8.59),
        ("#ff0000", "#ffffff", 4.00),
        ("#ffff00", "#ffffff", 1.07),
        ("#808080", "#808080", 1.0),
    ],
)
def test_the_contrast_is_that_of_wcag(one: str, other: str, ratio: float) -> None:
    assert round(colours.contrast(one, other), 2) == ratio == round(colours.contrast(other, one), 2)


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        (" #0B5D63 ", "#0b5d63"),
        ("0b5d63", "#0b5d63"),
        ("#fa0", "#ffaa00"),
        ("teal", None),
        ("#0b5d6", None),
        ("", None),
        ("#0b5d63;}", None),
        ("#١٢٣٤٥٦", None),
    ],
)
def test_a_hex_code_is_read_and_nothing_else(typed: str, read: str | None) -> None:
    assert colours.read_colour(typed) == read


def schemes() -> dict[str, list[str]]:
    """Return the surfaces behind text in each scheme, as in the tokens of the pages."""
    values: dict[str, list[str]] = {"light": [], "dark": []}
    for block in re.split(r"(?=@media|:root\{)", TOKENS):
        scheme = "dark" if block.startswith("@media") else "light"
        if block.startswith(":root") and values["light"] and len(values["dark"]) < len(values["light"]):
            scheme = "dark"
        values[scheme] += [
            value for name, value in re.findall(r"--([\w-]+):(#[0-9a-f]{6})", block) if name in BEHIND_TEXT
        ]
    return values


def test_the_surfaces_are_those_of_the_pages() -> None:
    found = schemes()
    assert len(found["light"]) == len(found["dark"]) == len(BEHIND_TEXT)
    assert set(found["light"]) <= set(colours.LIGHT_SURFACES)
    assert set(found["dark"]) <= set(colours.DARK_SURFACES)


@given(ANY_COLOUR)
def test_every_accent_is_readable_on_every_surface_in_both_schemes(accent: str) -> None:
    for palette, surfaces in (
        (colours.light_palette(accent), colours.LIGHT_SURFACES),
        (colours.dark_palette(accent), colours.DARK_SURFACES),
    ):
        for surface in (*surfaces, palette.soft, palette.ink):
            assert colours.contrast(palette.accent, surface) >= 4.5


@given(ANY_COLOUR)
def test_black_or_white_text_is_readable_on_every_colour(colour: str) -> None:
    assert colours.contrast(colours.ink_on(colour), colour) >= 4.5


@given(ANY_COLOUR)
def test_the_shade_that_an_error_suggests_is_accepted(colour: str) -> None:
    assert colours.contrast(colours.darkened(colour), "#ffffff") >= 4.5


def test_a_colour_that_is_readable_stays_as_it_is() -> None:
    assert colours.light_palette("#0b5d63").accent == colours.darkened("#0b5d63") == "#0b5d63"
    assert colours.dark_palette("#ffd200").accent == "#ffd200"
