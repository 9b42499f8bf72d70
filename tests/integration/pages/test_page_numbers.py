"""Page numbers of a list, and shares."""

from __future__ import annotations

import pytest

from api.pages import formatting
from api.pages.paging import page_numbers
from scheduler.services.paging import Page


@pytest.mark.parametrize(
    ("number", "last", "offered"),
    [
        (1, 1, [1]),
        (1, 3, [1, 2, 3]),
        (1, 9, [1, 2, 3, None, 9]),
        (4, 9, [1, 2, 3, 4, 5, 6, None, 9]),
        (5, 10, [1, 2, 3, 4, 5, 6, 7, None, 10]),
        (50, 100, [1, None, 48, 49, 50, 51, 52, None, 100]),
        (97, 100, [1, None, 95, 96, 97, 98, 99, 100]),
        (100, 100, [1, None, 98, 99, 100]),
    ],
)
def test_a_list_offers_its_first_and_last_page_and_those_around_the_one_that_is_shown(
    number: int, last: int, offered: list[int | None]
) -> None:
    assert page_numbers(Page((), None, last * 10, number, 10)) == offered


@pytest.mark.parametrize(
    ("value", "of", "shown"),
    [
        (1, 6, "17%"),
        (0, 6, "0%"),
        (6, 6, "100%"),
        (1, 1000, "<1%"),
        (999, 1000, ">99%"),
        (99, 100, "99%"),
        (1, 0, "–"),
        (None, 6, "–"),
    ],
)
def test_a_share_is_a_whole_percentage_that_is_0_or_100_only_if_it_is(
    value: float | None, of: float, shown: str
) -> None:
    assert formatting.share(value, of) == shown


def test_a_share_of_a_proven_maximum_is_rounded_down() -> None:
    assert formatting.share(99_979, 100_000, 1) == "99.9%"
    assert formatting.share(99_979, 100_000, 2) == "99.97%"
    assert [n for n in range(1001) if formatting.share(n, 1000, 1) != f"{n / 10:.1f}%"] == []
