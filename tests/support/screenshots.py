"""Screenshots of the documentation: pages of a generated expo in Chromium.

`make pictures` writes them to docs/pictures. The event, its plan and the clock are always the same, so the
files only change with Chromium and its fonts.
"""

from __future__ import annotations

import struct
import sys
import tempfile
import zlib
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pymupdf
from playwright.sync_api import Page, ViewportSize, sync_playwright

from tests.support import missing_programs
from tests.support.screenshot_event import expo_site

LANGUAGES = ("en", "zh", "hu", "ar")
DESK, PHONE = (1280, 860), (390, 844)
WINDOW: ViewportSize = {"width": DESK[0], "height": DESK[1]}
PATIENCE = 300_000
"""Timeout in milliseconds, which only a hang exceeds."""
COLOURS = 160
"""Palette size of a screenshot. More colours are indistinguishable and enlarge the files."""


@dataclass(frozen=True, slots=True)
class Shot:
    """A screenshot: name, role, path in the event, window size, language."""

    name: str
    who: str
    path: str
    size: tuple[int, int] = DESK
    language: str = "en"

    @property
    def file(self) -> str:
        """The file name in docs/pictures."""
        return f"{self.name}.png" if self.language == "en" else f"{self.language}/{self.name}.png"


OF_GUIDE = (
    Shot("start", "exhibitor", "/dashboard"),
    Shot("directory", "exhibitor", "/firms"),
    Shot("my-day", "exhibitor", "/my-day", PHONE),
)
SHOTS = (
    Shot("home", "organiser", ""),
    Shot("venue", "organiser", "/venue"),
    Shot("changes", "organiser", "/versions/2/changes"),
    Shot("fairness", "organiser", "/versions/1/fairness"),
    *(replace(shot, language=language) for language in LANGUAGES for shot in OF_GUIDE),
)


def draw(folder: Path) -> None:
    """Write every screenshot into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    path = missing_programs.chromium()
    if path is None:
        sys.exit("Install Chromium to draw the pictures (on Debian: apt install chromium).")
    with (
        tempfile.TemporaryDirectory() as made,
        expo_site(Path(made)) as (expo, site),
        sync_playwright() as play,
    ):
        browser = play.chromium.launch(executable_path=path, args=["--no-sandbox"])
        for who, language in dict.fromkeys((shot.who, shot.language) for shot in SHOTS):
            page = browser.new_page(viewport=WINDOW, color_scheme="light", locale=language)
            page.set_default_timeout(PATIENCE)
            page.goto(site + expo.link(who))
            page.locator("main form button").first.click()
            for shot in SHOTS:
                if (shot.who, shot.language) == (who, language):
                    page.goto(f"{site}/events/{expo.key}{shot.path}")
                    _draw(page, folder / shot.file, shot.size)
            if who == "organiser":
                _show_import(page, f"{site}/events/{expo.key}/imports/", expo.workbook())
                _draw(page, folder / "import.png", DESK)
                page.goto(f"{site}/events/{expo.key}/board?{expo.picked_up()}")
                page.locator("td[data-home]").wait_for()
                _draw(page, folder / "board.png", DESK)
        browser.close()


def _show_import(page: Page, address: str, workbook: bytes) -> None:
    page.goto(address)
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    page.set_input_files(
        "input[type=file]", {"name": "exhibitors-june.xlsx", "mimeType": kind, "buffer": workbook}
    )
    page.get_by_role("button", name="Preview import").click()


def _draw(page: Page, file: Path, size: tuple[int, int]) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.wait_for_load_state("networkidle")
    pixels = pymupdf.Pixmap(page.screenshot(animations="disabled", caret="hide"))
    octets = small_png(
        np.frombuffer(pixels.samples, np.uint8).reshape(pixels.h, pixels.w, pixels.n)[:, :, :3]
    )
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(octets)


def small_png(rgb: npt.NDArray[np.uint8]) -> bytes:
    """Return a PNG with a palette.

    Parameters
    ----------
    rgb
        height x width x 3. The `COLOURS` most frequent colours are kept; others are mapped to the nearest.
    """
    height, width, _ = rgb.shape
    packed = rgb.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32)
    colours, where, counts = np.unique(packed, return_inverse=True, return_counts=True)
    order = np.argsort(-counts, kind="stable")[:COLOURS]
    palette = np.stack([colours[order] >> 16, colours[order] >> 8 & 255, colours[order] & 255], 1).astype(
        np.int32
    )
    every = np.stack([colours >> 16, colours >> 8 & 255, colours & 255], 1).astype(np.int32)
    nearest = np.array([((palette - colour) ** 2).sum(1).argmin() for colour in every], np.uint8)
    rows = nearest[where.reshape(height, width)]
    lines = b"".join(b"\0" + row.tobytes() for row in rows)

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0))
        + chunk(b"PLTE", palette.astype(np.uint8).tobytes())
        + chunk(b"IDAT", zlib.compress(lines, 9))
        + chunk(b"IEND", b"")
    )


if __name__ == "__main__":
    draw(Path(sys.argv[1]))
