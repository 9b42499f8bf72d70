"""Finds and loads plugins. A plugin that fails to load is skipped and logged."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType
from typing import Any, Final, Generic, TypeVar, cast

import structlog

T = TypeVar("T")

NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,39}")
"""Plugin names are part of URLs, file names and cursor rows."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class PluginGroup(Generic[T]):
    """A group of entry points.

    `accepts` validates a loaded object; `expected` describes what it accepts.
    """

    name: str
    accepts: Callable[[object], bool]
    expected: str


@dataclass(frozen=True, slots=True)
class FoundPlugin:
    """An installed plugin: group, entry point name, distribution, and the load error or ""."""

    group: str
    name: str
    distribution: str
    fault: str


def load(group: PluginGroup[T]) -> Mapping[str, T]:
    """Return the plugins of a group by name, sorted by name. Each process loads them once."""
    return cast("Mapping[str, T]", _loaded(group)[0])


def found(groups: Iterable[PluginGroup[Any]]) -> list[FoundPlugin]:
    """Return all plugins of the groups, including those that failed to load."""
    return [each for group in groups for each in _loaded(group)[1]]


def report(groups: Iterable[PluginGroup[Any]]) -> None:
    """Load all plugins and log which were loaded and which failed."""
    for each in found(groups):
        told = {"group": each.group, "plugin": each.name, "distribution": each.distribution}
        if each.fault:
            log.error("plugin not loaded", reason=each.fault, **told)
        else:
            log.info("plugin loaded", **told)


def folders(group: PluginGroup[Any]) -> list[str]:
    """Return the folders of a group's distributions, for a process with another `sys.path`."""
    dists = (entry.dist for entry in entry_points(group=group.name))
    return sorted({str(dist.locate_file("")) for dist in dists if dist is not None})


def forget() -> None:
    """Clear the cache, so that the next call discovers plugins again."""
    _loaded.cache_clear()


@cache
def _loaded(group: PluginGroup[Any]) -> tuple[Mapping[str, Any], tuple[FoundPlugin, ...]]:
    values: dict[str, Any] = {}
    seen = []
    for entry in sorted(entry_points(group=group.name), key=lambda entry: (entry.name, _distribution(entry))):
        fault = ""
        try:
            value = _checked(group, entry, values)
        except (Exception, SystemExit) as error:  # a faulty plugin must not prevent the start
            fault = str(error) if isinstance(error, _Unusable) else f"{type(error).__name__}: {error}"
        else:
            values[entry.name] = value
        seen.append(FoundPlugin(group.name, entry.name[:40], _distribution(entry), fault[:300]))
    return MappingProxyType(values), tuple(seen)


class _Unusable(Exception):
    """An entry point is not a valid plugin. The message says why."""


def _checked(group: PluginGroup[Any], entry: EntryPoint, others: Mapping[str, Any]) -> Any:
    if not NAME.fullmatch(entry.name):
        raise _Unusable("its name must be of a-z, 0-9 and hyphens, begin with a letter, and have 40 at most")
    if entry.name in others:
        raise _Unusable("another distribution has a plugin of that name")
    value = entry.load()
    if not group.accepts(value):
        raise _Unusable(f"{entry.value} is not {group.expected}")
    return value


def _distribution(entry: EntryPoint) -> str:
    return "" if entry.dist is None else f"{entry.dist.name} {entry.dist.version}"


def plain(text: str) -> str:
    """Return plain text. Markup of a plugin loses its safe marker, so pages escape it."""
    return str.__str__(text)


def kind(wanted: type[Any]) -> Callable[[object], bool]:
    """Return a predicate for instances of a class."""
    return lambda value: isinstance(value, wanted)
