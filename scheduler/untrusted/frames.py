"""Wire format between parent and child: lengths, then JSON and octets."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from enum import Enum
from typing import Any, Final

_REQUEST: Final = struct.Struct(">II")
_ANSWER: Final = struct.Struct(">cI")

READY: Final = b"r"
"""The child has loaded its modules and is sandboxed."""
UNWALLED: Final = b"u"
"""The child is ready, but the kernel lacks full sandboxing: only resource limits apply."""
TAKEN: Final = b"t"
"""The child has received a complete request, so if it dies now, the job caused it."""


class Ending(Enum):
    """How a job ended, as one octet."""

    DONE = b"d"
    """The payload is the result as JSON."""
    REFUSED = b"r"
    """The payload is the message of the job's own refusal."""
    FAILED = b"f"
    """The payload is the name of an unexpected exception."""


Read = Callable[[int], bytes]
"""Returns exactly this many octets, or raises EOFError."""


def encode_request(job: str, octets: bytes, options: dict[str, Any]) -> bytes:
    """Encode a job with its options (JSON values) and input octets."""
    head = json.dumps({"job": job, "options": options}).encode()
    return _REQUEST.pack(len(head), len(octets)) + head + octets


def decode_request(read: Read) -> tuple[str, bytes, dict[str, Any]]:
    """Decode a request from `encode_request`."""
    head_size, size = _REQUEST.unpack(read(_REQUEST.size))
    head = json.loads(read(head_size))
    return head["job"], read(size), head["options"]


def encode_answer(ending: Ending, value: bytes) -> bytes:
    """Encode the end of a job and its payload."""
    return _ANSWER.pack(ending.value, len(value)) + value


def decode_answer(read: Read, most: int) -> tuple[Ending, bytes]:
    """Decode an answer from `encode_answer`. Raises ValueError if it is invalid or over `most` octets."""
    ending, size = _ANSWER.unpack(read(_ANSWER.size))
    if size > most:
        raise ValueError(f"an answer of {size} octets")
    return Ending(ending), read(size)
