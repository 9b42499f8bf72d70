"""How a job and its answer cross the socket between parent and child: lengths first, then JSON and octets."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from enum import Enum
from typing import Any, Final

_REQUEST: Final = struct.Struct(">II")
_ANSWER: Final = struct.Struct(">cI")

READY: Final = b"r"
"""The child has loaded what it needs, and is behind its wall."""
UNWALLED: Final = b"u"
"""The same, but the kernel has no whole wall: the child has its limits alone."""
TAKEN: Final = b"t"
"""The child has a whole request: if it ends now, it is for what the job did."""


class Ending(Enum):
    """How a job ended, as one octet."""

    DONE = b"d"
    """The answer is the result as JSON."""
    REFUSED = b"r"
    """The answer is the sentence of the job's own refusal."""
    FAILED = b"f"
    """The answer is the name of an error that the job should not have raised."""


Read = Callable[[int], bytes]
"""Gives so many octets, or raises EOFError."""


def encode_request(job: str, octets: bytes, options: dict[str, Any]) -> bytes:
    """A job with its options (JSON values) and the octets that it works on."""
    head = json.dumps({"job": job, "options": options}).encode()
    return _REQUEST.pack(len(head), len(octets)) + head + octets


def decode_request(read: Read) -> tuple[str, bytes, dict[str, Any]]:
    """The request that `request` encoded."""
    head_size, size = _REQUEST.unpack(read(_REQUEST.size))
    head = json.loads(read(head_size))
    return head["job"], read(size), head["options"]


def encode_answer(ending: Ending, value: bytes) -> bytes:
    """The end of a job and what belongs to it."""
    return _ANSWER.pack(ending.value, len(value)) + value


def decode_answer(read: Read, most: int) -> tuple[Ending, bytes]:
    """The value that `answer` encoded. Raises ValueError if it is invalid or larger than `most` octets."""
    ending, size = _ANSWER.unpack(read(_ANSWER.size))
    if size > most:
        raise ValueError(f"an answer of {size} octets")
    return Ending(ending), read(size)
