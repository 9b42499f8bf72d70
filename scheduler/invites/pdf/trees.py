"""Structure tree, bookmarks and metadata as PDF objects (ISO 14289-1)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape
from itertools import groupby
from typing import Protocol

from scheduler.invites.pdf.blocks import HEIGHT, MARGIN, WIDTH
from scheduler.invites.pdf.layout import Page, PlacedLine, PlacedOutlines
from scheduler.invites.pdf.structure import Element

_SHOWN = ("H1", "H2")
"""Headings listed as bookmarks. An agenda has its days."""
_XMP = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/">
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>
<dc:language><rdf:Bag><rdf:li>{language}</rdf:li></rdf:Bag></dc:language>
<pdfuaid:part>1</pdfuaid:part>
</rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="r"?>"""


class Objects(Protocol):
    """Objects of the file being written."""

    def add(self, written: str) -> int: ...
    def reserve(self) -> int: ...
    def put(self, number: int, written: str) -> None: ...
    def add_plain(self, data: bytes, entries: str) -> int: ...


@dataclass(frozen=True)
class Marked:
    """A page with marked content: consecutive lines of one element share an MCID, in drawing order."""

    page: Page

    @cached_property
    def runs(self) -> list[tuple[str, Page]]:
        """The opening operator of each run, and its content."""
        made, number = [], 0
        for part, found in groupby(self.page, lambda each: each.part):
            if part is None:
                made.append(("/Artifact BMC\n", list(found)))
            else:
                made.append((f"/{part.role} <</MCID {number}>>BDC\n", list(found)))
                number += 1
        return made

    @cached_property
    def elements(self) -> list[Element]:
        """The element of each MCID."""
        found = (run[0].part for _, run in self.runs)
        return [part for part in found if part is not None]


def text_string(said: str) -> str:
    """Return a text string (7.9.2.2) in UTF-16 with a byte order mark."""
    return f"<feff{said.encode('utf-16-be').hex()}>"


def write_structure(file: Objects, root: Element, pages: Sequence[Marked], numbers: Sequence[int]) -> int:
    """Write the structure tree with its content references (14.7.2), and the parent tree (14.7.4.4)."""
    top = file.reserve()
    own = {id(each): file.reserve() for each in root.walk()}
    said: dict[int, list[str]] = {}
    for page, number in zip(pages, numbers, strict=True):
        for mark, element in enumerate(page.elements):
            said.setdefault(id(element), []).append(f"<</Type/MCR/Pg {number} 0 R/MCID {mark}>>")
    boxes = _boxes(pages)
    for element, parent in _with_parents(root, top, own):
        kids = [*said.get(id(element), []), *(f"{own[id(part)]} 0 R" for part in element.parts)]
        more = f"/Alt{text_string(element.alt)}" if element.alt else ""
        more += f"/Lang({element.language})" if element.language else ""
        more += "/A<</O/Table/Scope/Column>>" if element.role == "TH" else ""
        more += f"/A<</O/Layout/BBox[{boxes[id(element)]}]>>" if id(element) in boxes else ""
        file.put(
            own[id(element)],
            f"<</Type/StructElem/S/{element.role}/P {parent} 0 R{more}/K[{' '.join(kids)}]>>",
        )
    rows = (
        f"{at}[{' '.join(f'{own[id(part)]} 0 R' for part in each.elements)}]" for at, each in enumerate(pages)
    )
    parents = file.add(f"<</Nums[{' '.join(rows)}]>>")
    tree = f"/K[{own[id(root)]} 0 R]/ParentTree {parents} 0 R/ParentTreeNextKey {len(pages)}"
    file.put(top, f"<</Type/StructTreeRoot{tree}>>")
    return top


def write_bookmarks(file: Objects, root: Element, pages: Sequence[Marked], numbers: Sequence[int]) -> str:
    """Return the catalogue entry of the outline of headings (12.3.3), or an empty string without headings."""
    first: dict[int, str] = {}
    for page, number in zip(pages, numbers, strict=True):
        for each in page.page:
            if isinstance(each, PlacedLine) and each.part is not None:
                first.setdefault(id(each.part), f"[{number} 0 R/XYZ null {each.y + each.look.size:.0f} null]")
    shown = [each for each in root.walk() if each.role in _SHOWN and id(each) in first]
    if not shown:
        return ""
    top = file.reserve()
    places = [file.reserve() for _ in shown]
    groups: list[list[int]] = []
    for at, heading in enumerate(shown):
        if heading.role == "H1" or not groups:
            groups.append([at])
        else:
            groups[-1].append(at)
    heads = [group[0] for group in groups]
    _siblings(file, top, heads, shown, places, first, {group[0]: group[1:] for group in groups})
    for head, *days in groups:
        _siblings(file, places[head], days, shown, places, first, {})
    file.put(
        top,
        f"<</Type/Outlines/First {places[heads[0]]} 0 R/Last {places[heads[-1]]} 0 R/Count {len(shown)}>>",
    )
    return f"/Outlines {top} 0 R"


def _siblings(
    file: Objects,
    parent: int,
    these: Sequence[int],
    shown: Sequence[Element],
    places: Sequence[int],
    first: dict[int, str],
    below: dict[int, list[int]],
) -> None:
    """Write sibling bookmarks with their children."""
    for n, at in enumerate(these):
        said = f"/Title{text_string(shown[at].title)}/Parent {parent} 0 R/Dest{first[id(shown[at])]}"
        said += f"/Prev {places[these[n - 1]]} 0 R" if n else ""
        said += f"/Next {places[these[n + 1]]} 0 R" if n + 1 < len(these) else ""
        if inner := below.get(at):
            said += f"/First {places[inner[0]]} 0 R/Last {places[inner[-1]]} 0 R/Count {len(inner)}"
        file.put(places[at], f"<<{said}>>")


def write_metadata(file: Objects, title: str, language: str) -> int:
    """Write title and language as XMP, and the PDF/UA-1 identifier (ISO 14289-1, 5)."""
    said = _XMP.format(title=escape(title, quote=False), language=language)
    return file.add_plain(said.encode("utf-8"), "/Type/Metadata/Subtype/XML")


def _with_parents(root: Element, top: int, own: dict[int, int]) -> Iterator[tuple[Element, int]]:
    yield root, top
    for each in root.walk():
        yield from ((part, own[id(each)]) for part in each.parts)


def _boxes(pages: Sequence[Marked]) -> dict[int, str]:
    """Return each figure's bounding box on its page."""
    found = {}
    for page in pages:
        for each in page.page:
            if isinstance(each, PlacedOutlines) and each.part is not None:
                found[id(each.part)] = f"{MARGIN:g} 0 {WIDTH - MARGIN:g} {min(each.y, HEIGHT):.0f}"
    return found
