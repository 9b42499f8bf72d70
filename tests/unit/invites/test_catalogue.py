"""Languages are files with the same keys; a missing one falls back."""

from __future__ import annotations

import json
import string
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from scheduler.invites import catalogue
from scheduler.invites.catalogue import languages, load_words

CATALOGUES = [f for f in files("scheduler.invites.catalogue").iterdir() if f.name.endswith(".json")]
ENGLISH = json.loads((files("scheduler.invites.catalogue") / "en.json").read_text("utf-8"))
OTHERS = [tag for tag in languages() if tag != "en"]


def leaves(value: object, path: str = "") -> Iterator[tuple[str, str]]:
    """Every text of a catalogue with the keys that lead to it."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from leaves(inner, f"{path}.{number}")
    else:
        yield path, str(value)


def holes(text: str) -> list[str]:
    """The names in braces, each as often as it stands there."""
    return sorted(name for _, name, _, _ in string.Formatter().parse(text) if name is not None)


def has_words(text: str) -> bool:
    """Whether a text says something of its own besides names in braces and marks."""
    return any(part.strip(string.punctuation + "–UTC ") for part, *_ in string.Formatter().parse(text))


def read(tag: str) -> dict[str, str]:
    return dict(leaves(json.loads((files("scheduler.invites.catalogue") / f"{tag}.json").read_text("utf-8"))))


def test_english_chinese_and_hungarian_are_there() -> None:
    assert {"en": "English", "hu": "magyar", "zh": "中文"}.items() <= languages().items()
    assert next(iter(languages())) == "en"


@pytest.mark.parametrize("tag", OTHERS)
def test_every_catalogue_has_the_keys_and_names_of_the_english_one(tag: str) -> None:
    shape = {path: holes(text) for path, text in read(tag).items()}
    assert shape == {path: holes(text) for path, text in leaves(ENGLISH)}


@pytest.mark.parametrize("tag", OTHERS)
def test_nothing_is_left_in_english(tag: str) -> None:
    here, english = read(tag), dict(leaves(ENGLISH))
    alike = {path for path, text in here.items() if text == english[path] and has_words(text)}
    assert alike <= {"direction", "off.note"}


@pytest.mark.parametrize("tag", languages())
def test_no_text_is_empty_and_the_file_names_its_language(tag: str) -> None:
    assert all(text.strip() for text in read(tag).values())
    assert load_words(tag).language == tag


@pytest.mark.parametrize("tag", ["en", "en-GB", "EN_us", "tlh", "", "../en", "__init__"])
def test_a_language_that_is_not_there_falls_back_to_english(tag: str) -> None:
    assert load_words(tag).language == "en"


@pytest.mark.parametrize("tag", ["zh-CN", "zh_Hans_CN", "ZH"])
def test_a_region_falls_back_to_its_language(tag: str) -> None:
    assert load_words(tag).language == "zh"


def test_adding_a_language_is_adding_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for tag, name in (("en", "English"), ("pt", "português")):
        text = json.dumps(ENGLISH | {"language": tag, "name": name})
        (tmp_path / f"{tag}.json").write_text(text, "utf-8")
    monkeypatch.setattr(catalogue, "files", lambda _: tmp_path)
    forget()
    assert languages() == {"en": "English", "pt": "português"}
    assert load_words("pt-BR").language == "pt"
    monkeypatch.undo()
    forget()


def forget() -> None:
    languages.cache_clear()
    load_words.cache_clear()
    catalogue._files.cache_clear()


@pytest.mark.parametrize(
    ("tag", "day"),
    [
        ("en", "Wednesday, 12 May 2027"),
        ("hu", "2027. május 12., szerda"),
        ("zh", "2027年5月12日 星期三"),
    ],
)
def test_a_date_is_written_as_its_readers_write_it(tag: str, day: str) -> None:
    assert load_words(tag).day_of(date(2027, 5, 12)) == day


@pytest.mark.parametrize(
    ("tag", "span"),
    [
        ("en", "Wednesday, 12 May 2027, 23:30–Thursday, 13 May 2027, 00:30 (Beijing time, UTC+08:00)"),
        ("hu", "2027. május 12., szerda, 23:30–2027. május 13., csütörtök, 00:30 (pekingi idő, UTC+08:00)"),
        ("zh", "2027年5月12日 星期三 23:30–2027年5月13日 星期四 00:30（北京时间）"),
    ],
)
def test_a_meeting_over_midnight_names_both_days(tag: str, span: str) -> None:
    start = datetime(2027, 5, 12, 15, 30, tzinfo=UTC)
    shown = load_words(tag).span_of(start, start + timedelta(hours=1), ZoneInfo("Asia/Shanghai"))
    assert shown == span
