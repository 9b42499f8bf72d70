"""How tests wait for a browser.

`wait_for_function` evaluates its text in the page. The first try is the debugger's and passes; each later
one is the page's own, which its Content-Security-Policy refuses: such a test fails on a slow machine alone.
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
