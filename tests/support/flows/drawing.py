"""Rendering of a flow as a page: a tree of rooms and called functions for each step."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence

from tests.support.flows.tracing import START, Step

WIDTH = 100
"""Maximum length of a line in the tree, in characters."""
BY = "by `python -m tests.support.flows`"
WHAT = f"""\
Each step shows the rooms that take part, each below the room that calls it first, with the public functions
that are called. It omits what every page does (session, menu, notices), and `domain`, `files` and `storage`,
which all rooms use. The solver's internals are on [their own page](../solver.md). A test runs this flow and
compares it with this page, which is generated {BY}.
"""


def page(title: str, about: str, steps: Sequence[Step]) -> str:
    """Return the page of a flow as Markdown."""
    rooms = {call.room for step in steps for call in step.calls}
    functions = {(call.room, call.function) for step in steps for call in step.calls}
    parts = [f"# {title}", f"{about} {len(rooms)} rooms, {len(functions)} functions.", WHAT.rstrip()]
    for number, step in enumerate(steps, 1):
        parts += [f"## {number}. {step.title}", "\n".join(["```text", *tree(step), "```"])]
    return "\n\n".join(parts) + "\n"


def index(flows: Mapping[str, str]) -> str:
    """Return the index page: titles of the flows by page name."""
    lines = [
        "# Flows",
        f"Which rooms work together, traced by a test that runs each flow. The pages are generated {BY}.",
        "\n".join(f"- [{title}]({name}.md)" for name, title in flows.items()),
        "\n".join(["```{toctree}", ":hidden:", "", *flows, "```"]),
    ]
    return "\n\n".join(lines) + "\n"


def tree(step: Step) -> list[str]:
    """Return the rooms of a step as lines, each below its first caller, with called functions."""
    arrows = step.arrows()
    drawn: set[str] = set()
    rows = list(_rows(arrows, START, "", drawn))
    for caller, _ in arrows:
        if caller not in drawn:  # its caller is omitted
            rows += [(caller, "", []), *_rows(arrows, caller, "", drawn)]
    column = max(len(head) for head, _, _ in rows) + 2
    lines = []
    for head, rest, functions in rows:
        wrapped = textwrap.wrap(", ".join(functions), WIDTH - column) or [""]
        lines += [
            f"{start:<{column}}{text}".rstrip()
            for start, text in zip([head, *[rest] * (len(wrapped) - 1)], wrapped, strict=True)
        ]
    return lines


_BRANCHES = {True: ("└─ ", "   "), False: ("├─ ", "│  ")}
"""Prefix of a line and of the lines below it, by whether it is the last one."""


def _rows(
    arrows: Mapping[tuple[str, str], list[str]], caller: str, indent: str, drawn: set[str]
) -> Iterator[tuple[str, str, list[str]]]:
    """Yield lines below a caller: their prefix, indentation and functions. A room is expanded once."""
    drawn.add(caller)
    called = [room for by, room in arrows if by == caller]
    first = [room for room in called if room not in drawn]
    drawn.update(first)
    for room in called:
        is_last = room == called[-1]
        branch, below = (
            ("", "") if caller == START else ("└─ " if is_last else "├─ ", "   " if is_last else "│  ")
        )
        has_more = room in first and any(by == room for by, _ in arrows)
        yield f"{indent}{branch}{room}", f"{indent}{below}{'│' if has_more else ''}", arrows[caller, room]
        if room in first:
            yield from _rows(arrows, room, indent + below, drawn)
