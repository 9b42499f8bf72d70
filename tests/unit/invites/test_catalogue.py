"""Languages are catalogues of the English texts; a missing language falls back."""

from __future__ import annotations

import string
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

from scheduler.invites import catalogue
from scheduler.invites.catalogue import MissingText, languages, list_texts, load_words, read_texts

FOLDER = Path(catalogue.__file__).parent
ENGLISH = dict(list_texts(read_texts("en")))
OTHERS = [tag for tag in languages() if tag != "en"]


def holes(text: str) -> list[str]:
    """Return the placeholders of a text, repeated as often as they occur."""
    return sorted(name for _, name, _, _ in string.Formatter().parse(text) if name is not None)


def has_words(text: str) -> bool:
    """Return True if a text has words besides placeholders and punctuation."""
    return any(part.strip(string.punctuation + "–UTC ") for part, *_ in string.Formatter().parse(text))


def read(tag: str) -> dict[str, str]:
    return dict(list_texts(read_texts(tag)))


def test_english_chinese_and_hungarian_are_there() -> None:
    assert {"en": "English", "hu": "magyar", "zh": "中文"}.items() <= languages().items()
    assert next(iter(languages())) == "en"


@pytest.mark.parametrize("tag", OTHERS)
def test_every_text_has_the_names_of_the_english_one(tag: str) -> None:
    shape = {path: holes(text) for path, text in read(tag).items()}
    assert shape == {path: holes(text) for path, text in ENGLISH.items()}


@pytest.mark.parametrize("tag", OTHERS)
def test_a_catalogue_has_each_english_text_and_no_other(tag: str) -> None:
    """`make messages` fixes this."""
    messages = read_po((FOLDER / f"{tag}.po").open("rb"), locale=tag)
    assert {each.context: each.id for each in messages if each.id} == ENGLISH
    assert [each.context for each in messages if each.fuzzy and each.id] == []


@pytest.mark.parametrize(
    "change", [('msgid "Monday"', 'msgid "Mon"'), ('msgstr "hétfő"', 'msgstr ""')], ids=["other", "empty"]
)
def test_a_catalogue_without_a_text_is_not_loaded(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, change: tuple[str, str]
) -> None:
    (tmp_path / "en.json").write_bytes((FOLDER / "en.json").read_bytes())
    (tmp_path / "hu.po").write_text((FOLDER / "hu.po").read_text("utf-8").replace(*change, 1), "utf-8")
    monkeypatch.setattr(catalogue, "files", lambda _: tmp_path)
    forget()
    with pytest.raises(MissingText, match=r"hu: no translation of weekdays\.0"):
        load_words("hu")
    monkeypatch.undo()
    forget()


@pytest.mark.parametrize("tag", OTHERS)
def test_nothing_is_left_in_english(tag: str) -> None:
    alike = {path for path, text in read(tag).items() if text == ENGLISH[path] and has_words(text)}
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
    (tmp_path / "en.json").write_bytes((FOLDER / "en.json").read_bytes())
    portuguese = Catalog(locale="pt")
    for key, text in (ENGLISH | {"language": "pt", "name": "português"}).items():
        portuguese.add(ENGLISH[key], text, context=key)
    with (tmp_path / "pt.po").open("wb") as file:
        write_po(file, portuguese)
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
