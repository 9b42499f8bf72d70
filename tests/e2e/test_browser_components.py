"""The component page has every styled class, and no violations in light and dark mode and on a phone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.e2e import axe
from tests.support import components
from tests.support.components import CATALOGUES

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

ELSEWHERE = """
came-of comfortable compact company-why editing entry-gain fate-bad
i-chevron-up i-handover i-match i-more i-pause i-phone i-redo i-sparkle i-star-filled i-table-seat
is-failed is-fitting is-sent is-soon key-free key-moves outcomes page pagination
pagination-bottom pagination-pages pagination-status prose queued request-select skip-link
slot-clash text-warn timeline undo-bar
"""
"""Classes of states that need a click, a worker's answer or a larger event; the table of pages has none."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("components") / "made"
    components.write(folder)
    return folder


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 390, "height": 844}, reduced_motion="reduce")
    yield context.new_page()
    context.close()


def test_every_class_with_a_style_is_on_a_page(made: Path) -> None:
    shown = "".join((made / f"components-{name}.html").read_text("utf-8") for name in CATALOGUES)
    wanted = components.styled(*components.SHEETS)
    missing = {each for each in wanted if f"<code>.{each}</code>" not in shown}
    assert missing == set(ELSEWHERE.split()), (
        "no page has it: delete its rules, or say that another state has it"
    )


@pytest.mark.parametrize("name", CATALOGUES)
def test_no_component_has_a_fault(name: str, made: Path, page: Page) -> None:
    axe.require()
    page.goto((made / f"components-{name}.html").as_uri())
    assert axe.findings(page) == []


@pytest.mark.parametrize("name", CATALOGUES)
def test_every_part_is_drawn_in_the_light_and_otherwise_in_the_dark(
    name: str, made: Path, page: Page
) -> None:
    page.goto((made / f"components-{name}.html").as_uri())
    low = set()
    for part in page.locator("main > section").all():
        box = part.bounding_box()
        assert box is not None and box["width"] <= 390, part.get_attribute("id")
        if box["height"] <= 30:
            low.add(part.get_attribute("id"))
    page.set_viewport_size({"width": 1280, "height": 844})
    for key in low:  # a phone does not show it
        box = page.locator(f"#{key}").bounding_box()
        assert box is not None and box["height"] > 30, key
    page.set_viewport_size({"width": 390, "height": 844})
    pictures = set()
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        pictures.add(page.screenshot(full_page=True))
    assert len(pictures) == 2
