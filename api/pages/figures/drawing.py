"""A picture as SVG: in the page with classes for the colours of the page; alone with colours of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from markupsafe import Markup, escape

from scheduler.invites.pdf import pictures

_LIGHT: Final[Mapping[str, str]] = MappingProxyType(
    {
        "h0": 'fill="#f5f7f6" stroke="#d9e1e1"',
        "h1": 'fill="#d3e2e3"',
        "h2": 'fill="#a2c1c4"',
        "h3": 'fill="#689a9e"',
        "h4": 'fill="#0b5d63"',
        "h5": 'fill="#14242a"',
        "axis": 'stroke="#d9e1e1" fill="none"',
        "l-held": 'stroke="#0b5d63" stroke-width="2.5" fill="none"',
        "l-bound": 'stroke="#4d6168" stroke-width="1.5" fill="none"',
        "l-good": 'stroke="#17693a" stroke-width="2" fill="none"',
        "l-bad": 'stroke="#a3212b" stroke-width="2" fill="none"',
        "ink": 'fill="#14242a"',
        "ink halo": 'fill="#14242a"',
        "soft": 'fill="#4d6168"',
    }
)
"""What each class looks like on white paper: the light scheme of `tokens.css`."""
_AREAS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "energy": "#1f7a4d",
        "vehicles": "#2a62b5",
        "digital": "#6b4fc0",
        "healthy": "#b23a6b",
        "agriculture": "#5f7a12",
        "manufacturing": "#a4541a",
        "services": "#4a6572",
    }
)
_OTHER_AREA: Final = "#4d6168"


@dataclass(slots=True)
class Drawing:
    """What is drawn, from the back to the front. `name` is that of its title and description in the page.

    Numbers are units of the picture: pixels, where it is as wide as it is drawn.
    """

    name: str
    width: float
    height: float
    title: str
    desc: str
    _drawn: list[tuple[str, str, str]] = field(default_factory=list)
    """Class, what of the element is the same everywhere (with {} for its look), and an area's key."""

    def path(self, look: str, d: str) -> None:
        self._drawn.append((look, f'<path{{}} d="{d}"/>', ""))

    def flow(self, area: str, d: str, width: float) -> None:
        """A band of an area's colour that others can be seen through."""
        self._drawn.append(("flow", f'<path{{}} stroke-width="{width:.1f}" d="{d}"/>', area))

    def node(self, area: str, x: float, y: float, width: float, height: float) -> None:
        box = f'x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"'
        self._drawn.append(("node", f"<rect{{}} {box}/>", area))

    def text(
        self, x: float, y: float, words: str, look: str = "soft", *, anchor: str = "start", size: float = 12
    ) -> None:
        beside = "" if anchor == "start" else f' text-anchor="{anchor}"'
        shown = str(escape(words)).replace("{", "{{").replace("}", "}}")
        where = f'x="{x:.1f}" y="{y:.1f}" font-size="{size:g}"{beside}'
        self._drawn.append((look, f"<text{{}} {where}>{shown}</text>", ""))

    def markup(self) -> Markup:
        """For a page: classes only."""
        drawn = [
            element.format(f' class="{look}{" in-" + str(escape(area)) if area else ""}"')
            for look, element, area in self._drawn
        ]
        said = f'<title id="{self.name}-t">{escape(self.title)}</title>'
        said = f'{said}<desc id="{self.name}-d">{escape(self.desc)}</desc>'
        head = f'<svg class="chart" viewBox="0 0 {self.width:g} {self.height:g}" role="img"'
        head = f'{head} aria-labelledby="{self.name}-t" aria-describedby="{self.name}-d">'
        return Markup(f"{head}{said}{''.join(drawn)}</svg>")  # noqa: S704 -- every text in it was escaped

    def file(self) -> str:
        """As a file of its own, on white paper."""
        drawn = [element.format(_look(look, area)) for look, element, area in self._drawn]
        size = f'width="{self.width:g}" height="{self.height:g}" viewBox="0 0 {self.width:g} {self.height:g}"'
        paper = f'<rect width="{self.width:g}" height="{self.height:g}" fill="#ffffff"/>'
        head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif">'
        return f"{head}<title>{escape(self.title)}</title>{paper}{''.join(drawn)}</svg>"

    def png(self) -> bytes:
        """The file as pixels."""
        return pictures.png(self.file())


def _look(look: str, area: str) -> str:
    if look == "flow":
        return f' fill="none" stroke="{_AREAS.get(area, _OTHER_AREA)}" stroke-opacity="0.32"'
    if look == "node":
        return f' fill="{_AREAS.get(area, _OTHER_AREA)}"'
    return f" {_LIGHT[look]}"
