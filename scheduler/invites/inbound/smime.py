"""Content of opaque signed S/MIME (RFC 8551 3.5.2): CMS SignedData (RFC 5652 5) in BER.

Parses only the path to the content, within a limit on the number of values. The signature is not verified.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_SIGNED_DATA: Final = bytes.fromhex("2a864886f70d010702")
_DATA: Final = bytes.fromhex("2a864886f70d010701")
_OID, _OCTETS, _SEQUENCE, _EXPLICIT = 0x06, 0x04, 0x30, 0xA0
_CONSTRUCTED: Final = 0x20
_END: Final = b"\0\0"
_MAX_DEPTH: Final = 16
_MAX_VALUES: Final = 200_000
"""Streaming writers use pieces of 1,000 octets and more."""


class _OtherError(Exception):
    """The octets are not BER, or not signed data."""


@dataclass(frozen=True, slots=True)
class _Value:
    """A BER value: its tag, the range of its contents, and the offset of the next value."""

    tag: int
    begin: int
    end: int
    following: int


def signed_content(octets: bytes) -> bytes | None:
    """Return the signed MIME entity, or None for anything else, such as encrypted data."""
    try:
        return _Reader(octets).content()
    except (_OtherError, IndexError):
        return None


@dataclass(slots=True)
class _Reader:
    octets: bytes
    left: int = _MAX_VALUES

    def content(self) -> bytes:
        kind, signed = self._pair(self.value(0, len(self.octets)), _SEQUENCE)
        if self.octets[kind.begin : kind.end] != _SIGNED_DATA:
            raise _OtherError
        fields = self.children(self._inside(signed))
        for _ in ("version", "digestAlgorithms"):
            next(fields, None)
        kind, data = self._pair(next(fields, signed), _SEQUENCE)
        if self.octets[kind.begin : kind.end] != _DATA:
            raise _OtherError
        return b"".join(self.pieces(self._inside(data)))

    def pieces(self, value: _Value, depth: int = 0) -> Iterator[bytes]:
        """Yield the pieces of an OCTET STRING, which may be constructed."""
        if value.tag == _OCTETS:
            yield self.octets[value.begin : value.end]
        elif value.tag == _OCTETS | _CONSTRUCTED and depth < _MAX_DEPTH:
            for each in self.children(value):
                yield from self.pieces(each, depth + 1)
        else:
            raise _OtherError

    def children(self, parent: _Value) -> Iterator[_Value]:
        at = parent.begin
        while at < parent.end:
            child = self.value(at, parent.end)
            yield child
            at = child.following

    def value(self, at: int, limit: int, depth: int = 0) -> _Value:
        """Parse the value at an offset. One of indefinite length ends after its last child."""
        self.left -= 1
        if self.left < 0 or depth > _MAX_DEPTH:
            raise _OtherError
        tag, size, begin = self.octets[at], self.octets[at + 1], at + 2
        if size == 0x80 and tag & _CONSTRUCTED:
            end = begin
            while self.octets[end : end + 2] != _END:
                end = self.value(end, limit, depth + 1).following
            return _Value(tag, begin, end, end + 2)
        if size > 0x84 or size == 0x80:
            raise _OtherError
        if size > 0x80:
            begin += size - 0x80
            size = int.from_bytes(self.octets[at + 2 : begin], "big")
        if begin + size > limit:
            raise _OtherError
        return _Value(tag, begin, begin + size, begin + size)

    def _pair(self, value: _Value, tag: int) -> tuple[_Value, _Value]:
        """Return a content type's identifier and its explicitly tagged content."""
        found = self.children(value)
        kind, inside = next(found, None), next(found, None)
        if value.tag != tag or kind is None or inside is None or (kind.tag, inside.tag) != (_OID, _EXPLICIT):
            raise _OtherError
        return kind, inside

    def _inside(self, explicit: _Value) -> _Value:
        return self.value(explicit.begin, explicit.end)
