"""Hostile texts for URLs, fields and bodies."""

from __future__ import annotations

from typing import Any, Final

ALWAYS: Final = ("", "\x00", "9" * 30, "http://[::1")
"""Values for every field."""
TEXTS: Final = (
    "a\x00b", "\ud800", "x" * 3_000, "\U0001d54f" * 70, "é" * 300, "\u202e", "\u2028", "\r\nX-Y: z", "\\",
    "-1", "0", "-0", "+1", "1e5", "nan", "1_0", "٣", "²", "1.5", "0x1", str(2**31), str(2**63), "9" * 2_000,
    "0001-01-01", "9999-12-31", "2027-13-45", "2027-W01-1", "9999-12-31T23:59:59-23:59",
    "0001-01-01T00:00:00+23:59", "24:00", "23:59:59.999999", "12:00+01:00",
    "Nowhere/Zone", "../etc/passwd", "America", "[]", "{}", "null", "%", "_", "'\"<&>", "=1+1",
    "https://a:99999999/", "//evil.example/", "a@b\r\nBcc: c@d", "a@b.example", " ", ";",
    "none", "all", "yes", "f0", "f1-p0", "s0", "t0", "h0", "g1", "i0", "1:2:3", "firms", "person", "firm",
)  # fmt: skip
ACCENTS: Final = "\u0301\u0316"
"""Their order changes in Unicode's normal forms, and sorting them takes quadratic time."""
LONG: Final = ("x" * 200_000, "\n" * 100_000, "a;" * 50_000, "9" * 100_000, "https://a" + ACCENTS * 70_000)
"""Only in forms: a URL has at most 4,000 characters."""
SEGMENTS: Final = ("\x00", "x" * 1_000, "%", "..", "f1", "s0", "people", "places", "xlsx", "png", "chain")
"""Text parts of a URL."""
NUMBERS: Final = (0, 2, 3, 2**31 - 1)

VALUES: Final[tuple[Any, ...]] = (
    None, True, 0, -1, 5, 2**31, 2**63, 10**400, 1.5, 1e308, "", "\x00", "a\x00b", "\ud800", "x" * 300,
    "f0", "f0-p0", "s0", "t0", "h0", "0001-01-01", "9999-12-31", "9999-12-31T23:59:59-23:59",
    "0001-01-01T00:00:00+23:59", "00:00", "23:59", "ZZ", "Nowhere/Zone", "²", "\r\n", "=1+1",
    [], [[]], {}, ["\x00"], ["x"] * 3_000, {"\x00": "\x00"}, {"a": {"a": {}}},
)  # fmt: skip
"""In JSON bodies."""
BODIES: Final = (
    b"", b"[" * 100_000, b'{"a":' * 50_000, b"\xff", b"null", b"NaN", b'{"a":NaN}', b"[1e400]", b"{}\x00",
    b"\xef\xbb\xbf{}", "{}".encode("utf-16"),
)  # fmt: skip
KINDS: Final = ("application/json", "text/plain", "application/json; charset=utf-7", "")
