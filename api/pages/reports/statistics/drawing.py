"""Charts as SVG: in pages with CSS classes for the page's colours, standalone with fixed colours.

A list of shapes and labels has three renderers: classes in a page, attributes for MuPDF, which ignores CSS
and renders the PNG at two pixels per unit, and vector operators with searchable text in a PDF. Browsers could
render PNGs, but only with JavaScript and not for API clients. CairoSVG, resvg and Pillow would each be a new
dependency, whereas PyMuPDF is already used for fonts. MuPDF is not thread-safe, and its fonts differ from a
browser's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final

from markupsafe import Markup, escape

from scheduler.invites.pdf import pictures
from scheduler.invites.pdf.vectors import Ink, Outline, PlacedWords, Vectors

_INK, _SOFT, _LINE, _BRAND = 0x14242A, 0x4D6168, 0xD9E1E1, 0x0B5D63
_LIGHT: Final[Mapping[str, Ink]] = MappingProxyType(
    {
        "h0": Ink(0xF5F7F6, _LINE),
        "h1": Ink(0xD3E2E3),
        "h2": Ink(0xA2C1C4),
        "h3": Ink(0x689A9E),
        "h4": Ink(_BRAND),
        "h5": Ink(_INK),
        "axis": Ink(stroke=_LINE),
        "l-main": Ink(stroke=_BRAND, width=2.5),
        "l-bound": Ink(stroke=_SOFT, width=1.5),
        "l-good": Ink(stroke=0x17693A, width=2),
        "l-bad": Ink(stroke=0xA3212B, width=2),
        "ink": Ink(_INK),
        "ink halo": Ink(_INK),
        "soft": Ink(_SOFT),
    }
)
"""Styles of classes on a white background: the light scheme of `tokens.css`."""
AREAS: Final[Mapping[str, int]] = MappingProxyType(
    {
        "energy": 0x1F7A4D,
        "vehicles": 0x2A62B5,
        "digital": 0x6B4FC0,
        "healthy": 0xB23A6B,
        "agriculture": 0x5F7A12,
        "manufacturing": 0xA4541A,
        "services": 0x4A6572,
    }
)


@dataclass(frozen=True, slots=True)
class Shape:
    """A path with its class and, if coloured by area, the area's key. A flow has a stroke width."""

    look: str
    d: str
    area: str = ""
    width: float | None = None

    @property
    def ink(self) -> Ink:
        if self.look == "flow":
            return Ink(stroke=AREAS.get(self.area, _SOFT), width=self.width or 1, opacity=0.32)
        return Ink(AREAS.get(self.area, _SOFT)) if self.look == "node" else _LIGHT[self.look]

    def element(self, look: str) -> str:
        wide = "" if self.width is None else f' stroke-width="{self.width:.1f}"'
        return f'<path{look}{wide} d="{self.d}"/>'


@dataclass(frozen=True, slots=True)
class Label:
    """Text with its class."""

    look: str
    words: PlacedWords

    def element(self, look: str) -> str:
        said = self.words
        beside = "" if said.anchor == "start" else f' text-anchor="{said.anchor}"'
        where = f'x="{said.x:.1f}" y="{said.y:.1f}" font-size="{said.size:g}"{beside}'
        return f"<text{look} {where}>{escape(said.text)}</text>"


@dataclass(slots=True)
class Drawing:
    """Shapes and labels from back to front. `name` is the ID prefix of its title and description.

    Coordinates are in user units: pixels if displayed at the original width.
    """

    name: str
    width: float
    height: float
    title: str
    desc: str
    _drawn: list[Shape | Label] = field(default_factory=list)

    def path(self, look: str, d: str) -> None:
        self._drawn.append(Shape(look, d))

    def flow(self, area: str, d: str, width: float) -> None:
        """Add a translucent band in an area's colour."""
        self._drawn.append(Shape("flow", d, area, width))

    def node(self, area: str, x: float, y: float, width: float, height: float) -> None:
        d = f"M{x:.1f} {y:.1f}h{width:.1f}v{height:.1f}h-{width:.1f}z"
        self._drawn.append(Shape("node", d, area))

    def text(
        self, x: float, y: float, words: str, look: str = "soft", *, anchor: str = "start", size: float = 12
    ) -> None:
        placed = PlacedWords(x, y, words, size, _LIGHT[look].fill or 0, anchor)
        self._drawn.append(Label(look, placed))

    def markup(self) -> Markup:
        """Return the SVG for a page, with classes only."""
        drawn = [each.element(f' class="{_classes(each)}"') for each in self._drawn]
        said = f'<title id="{self.name}-t">{escape(self.title)}</title>'
        said = f'{said}<desc id="{self.name}-d">{escape(self.desc)}</desc>'
        head = f'<svg class="drawing" viewBox="0 0 {self.width:g} {self.height:g}" role="img"'
        head = f'{head} aria-labelledby="{self.name}-t" aria-describedby="{self.name}-d">'
        return Markup(f"{head}{said}{''.join(drawn)}</svg>")  # noqa: S704 -- all texts are escaped

    def file(self) -> str:
        """Return a standalone SVG file on a white background."""
        drawn = [each.element(f" {_attributes(each)}") for each in self._drawn]
        size = f'width="{self.width:g}" height="{self.height:g}" viewBox="0 0 {self.width:g} {self.height:g}"'
        paper = f'<rect width="{self.width:g}" height="{self.height:g}" fill="#ffffff"/>'
        head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif">'
        return f"{head}<title>{escape(self.title)}</title>{paper}{''.join(drawn)}</svg>"

    def png(self) -> bytes:
        """Return the standalone file as a PNG."""
        return pictures.render_png(self.file())

    def vectors(self) -> Vectors:
        """Return the vectors for a PDF."""
        outlines = [Outline(each.d, each.ink) for each in self._drawn if isinstance(each, Shape)]
        words = [each.words for each in self._drawn if isinstance(each, Label)]
        return Vectors(self.width, self.height, outlines, words)


def _classes(each: Shape | Label) -> str:
    area = each.area if isinstance(each, Shape) else ""
    return f"{each.look}{f' area-{escape(area)}' if area else ''}"


def _attributes(each: Shape | Label) -> str:
    ink = each.ink if isinstance(each, Shape) else Ink(each.words.colour)
    if isinstance(each, Shape) and each.width is not None:
        ink = replace(ink, width=1)  # set on the element
    said = [f'fill="{_hex(ink.fill)}"']
    if ink.stroke is not None:
        said.append(f'stroke="{_hex(ink.stroke)}"')
        said += [f'stroke-width="{ink.width:g}"'] if ink.width != 1 else []
    return " ".join([*said, *([f'stroke-opacity="{ink.opacity:g}"'] if ink.opacity < 1 else [])])


def _hex(colour: int | None) -> str:
    return "none" if colour is None else f"#{colour:06x}"
