"""What a firm says of itself, and what one firm writes to another."""

from __future__ import annotations

from dataclasses import dataclass

from scheduler.domain.entities import Tier
from scheduler.samples.dice import Dice
from scheduler.samples.event import SampleFirm
from scheduler.samples.names.firms import FirmName
from scheduler.samples.texts.tables import areas, phrases

CHAIN = (Tier.UPSTREAM, Tier.MIDSTREAM, Tier.DOWNSTREAM)


@dataclass(frozen=True, slots=True)
class SampleLetter:
    """The topic and the message of a request."""

    topic: str
    message: str


def describe(dice: Dice, name: FirmName, tier: Tier, area: str, products: tuple[str, ...]) -> str:
    """One or two sentences about a firm with two `products`."""
    words = {
        "short": name.short,
        "city": name.city,
        "a": products[0],
        "b": products[1],
        "customers": dice.pick(areas()[area].customers),
    }
    words |= {f"{key}_cap": capitalised(words[key]) for key in ("a", "customers")}
    lead = dice.pick(phrases()["lead"][tier.value]).format(**words)
    more = dice.pick(phrases()["more"]).format(
        year=dice.between(1951, 2021),
        staff=dice.pick((18, 35, 60, 90, 120, 180, 240, 350, 500, 800, 1200, 2400)),
        reach=dice.between(4, 60),
        export=5 * dice.between(3, 18),
        partners=dice.pick(phrases()["partners"][tier.value]),
    )
    return f"{lead} {more}".strip()


def letter(dice: Dice, sender: SampleFirm, receiver: SampleFirm) -> SampleLetter:
    """What `sender` writes: it offers down the chain, asks up the chain, or reaches across areas."""
    if set(sender.areas) & set(receiver.areas) and sender.tier is not receiver.tier:
        kind = "offer" if CHAIN.index(sender.tier) < CHAIN.index(receiver.tier) else "ask"
    else:
        kind = "across"
    item = dice.pick((sender if kind == "offer" else receiver).products)
    words = {
        "item": item,
        "item_cap": capitalised(item),
        "area": areas()[sender.areas[0]].name.lower(),
    }
    return SampleLetter(
        topic=dice.pick(phrases()["topic"][kind]).format(**words),
        message=dice.pick(phrases()["message"][kind]).format(**words),
    )


def capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]
