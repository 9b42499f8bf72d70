"""Index of decision records, generated from their pages: `python -m tests.support.decisions`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "docs" / "decisions"
PARTS = ["Context", "Decision", "Consequences"]
HEAD = re.compile(
    r"# (?P<number>\d+)\. (?P<title>.+)\n\n"
    r"Status: (?P<status>accepted|superseded by \d+), (?P<date>[\d-]{10})(; changed [\d-]{10})?\n\n"
    r"(?P<summary>(?:.+\n)+)\n## Context\n"
)
INTRODUCTION = """\
# Decisions

Each page is a choice that is hard to undo: stored data, addresses in calendars, what other programs rely
on, or how the parts of the product work together. It has the context, the decision and its consequences, with
what was measured and which modules keep it. A figure names its source in the repository.

A choice that one module can undo has its reason in the docstring of that module, not here: the numbers
that are missing were such choices. A new page gets the next number. A decision that is given up keeps its
page and names its successor. `python -m tests.support.decisions` writes this list.
"""


@dataclass(frozen=True, slots=True)
class Decision:
    """The head of a page. `status` is `accepted` or `superseded by N`."""

    file: str
    number: int
    title: str
    status: str
    date: str
    summary: str


def read_decision(page: Path) -> Decision:
    """Parse the head of a page. Raises ValueError if it is malformed."""
    found = HEAD.match(page.read_text("utf-8"))
    if found is None:
        raise ValueError(f"{page.name} does not begin with a title, a status with a date, and a summary")
    number, title, summary = int(found["number"]), found["title"], " ".join(found["summary"].split())
    return Decision(page.name, number, title, found["status"], found["date"], summary)


def pages() -> list[Path]:
    """Return the decision pages by number."""
    return sorted(FOLDER.glob("[0-9]*.md"))


def index() -> str:
    """Return the index as Markdown."""
    rows = [
        f"| [{each.number}]({each.file}) | {each.title} | {each.status}, {each.date} | {each.summary} |"
        for each in map(read_decision, pages())
    ]
    table = "\n".join(["| no. | decision | status | in one line |", "|---|---|---|---|", *rows])
    return f"{INTRODUCTION}\n{table}\n\n```{{toctree}}\n:hidden:\n:glob:\n\n0*\n```\n"


if __name__ == "__main__":
    (FOLDER / "index.md").write_text(index(), "utf-8")
