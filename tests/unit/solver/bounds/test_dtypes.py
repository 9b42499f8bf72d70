"""The entries of the model take 32 bits, and none of them silently becomes another number."""

from __future__ import annotations

import numpy as np
import pytest

from scheduler.solver.bounds.dtypes import to_int32s


def test_numbers_stay_what_they_are_in_half_the_memory() -> None:
    numbers = np.array([-(2**31), -1, 0, 2**31 - 1])
    small = to_int32s(numbers)
    assert (small.tolist(), small.nbytes) == (numbers.tolist(), numbers.nbytes // 2)


@pytest.mark.parametrize("number", [2**31, -(2**31) - 1, 2**32])
def test_a_number_that_does_not_fit_is_an_error(number: int) -> None:
    with pytest.raises(OverflowError):
        to_int32s(np.array([1, number]))
