"""How tests wait for a browser.

`wait_for_function` evaluates its text in the page. The debugger makes the first attempt, which succeeds.
The page makes the later ones, which its Content-Security-Policy refuses, so that only slow machines fail.
"""

from __future__ import annotations

from pathlib import Path

TESTS = Path(__file__).parents[2]


def test_no_test_waits_by_a_function_that_the_page_evaluates() -> None:
    waiting = [
        path.relative_to(TESTS).as_posix()
        for path in sorted(TESTS.rglob("*.py"))
        if path != Path(__file__) and ".wait_for_function(" in path.read_text("utf-8")
    ]
    assert waiting == []
