"""Templates: no lines over 140 characters, and user-visible texts in Python."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from jinja2 import Environment, nodes
from jinja2.defaults import DEFAULT_FILTERS

ROOT = Path(__file__).parents[3]
FOLDERS = ("api/templates", "scheduler/invites/templates", "chainmeet/mailcatcher/templates")
TEMPLATES = {
    path: path.read_text(encoding="utf-8") for name in FOLDERS for path in (ROOT / name).rglob("*.html")
}
PAGES = {path: text for path, text in TEMPLATES.items() if ROOT / FOLDERS[0] in path.parents}
MOST = 140
WORDS = re.compile(r"""\{\s*["'][\w-]+["']\s*:\s*["'][A-Z][a-z]""")
"""A key with a text that starts like a sentence."""


def test_no_line_of_a_template_is_longer_than_140_characters() -> None:
    long = [
        f"{path.relative_to(ROOT)}:{number}"
        for path, text in TEMPLATES.items()
        for number, line in enumerate(text.splitlines(), 1)
        if len(line) > MOST
    ]
    assert len(TEMPLATES) > 40 and not long


def test_no_template_holds_a_dictionary_of_words() -> None:
    """Labels of states and kinds are in `api/pages/formatting.py` or beside the view."""
    assert WORDS.search('{{ {"held": "Held", "bounced": "Address bounced"}[kind] }}')
    assert [path.name for path, text in TEMPLATES.items() if WORDS.search(text)] == []


def filters_of_constants(text: str) -> Iterator[str]:
    """Yield the project's filters that get a constant."""
    for found in Environment(extensions=["jinja2.ext.i18n"]).parse(text).find_all(nodes.Filter):
        if found.node is not None and found.name not in DEFAULT_FILTERS:
            try:
                found.node.as_const()
            except nodes.Impossible:
                continue
            yield found.name


def test_no_filter_gets_a_constant() -> None:
    """Jinja evaluates it when it compiles the template, in the language of the first reader."""
    assert list(filters_of_constants('{{ "all"|state_label }} {{ state|state_label }}')) == ["state_label"]
    assert [path.name for path, text in TEMPLATES.items() if list(filters_of_constants(text))] == []


OF_FILES = {"events/first_file.html", "imports/show.html", "imports/_errors.html"}
"""Templates whose summaries tell what is wrong in an uploaded file, on each visit of its page."""


def test_what_is_wrong_in_a_form_has_the_focus() -> None:
    """Screen readers announce no alert that is on the page when it loads."""
    summary = re.compile(r'<div class="error-summary[^>]*>')
    found = [
        (name, tag)
        for path, text in TEMPLATES.items()
        if "api/templates/" in path.as_posix()
        for tag in summary.findall(text)
        if (name := path.as_posix().partition("api/templates/")[2]) not in OF_FILES
    ]
    assert len(found) > 5
    assert [name for name, tag in found if 'role="alert" tabindex="-1" autofocus' not in tag] == []


UNFOLDS = re.compile(r"<details([^>]*)>\s*<summary[^>]*>(.*?)</summary>", re.DOTALL)
"""What one opens: its attributes, and the line that is pressed."""


def test_what_unfolds_ends_with_a_chevron() -> None:
    """Not the browser's own triangle, and not in front of the words."""
    found = [(path.name, *each) for path, text in PAGES.items() for each in UNFOLDS.findall(text)]
    assert len(found) > 40
    for name, attributes, line in found:
        assert attributes, name
        if "details" in attributes:
            assert re.search(r'sign\("chevron-down"\) \}\}$', line), (name, line)


MARKS = re.compile(r'class="(?:tag|key)\b(?:(?!</span>).)*(?:</span>\s*\{\{-? _\([^)]*\)[^}]*)?', re.DOTALL)
SMALL = re.compile(r"""_\(["'][a-z]""")


def test_what_a_tag_or_a_legend_says_starts_with_a_capital() -> None:
    """By the filter `capitalize_first` where the words are a part of sentences elsewhere."""
    for path, text in PAGES.items():
        for mark in MARKS.findall(text):
            for small in SMALL.finditer(mark):
                assert "capitalize_first" in mark[small.start() :], (path.name, mark)


NOT_TYPED = ("hidden", "checkbox", "radio", "file", "date", "{{")
"""Input types without a field's limits; the last is a macro's, whose callers set them."""
ONE_A_LINE = 'name="areas"'
"""No attribute limits the number and length of lines."""


def test_what_one_types_has_the_limits_of_its_field() -> None:
    """By attributes from `domain/fields.py`; templates have no limits of their own."""
    for path, text in TEMPLATES.items():
        typed = [f"<{each}" for each in re.findall(r"<((?:input|textarea)\b[^<]*)", text)]
        typed += re.findall(r"\{\{-? field\((?:[^}]|\}(?!\}))*", text)
        for each in typed:
            if (
                "readonly" in each
                or "zone_attributes" in each
                or ONE_A_LINE in each
                or any(f'"{kind}' in each for kind in NOT_TYPED)
            ):
                continue
            assert "limits(" in each or "rule.limit" in each or "clock_field" in each, (path.name, each)
        assert not re.search(r'(maxlength|min|max)="[0-9]', text), path.name


def test_times_of_day_are_typed_as_all_pages_write_them() -> None:
    """A field of `type="time"` shows AM and PM in English browsers, next to 14:30."""
    shown = re.compile(r"""type=["']?time\b|\b(?:field|input)\([^{}]*,\s*"time"\s*[,)]""")
    for field in ('{{ field("end", _("To"), typed, faults, "time") }}', '<input type="time">'):
        assert shown.search(field)
    assert [path.name for path, text in TEMPLATES.items() if shown.search(text)] == []


def test_each_template_that_is_named_is_there() -> None:
    sources = [*(ROOT / "api").rglob("*.py"), *(ROOT / "api/templates").rglob("*.html")]
    named = {name for path in sources for name in re.findall(r"\"([\w/]+\.html)\"", path.read_text("utf-8"))}
    there = {
        path.relative_to(ROOT / "api/templates").as_posix()
        for path in (ROOT / "api/templates").rglob("*.html")
    }
    assert len(named) > 40 and named - there == set()
