"""Consistent terminology across pages and emails, as in docs/translators.md."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from api.language.catalogs import languages
from scheduler.invites.catalogue import list_texts, read_texts
from tests.integration.language.test_catalogs import LANGUAGES, ROOT, catalog, forms

NOT = {
    "zh": {
        "会议": "洽谈",
        "会谈": "洽谈",
        "会面": "洽谈",
        "申请": "请求",
        "活动": "展会信息",
        "拒绝": "谢绝报名",
        "参展商": "参展负责人",
        "翻译": "口译员",
        "草案": "草稿",
        "排期": "日程",
        "意愿": "洽谈意向",
        "你们": "您",
        "忙碌的": "没空的",
    },
    "hu": {
        "megbeszélés": "találkozó",
        "tárgyalás": "találkozó",
        "meeting": "találkozó",
        "visszautasít": "elutasít",
        "menetrend": "beosztás",
        "ütemterv": "beosztás",
        "link": "hivatkozás",
        "pavilon": "csarnok",
        "fordító": "tolmács",
        "futás": "futtatás",
        "visszacsinál": "visszaállít",
        "cégjegyzék": "céglista",
        "névjegyzék": "céglista",
        "címtár": "céglista",
    },
    "en": {"appointment": "meeting", "company": "firm", "companies": "firms", "timeslot": "slot"},
}
"""By language: rejected terms, each with the right one."""
ALLOWED = ("被拒绝", "拒收", "洽谈请求被", "拒绝。", "webinar")
"""Exceptions with another meaning: "refused" of a program, not "declined" of a request."""


def of_mails(language: str) -> Iterator[str]:
    yield from (text for _, text in list_texts(read_texts(language)))


def of_pages(language: str) -> Iterator[str]:
    if language in LANGUAGES:
        for each in catalog(language):
            yield from forms(each.string) if each.id else ()
    else:
        for each in catalog(LANGUAGES[0]):
            yield from forms(each.id) if each.id else ()


@pytest.mark.parametrize("language", sorted(languages()))
def test_a_thing_has_one_word(language: str) -> None:
    wrong = re.compile("|".join(NOT[language]), re.IGNORECASE)
    found = [
        (match[0], text)
        for text in (*of_mails(language), *of_pages(language))
        if (match := wrong.search(re.sub(r"<[^>]*>|%\(\w+\)s|\{\w+\}", "", text)))
        and not any(each in text for each in ALLOWED)
    ]
    assert found == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_words_are_those_of_the_guide(language: str) -> None:
    guide = (ROOT / "docs/translators.md").read_text("utf-8")
    assert [word for word in NOT[language].values() if word not in guide] == []
