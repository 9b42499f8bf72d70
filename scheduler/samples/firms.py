"""The firms of an invented event and their booths."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from scheduler.domain.entities import Tier
from scheduler.samples.dice import Dice, apportion
from scheduler.samples.event import SampleBooth, SampleFirm, SampleHall
from scheduler.samples.names.firms import FirmNamer
from scheduler.samples.names.tables import country_table
from scheduler.samples.texts.tables import load_areas
from scheduler.samples.texts.writer import describe_firm, language_of

T = TypeVar("T")

HOST = "CN"
GUEST_SHARE = 0.04
VISITORS = {
    "US": 20, "JP": 18, "DE": 17, "GB": 12, "FR": 11, "KR": 11, "IT": 9, "HU": 6, "ES": 6, "SG": 5, "VN": 5,
    "TH": 5, "IN": 5, "BR": 5, "NL": 4, "PL": 4, "AU": 4, "CA": 4, "TR": 4, "MY": 4, "ID": 4, "AE": 3,
    "RU": 3, "CZ": 3, "MX": 3, "ZA": 3, "SA": 3, "EG": 2, "KE": 2,
}  # fmt: skip
AREA_WEIGHTS = {
    "advanced-manufacturing": 100,
    "smart-vehicles": 95,
    "green-agriculture": 100,
    "clean-energy": 90,
    "digital-technology": 94,
    "healthy-life": 66,
    "supply-chain-services": 75,
}
STAFF_WEIGHTS = ((4, 0.032), (3, 0.092), (2, 0.282), (1, 0.594))
SECOND_AREA = 0.2
AT_HOME_IN_HALL = 0.7
DAY_LIMIT_SHARE = 0.03
MEETINGS_A_PERSON = 8
PAVILION_FLOOR = 4
DENIALS = 0.15
"""Firms that say what they neither offer nor need."""
SUPPLIES: dict[Tier, tuple[tuple[str, Tier], tuple[str, Tier]]] = {
    Tier.UPSTREAM: (("advanced-manufacturing", Tier.MIDSTREAM), ("supply-chain-services", Tier.MIDSTREAM)),
    Tier.MIDSTREAM: (("", Tier.UPSTREAM), ("", Tier.UPSTREAM)),
    Tier.DOWNSTREAM: (("", Tier.MIDSTREAM), ("supply-chain-services", Tier.UPSTREAM)),
}
"""What firms of a tier need: things of an area, or of their own, and of a tier."""
WEBSITE = "https://www."


@dataclass(frozen=True, slots=True)
class Exhibition:
    """Firms with their booths; by position: people to send, and how sought-after each is."""

    firms: tuple[SampleFirm, ...]
    booths: tuple[SampleBooth, ...]
    staff: tuple[int, ...]
    fame: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class FirmSketch:
    """What is drawn of one firm before it has a name; `place` is hall and booth."""

    key: str
    country: str
    tier: Tier
    area: str
    staff: int
    place: tuple[str, str]
    is_guest: bool


def make_exhibition(
    seed: int, count: int, halls: tuple[SampleHall, ...], overseas_share: float, guest: str
) -> Exhibition:
    """`count` firms: a share from overseas, the guest country in one hall, areas with home halls."""
    dice = Dice(seed, "firms")
    fame = tuple(1.0 + dice.heavy_tail(alpha=1.6, most=90.0) for _ in range(count))
    countries = dice.shuffled(list_countries(count, overseas_share, guest))
    sketches = make_sketches(dice, countries, fame, halls, guest)
    namer, wording = FirmNamer(Dice(seed, "firm names")), Dice(seed, "descriptions")
    return Exhibition(
        firms=tuple(make_firm(dice, namer, wording, sketch) for sketch in sketches),
        booths=tuple(make_booth(sketch) for sketch in sketches),
        staff=tuple(sketch.staff for sketch in sketches),
        fame=fame,
    )


def make_sketches(
    dice: Dice, countries: list[str], fame: tuple[float, ...], halls: tuple[SampleHall, ...], guest: str
) -> list[FirmSketch]:
    count = len(countries)
    tiers = dice.shuffled(spread_by_quota(count, [(tier, 1.0) for tier in Tier]))
    main_areas = dice.shuffled(spread_by_quota(count, list(AREA_WEIGHTS.items())))
    staff = make_staff(dice, fame)
    places = place_firms(dice, countries, main_areas, halls, guest)
    return [
        FirmSketch(
            firm_key(i, count), country, tiers[i], main_areas[i], staff[i], places[i], country == guest
        )
        for i, country in enumerate(countries)
    ]


def make_firm(dice: Dice, namer: FirmNamer, wording: Dice, sketch: FirmSketch) -> SampleFirm:
    """A firm with its name, two products, what it needs, and a text about it."""
    name = namer.name(sketch.country, sketch.area)
    products = tuple(wording.sample(load_areas()[sketch.area].products[sketch.tier], 2))
    needed = make_needs(wording, sketch, products)
    denied = make_denials(wording, sketch, (*products, *needed))
    text = describe_firm(
        wording, name, language_of(sketch.country), sketch.tier, sketch.area, products, needed, denied
    )
    hall, booth = sketch.place
    return SampleFirm(
        key=sketch.key,
        name=name.native,
        latin_name=name.latin,
        country=sketch.country,
        tier=sketch.tier,
        areas=add_second_area(dice, sketch.area),
        hall=hall,
        booth_key=booth,
        pavilion=f"{country_table(sketch.country).name} Pavilion" if sketch.is_guest else None,
        description=text.description,
        website=f"{WEBSITE}{name.domain}",
        max_per_day=MEETINGS_A_PERSON * sketch.staff if dice.chance(DAY_LIMIT_SHARE) else None,
        min_meetings=PAVILION_FLOOR if sketch.is_guest else 0,
        products=products,
        needs=text.needs,
        needed=needed,
        denied=denied,
    )


def make_needs(dice: Dice, sketch: FirmSketch, products: tuple[str, ...]) -> tuple[str, ...]:
    """Two things that a firm needs and does not make."""
    found: list[str] = []
    for area, tier in SUPPLIES[sketch.tier]:
        things = load_areas()[area or sketch.area].products[tier]
        found.append(dice.pick([thing for thing in things if thing not in (*products, *found)]))
    return tuple(found)


def make_denials(dice: Dice, sketch: FirmSketch, known: tuple[str, ...]) -> tuple[str, ...]:
    """Of some firms, a thing of their area that they neither make nor need."""
    if not dice.chance(DENIALS):
        return ()
    things = [thing for each in load_areas()[sketch.area].products.values() for thing in each]
    return (dice.pick([thing for thing in things if thing not in known]),)


def make_booth(sketch: FirmSketch) -> SampleBooth:
    """A booth with room for two meetings at once where a firm sends three people or more."""
    hall, booth = sketch.place
    return SampleBooth(booth, hall, sketch.key, capacity=2 if sketch.staff >= 3 else 1)


def firm_key(i: int, count: int) -> str:
    return f"f{i + 1:0{max(4, len(str(count)))}d}"


def list_countries(count: int, overseas_share: float, guest: str) -> list[str]:
    """The country of each firm, unshuffled; the guest has more firms than it would as a visitor."""
    overseas = round(count * overseas_share)
    guests = min(overseas, max(1, round(count * GUEST_SHARE))) if overseas else 0
    visitors = [(code, float(weight)) for code, weight in VISITORS.items() if code != guest]
    return [HOST] * (count - overseas) + [guest] * guests + spread_by_quota(overseas - guests, visitors)


def spread_by_quota(total: int, weights: Sequence[tuple[T, float]]) -> list[T]:
    """Each item as often as its quota."""
    return [item for item, share in apportion(total, weights) for _ in range(share)]


def add_second_area(dice: Dice, area: str) -> tuple[str, ...]:
    others = [key for key in AREA_WEIGHTS if key != area]
    return (area, dice.pick(others)) if dice.chance(SECOND_AREA) else (area,)


def make_staff(dice: Dice, fame: tuple[float, ...]) -> tuple[int, ...]:
    """How many people each firm sends: one to four, more of them from sought-after firms as a rule."""
    scores = sorted(((value * dice.unit() ** 2, i) for i, value in enumerate(fame)), reverse=True)
    staff = [1] * len(fame)
    for (_, i), people in zip(scores, spread_by_quota(len(fame), list(STAFF_WEIGHTS)), strict=True):
        staff[i] = people
    return tuple(staff)


def place_firms(
    dice: Dice, countries: list[str], main_areas: list[str], halls: tuple[SampleHall, ...], guest: str
) -> list[tuple[str, str]]:
    """Hall and booth of each firm: the pavilion in the first hall, most others in their area's halls."""
    room = 1 + (len(countries) * 5) // (len(halls) * 4)
    order = list(AREA_WEIGHTS)
    filled = [0] * len(halls)
    placed = []
    for country, area in zip(countries, main_areas, strict=True):
        home = [h for h in range(len(halls)) if h % len(order) == order.index(area) % len(halls)]
        hall = dice.pick(home) if dice.chance(AT_HOME_IN_HALL) else dice.below(len(halls))
        if country == guest:
            hall = 0
        elif filled[hall] >= room:
            hall = filled.index(min(filled))
        filled[hall] += 1
        placed.append((halls[hall].key, f"{halls[hall].key}-{filled[hall]:03d}"))
    return placed
