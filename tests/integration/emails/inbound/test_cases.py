"""Conversations about a meeting, each with its best possible outcome, on both engines."""

from __future__ import annotations

import pytest

from scheduler.storage.database import Database
from tests.support.incoming.cases import CASES
from tests.support.incoming.scene import Case, run


def test_the_cases_have_names_of_their_own_and_say_what_they_are_about() -> None:
    assert len({each.name for each in CASES}) == len(CASES) == 92
    assert all(each.about for each in CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_becomes_of_an_answer_is_the_best_that_can(case: Case, database: Database) -> None:
    became = run(case, database)
    assert not became.differs, became.differs
