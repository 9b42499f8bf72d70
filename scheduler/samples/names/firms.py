"""FirmNamer: unique names of firms, each with its Latin form, its city and its web domain."""

from __future__ import annotations

from dataclasses import dataclass

from scheduler.samples.dice import Dice
from scheduler.samples.names.latin import slug
from scheduler.samples.names.tables import CountryTable, Part, avoided_names, country_table

TRIES = 400


@dataclass(frozen=True, slots=True)
class FirmName:
    """`short` is what the firm is called in a sentence, in ASCII; `city` likewise. Both also as at home."""

    native: str
    latin: str
    short: str
    city: str
    domain: str
    short_native: str
    city_native: str


class FirmNamer:
    """Names firms; no native name, Latin name or domain is given twice."""

    def __init__(self, dice: Dice) -> None:
        self.dice = dice
        self.taken: set[str] = set()
        self.domains: set[str] = set()

    def name(self, country: str, area: str) -> FirmName:
        """A new name for a firm of this country and chain area."""
        table = country_table(country)
        for _ in range(TRIES):
            stem = self.stem(table)
            word, city = self.dice.pick(table.words[area]), self.dice.pick(table.cities)
            full = self.full_name(table, stem, word, city)
            if self.is_free(full):
                self.taken |= {full.native, full.latin.lower()}
                domain = self.domain(stem, word, city)
                return FirmName(
                    full.native, full.latin, stem.latin, city.latin, domain, stem.native, city.native
                )
        raise ValueError(f"the names for firms of {table.name} in {area} are used up")

    def stem(self, table: CountryTable) -> Part:
        head, tail = self.dice.pick(table.heads), self.dice.pick(table.tails)
        return Part(
            head.native + table.stem_join + tail.native,
            head.latin + table.stem_join + tail.latin,
        )

    def full_name(self, table: CountryTable, stem: Part, word: Part, city: Part) -> Part:
        pattern = self.dice.pick(table.patterns)
        legal = self.dice.weighted([(choice.part, choice.weight) for choice in table.legal])
        pieces = {"stem": stem, "word": word, "city": city, "legal": legal}
        return Part(
            pattern.native.format(**{key: piece.native for key, piece in pieces.items()}),
            pattern.latin.format(**{key: piece.latin for key, piece in pieces.items()}),
        )

    def is_free(self, full: Part) -> bool:
        if full.native in self.taken or full.latin.lower() in self.taken:
            return False
        return avoided_names().brands.isdisjoint(slug(full.latin, " ").split())

    def domain(self, stem: Part, word: Part, city: Part) -> str:
        """The shortest domain under .example (RFC 2606) that is still free."""
        base = slug(stem.latin)
        names = [base, f"{base}-{slug(word.latin)}", f"{base}-{slug(city.latin)}"]
        number = 2
        while names[0] in self.domains:
            names = names[1:] or [f"{base}{number}"]
            number += len(names) == 1
        self.domains.add(names[0])
        return f"{names[0]}.example"
