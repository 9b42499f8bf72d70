"""Regular expressions for untrusted text do linear work: steps are counted, not timed.

A small backtracking matcher walks the parsed expression as `re` does, and counts. Each expression is tested
with texts of its own characters: a prefix for each repetition, more and more of the same, then a mismatch.
"""

from __future__ import annotations

import ast
import contextlib
import itertools
import re
import re._constants as c
import re._parser as parser
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
OURS_ALONE = {"samples", "solver", "migrations"}
"""Packages without untrusted text."""
OF_OURS = {"_SYMBOL"}
"""Expressions used only on our own files."""
ROOMS = ("api", "scheduler", "workers")
ANCHORED = {"match", "fullmatch"}
SIZES = (12, 24, 48)

MOST = 100_000
"""Steps for a text of a few hundred characters."""

Next = Callable[[int], bool]


parsed = cache(parser.parse)
KNOWN: dict[str, dict[tuple[int, int, str], bool]] = {}
"""By expression, what each part of its parsed form takes; the forms are kept, so an id is of one part."""


class TooManySteps(Exception):
    """A text takes more steps than any linear expression does."""


class Counter:
    """Counts the steps of a search through a text; `find` tries each position, as `finditer` does."""

    def __init__(self, pattern: str, text: str, anchored: bool) -> None:
        self.tree = parsed(pattern)
        self.flags = self.tree.state.flags
        self.text, self.anchored, self.steps = text, anchored, 0
        self.known = KNOWN.setdefault(pattern, {})

    def run(self) -> int:
        ends: list[int] = []

        def end(place: int) -> bool:
            ends.append(place)
            return True

        at = 0
        while at <= len(self.text):
            is_found = self.sequence(self.tree, 0, at, end)
            if self.anchored:
                break
            at = max(at + 1, ends[-1]) if is_found else at + 1
        return self.steps

    def sequence(self, items: Any, number: int, at: int, then: Next) -> bool:
        if number == len(items):
            return then(at)
        op, value = items[number]
        return self.item(op, value, at, lambda place: self.sequence(items, number + 1, place, then))

    def item(self, op: Any, value: Any, at: int, then: Next) -> bool:
        self.steps += 1
        if self.steps > MOST:
            raise TooManySteps
        if op in (c.MAX_REPEAT, c.MIN_REPEAT, c.POSSESSIVE_REPEAT):
            return self.repeat(op, *value, at, then)
        if op is c.SUBPATTERN:
            return self.sequence(value[3], 0, at, then)
        if op is c.BRANCH:
            return any(self.sequence(branch, 0, at, then) for branch in value[1])
        if op in (c.ASSERT, c.ASSERT_NOT):
            return self.looks(op, value, at) and then(at)
        if op is c.AT:
            return self.is_at(value, at) and then(at)
        return at < len(self.text) and self.takes(op, value, self.text[at]) and then(at + 1)

    def takes(self, op: Any, value: Any, letter: str) -> bool:
        key = (id(op), id(value), letter)
        if (known := self.known.get(key)) is None:
            known = self.known[key] = fits(op, value, letter, self.flags)
        return known

    def repeat(self, op: Any, least: int, most: Any, inner: Any, at: int, then: Next) -> bool:
        items, limit = inner, len(self.text) + 1 if most is c.MAXREPEAT else int(most)
        if op is c.POSSESSIVE_REPEAT or (len(items) == 1 and items[0][0] in ONE):
            return self.stretch(op, items, least, limit, at, then)

        def again(count: int, place: int) -> bool:
            self.steps += 1
            more = count < limit and self.sequence(
                items, 0, place, lambda to: (to > place or count < least) and again(count + 1, to)
            )
            return more or (count >= least and then(place))

        return again(0, at)

    def stretch(self, op: Any, items: Any, least: int, limit: int, at: int, then: Next) -> bool:
        """Match as far as possible, then backtrack one by one, or not at all."""
        places = [at]
        while len(places) <= limit:
            end = self.end_of(items, places[-1])
            if end is None or end == places[-1]:
                break
            places.append(end)
        if op is c.POSSESSIVE_REPEAT:
            return len(places) > least and then(places[-1])
        order = places[least:] if op is c.MIN_REPEAT else reversed(places[least:])
        return any(then(place) for place in order)

    def end_of(self, items: Any, at: int) -> int | None:
        ends: list[int] = []
        return ends[0] if self.sequence(items, 0, at, lambda to: ends.append(to) or True) else None

    def looks(self, op: Any, value: Any, at: int) -> bool:
        direction, inner = value
        start = at if direction > 0 else at - inner.getwidth()[1]
        return (start >= 0 and self.sequence(inner, 0, start, lambda _: True)) is (op is c.ASSERT)

    def is_at(self, value: Any, at: int) -> bool:
        text, lines = self.text, bool(self.flags & re.MULTILINE)
        if value in (c.AT_BEGINNING, c.AT_BEGINNING_STRING):
            return at == 0 or (lines and text[at - 1] == "\n")
        if value in (c.AT_END, c.AT_END_STRING):
            return at == len(text) or text[at] == "\n"
        sides = [0 <= place < len(text) and text[place].isalnum() for place in (at - 1, at)]
        return (sides[0] != sides[1]) is (value is c.AT_BOUNDARY)


ONE = (c.LITERAL, c.NOT_LITERAL, c.IN, c.ANY, c.CATEGORY)
CATEGORIES = {
    c.CATEGORY_SPACE: str.isspace, c.CATEGORY_DIGIT: str.isdigit,
    c.CATEGORY_WORD: lambda each: each.isalnum() or each == "_",
    c.CATEGORY_NOT_SPACE: lambda each: not each.isspace(),
    c.CATEGORY_NOT_DIGIT: lambda each: not each.isdigit(),
    c.CATEGORY_NOT_WORD: lambda each: not (each.isalnum() or each == "_"),
}  # fmt: skip


def fits(op: Any, value: Any, letter: str, flags: int) -> bool:
    cases = {letter, letter.lower(), letter.upper()} if flags & re.IGNORECASE else {letter}
    if op is c.ANY:
        return bool(flags & re.DOTALL) or letter != "\n"
    if op in (c.LITERAL, c.NOT_LITERAL):
        return (chr(value) in cases) is (op is c.LITERAL)
    is_negated = value[0][0] is c.NEGATE
    return any(inside(*each, cases) for each in value if each[0] is not c.NEGATE) is not is_negated


def inside(op: Any, value: Any, cases: set[str]) -> bool:
    if op is c.LITERAL:
        return chr(value) in cases
    if op is c.RANGE:
        return any(value[0] <= ord(each) <= value[1] for each in cases)
    return any(CATEGORIES[value](each) for each in cases)


LETTERS = "a \n0;<.-\"'=:@,/\\"


def samples(op: Any, value: Any) -> list[str]:
    """Return one or two characters of a set."""
    return [each for each in LETTERS if fits(op, value, each, re.DOTALL)][:2] or [
        each for each in map(chr, range(33, 0x3000)) if fits(op, value, each, re.DOTALL)
    ][:1]


def shortest(items: Any) -> str:
    """Return a short matching text, with the fewest repetitions."""
    return "".join(_shortest(op, value) for op, value in items)


def _shortest(op: Any, value: Any) -> str:
    if op is c.LITERAL:
        return chr(value)
    if op in ONE:
        return (samples(op, value) or [""])[0]
    if op in (c.MAX_REPEAT, c.MIN_REPEAT, c.POSSESSIVE_REPEAT):
        return max(1, value[0]) * shortest(value[2])
    if op is c.SUBPATTERN:
        return shortest(value[3])
    return shortest(value[1][0]) if op is c.BRANCH else ""


def attacks(items: Any, before: str = "") -> Iterator[tuple[str, str]]:
    """Yield (prefix, repeated part) for each repetition, and for the whole match."""
    whole = shortest(items)
    if not before and whole:
        yield "", whole
        yield "", whole[:-1]
    for op, value in items:
        if op in (c.MAX_REPEAT, c.MIN_REPEAT, c.POSSESSIVE_REPEAT):
            pumps = [shortest(value[2])]
            for inner_op, inner in value[2]:
                pumps += samples(inner_op, inner) if inner_op in ONE else []
            yield from ((before, pump) for pump in dict.fromkeys(pumps) if pump)
            yield from attacks(value[2], before or " ")
        elif op is c.SUBPATTERN:
            yield from attacks(value[3], before or " ")
        elif op is c.BRANCH:
            for branch in value[1]:
                yield from attacks(branch, before or " ")
        before += _shortest(op, value)


def worst(pattern: str, anchored: bool) -> float:
    """Return the worst growth of work when the text doubles: 2 is linear, 4 quadratic."""
    growth = 0.0
    ends = ["", "\x00", "a", ";"]
    for (before, pump), end in itertools.product(set(attacks(parser.parse(pattern))), ends):
        for repeated in (pump, before + pump) if before else (pump,):
            few, some, many = (Counter(pattern, before + repeated * n + end, anchored) for n in SIZES)
            if (last := many.run()) > 20 * SIZES[2]:  # what is cheap at the longest text is cheap at all
                growth = max(growth, (last - some.run()) / max(1, some.steps - few.run()))
    return growth


def is_linear(pattern: str, anchored: bool) -> bool:
    try:
        return worst(pattern, anchored) < 2.9
    except (TooManySteps, RecursionError):
        return False


def sources(room: str) -> Iterator[Path]:
    """Yield a package's modules that handle untrusted text and use `re`."""
    for path in sorted((ROOT / room).rglob("*.py")):
        if OURS_ALONE.isdisjoint(path.relative_to(ROOT).parts) and "re." in path.read_text("utf-8"):
            yield path


def expressions(room: str) -> dict[str, tuple[str, bool]]:
    """Return every expression of a package by place, and whether it is anchored in all uses."""
    found = {}
    for path in sources(room):
        nodes = list(ast.walk(ast.parse(path.read_text("utf-8"))))
        uses: dict[str, set[str]] = {}
        for node in nodes:
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                uses.setdefault(node.value.id, set()).add(node.attr)
        names = {
            id(node.value): target.id
            for node in nodes
            if isinstance(node, (ast.Assign, ast.AnnAssign))
            for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
            if isinstance(target, ast.Name)
        }
        for node in nodes:
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            if not (isinstance(node.func.value, ast.Name) and node.func.value.id == "re"):
                continue
            method = node.func.attr
            if method == "escape":
                continue
            name = names.get(id(node), "")
            if name in OF_OURS:
                continue
            methods = uses.get(name, {"search"}) if method == "compile" else {method}
            key = f"{path.relative_to(ROOT)}:{node.lineno}"
            found[key] = (_text(node.args[0]), methods <= ANCHORED)
    return found


def _text(node: ast.expr) -> str:
    """Return the text of an expression; interpolated parts become a word."""
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part) for part in node.values)
    if isinstance(node, ast.BinOp):
        return _text(node.left) + _text(node.right)
    if not isinstance(node, ast.Constant):
        return "word"
    return node.value.decode("latin-1") if isinstance(node.value, bytes) else node.value


@pytest.fixture(autouse=True)
def deep() -> Iterator[None]:
    """Raise the recursion limit, as the matcher recurses for each character."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(12_000)
    yield
    sys.setrecursionlimit(before)


@pytest.mark.slow
@pytest.mark.no_cover  # counts steps of its own; tracing them doubles the time
@pytest.mark.parametrize("room", ROOMS)
def test_the_work_of_an_expression_grows_as_its_text_does(room: str) -> None:
    found = expressions(room)
    assert found or room == "workers", "no expression is found"
    checked = {of: is_linear(*of) for of in set(found.values())}
    assert {place: of for place, of in found.items() if not checked[of]} == {}


@pytest.mark.parametrize(
    "pattern",
    [
        r"(?ims)^BEGIN:VCALENDAR\s*$.*?^END:VCALENDAR\s*$",
        r"(?i);\s*filename\s*\*?\s*=\s*\"?([^\s\";]+)",
        r"(?i)<(?:style|script|title)\b.*?</(?:style|script|title)\s*>|<!--.*?-->",
        r"[^\s<>()@]+@[^\s<>()@]+",
        r"\n+[ \t]",
        r"\s+$",
        r"(a+)+$",
        r"(?:a|a)*b",
    ],
)
def test_the_count_finds_expressions_that_do_more(pattern: str) -> None:
    """The first three were in the email reader: one email could block it for minutes to hours."""
    with contextlib.suppress(TooManySteps, RecursionError):
        assert worst(pattern, anchored=False) > 3
