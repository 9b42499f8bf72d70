"""Code search by meaning: `make where WORD`, or `python3 tests/support/where.py WORD...`.

Finds rooms, modules, functions, tables, pages, settings and documents whose name or first line of description
contains every word, or a synonym. Uses only the standard library, and imports nothing of the application.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("scheduler", "workers", "api", "chainmeet")
KINDS = ("room", "module", "function", "constant", "table", "page", "setting", "document")
MOST = 12
"""Maximum number of printed lines per kind. The rest are counted."""

SYNONYMS = (
    "expire expiry expires expired ttl lifetime lapse timeout",
    "email emails mail mails letter letters message",
    "spreadsheet spreadsheets sheet sheets workbook workbooks xlsx excel",
    "header headers heading headings column columns",
    "csv formula formulas injection escape",
    "undo undone revert restore withdraw",
    "byte bytes octet octets raw",
    "retention kept keep keeps store stored purge",
    "delete deleted deletes deletion remove removed forget drop",
    "hold holds held delay wait grace",
    "digest digests summary reminder",
    "language languages locale translation i18n",
    "limit limits most maximum max cap quota",
    "request requests ask asked wish",
    "invitation invitations invite invites",
    "reply replies answer answers response respond rsvp",
    "overnight night nights nightly morning",
    "audit trail audit_log log",
    "scenario scenarios what-if what_if what_ifs",
    "fix fixes remedy remedies",
    "participant participants attendee attendees person people guest",
    "exhibitor exhibitors firm firms company",
    "booth booths stand stands table tables place places location",
    "idempotency idempotent idempotence",
    "publish published publishing publication release",
    "version versions draft drafts schedule schedules",
    "late lateness check-in checkin arrival arrive",
    "qr code codes",
    "bounce bounces bounced dsn undeliverable",
    "solver solve search optimise optimize",
    "import imports imported importing upload",
    "export exports download",
    "permission permissions right rights role roles authorization",
    "sign-in signin login authentication session",
    "cache cached memo memory",
    "busy unavailable absence absences away",
    "freeze frozen lock locked",
    "sequence dtstamp stamp revision",
    "event events expo fair",
    "row rows record records line lines",
)
"""Synonyms, one set per line: terms that people search for, and terms in the code."""


@dataclass(frozen=True, slots=True)
class Item:
    """A searchable object. `text` is the first line of its description."""

    kind: str
    place: str
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Hit:
    """An item that matches every word. Higher scores are better."""

    item: Item
    score: float


def find(words: Sequence[str], *, root: Path = ROOT) -> list[Hit]:
    """Return items that match all words, best first."""
    wanted = [_alternatives(word) for word in words]
    hits = []
    for path in _files(root):
        text = path.read_text("utf-8")
        searched = f"{path.relative_to(root)} {text}".lower()
        if not all(any(form in searched for form in forms) for forms in wanted):
            continue
        found = (Hit(item, _score(item, wanted)) for item in _items(path, text, root))
        hits += [hit for hit in found if hit.score]
    return sorted(hits, key=lambda hit: (-hit.score, hit.item.place, hit.item.name))


def report(words: Sequence[str], *, root: Path = ROOT) -> str:
    """Return the output of `make where`: by kind, best first."""
    hits = find(words, root=root)
    lines = []
    for kind in KINDS:
        found = [hit.item for hit in hits if hit.item.kind == kind]
        if found:
            lines += ["", f"{kind}s"]
            lines += [f"  {item.place}  {item.name}\n      {item.text}".rstrip() for item in found[:MOST]]
        if len(found) > MOST:
            lines.append(f"  … and {len(found) - MOST} more")
    return "\n".join(lines[1:]) or f"Nothing has {' and '.join(words)} in its name or first line."


def _alternatives(word: str) -> dict[str, float]:
    """Return the forms of a word with weights: 1 for the word itself, less for synonyms."""
    word = word.lower()
    forms = {}
    for line in SYNONYMS:
        meanings = line.split()
        if word in meanings:
            forms.update(dict.fromkeys(meanings, 0.6))
    return {**forms, word: 1.0}


def _score(item: Item, wanted: Sequence[dict[str, float]]) -> float:
    """Return the sum over the words: 3 for a name, 1 for a description; 0 if a word is in neither."""
    name, folder, text = (f" {_plain(part)} " for part in (item.name, item.place, item.text))
    total = 0.0
    for forms in wanted:
        best = max(
            worth * (3 * _has(name, form) + _has(text, form) + 0.5 * _has(folder, form))
            for form, worth in forms.items()
        )
        if not best:
            return 0.0
        total += best
    own = " ".join((name, text))
    if not any(_has(own, form) for forms in wanted for form in forms):
        return 0.0  # only the folder matches, which is an item of its own
    return total + (0.5 if item.kind in ("room", "module") else 0.0)


def _plain(text: str) -> str:
    split = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", text)
    return " ".join(re.findall(r"[\w@<-]+", split.replace("_", " ").replace("/", " ").lower()))


def _has(text: str, form: str) -> float:
    """Return 1 for the word, 0.8 for a word that begins with it."""
    form = form.replace("_", " ")
    if f" {form} " in text:
        return 1.0
    return 0.8 if len(form) > 2 and f" {form}" in text else 0.0


def _files(root: Path) -> Iterator[Path]:
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path
    yield from sorted((root / "docs").glob("*.md"))
    yield from sorted((root / "docs" / "decisions").glob("0*.md"))


def _items(path: Path, text: str, root: Path) -> Iterator[Item]:
    place = path.relative_to(root).as_posix()
    if path.suffix == ".md":
        for line in text.splitlines():
            if line.startswith("#"):
                yield Item("document", place, line.lstrip("# "), "")
        return
    tree = ast.parse(text)
    is_room = path.name == "__init__.py"
    name = path.parent.name if is_room else path.stem
    yield Item("room" if is_room else "module", place.removesuffix("/__init__.py"), name, _doc(tree))
    for node, after in zip(tree.body, [*tree.body[1:], None], strict=True):
        yield from _definitions(node, after, place)


def _definitions(node: ast.stmt, after: ast.stmt | None, place: str) -> Iterator[Item]:
    at = f"{place}:{node.lineno}"
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        routes = [route for each in node.decorator_list for route in _routes(each)]
        for route in routes:
            yield Item("page", at, route, _doc(node))
        if not routes and not node.name.startswith("_"):
            yield Item("function", at, node.name, _doc(node))
    elif isinstance(node, ast.ClassDef):
        yield from _class(node, at, place)
    elif isinstance(node, ast.Assign | ast.AnnAssign):
        for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
            if isinstance(target, ast.Name) and target.id.strip("_").isupper():
                yield Item("constant", at, target.id, _string(after))


def _class(node: ast.ClassDef, at: str, place: str) -> Iterator[Item]:
    tables = [
        ast.literal_eval(each.value)
        for each in node.body
        if isinstance(each, ast.Assign) and ast.unparse(each.targets[0]) == "__tablename__"
    ]
    for table in tables:
        yield Item("table", at, f"{table} ({node.name})", _doc(node))
    if not tables:
        yield Item("function", at, node.name, _doc(node))
    is_settings = place == "scheduler/config.py"
    for each, after in zip(node.body, [*node.body[1:], None], strict=True):
        if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name):
            about = _string(after)
            if is_settings:
                yield Item("setting", f"{place}:{each.lineno}", each.target.id, about)
            elif about:
                yield Item("constant", f"{place}:{each.lineno}", f"{node.name}.{each.target.id}", about)
        elif isinstance(each, ast.FunctionDef) and not each.name.startswith("_"):
            yield Item("function", f"{place}:{each.lineno}", f"{node.name}.{each.name}", _doc(each))


def _routes(decorator: ast.expr) -> Iterator[str]:
    if isinstance(decorator, ast.Call) and isinstance(decorator.func, ast.Attribute) and decorator.args:
        path = decorator.args[0]
        is_route = decorator.func.attr in ("get", "post", "put", "patch", "delete", "route")
        if is_route and isinstance(path, ast.Constant) and isinstance(path.value, str):
            yield f"{decorator.func.attr.upper()} {path.value}"


def _doc(node: ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    return (ast.get_docstring(node) or "").partition("\n\n")[0].replace("\n", " ")


def _string(node: ast.stmt | None) -> str:
    """Return the text of a standalone string, which documents the constant above it."""
    if (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    ):
        return " ".join(node.value.value.split())
    return ""


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("Say what you look for: make where WORD")
    sys.stdout.write(report(sys.argv[1:]) + "\n")
