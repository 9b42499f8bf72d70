"""The documentation's screenshots: made by `make pictures`, small, and all in use."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pymupdf

from tests.support.screenshots import SHOTS, small_png

ROOT = Path(__file__).parents[3]
PICTURES = ROOT / "docs" / "pictures"
MOST_OCTETS = 80_000


def there() -> set[str]:
    return {str(path.relative_to(PICTURES)) for path in PICTURES.rglob("*.png")}


def test_the_command_draws_the_pictures_that_are_there_and_no_others() -> None:
    assert there() == {shot.file for shot in SHOTS} | {"import.png", "board.png"}


def test_every_picture_is_shown_and_small() -> None:
    shown = set()
    for page in (ROOT / "README.md", *(ROOT / "docs").rglob("*.md")):
        for said, target in re.findall(r"!\[([^\]]*)\]\(([^)]*pictures/[^)]*)\)", page.read_text("utf-8")):
            assert said, f"{page.name} shows {target} without a word for who does not see it"
            assert (page.parent / target).is_file(), f"{page.name} shows {target}"
            shown.add(target.partition("pictures/")[2])
    assert shown == there()
    assert {name for name in shown if (PICTURES / name).stat().st_size > MOST_OCTETS} == set()


def test_a_small_picture_has_the_pixels_of_the_large_one() -> None:
    rgb = np.zeros((40, 30, 3), np.uint8)
    rgb[:20, :, 0], rgb[20:, 10:, 2] = 200, 90
    again = pymupdf.Pixmap(small_png(rgb))
    assert np.array_equal(np.frombuffer(again.samples, np.uint8).reshape(40, 30, again.n)[:, :, :3], rgb)
