"""Section 1.6: text in content lines and headers."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.domain.errors import InvalidInput
from scheduler.invites.text import address, clean, clean_lines, clean_parameter, message_id, web_address

anything = st.text(st.characters(), max_size=300)


@pytest.mark.parametrize(
    ("raw", "cleaned"),
    [
        ("plain", "plain"),
        ("深圳市华芯微电子有限公司", "深圳市华芯微电子有限公司"),
        ("e\u0301", "é"),
        ("a\r\nATTENDEE:mailto:x@y", "a ATTENDEE:mailto:x@y"),
        ("a\u2028b\u2029c\x85d\x0be\x0cf", "a b c d e f"),
        ("a\x00b\x1bc\x7fd", "abcd"),
        ("a\ud800b", "ab"),
        ("\u202eexe.ics\u202c", "exe.ics"),
        ("a\u2066b\u2069", "ab"),
        ("\ufeffa", "a"),
        ("  a \t b  ", "a b"),
        ("می‌خواهم", "می‌خواهم"),
        ("👩‍💻", "👩‍💻"),
    ],
)
def test_i4_a_line_keeps_every_script_and_loses_what_is_hidden(raw: str, cleaned: str) -> None:
    assert clean(raw, 100) == cleaned


def test_a_long_text_is_cut_with_an_ellipsis() -> None:
    assert clean("abcdef", 6) == "abcdef"
    assert clean("abcdefg", 6) == "abcde…"
    assert clean("abcd efg", 6) == "abcd…"


def test_lines_stay_lines_where_a_text_may_have_them() -> None:
    assert clean_lines("a\r\nb\rc\u2028d\n\n\n\ne ", 100) == "a\nb\nc\nd\n\ne"


@given(anything)
def test_1_6_clean_text_is_one_short_nfc_line_and_stays_as_it_is(raw: str) -> None:
    cleaned = clean(raw, 50)
    assert len(cleaned) <= 50
    assert clean(cleaned, 50) == cleaned
    assert unicodedata.is_normalized("NFC", cleaned)
    assert cleaned.splitlines() in ([], [cleaned])
    assert not [c for c in cleaned if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp")]
    cleaned.encode("utf-8")


@given(anything)
def test_clean_lines_hold_no_other_control_than_the_line_feed(raw: str) -> None:
    cleaned = clean_lines(raw, 50)
    assert len(cleaned) <= 50
    assert clean_lines(cleaned, 50) == cleaned
    assert {c for c in cleaned if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp")} <= {"\n"}


def test_i6_a_parameter_has_no_double_quote_no_caret_and_no_backslash() -> None:
    assert clean_parameter('Ann "the ^boss" \\') == "Ann 'the ˆboss' /"


@pytest.mark.parametrize(
    ("raw", "usable"),
    [
        ("a.b+c@firm.example", "a.b+c@firm.example"),
        (" o'neil@firm.example ", "o'neil@firm.example"),
        ("info@példa.hu", "info@xn--plda-bpa.hu"),
    ],
)
def test_an_address_is_ascii(raw: str, usable: str) -> None:
    assert address(raw) == usable


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "nobody",
        "@firm.example",
        "a@",
        "a@b c",
        "a@b\r\nBcc: x@y",
        "a\nb@firm.example",
        "Name <a@b.c>",
        "a@b@c.example",
        "péter@firm.example",
        "a..b@firm.example",
        "a@-firm.example",
        "a@firm..example",
        "a\ud800@firm.example",
        "a" * 65 + "@firm.example",
        "a@" + "b." * 130 + "example",
    ],
)
def test_m7_an_address_that_could_carry_anything_else_is_refused(raw: str) -> None:
    with pytest.raises(InvalidInput):
        address(raw)


@given(anything)
def test_an_address_is_refused_or_safe(raw: str) -> None:
    try:
        usable = address(raw)
    except InvalidInput:
        return
    assert usable.isascii() and usable.isprintable() and " " not in usable and usable.count("@") == 1


@pytest.mark.parametrize("raw", ["", "a@b", "<a>", "<a@b@c>", "<a@b>\r\nBcc: x", "<a b@c>", "<é@c>"])
def test_a_message_id_of_another_form_is_refused(raw: str) -> None:
    with pytest.raises(InvalidInput):
        message_id(raw)


@pytest.mark.parametrize(
    ("raw", "usable"),
    [
        ("https://meet.example/a?b=c&d=e%20f#g", "https://meet.example/a?b=c&d=e%20f#g"),
        ("https://meet.example/会议 1", "https://meet.example/%E4%BC%9A%E8%AE%AE%201"),
        ('https://meet.example/"><script>', "https://meet.example/%22%3E%3Cscript%3E"),
        ("https://meet.example/\r\nX-EVIL:1", "https://meet.example/%20X-EVIL:1"),
        ("javascript:alert(1)", ""),
        ("", ""),
    ],
)
def test_a_web_address_is_http_in_ascii_or_nothing(raw: str, usable: str) -> None:
    assert web_address(raw) == usable
