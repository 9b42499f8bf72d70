"""What a firm says of itself, and what one firm writes to another."""

from __future__ import annotations

from dataclasses import dataclass

from scheduler.domain.entities import Tier
from scheduler.samples.dice import Dice
from scheduler.samples.event import SampleFirm
from scheduler.samples.names.firms import FirmName
from scheduler.samples.texts.tables import load_areas, load_phrases, load_translations

CHAIN = (Tier.UPSTREAM, Tier.MIDSTREAM, Tier.DOWNSTREAM)


@dataclass(frozen=True, slots=True)
class SampleLetter:
    """The topic and the message of a request."""

    topic: str
    message: str


@dataclass(frozen=True, slots=True)
class SampleText:
    """What a firm says of itself, and what is true of it: `denied` it neither offers nor needs."""

    description: str
    needs: tuple[str, ...]
    denied: tuple[str, ...]


def language_of(country: str) -> str:
    """The language in which a firm of a country describes itself."""
    return {"CN": "zh", "HU": "hu"}.get(country, "en")


def describe_firm(
    dice: Dice,
    name: FirmName,
    language: str,
    tier: Tier,
    area: str,
    products: tuple[str, ...],
    needs: tuple[str, ...],
    denied: tuple[str, ...],
) -> SampleText:
    """A few sentences about a firm with two `products` and two `needs`, which it lists in its own words."""
    about = load_phrases()["about"][language]
    is_latin = language == "en"
    words = {
        "short": name.short if is_latin else name.short_native,
        "city": name.city if is_latin else name.city_native,
        "customers": translated_thing(dice.pick(load_areas()[area].customers), language, "customers"),
        **of_things(language, a=products[0], b=products[1]),
    }
    lead = fill_phrase(dice.pick(about["lead"][tier.value]), words)
    more = dice.pick(about["more"]).format(
        year=dice.between(1951, 2021),
        staff=dice.pick((18, 35, 60, 90, 120, 180, 240, 350, 500, 800, 1200, 2400)),
        reach=dice.between(4, 60),
        export=5 * dice.between(3, 18),
        partners=dice.pick(about["partners"][tier.value]),
    )
    wanted = fill_phrase(dice.pick(about["needs"]), of_things(language, a=needs[0], b=needs[1]))
    kind = dice.pick(("needs_not", "makes_not"))
    other = [fill_phrase(dice.pick(about[kind]), of_things(language, c=each)) for each in denied]
    space = "" if language == "zh" else " "
    return SampleText(
        description=space.join(part for part in (lead, wanted, *other, more) if part),
        needs=tuple(translated_thing(each, language) for each in needs),
        denied=denied,
    )


def translated_thing(thing: str, language: str, kind: str = "products", form: str = "") -> str:
    """What a product or a customer of the tables is called in a language."""
    if language == "en":
        return thing
    words = load_translations()[kind][thing]
    return words.get(f"{language}{form}", words[language])


def of_things(language: str, **things: str) -> dict[str, str]:
    """Products by the name of their place in a phrase, also as the object of a verb."""
    found = {place: translated_thing(thing, language) for place, thing in things.items()}
    return found | {
        f"{place}_object": translated_thing(thing, language, form="_object")
        for place, thing in things.items()
    }


def fill_phrase(phrase: str, words: dict[str, str]) -> str:
    return phrase.format(**words, **{f"{place}_cap": capitalised(word) for place, word in words.items()})


def write_letter(dice: Dice, sender: SampleFirm, receiver: SampleFirm) -> SampleLetter:
    """What `sender` writes: it offers down the chain, asks up the chain, or reaches across areas."""
    if set(sender.areas) & set(receiver.areas) and sender.tier is not receiver.tier:
        kind = "offer" if CHAIN.index(sender.tier) < CHAIN.index(receiver.tier) else "ask"
    else:
        kind = "across"
    item = dice.pick((sender if kind == "offer" else receiver).products)
    words = {
        "item": item,
        "item_cap": capitalised(item),
        "area": load_areas()[sender.areas[0]].name.lower(),
    }
    return SampleLetter(
        topic=dice.pick(load_phrases()["topic"][kind]).format(**words),
        message=dice.pick(load_phrases()["message"][kind]).format(**words),
    )


def capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]
