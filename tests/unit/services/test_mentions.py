"""Mentions of a person in texts: what is replaced, and what is not."""

from __future__ import annotations

import json
import zlib

import pytest

from scheduler.services.privacy import mentions
from scheduler.services.privacy.mentions import MARK, Mentions

LI = Mentions(
    frozenset({"li.wei@firm.example"}),
    frozenset({"+86 10 5550 0199"}),
    frozenset({"Li Wei", "李伟"}),
    {"li-wei": "erased-7"},
)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("From: Li.Wei@FIRM.example.", f"From: {MARK}."),
        ("anna+li.wei@firm.example and xli.wei@firm.example", None),
        ("li.wei@firm.example-two.org", None),
        ("Li Wei, Li Weiss and li wei", f"{MARK}, Li Weiss and li wei"),
        ("与李伟洽谈", f"与{MARK}洽谈"),
        (json.dumps("与李伟洽谈"), json.dumps("与李伟洽谈").replace("\\u674e\\u4f1f", MARK)),
        ("Call +86 10 5550 0199 today", f"Call {MARK} today"),
        ("Call 0+86 10 5550 01991", None),
        ("person li-wei, li-wei-2 and /people/li-wei/", "person erased-7, li-wei-2 and /people/erased-7/"),
    ],
)
def test_only_whole_mentions_are_replaced(text: str, left: str | None) -> None:
    assert LI.erase(text) == (text if left is None else left)


def test_all_texts_in_json_and_compressed_texts_are_searched() -> None:
    value = {"Li Wei": [1, None, True, {"to": "li.wei@firm.example", "of": ("Li Wei", "Wang")}]}
    assert LI.erase(value) == {MARK: [1, None, True, {"to": MARK, "of": [MARK, "Wang"]}]}
    packed = zlib.compress(b'["li-wei"]')
    assert zlib.decompress(LI.erase(packed)) == b'["erased-7"]'
    assert LI.erase(other := zlib.compress(b'["li-weiss"]')) is other


def test_without_names_only_what_no_one_else_has_is_replaced() -> None:
    assert LI.without_names().erase("Li Wei (li-wei), li.wei@firm.example") == f"Li Wei (li-wei), {MARK}"
    assert Mentions().erase("Li Wei") == "Li Wei"


def test_a_name_of_one_letter_is_not_searched() -> None:
    assert mentions.usable(["", " ", "W", " 李伟 "]) == {"李伟"}


@pytest.mark.parametrize(
    ("key", "is_made"),
    [("wang-ming", True), ("zoltan-4f2a", True), ("p12", False), ("x-1", False), ("w.ming", True)],
)
def test_a_key_with_a_word_of_the_name_or_address_is_replaced(key: str, is_made: bool) -> None:
    assert mentions.is_made_of(key, ["Wang Ming", "Zoltán Kiss", "a.b@firm.example"]) is is_made
