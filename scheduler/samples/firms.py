"""The firms of an invented event and their booths."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from scheduler.domain.entities import Tier
from scheduler.samples.dice import Dice, quotas
from scheduler.samples.event import SampleBooth, SampleFirm, SampleHall
from scheduler.samples.names.firms import FirmNamer
from scheduler.samples.names.tables import country_table
from scheduler.samples.texts.tables import areas
from scheduler.samples.texts.writer import describe

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
PAVILION_FLOOR = 4


@dataclass(frozen=True, slots=True)
class Exhibition:
    """Firms with their booths; by position: people to send, domain, and how sought-after each is."""

    firms: tuple[SampleFirm, ...]
    booths: tuple[SampleBooth, ...]
    staff: tuple[int, ...]
    domains: tuple[str, ...]
    fame: tuple[float, ...]


def make_exhibition(
    seed: int, count: int, halls: tuple[SampleHall, ...], overseas_share: float, guest: str
) -> Exhibition:
    """`count` firms: a share from overseas, the guest country in one hall, areas with home halls."""
    dice = Dice(seed, "firms")
    countries = dice.shuffled(list_countries(count, overseas_share, guest))
    tiers = dice.shuffled(spread(count, [(tier, 1.0) for tier in Tier]))
    main_areas = dice.shuffled(spread(count, list(AREA_WEIGHTS.items())))
    fame = tuple(1.0 + dice.heavy_tail(alpha=1.6, most=90.0) for _ in range(count))
    staff = make_staff(dice, fame)
    placed = place_firms(dice, countries, main_areas, halls, guest)
    namer, wording = FirmNamer(Dice(seed, "firm names")), Dice(seed, "descriptions")
    firms, booths, domains = [], [], []
    for i in range(count):
        name = namer.name(countries[i], main_areas[i])
        products = tuple(wording.sample(areas()[main_areas[i]].products[tiers[i]], 2))
        firms.append(
            SampleFirm(
                key=key_of(i, count),
                name=name.native,
                latin_name=name.latin,
                country=countries[i],
                tier=tiers[i],
                areas=with_second_area(dice, main_areas[i]),
                hall=placed[i][0],
                booth_key=placed[i][1],
                pavilion=f"{country_table(guest).name} Pavilion" if countries[i] == guest else None,
                description=describe(wording, name, tiers[i], main_areas[i], products),
                website=f"https://www.{name.domain}",
                max_per_day=8 * staff[i] if dice.chance(DAY_LIMIT_SHARE) else None,
                min_meetings=PAVILION_FLOOR if countries[i] == guest else 0,
                products=products,
            )
        )
        booths.append(SampleBooth(placed[i][1], placed[i][0], key_of(i, count), 2 if staff[i] >= 3 else 1))
        domains.append(name.domain)
    return Exhibition(tuple(firms), tuple(booths), staff, tuple(domains), fame)


def key_of(i: int, count: int) -> str:
    return f"f{i + 1:0{max(4, len(str(count)))}d}"


def list_countries(count: int, overseas_share: float, guest: str) -> list[str]:
    """The country of each firm, unshuffled; the guest has more firms than it would as a visitor."""
    overseas = round(count * overseas_share)
    guests = min(overseas, max(1, round(count * GUEST_SHARE))) if overseas else 0
    visitors = [(code, float(weight)) for code, weight in VISITORS.items() if code != guest]
    return [HOST] * (count - overseas) + [guest] * guests + spread(overseas - guests, visitors)


def spread(total: int, weights: Sequence[tuple[T, float]]) -> list[T]:
    """Each item as often as its quota."""
    return [item for item, share in quotas(total, weights) for _ in range(share)]


def with_second_area(dice: Dice, area: str) -> tuple[str, ...]:
    others = [key for key in AREA_WEIGHTS if key != area]
    return (area, dice.pick(others)) if dice.chance(SECOND_AREA) else (area,)


def make_staff(dice: Dice, fame: tuple[float, ...]) -> tuple[int, ...]:
    """How many people each firm sends: one to four, more of them from sought-after firms as a rule."""
    scores = sorted(((value * dice.unit() ** 2, i) for i, value in enumerate(fame)), reverse=True)
    staff = [1] * len(fame)
    for (_, i), people in zip(scores, spread(len(fame), list(STAFF_WEIGHTS)), strict=True):
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
