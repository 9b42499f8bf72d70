"""Hungarian sentences, parsed by clauses: the verb sets the stance of the products, and suffixes refine it.

Word classes are in `hungarian.tsv`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from scheduler.services.directory.glossary import Mention
from scheduler.services.requests.suggestions.parsing.clauses import Said, Stance
from scheduler.services.requests.suggestions.parsing.vocabulary import pattern

_LANGUAGE = "hungarian"
_SEEK, _GIVE, _NOT, _NOT_ONLY, _OTHERS, _YOU, _BUYER = (
    pattern(_LANGUAGE, kind, is_words=True)
    for kind in ("seek", "give", "not", "not_only", "others", "you", "buyer")
)
_MAKER, _OTHER, _PAST, _GAVE_UP, _SOURCE, _CLAUSES = (
    pattern(_LANGUAGE, kind) for kind in ("maker", "other", "past", "gave_up", "source", "clauses")
)
_ADJECTIVE, _OBLIQUE, _ONTO, _OURS, _PEOPLE, _REST, _WITHOUT, _PARTS_NEXT, _FOR = (
    pattern(_LANGUAGE, f"ending_{kind}")
    for kind in ("adjective", "oblique", "onto", "ours", "people", "rest", "without", "parts_next", "for")
)
_NEXT_WORD = re.compile(r"\s+([a-z-]+)")
_WORD = re.compile(r"[a-z-]*")
_MADE = re.compile(r"(?:gyart[ao]s|termel[eo]s|forgalmaz[ao]s|keresked|fejleszt[eo]s|[ae]s+)")


@dataclass(slots=True)
class _Piece:
    """Part of a sentence between two commas or conjunctions."""

    start: int
    end: int
    joint: str
    said: list[Said]
    verb: Stance | None = None
    verb_at: int = 0


def parse_sentence(
    sentence: str, mentions: Sequence[Mention], first: Stance = Stance.OFFERED, accented: str = ""
) -> list[Said]:
    """Return the products of a normalised sentence with their stances. `first` is the default stance.

    `accented` is the sentence with its accents, if the length is equal.
    """
    pieces = _pieces(sentence)
    found: list[Said] = []
    for mention in mentions:
        piece = next((p for p in pieces if p.start <= mention.start < p.end), pieces[-1])
        said = Said(mention.keys, mention.start, mention.end, first)
        piece.said.append(said)
        found.append(said)
    for piece in pieces:
        piece.verb, piece.verb_at = _verb(sentence, piece)
    _share(sentence, pieces, first)
    starts = {each.start for each in mentions}
    for piece in pieces:
        for said in piece.said:
            said.part = _own(sentence, accented or sentence, piece, said, starts)
    return found


def _pieces(sentence: str) -> list[_Piece]:
    found, start, joint = [], 0, ""
    for match in _CLAUSES.finditer(sentence):
        found.append(_Piece(start, match.start(), joint, []))
        start, joint = match.end(), match.group().strip()
    found.append(_Piece(start, len(sentence), joint, []))
    return found


def _verb(sentence: str, piece: _Piece) -> tuple[Stance | None, int]:
    """Return the stance that a clause's verb sets, and its position; None without a verb."""
    text = sentence[piece.start : piece.end]
    is_not = bool(_NOT.search(_NOT_ONLY.sub("", text)))
    gave_up = _GAVE_UP.search(text)
    if gave_up:
        return Stance.NEITHER, gave_up.start()
    found = [(match.start(), part) for pattern, part in ((_SEEK, Stance.NEEDED), (_GIVE, Stance.OFFERED))
             for match in pattern.finditer(text)]  # fmt: skip
    if found:
        place, part = max(found)
        needed = next((each for each in found if each[1] is Stance.NEEDED), None)
        if needed and part is Stance.OFFERED and "szallit" in text[place : place + 10]:
            place, part = needed
        if is_not or _OTHERS.search(text) or (_YOU.search(text) and part is Stance.NEEDED):
            return Stance.NEITHER, place
        return part, place
    other = _OTHER.search(text) or _PAST.search(text)
    if other:
        return Stance.NEITHER, other.start()
    maker = _MAKER.search(text)
    if maker:
        return Stance.NEITHER if is_not else Stance.OFFERED, maker.start()
    others = _OTHERS.search(text)
    if is_not or others:
        return Stance.NEITHER, others.start() if others else 0
    return None, 0


def _share(sentence: str, pieces: list[_Piece], first: Stance) -> None:
    """Give clauses without a verb the stance of the next one, or of the previous one if its verb came
    first.
    """
    last: _Piece | None = None
    for place, piece in enumerate(pieces):
        if piece.verb is not None:
            last = piece
            continue
        leads = last is not None and any(s.start >= last.start + last.verb_at for s in last.said)
        following = next((p for p in pieces[place + 1 :] if p.verb is not None), None)
        if piece.joint == "hanem" and last is not None:
            kind = _kind(sentence, last)
            piece.verb, piece.verb_at = kind or first, 0
        elif (leads or following is None) and last is not None:
            piece.verb, piece.verb_at = last.verb, 0
        elif following is not None and following.joint != "hanem":
            piece.verb, piece.verb_at = following.verb, piece.end - piece.start
        else:
            piece.verb = first


def _kind(sentence: str, piece: _Piece) -> Stance | None:
    """Return the stance of a verb without its negation."""
    text = sentence[piece.start : piece.end]
    if _SEEK.search(text):
        return Stance.NEEDED
    return Stance.OFFERED if _GIVE.search(text) else None


def _own(sentence: str, accented: str, piece: _Piece, said: Said, starts: set[int]) -> Stance:
    """Return the stance of a product, considering its suffix and the words after it."""
    part = piece.verb if piece.verb is not None else said.part
    word = _WORD.match(sentence, said.end)
    rest = word.group() if word else ""
    end = said.end + len(rest)
    shown = accented[said.end : end]
    text = sentence[piece.start : piece.end]
    is_need = part is Stance.NEEDED
    if _OURS.search(rest):
        is_aside = part is Stance.NEITHER or _OBLIQUE.search(rest)
        return Stance.OFFERED if is_need else Stance.NEITHER if is_aside else part
    if _FOR.match(sentence, end) or _PEOPLE.search(rest):
        return Stance.NEITHER
    if _ONTO.search(rest):
        return part if is_need and _SOURCE.search(text) else Stance.NEITHER
    if _OBLIQUE.search(rest):
        is_made = _MADE.match(rest) and ("foglalkoz" in text or "vagyunk" in text)
        return part if is_made else Stance.NEITHER
    if _is_adjective(rest, shown) or _WITHOUT.match(rest) or not _REST.match(rest):
        return Stance.NEITHER
    following = _NEXT_WORD.match(sentence, end)
    if following:
        if (not rest and following.start(1) in starts) or _PARTS_NEXT.match(following.group(1)):
            return Stance.NEITHER
        if is_need and _BUYER.match(following.group(1)):
            return Stance.OFFERED
    return part


def _is_adjective(rest: str, shown: str) -> bool:
    """Return True if the suffix forms an adjective ("hajtóműves", "kórházi") and not a noun ("öntözés")."""
    if not _ADJECTIVE.search(rest) or len(rest) > 8:
        return False
    return not shown.endswith(("és", "ás", "ai", "ei"))
