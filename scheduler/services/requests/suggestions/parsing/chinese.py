"""Chinese sentences: a verb sets the stance of the products after it; the words after a product refine its
own.

Word classes are in `chinese.tsv`, named by the handlers that process them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from scheduler.services.directory.glossary import Mention
from scheduler.services.requests.suggestions.parsing.clauses import Clause, Said, Stance
from scheduler.services.requests.suggestions.parsing.vocabulary import pattern, pattern_table

_LANGUAGE = "chinese"
_MARK = re.compile(
    "|".join(
        f"(?P<{kind}>{words})" for kind, words in pattern_table(_LANGUAGE).items() if not kind.startswith("~")
    )
)
_AND, _HEADS = pattern(_LANGUAGE, "~and"), pattern(_LANGUAGE, "~heads")
_PEOPLE, _MADE_FOR = pattern(_LANGUAGE, "~people"), pattern(_LANGUAGE, "~made_for")
_DENIED_AFTER, _SOUGHT_AFTER = (
    pattern(_LANGUAGE, "~denied_after"),
    pattern(_LANGUAGE, "~sought_after"),
)
_HAN = re.compile("[\u3400-\u9fff]")
_OUR = "我们", "我司", "本公司"
_MAKERS = "厂", "商", "厂家", "企业", "公司", "集团"


def parse_sentence(sentence: str, mentions: Sequence[Mention], first: Stance = Stance.OFFERED) -> list[Said]:
    """Return the products of a normalised sentence with their stances. `first` is the default stance."""
    return _Reader(sentence, mentions, first).said


class _Reader:
    """State of the parser within a sentence."""

    def __init__(self, sentence: str, mentions: Sequence[Mention], first: Stance) -> None:
        self.sentence, self.mentions, self.first = sentence, mentions, first
        self.part, self.outer = first, None
        self.is_not = self.is_theirs = False
        self.since = self.customers = 0
        """Products since the last verb, and since the last word for customers."""
        self.clause, self.said = Clause(), list[Said]()
        marks = [mark for mark in _MARK.finditer(sentence) if not self._is_inside(mark)]
        events: list[Mention | re.Match[str]] = [*mentions, *marks]
        for event in sorted(events, key=_place):
            if isinstance(event, Mention):
                self._name(event)
            else:
                getattr(self, f"_on_{event.lastgroup}")(event.group())

    outer: Stance | None
    """Stance of a product after 的 that follows customers: 面向医院的绷带."""

    def _is_inside(self, mark: re.Match[str]) -> bool:
        return any(each.start < mark.end() and mark.start() < each.end for each in self.mentions)

    def _name(self, mention: Mention) -> None:
        before = self.sentence[: mention.start]
        if self.outer is not None and self.customers and before.endswith("的"):
            self.part, self.outer = self.outer, None
        self.customers += 1
        part = self._whole(mention)
        if self.part is self.first and not self.since:
            part = self._before_verb(mention, part)
        if before.endswith(("非", "无", "不含", "除")):
            part = Stance.NEITHER
        said = Said(mention.keys, mention.start, mention.end, part)
        self.said.append(said)
        self.clause.said.append(said)
        self.since += 1

    def _whole(self, mention: Mention) -> Stance:
        """Return the stance of a product, considering the words after it: 电池 in 电池外壳 is NEITHER."""
        rest, starts = self.sentence[mention.end :], {each.start for each in self.mentions}
        if mention.end in starts or _MADE_FOR.match(rest):
            return Stance.NEITHER
        if _PEOPLE.match(rest):
            return Stance.OFFERED if self.part is Stance.NEEDED else Stance.NEITHER
        if _ends(rest):
            return self.part
        heads = _HEADS.match(rest)
        if heads is None:
            return self.part if _MARK.match(rest) else Stance.NEITHER
        after, is_maker = rest[heads.end() :], heads.group().endswith(_MAKERS)
        if mention.end + heads.end() in starts and not is_maker:
            return Stance.NEITHER
        is_whole = _ends(after) or (_MARK.match(after) and not after.startswith("的"))
        return self.part if is_whole or is_maker or heads.group().endswith("项目") else Stance.NEITHER

    def _before_verb(self, mention: Mention, part: Stance) -> Stance:
        """Return the stance of a product that precedes its verb: 电池我们不再生产, 轴承求购."""
        rest = self.sentence[mention.end :]
        if _DENIED_AFTER.match(rest):
            return Stance.NEITHER
        sought = _SOUGHT_AFTER.match(rest)
        if part is Stance.OFFERED and sought:
            return Stance.NEEDED if not _HAN.match(rest[sought.end() :]) else Stance.NEITHER
        return part

    def _verb(self, part: Stance) -> None:
        self.part, self.since, self.is_not = Stance.NEITHER if self.is_not else part, 0, False

    def _on_only(self, word: str) -> None:
        pass

    def _on_not(self, word: str) -> None:
        self.is_not, self.part = True, Stance.NEITHER

    def _on_others(self, word: str) -> None:
        self.is_theirs, self.is_not = True, False
        self.part = self.part if self.part is Stance.NEEDED else Stance.NEITHER

    def _on_seek(self, word: str) -> None:
        self._verb(Stance.NEITHER if self.is_theirs else Stance.NEEDED)

    def _on_give(self, word: str) -> None:
        is_within = self.part is Stance.NEEDED and not self.since and not self.is_not  # 寻求生产轴承的企业
        if is_within or (self.is_not and word.endswith("的")):
            return
        self._verb(Stance.OFFERED)
        self.is_theirs = self.is_theirs and not word.startswith(_OUR)

    def _on_beside(self, word: str) -> None:
        if self.part is Stance.NEEDED and (not self.since or word in ("来自", "用于")):
            return
        self.outer, self.customers = self.part if self.part is not Stance.NEITHER else self.outer, 0
        self.part = Stance.NEITHER

    def _on_asked(self, word: str) -> None:
        """Products before this word belong to customers: 医院信赖我们的绷带."""
        self.clause.turn(Stance.NEITHER)
        self.part, self.is_theirs, self.since = self.first, False, 0

    def _on_but(self, word: str) -> None:
        if self.is_not:
            self.part, self.is_not = self.first, False
        self.clause = Clause()

    def _on_we(self, word: str) -> None:
        self.is_theirs = False
        if not self.is_not and self.part is Stance.NEITHER:
            self.part = self.first

    def _on_comma(self, word: str) -> None:
        if word == "," and (not self.since or self.part is Stance.NEITHER):
            self.part = self.first
        self.is_not = False
        self.since = self.since if word == "," else 0
        self.clause = Clause()


def _place(event: Mention | re.Match[str]) -> tuple[int, int]:
    return (event.start, 1) if isinstance(event, Mention) else (event.start(), 0)


def _ends(rest: str) -> bool:
    return not rest or bool(_AND.match(rest)) or not _HAN.match(rest)
