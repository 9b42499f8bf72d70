"""Messages that were formatted in English are known again and said in the reader's language."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest

from api.language import catalogs, speaking

BETWEEN = speaking.Separator.CLAUSES


@pytest.fixture(params=["zh", "hu"])
def formatted(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Each message with values, in English and in the reader's language."""
    monkeypatch.setattr(speaking, "language", lambda: request.param)
    found = []
    for known in sorted({known for _, known in catalogs.patterns(request.param)}):
        values = {name: f"'{name}-7 华'" for name in re.findall(r"%\((\w+)\)s", known[-1])}
        if len(known) > 1:
            values.pop("num", None)
            found.append((known[1] % {**values, "num": 3}, speaking.ngettext(*known, 3, **values)))
        else:
            found.append((known[0] % values, speaking.gettext(known[0], **values)))
    return found


def test_each_message_is_known_again_with_its_values(formatted: list[tuple[str, str]]) -> None:
    assert len(formatted) > 300
    assert [(text, speaking.translate_stored(text)) for text, _ in formatted] == formatted


def test_joined_messages_are_known_again_though_they_have_the_separator_themselves(
    formatted: list[tuple[str, str]],
) -> None:
    assert any(BETWEEN in text for text, _ in formatted)
    told_between = speaking.translate_stored(BETWEEN.join((formatted[0][0],) * 2)).removeprefix(
        formatted[0][1]
    )
    told_between = told_between.removesuffix(formatted[0][1])
    for one, other in pairwise(formatted[::3]):
        joined = speaking.translate_stored(BETWEEN.join((one[0], other[0])))
        assert joined == one[1] + told_between + other[1]


def test_a_text_of_which_a_part_is_no_message_stays_as_it_is(formatted: list[tuple[str, str]]) -> None:
    known = next(text for text, _ in formatted if text.endswith("."))
    text = BETWEEN.join((known, "Zellen"))
    assert speaking.translate_stored(text) == text
