"""Limits on plugins' exports: bytes and seconds. Violations become messages."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest

from scheduler.plugins import ExportedSchedule, ExportPlugin
from scheduler.services.exports import plugin_exports
from scheduler.services.exports.plugin_exports import MAX_OCTETS, ExportFailed, PreparedExport

SCHEDULE = cast(ExportedSchedule, SimpleNamespace(event=SimpleNamespace(key="expo"), version=3))


def export(make: Callable[[ExportedSchedule], Any]) -> PreparedExport:
    plugin = ExportPlugin(
        title="Badges", about="", right="READ_VERSIONS", content_type="text/plain", ending="txt", make=make
    )
    return PreparedExport(plugin, "badges", SCHEDULE)


def test_a_file_as_large_as_is_allowed_is_given() -> None:
    found = export(lambda _: bytes(MAX_OCTETS)).make()
    assert (len(found.octets), found.name) == (MAX_OCTETS, "badges-expo-3.txt")


@pytest.mark.parametrize(
    ("file", "why"), [(bytes(MAX_OCTETS + 1), "is larger than 32 MiB"), ("a text", "returned no file")]
)
def test_a_larger_one_or_none_is_refused_with_a_sentence(file: object, why: str) -> None:
    with pytest.raises(ExportFailed, match=f"Badges could not be exported: .*{why}"):
        export(lambda _: file).make()


def test_one_that_does_not_come_back_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plugin_exports, "MAX_SECONDS", 0.0)
    released = threading.Event()

    def wait(_: ExportedSchedule) -> bytes:
        released.wait()
        return b""

    try:
        with pytest.raises(ExportFailed, match="it took more than 0 seconds"):
            export(wait).make()
    finally:
        released.set()
