"""The packaged tables of texts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from scheduler.domain.entities import Tier


@dataclass(frozen=True, slots=True)
class AreaTexts:
    """One chain area: its name, also in other languages, what firms of each tier offer, and who buys it."""

    key: str
    name: str
    names: Mapping[str, str]
    products: dict[Tier, tuple[str, ...]]
    customers: tuple[str, ...]


@cache
def load_areas() -> dict[str, AreaTexts]:
    """The chain areas by key, in the order of the tables."""
    return {
        key: AreaTexts(
            key=key,
            name=raw["name"],
            names=raw["names"],
            products={tier: tuple(raw[tier.value]) for tier in Tier},
            customers=tuple(raw["customers"]),
        )
        for key, raw in load_table("areas.json").items()
    }


@cache
def load_phrases() -> dict[str, Any]:
    """Templates by use; see phrases.json."""
    return load_table("phrases.json")


@cache
def load_translations() -> dict[str, dict[str, dict[str, str]]]:
    """What products and customers are called in other languages; see things.json.

    In Hungarian, what is offered also as the object of a verb, and customers as whom something is for.
    """
    return load_table("things.json")


def load_table(name: str) -> dict[str, Any]:
    text = files("scheduler.samples.texts").joinpath(name).read_text(encoding="utf-8")
    document: dict[str, Any] = json.loads(text)
    return document
