"""Vector pictures with text, and their PDF path operators (ISO 32000-1, 8.5)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

_STEP: Final = re.compile(r"([A-Za-z])([^A-Za-z]*)")
_NUMBER: Final = re.compile(r"-?[0-9.]+")


@dataclass(frozen=True, slots=True)
class Ink:
    """Paint of an outline: colours as 0xRRGGBB, stroke width in units of the picture."""

    fill: int | None = None
    stroke: int | None = None
    width: float = 1.0
    opacity: float = 1.0


@dataclass(frozen=True, slots=True)
class Outline:
    """SVG path data with the commands M, L, H, V, C, h, v and z, and spaces between numbers."""

    d: str
    ink: Ink


@dataclass(frozen=True, slots=True)
class PlacedWords:
    """A text with its baseline at y. `anchor` says which end is at x: start, middle or end."""

    x: float
    y: float
    text: str
    size: float
    colour: int
    anchor: str = "start"


@dataclass(frozen=True, slots=True)
class Vectors:
    """A picture in its own units, y downwards."""

    width: float
    height: float
    outlines: Sequence[Outline]
    words: Sequence[PlacedWords]


def path_operators(outline: Outline) -> str:
    """Return the operators that draw an outline. Opacity is excluded, since it is a page resource."""
    ink = outline.ink
    fill = "" if ink.fill is None else f"{rgb_components(ink.fill)} rg "
    stroke = "" if ink.stroke is None else f"{rgb_components(ink.stroke)} RG {ink.width:g} w "
    paint = {(True, True): "B", (True, False): "f", (False, True): "S", (False, False): "n"}
    how = paint[ink.fill is not None, ink.stroke is not None]
    return f"{fill}{stroke}{' '.join(_steps(outline.d))} {how}\n"


def rgb_components(value: int) -> str:
    """Return 0xRRGGBB as three components from 0 to 1."""
    return " ".join(f"{round(each / 255, 3):g}" for each in value.to_bytes(3, "big"))


def _steps(d: str) -> Iterator[str]:
    x = y = 0.0
    for command, said in _STEP.findall(d):
        numbers = [float(each) for each in _NUMBER.findall(said)]
        match command:
            case "z":
                yield "h"
                continue
            case "H":
                x = numbers[0]
            case "V":
                y = numbers[0]
            case "h":
                x += numbers[0]
            case "v":
                y += numbers[0]
            case "M" | "L" | "C":
                x, y = numbers[-2:]
            case _:
                raise ValueError(f"no command of a path here: {command}")
        if command == "C":
            yield f"{' '.join(f'{each:g}' for each in numbers)} c"
        else:
            yield f"{x:.2f} {y:.2f} {'m' if command == 'M' else 'l'}"
