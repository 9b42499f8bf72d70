"""Types of the arrays of the bounds."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Int32s = npt.NDArray[np.int32]
Int64s = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def to_int32s(numbers: Int64s) -> Int32s:
    """Return the numbers in half the memory. OverflowError if one does not fit: its bound would be false."""
    small = numbers.astype(np.int32)
    if not np.array_equal(small, numbers):
        raise OverflowError("an entry of the model needs more than 32 bits")
    return small
