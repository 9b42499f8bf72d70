"""Subproblems of a search, as bytes for helpers: a plan with a share of it to improve, and the answer."""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from scheduler.domain.errors import ChainmeetError
from scheduler.solver.annealing.day_shares import Flags, Improved, Share, rows_in_slots
from scheduler.solver.annealing.temperature import Temperatures
from scheduler.solver.compiled.kernels import Int32s
from scheduler.solver.instance.arrays import Data
from scheduler.solver.instance.columns import requests, rules
from scheduler.solver.state.columns import held

_HEAD = struct.Struct("<3i5d")
_WORTH = struct.Struct("<d")


class SubproblemRefused(ChainmeetError):
    """The bytes are no subproblem, or no answer, of this problem."""

    code = "part-refused"

    def __init__(self, reason: str) -> None:
        super().__init__(f"A part of a search was refused: {reason}.")


@dataclass(frozen=True, slots=True)
class Subproblem:
    """A share of a plan, and the stretch of the search's time in which it is improved."""

    table: Int32s
    """The whole plan: int32, requests x 4, as `State.held`."""
    share: Share
    temperatures: Temperatures
    begin: float
    end: float
    """`begin` and `end` are fractions (0 to 1) of the whole search."""
    seconds: float

    def to_bytes(self) -> bytes:
        share, temperatures = self.share, self.temperatures
        head = _HEAD.pack(
            *(share.of, share.number, share.most),
            *(temperatures.first, temperatures.last, self.begin, self.end, self.seconds),
        )
        return _to_bytes(head + share.words.astype("<u8").tobytes(), self.table)

    @classmethod
    def from_bytes(cls, data: Data, content: bytes) -> Subproblem:
        """Raises SubproblemRefused."""
        words = data.day_words.shape[1]
        head, table = _from_bytes(data, content, _HEAD.size + 8 * words)
        of, number, most, *floats = _HEAD.unpack_from(head)
        first, last, begin, end, seconds = floats
        if not (0 <= number < of and most >= 0):
            raise SubproblemRefused("its numbers are out of range")
        if not (first > 0 and last > 0 and 0 <= begin <= end <= 1 and 0 <= seconds <= 3600):
            raise SubproblemRefused("its times or temperatures are out of range")
        slots = np.frombuffer(head, "<u8", words, _HEAD.size).astype(np.uint64)
        return cls(table, Share(slots, of, number, most), Temperatures(first, last), begin, end, seconds)


@dataclass(frozen=True, slots=True)
class SubproblemAnswer:
    """An improved subproblem: the meetings in its own slots, and the worth of the whole plan with them."""

    worth: float
    table: Int32s

    def to_bytes(self) -> bytes:
        return _to_bytes(_WORTH.pack(self.worth), self.table)

    @classmethod
    def from_bytes(cls, data: Data, share: Share, content: bytes) -> SubproblemAnswer:
        """Raises SubproblemRefused, also where a meeting is outside of the share."""
        head, table = _from_bytes(data, content, _WORTH.size)
        (worth,) = _WORTH.unpack(head)
        if (
            not math.isfinite(worth)
            or ((table[:, held.SLOT] >= 0) & ~rows_in_slots(share.words, table)).any()
        ):
            raise SubproblemRefused("it has meetings in slots that were not its own")
        return cls(worth, table)


def decode_answers(data: Data, taken: Sequence[Share], answers: Mapping[int, bytes]) -> list[Improved]:
    """The improved shares of `taken` that were answered. A refused answer counts as none."""
    found = []
    for k, content in answers.items():
        try:
            answer = SubproblemAnswer.from_bytes(data, taken[k], content)
        except SubproblemRefused:
            continue
        found.append(Improved(taken[k], answer.worth, answer.table))
    return found


def _to_bytes(head: bytes, table: Int32s) -> bytes:
    return head + table.astype("<i4").tobytes()


def _from_bytes(data: Data, content: bytes, head: int) -> tuple[bytes, Int32s]:
    """The head, and the table after it. Raises SubproblemRefused unless all its rows exist in the problem."""
    if len(content) != head + 16 * len(data.requests):
        raise SubproblemRefused("it has another size than this problem's")
    table = np.frombuffer(content, "<i4", offset=head).reshape(-1, 4).astype(np.int32)
    if not _exist(data, table):
        raise SubproblemRefused("it has meetings that this problem cannot have")
    return content[:head], table


def _exist(data: Data, table: Int32s) -> bool:
    """Whether slots, places, people and interpreters exist in the problem. Compiled code does not check."""
    if (table[:, held.SLOT] < -1).any():
        return False
    is_held = table[:, held.SLOT] >= 0
    rows, taken = table[is_held], data.requests[is_held]
    option, interpreter = rows[:, held.OPTION], rows[:, held.INTERPRETER]
    known = rows[:, held.SLOT] < len(data.slots)
    known &= (taken[:, requests.OPTIONS_BEGIN] <= option) & (option < taken[:, requests.OPTIONS_END])
    known &= (interpreter == -1) | (
        (interpreter >= data.rules[rules.ATTENDEES]) & (interpreter < len(data.avail))
    )
    return bool((known & _are_places(data, taken, rows[:, held.GROUP])).all())


def _are_places(data: Data, rows: Int32s, wanted: Int32s) -> Flags:
    """For each request whether it may be held in its group of places."""
    found: Flags = np.zeros(len(rows), bool)
    for k in range(int((rows[:, requests.GROUPS_END] - rows[:, requests.GROUPS_BEGIN]).max(initial=0))):
        at = np.minimum(rows[:, requests.GROUPS_BEGIN] + k, len(data.group_list) - 1)
        found |= (rows[:, requests.GROUPS_BEGIN] + k < rows[:, requests.GROUPS_END]) & (
            data.group_list[at] == wanted
        )
    return found
