"""PeopleNamer: plausible names of people, with Latin forms and unique mail addresses."""

from __future__ import annotations

from scheduler.samples.dice import Dice
from scheduler.samples.names.latin import slug
from scheduler.samples.names.tables import CountryTable, Part, avoided_names, country_table


class PeopleNamer:
    """Names people; no mail address is given twice, and no name twice under one domain."""

    def __init__(self, dice: Dice) -> None:
        self.dice = dice
        self.emails: set[str] = set()

    def name(self, country: str, domain: str) -> tuple[Part, str]:
        """A name of this country and an address at `domain`."""
        table = country_table(country)
        for _ in range(10):
            person = self.draw(table)
            if f"{slug(person.latin, '.')}@{domain}" not in self.emails:
                break
        return person, self.email(person, domain)

    def draw(self, table: CountryTable) -> Part:
        """A name that is no well-known person's."""
        while True:
            side = self.dice.below(2)
            family = self.dice.pick(table.families)[side]
            given = self.dice.pick((table.male, table.female)[side])
            person = Part(
                order_name(given.native, family.native, table.order, table.join),
                order_name(given.latin, family.latin, table.latin_order, " "),
            )
            if person.latin.lower() not in avoided_names().people:
                return person

    def email(self, person: Part, domain: str) -> str:
        local = slug(person.latin, ".")
        address, number = f"{local}@{domain}", 2
        while address in self.emails:
            address, number = f"{local}{number}@{domain}", number + 1
        self.emails.add(address)
        return address


def order_name(given: str, family: str, order: str, join: str) -> str:
    return f"{family}{join}{given}" if order == "family" else f"{given}{join}{family}"
