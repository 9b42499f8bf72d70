"""Colours of a brand, with their contrast as WCAG 2.2 defines it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

TEXT_CONTRAST: Final = 4.5
"""Minimum contrast of text with its background (WCAG 2.2, 1.4.3)."""
WHITE, BLACK = "#ffffff", "#000000"
SITE_ACCENT: Final = "#0b5d63"
"""Accent of the site in light mode, as in `api/static/tokens.css` and the templates of emails."""
LIGHT_SURFACES: Final = (
    *("#ffffff", "#f5f7f6", "#eef2f1", "#f0f5f4"),
    *("#e2f3e8", "#fdf0d9", "#fbe6e7", "#e6f0fa"),
)
DARK_SURFACES: Final = (
    *("#0f181a", "#121d20", "#172326", "#1d2b2e", "#1c2a2d"),
    *("#173423", "#3b2b10", "#431c20", "#16304a"),
)
"""Surfaces of `api/static/tokens.css` behind text in the accent colour: paper and cards, then banners."""
LIGHT_CARD, DARK_CARD = "#ffffff", "#172326"
_PATTERN: Final = re.compile(r"#[0-9a-f]{6}")
_TINT: Final = 0.1
"""Share of the accent in the background of tags and selected rows."""
_STEPS: Final = 100


@dataclass(frozen=True, slots=True)
class Palette:
    """An accent colour in one colour scheme: for text and buttons, the text on buttons, and the tint."""

    accent: str
    ink: str
    soft: str


def read_colour(typed: str) -> str | None:
    """Return a colour as `#rrggbb` in lower case, or None. `#rgb` and a missing `#` are accepted."""
    digits = typed.strip().lower().removeprefix("#")
    if len(digits) == 3:
        digits = "".join(digit * 2 for digit in digits)
    return f"#{digits}" if is_colour(f"#{digits}") else None


def is_colour(value: object) -> bool:
    """Return True for a colour as `#rrggbb` in lower case."""
    return isinstance(value, str) and _PATTERN.fullmatch(value) is not None


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours, from 1 to 21."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    """Return the relative luminance, from 0 for black to 1 for white."""
    red, green, blue = (_linear(each / 255) for each in bytes.fromhex(colour[1:]))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def ink_on(colour: str) -> str:
    """Return white or black, whichever has the higher contrast with a background. It is at least 4.5."""
    return max(WHITE, BLACK, key=lambda ink: contrast(ink, colour))


def mix(one: str, other: str, share: float) -> str:
    """Return a mixture with this share of the first colour."""
    pairs = zip(bytes.fromhex(one[1:]), bytes.fromhex(other[1:]), strict=True)
    return "#" + bytes(round(a * share + b * (1 - share)) for a, b in pairs).hex()


def darkened(colour: str, surfaces: Sequence[str] = (WHITE,)) -> str:
    """Return the lightest shade of a colour that is readable as text on all surfaces."""
    return _nearest(colour, BLACK, lambda shade: _is_readable(shade, surfaces))


def light_palette(accent: str) -> Palette:
    """Return an accent colour for light mode, darkened as far as its tint needs."""
    shade = _nearest(
        accent, BLACK, lambda each: _is_readable(each, (*LIGHT_SURFACES, _tint(each, LIGHT_CARD)))
    )
    return Palette(shade, ink_on(shade), _tint(shade, LIGHT_CARD))


def dark_palette(accent: str) -> Palette:
    """Return an accent colour for dark mode, lightened as far as text needs."""
    shade = _nearest(accent, WHITE, lambda each: _is_readable(each, (*DARK_SURFACES, _tint(each, DARK_CARD))))
    return Palette(shade, ink_on(shade), _tint(shade, DARK_CARD))


def _is_readable(colour: str, surfaces: Sequence[str]) -> bool:
    return all(contrast(colour, surface) >= TEXT_CONTRAST for surface in surfaces)


def _nearest(colour: str, end: str, is_enough: Callable[[str], bool]) -> str:
    """Return the first mixture on the way to `end` that is enough."""
    shades = (mix(end, colour, step / _STEPS) for step in range(_STEPS + 1))
    return next((shade for shade in shades if is_enough(shade)), end)


def _tint(colour: str, surface: str) -> str:
    return mix(colour, surface, _TINT)


def _linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
