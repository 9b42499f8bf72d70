"""PDF serialisation (ISO 32000-1): font subsets, text that can be copied, no date, no random identifier.

Conforms to PDF/UA (ISO 14289-1): all content is tagged or marked as an artifact, and there are bookmarks.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from scheduler.invites.pdf import trees
from scheduler.invites.pdf.blocks import CODE, HEIGHT, MARGIN, WIDTH, Sheet
from scheduler.invites.pdf.faces import Face, Glyph
from scheduler.invites.pdf.layout import Page, PlacedLine, PlacedOutlines, PlacedRaster, lay_out_pages
from scheduler.invites.pdf.rasters import Raster
from scheduler.invites.pdf.shaping import TextLine
from scheduler.invites.pdf.structure import Element
from scheduler.invites.pdf.trees import Marked, text_string
from scheduler.invites.pdf.vectors import path_operators, rgb_components

_TAG_LETTERS = 6
_CODE_ABOVE = 10.0  # points from the edge; with the quiet zone within every printer's printable area
_CMAP_ROWS = 100  # per bfchar section (Adobe Technical Note 5014)
_CMAP = (
    "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /ToUnicode def /CMapType 2 def\n"
    "1 begincodespacerange <0000> <ffff> endcodespacerange\n{rows}endcmap end end\n"
)


class PdfFile:
    """Indirect objects, numbered in the order added."""

    def __init__(self) -> None:
        self._objects: list[bytes] = []

    def add(self, written: str) -> int:
        self._objects.append(written.encode("ascii"))
        return len(self._objects)

    def reserve(self) -> int:
        """Return the number of an object to be filled by `put` later."""
        return self.add("null")

    def put(self, number: int, written: str) -> None:
        self._objects[number - 1] = written.encode("ascii")

    def add_plain(self, data: bytes, entries: str) -> int:
        """Add an uncompressed stream, which is readable without a PDF parser."""
        head = f"<</Length {len(data)}{entries}>>stream\n".encode("ascii")
        self._objects.append(head + data + b"\nendstream")
        return len(self._objects)

    def add_stream(self, data: bytes, entries: str = "") -> int:
        return self.add_deflated(zlib.compress(data), entries)

    def add_deflated(self, packed: bytes, entries: str = "") -> int:
        head = f"<</Length {len(packed)}/Filter/FlateDecode{entries}>>stream\n".encode("ascii")
        self._objects.append(head + packed + b"\nendstream")
        return len(self._objects)

    def written(self, root: int, info: int) -> bytes:
        made = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
        places = []
        for number, each in enumerate(self._objects, 1):
            places.append(f"{len(made):010} 00000 n \n")
            made += b"%d 0 obj\n%b\nendobj\n" % (number, each)
        table = f"xref\n0 {len(places) + 1}\n0000000000 65535 f \n{''.join(places)}"
        trailer = f"trailer\n<</Size {len(places) + 1}/Root {root} 0 R/Info {info} 0 R>>\n"
        return bytes(made + f"{table}{trailer}startxref\n{len(made)}\n%%EOF\n".encode("ascii"))


@dataclass(slots=True)
class Font:
    """An embedded font: resource name, object number, and the hexadecimal code of each glyph."""

    name: str
    number: int
    codes: dict[int, str] = field(default_factory=dict)


def write_pdf(*sheets: Sheet) -> bytes:
    """Return one file with the sheets in order, each starting on a new page. It has the first one's title."""
    sheet = sheets[0]
    structure = Element("Document")
    with_codes = [(page, _code(each)) for each in sheets for page in lay_out_pages(each, structure)]
    made = [page for page, _ in with_codes]
    file = PdfFile()
    fonts = _fonts(file, made)
    listed = "".join(f"/{font.name} {font.number} 0 R" for font in fonts.values())
    pictures = _pictures(file, made)
    resources = file.add(f"<</Font<<{listed}>>{_listed(pictures)}{_see_through(made)}>>")
    marked = [Marked(page) for page in made]
    contents = [
        file.add_stream(_content(each, fonts, pictures) + code)
        for each, (_, code) in zip(marked, with_codes, strict=True)
    ]
    parent = resources + len(contents) + 1
    file.add(
        f"<</Type/Pages/Count {len(made)}/MediaBox[0 0 {WIDTH:g} {HEIGHT:g}]/Resources {resources} 0 R"
        f"/Kids[{' '.join(f'{parent + 1 + at} 0 R' for at in range(len(made)))}]>>"
    )
    numbers = [
        file.add(f"<</Type/Page/Parent {parent} 0 R/Contents {content} 0 R/StructParents {at}/Tabs/S>>")
        for at, content in enumerate(contents)
    ]
    tree = trees.write_structure(file, structure, marked, numbers)
    outlines = trees.write_bookmarks(file, structure, marked, numbers)
    xmp = trees.write_metadata(file, sheet.title, sheet.language)
    shown = f"<</DisplayDocTitle true{'/Direction/R2L' if sheet.is_rtl else ''}>>"
    root = file.add(
        f"<</Type/Catalog/Pages {parent} 0 R/Lang({sheet.language})/MarkInfo<</Marked true>>{outlines}"
        f"/StructTreeRoot {tree} 0 R/Metadata {xmp} 0 R/ViewerPreferences{shown}>>"
    )
    info = file.add(f"<</Title{text_string(sheet.title)}>>")
    return file.written(root, info)


def _fonts(file: PdfFile, made: Sequence[Page]) -> dict[Face, Font]:
    """Embed the faces used, in order of first use."""
    used: dict[Face, dict[int, Glyph]] = {}
    for glyph in {glyph: None for page in made for line in _lines(page) for glyph in line.glyphs}:
        used.setdefault(glyph.face, {}).setdefault(glyph.number, glyph)
    return {face: _font(file, f"F{at}", face, found) for at, (face, found) in enumerate(used.items())}


def _font(file: PdfFile, name: str, face: Face, used: dict[int, Glyph]) -> Font:
    data, numbers = face.outlines.subset(used)
    tag = _tag(used)
    is_cff = face.outlines.kind == "CIDFontType0"
    entries = "/Subtype/CIDFontType0C" if is_cff else f"/Length1 {len(data)}"
    program = file.add_stream(data, entries)
    base = f"/BaseFont/{tag}+{face.name}"
    descriptor = file.add(
        f"<</Type/FontDescriptor/FontName/{tag}+{face.name}/Flags 4/ItalicAngle 0/CapHeight 700"
        f"/StemV {140 if face.is_bold else 80}/Ascent {face.ascent}/Descent {face.descent}"
        f"/FontBBox[{' '.join(map(str, face.box))}]/FontFile{'3' if is_cff else '2'} {program} 0 R>>"
    )
    ordered = sorted(used.values(), key=lambda glyph: numbers[glyph.number])
    widths = "".join(f"{numbers[glyph.number]}[{glyph.width}]" for glyph in ordered)
    descendant = file.add(
        f"<</Type/Font/Subtype/{face.outlines.kind}{base}/FontDescriptor {descriptor} 0 R/W[{widths}]"
        f"{'' if is_cff else '/CIDToGIDMap/Identity'}"
        "/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>>>"
    )
    codes = {glyph.number: f"{numbers[glyph.number]:04x}" for glyph in ordered}
    unicode = file.add_stream(_to_unicode(ordered, codes))
    number = file.add(
        f"<</Type/Font/Subtype/Type0{base}/Encoding/Identity-H/DescendantFonts[{descendant} 0 R]"
        f"/ToUnicode {unicode} 0 R>>"
    )
    return Font(name, number, codes)


def _pictures(file: PdfFile, made: Sequence[Page]) -> dict[Raster, str]:
    """Embed each raster picture once. Return its entry in the resources, which begins with its name."""
    rasters = {each.raster: None for page in made for each in page if isinstance(each, PlacedRaster)}
    found = {}
    for at, raster in enumerate(rasters):
        size = f"/Width {raster.width}/Height {raster.height}"
        entries = f"/Type/XObject/Subtype/Image{size}/ColorSpace/DeviceRGB/BitsPerComponent 8"
        found[raster] = f"/I{at} {file.add_deflated(raster.deflated, entries)} 0 R"
    return found


def _listed(pictures: dict[Raster, str]) -> str:
    return f"/XObject<<{''.join(pictures.values())}>>" if pictures else ""


def _tag(used: Iterable[int]) -> str:
    """Return the six-letter subset tag (9.6.4)."""
    digest = hashlib.sha256(repr(sorted(used)).encode()).digest()
    return "".join(chr(ord("A") + octet % 26) for octet in digest[:_TAG_LETTERS])


def _to_unicode(ordered: Sequence[Glyph], codes: dict[int, str]) -> bytes:
    """Return the ToUnicode CMap, so that text can be searched and copied (9.10.3)."""
    rows = [f"<{codes[each.number]}> <{each.letter.encode('utf-16-be').hex()}>\n" for each in ordered]
    parts = [rows[at : at + _CMAP_ROWS] for at in range(0, len(rows), _CMAP_ROWS)]
    lists = (f"{len(part)} beginbfchar\n{''.join(part)}endbfchar\n" for part in parts)
    return _CMAP.format(rows="".join(lists)).encode("ascii")


def _lines(page: Page) -> Iterator[TextLine]:
    return (each.line for each in page if isinstance(each, PlacedLine))


def _content(page: Marked, fonts: dict[Face, Font], pictures: dict[Raster, str]) -> bytes:
    """Return the page's content stream, with each run in a marked-content sequence."""
    said = []
    for mark, run in page.runs:
        said.append(mark)
        for each in run:
            if isinstance(each, PlacedOutlines):
                said.append(_shapes(each))
            elif isinstance(each, PlacedRaster):
                name = pictures[each.raster].partition(" ")[0]
                said.append(
                    f"q {each.width:.2f} 0 0 {each.height:.2f} {each.x:g} {each.y:.2f} cm {name} Do Q\n"
                )
            else:
                said.append(_drawn(each, fonts))
        said.append("EMC\n")
    return "".join(said).encode("ascii")


def _shapes(drawn: PlacedOutlines) -> str:
    """Return the operators for outlines, in a saved graphics state with y flipped."""
    said = [f"q {drawn.scale:.4f} 0 0 {-drawn.scale:.4f} {drawn.x:g} {drawn.y:.2f} cm\n"]
    for opacity, run in groupby(drawn.outlines, lambda outline: outline.ink.opacity):
        said.append(f"/O{round(opacity * 100)} gs\n" if opacity < 1 else "")
        said += map(path_operators, run)
        said.append("/O100 gs\n" if opacity < 1 else "")
    return "".join([*said, "Q\n"])


def _see_through(made: Sequence[Page]) -> str:
    """Return the ExtGState resources for the opacities used (8.4.5). Empty if all are opaque."""
    outlines = (each.outlines for page in made for each in page if isinstance(each, PlacedOutlines))
    found = {round(outline.ink.opacity * 100) for of in outlines for outline in of}
    if found <= {100}:
        return ""
    states = (f"/O{each}<</CA {each / 100:g}/ca {each / 100:g}>>" for each in sorted({*found, 100}))
    return f"/ExtGState<<{''.join(states)}>>"


def _code(sheet: Sheet) -> bytes:
    """Return the rectangles of a QR code in the corner below the ends of lines, merging dark modules."""
    rows = sheet.code
    if not rows:
        return b""
    x = MARGIN if sheet.is_rtl else WIDTH - MARGIN - CODE
    module = CODE / len(rows)
    drawn = []
    for down, row in enumerate(rows, 1):
        at = 0
        for is_dark, run in groupby(row):
            length = len(list(run))
            if is_dark:
                drawn.append(f"{at} {len(rows) - down} {length} 1 re\n")
            at += length
    moved = f"{module:.4f} 0 0 {module:.4f} {x:g} {_CODE_ABOVE:g} cm"
    return f"/Artifact BMC\nq {moved} 0 g\n{''.join(drawn)}f Q\nEMC\n".encode("ascii")


def _drawn(placed: PlacedLine, fonts: dict[Face, Font]) -> str:
    """Return the operators for one line. Bold without a bold face is synthesised by a thin stroke (9.3.6)."""
    look, ink = placed.look, rgb_components(placed.look.colour)
    said = [f"BT {ink} rg {placed.x:g} {round(placed.y, 2):g} Td\n"]
    for (face, is_mark), found in groupby(placed.line.glyphs, lambda glyph: (glyph.face, bool(glyph.meant))):
        font, run = fonts[face], list(found)
        drawn = f"/{font.name} {look.size:g} Tf {_shown(run, font, placed)}"
        if look.is_bold and not face.is_bold:
            drawn = f"{ink} RG {look.size / 50:.2f} w 2 Tr {drawn}0 Tr\n"
        said += _read_as("".join(glyph.meant for glyph in run), [drawn]) if is_mark else [drawn]
    said.append("ET\n")
    if placed.line.said is not None:
        said = _read_as(placed.line.said, said)
    return "".join(said)


def _read_as(text: str, drawn: Sequence[str]) -> list[str]:
    """Wrap operators with ActualText, the text that is read aloud and copied (14.9.4)."""
    return [f"/Span<</ActualText{text_string(text)}>>BDC\n", *drawn, "EMC\n"]


def _shown(run: Sequence[Glyph], font: Font, placed: PlacedLine) -> str:
    """Return the operators that show glyphs, consecutive or individually positioned."""
    if run[0].at is None:
        return f"<{''.join([font.codes[glyph.number] for glyph in run])}> Tj\n"
    shown = []
    for glyph in run:
        right, up = glyph.at or (0.0, 0.0)
        place = f"{placed.x + right:.2f} {placed.y + up:.2f}"
        shown.append(f"1 0 0 1 {place} Tm <{font.codes[glyph.number]}> Tj\n")
    return "".join(shown)
