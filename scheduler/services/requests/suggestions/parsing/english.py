"""English sentences, parsed from left to right: verbs and prepositions set the stance of the products after
them.

Word classes are in `english.tsv`, named by the handlers that process them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from scheduler.services.directory.glossary import Mention
from scheduler.services.requests.suggestions.parsing.clauses import Clause, Said, Stance
from scheduler.services.requests.suggestions.parsing.vocabulary import pattern_table, words

_LANGUAGE = "english"
_MARK = re.compile(
    "|".join(
        rf"(?P<{kind}>\b(?:{words})(?![\w'-]))"
        for kind, words in pattern_table(_LANGUAGE).items()
        if not kind.startswith("~")
    )
)
_HEADS = words(_LANGUAGE, "~heads")
"""A product followed by one of these is still that product, or the firm that makes it."""
_PEOPLE = words(_LANGUAGE, "~people")
"""A product followed by one of these only characterises people."""
_WANTED_PEOPLE = words(_LANGUAGE, "~wanted_people")
_BUYING, _ABOUT = words(_LANGUAGE, "~buying"), words(_LANGUAGE, "~about")
_LITTLE = words(_LANGUAGE, "~little")
"""Function words, which end a product's name."""
_NEXT = re.compile(r"[ -]([a-z']+)")
_HELPER = re.compile(r"\b(?:to|and|or|also|will|would|can|may|not|currently|now|do)$")
_BASE = re.compile(r"(?:look|seek|need|buy|purchase|procure|source|require|want)\b")


def parse_sentence(sentence: str, mentions: Sequence[Mention], first: Stance = Stance.OFFERED) -> list[Said]:
    """Return the products of a normalised sentence with their stances. `first` is the default stance."""
    return _Reader(sentence, mentions, first).said


class _Reader:
    """State of the parser within a sentence."""

    def __init__(self, sentence: str, mentions: Sequence[Mention], first: Stance) -> None:
        self.sentence, self.mentions = sentence, mentions
        self.starts = {each.start for each in mentions}
        self.first = first
        self.part = self.before = first
        self.subject = ""
        self.is_not = self.is_supplied = self.is_bare_verb = False
        self.is_beside = self.is_others_need = False
        self.before_relative: Stance | None = None
        self.open: Stance | None = None
        """Stance of the last verb of a clause, until a product follows."""
        self.verb_end = -1
        self.clause = Clause()
        self.said: list[Said] = []
        for event in self._events():
            if isinstance(event, Mention):
                self._name(event)
            else:
                self._mark(event)
        self._end_clause()

    def _events(self) -> Iterator[Mention | re.Match[str]]:
        waiting = list(self.mentions)
        for match in _MARK.finditer(self.sentence):
            while waiting and waiting[0].start <= match.start():
                yield waiting.pop(0)
            if not any(each.start <= match.start() < each.end for each in self.mentions):
                yield match
        yield from waiting

    def _name(self, mention: Mention) -> None:
        part = self._whole(mention)
        said = Said(mention.keys, mention.start, mention.end, part)
        self.said.append(said)
        self.clause.said.append(said)
        if self.sentence[: mention.start].endswith("non-"):
            said.part = Stance.NEITHER
        self.open = None

    def _whole(self, mention: Mention) -> Stance:
        """Return the stance of a product, considering the words after it: "battery" in "battery separators"
        is NEITHER.
        """
        is_about, end = False, mention.end
        while found := _NEXT.match(self.sentence, end):
            word, start = found.group(1), found.start(1)
            if self.sentence[end] == "-" or start in self.starts or word in _BUYING:
                return Stance.NEITHER
            if word in _PEOPLE:
                return self.part if self.part is Stance.NEEDED and word in _WANTED_PEOPLE else Stance.NEITHER
            if word not in _HEADS:
                is_end = word in _LITTLE or word.endswith("ly") or _MARK.match(self.sentence, start)
                return self.part if is_end else Stance.NEITHER
            if is_about:
                return Stance.NEITHER  # "battery production equipment"
            is_about, end = word in _ABOUT, found.end()
        return Stance.NEITHER if self.sentence[end : end + 1] == "-" else self.part

    def _mark(self, mark: re.Match[str]) -> None:
        name = mark.lastgroup or ""
        getattr(self, f"_on_{name}")(mark)

    def _set(self, part: Stance) -> None:
        """Set the stance of the products after a verb: NEITHER if the verb is negated."""
        if self.is_not:
            part = Stance.NEITHER
        self.part, self.open, self.is_not = part, part, False
        self.is_beside, self.before_relative = False, None

    def _end_clause(self) -> None:
        if self.open in (Stance.NEEDED, Stance.NEITHER) and self.is_bare_verb:
            # "the bearings that we need": the verb ends its clause
            self.clause.turn(self.open, only=Stance.OFFERED)
        self.clause, self.open, self.is_bare_verb = Clause(), None, False

    def _on_not_only(self, mark: re.Match[str]) -> None:
        pass

    def _on_taken(self, mark: re.Match[str]) -> None:
        is_ours = self.subject != "you"
        to = Stance.NEEDED if is_ours and not self.is_not else Stance.NEITHER
        self.clause.turn(to, only=Stance.OFFERED)
        self.part, self.is_not = to, False

    def _on_ours(self, mark: re.Match[str]) -> None:
        if self.is_not:
            self.clause.turn(Stance.NEITHER)

    def _on_gone(self, mark: re.Match[str]) -> None:
        self.clause.turn(Stance.NEITHER)
        self.is_not, self.before, self.part = True, self.part, Stance.NEITHER

    def _on_not(self, mark: re.Match[str]) -> None:
        if self.part is not Stance.NEITHER:
            self.before = self.part
        self.is_not, self.part = True, Stance.NEITHER

    def _on_you(self, mark: re.Match[str]) -> None:
        if self.part is Stance.NEEDED and mark.group() in ("firms", "companies", "those", "anyone", "others"):
            return
        self.subject, self.part, self.is_not = "you", Stance.NEITHER, False

    def _on_asked_of(self, mark: re.Match[str]) -> None:
        """Products before "turn to us for" belong to customers, products after it are offered."""
        self.clause.turn(Stance.NEITHER)
        self.subject, self.part, self.is_supplied, self.verb_end = "", Stance.NEITHER, True, -1

    def _on_source_of(self, mark: re.Match[str]) -> None:
        is_many = mark.group().split()[0].endswith("s")
        if self.is_not or self.is_beside:
            self.part, self.is_not = Stance.NEITHER, False
        elif self.part is Stance.NEEDED or (is_many and self.verb_end >= 0):
            if self.part is not Stance.NEEDED:
                self.part = Stance.NEITHER
        elif is_many and self.subject == "you":
            self.part = Stance.NEITHER
        else:
            self.part, self.subject = Stance.OFFERED, ""

    def _on_buyer_of(self, mark: re.Match[str]) -> None:
        """A firm that looks for distributors of a product offers it."""
        if self.part is Stance.NEEDED:
            self.clause.turn(Stance.NEITHER, only=Stance.NEEDED)
            self.part = Stance.OFFERED
        elif mark.group().startswith(("distributor ", "dealer ", "retailer ")) and not self.is_not:
            self.part = Stance.OFFERED
        else:
            self.subject, self.part = "you", Stance.NEITHER

    def _on_our(self, mark: re.Match[str]) -> None:
        if self.is_others_need:
            self.part = Stance.OFFERED  # "hospitals need our bandages"
        elif self.part is Stance.NEEDED:
            self.part = Stance.NEITHER  # "we buy our castings abroad"

    def _on_need(self, mark: re.Match[str]) -> None:
        word, before = mark.group(), self.sentence[: mark.start()].rstrip()
        if word in _BUYING and self.said and self.said[-1].end == len(before):
            self.part = Stance.NEITHER  # "hospital procurement"
        elif word in (*_BUYING, "buying") and self.verb_end == len(before):
            self.part = Stance.NEITHER  # "we offer sourcing"
        elif self.subject == "you" or self._is_of_others(word, before):
            self.clause.turn(Stance.NEITHER, only=Stance.OFFERED)
            self.subject = "you"
            self._set(Stance.NEITHER)
            self.is_others_need = True
        else:
            self._set(Stance.NEEDED)
            self.is_bare_verb = self.subject == "we"

    def _is_of_others(self, word: str, before: str) -> bool:
        """Return True if a verb of needing has a subject of its own: "hospitals need bandages"."""
        if self.subject == "we" or not before or before.endswith((",", ":")):
            return False
        return bool(_BASE.fullmatch(word.split(maxsplit=1)[0])) and not _HELPER.search(before)

    def _on_offer(self, mark: re.Match[str]) -> None:
        word, before = mark.group(), self.sentence[: mark.start()].rstrip()
        if re.match(r" (?:us|me)\b", self.sentence[mark.end() :]):
            self._set(Stance.NEEDED)
            return
        is_for_doing = self.part is Stance.NEEDED and word.endswith("ing") and before.endswith("for")
        is_denied_too = self.open is Stance.NEITHER and before.endswith((" or", " nor"))
        if before.endswith(("that", "which", "who")):
            self.part = self.before_relative or self.part  # the maker of a product gets the product's stance
        else:
            is_none = self.subject == "you" or is_for_doing or is_denied_too
            self._set(Stance.NEITHER if is_none else Stance.OFFERED)
            self.is_bare_verb = self.subject == "we"
            self.is_supplied = word.startswith(("suppl", "provid"))
        self.verb_end = mark.end()

    def _on_made(self, mark: re.Match[str]) -> None:
        if self.subject == "we":
            self.part, self.open, self.is_bare_verb = Stance.NEITHER, Stance.NEITHER, True

    def _on_as_before(self, mark: re.Match[str]) -> None:
        pass

    def _on_relative(self, mark: re.Match[str]) -> None:
        self.before_relative, self.part = self.part, Stance.NEITHER

    def _on_but(self, mark: re.Match[str]) -> None:
        self._end_clause()
        self.part = self.before if self.is_not else self.part
        self.subject = "" if self.subject == "you" else self.subject
        self.is_not = False

    def _on_we(self, mark: re.Match[str]) -> None:
        if mark.group() == "us" or (mark.group() == "it" and self.is_supplied):
            return
        self.subject, self.part, self.is_not = "we", Stance.NEITHER, False
        self.is_beside = self.is_others_need = False
        self.before = self.first

    def _on_list_of(self, mark: re.Match[str]) -> None:
        pass

    def _on_beside(self, mark: re.Match[str]) -> None:
        word = mark.group()
        if self.is_supplied and word == "with":  # "we supply hospitals with bandages"
            for each in self.clause.said:
                each.part = Stance.NEITHER if each.start >= self.verb_end else each.part
            self._set(Stance.OFFERED)
            self.is_supplied = False
        elif self.is_supplied and word == "for" and self.verb_end < 0:  # "hospitals turn to us for bandages"
            self._set(Stance.OFFERED)
            self.is_supplied = False
        else:
            self.is_supplied = self.is_supplied or word.startswith(("serv", "equip"))
            self.part, self.is_beside = Stance.NEITHER, word != "as"
