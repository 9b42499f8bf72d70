"""A five-day supply chain expo, invented from a seed: the demo event, in any size."""

from __future__ import annotations

from datetime import date, timedelta

from scheduler.domain.entities import RequestState
from scheduler.domain.problem import Policy
from scheduler.samples.event import SampleArea, SampleEvent, SampleInterpreter, SamplePerson
from scheduler.samples.firms import HOST, make_exhibition
from scheduler.samples.names.tables import country_table
from scheduler.samples.people import LANGUAGES, make_attendees, make_interpreters
from scheduler.samples.requests import make_requests
from scheduler.samples.texts.tables import load_areas
from scheduler.samples.venue import make_halls, make_slots, make_tables, make_walks

TIMEZONE = "Asia/Shanghai"
DAYS = 5
START = date(2027, 6, 22)


def make_expo(
    *,
    firms: int = 620,
    requests: int = 9000,
    seed: int = 1,
    start: date = START,
    guest_country: str = "HU",
    overseas_share: float = 0.32,
    pending_share: float = 0.08,
    declined_share: float = 0.05,
    withdrawn_share: float = 0.03,
    expired_share: float = 0.02,
) -> SampleEvent:
    """The same event for the same arguments, on every machine; the rest of the requests is accepted.

    Raises ValueError for less than two firms, more requests than pairs of firms, shares that do not
    add up, or a guest country without a table of names.
    """
    if firms < 2 or requests < 0 or not 0 <= overseas_share <= 1:
        raise ValueError("an expo needs two firms, no less than 0 requests and an overseas share from 0 to 1")
    if guest_country == HOST:
        raise ValueError(f"the guest country cannot be the host, {HOST}")
    country_table(guest_country)
    days = tuple(start + timedelta(days=i) for i in range(DAYS))
    slots, halls = make_slots(days, TIMEZONE), make_halls(firms)
    exhibition = make_exhibition(seed, firms, halls, overseas_share, guest_country)
    attendees = make_attendees(seed, exhibition, slots)
    interpreters = make_interpreters(seed, attendees, firms, slots)
    shares = {
        RequestState.PENDING: pending_share,
        RequestState.DECLINED: declined_share,
        RequestState.WITHDRAWN: withdrawn_share,
        RequestState.EXPIRED: expired_share,
    }
    return SampleEvent(
        key=f"expo-{start.year}",
        name=f"Heron Bay Supply Chain Expo {start.year}",
        timezone=TIMEZONE,
        languages=spoken_languages(attendees, interpreters),
        start_date=start,
        days=days,
        guest_country=guest_country,
        areas=tuple(SampleArea(area.key, area.name, area.names) for area in load_areas().values()),
        slots=slots,
        halls=halls,
        walking=make_walks(halls),
        tables=make_tables(halls, firms),
        booths=exhibition.booths,
        firms=exhibition.firms,
        attendees=attendees,
        interpreters=interpreters,
        requests=make_requests(seed, exhibition, group_by_firm(attendees), slots, requests, shares),
        policy=Policy(fair_share=0.5),
    )


def group_by_firm(attendees: tuple[SamplePerson, ...]) -> dict[str, tuple[SamplePerson, ...]]:
    people: dict[str, list[SamplePerson]] = {}
    for person in attendees:
        people.setdefault(person.firm_key, []).append(person)
    return {key: tuple(members) for key, members in people.items()}


def spoken_languages(
    attendees: tuple[SamplePerson, ...], interpreters: tuple[SampleInterpreter, ...]
) -> dict[str, str]:
    """The languages that somebody at the event speaks, with their English names."""
    mixes = [person.languages for person in attendees] + [person.languages for person in interpreters]
    codes = {code for mix in mixes for code in mix}
    return {code: name for code, name in LANGUAGES.items() if code in codes}
