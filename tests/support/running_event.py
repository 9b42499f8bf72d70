"""A running event: a firm with several people, with meetings all day in halls minutes apart."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from scheduler.domain.entities import Tier
from scheduler.domain.plan import Meeting
from scheduler.storage.models import MeetingRequest
from tests.support.factories import (
    Expo,
    make_event,
    make_firm,
    make_interpreter,
    make_request,
    meet,
)
from tests.support.publishing import draft, publish, send_all

AREAS = ("energy", "vehicles", "digital", "healthy", "agriculture", "manufacturing", "services")
PARTNERS = (
    ("杭州霁岚机器视觉有限公司", "Hangzhou Jilan Machine Vision Co., Ltd.", "CN", "宋晚晴", "Song Wanqing"),
    (
        "Akarattyai Villamos Hajtás Zrt.",
        "Akarattyai Villamos Hajtas Zrt.",
        "HU",
        "Bánhegyi Ákos",
        "Banhegyi Akos",
    ),
    ("Montferrail Mobilité SAS", "Montferrail Mobilite SAS", "FR", "Élodie Marchand", "Elodie Marchand"),
    ("南平潭溪铸造有限公司", "Nanping Tanxi Castings Co., Ltd.", "CN", "顾念慈", "Gu Nianci"),
)


@dataclass
class Fair:
    """A running event. Firm 0 is ours. `start` is the start of the first meeting."""

    expo: Expo
    requests: list[MeetingRequest]
    meetings: list[Meeting]
    start: datetime


def make_fair(
    session: Session, *, people: int = 1, each: int = 4, days: int = 2, slots: int = 6, told: bool = False
) -> Fair:
    """Create `people` of our firm with `each` meetings, spread over the days, each with another firm.

    The first partner speaks Chinese and needs an interpreter. `told`: all invitations were sent.
    """
    expo = make_event(
        session,
        firms=0,
        slots=" ".join([str(slots)] * days),
        halls=3,
        tables=6,
        walking=9,
        areas={key: key.title() for key in AREAS},
    )
    make_firm(
        session, expo, people=people, name="Ulmenbrücker AG", latin_name="Ulmenbrucker AG", country="DE"
    )
    interpreter = make_interpreter(session, expo, name="叶知秋", latin_name="Ye Zhiqiu")
    requests: list[MeetingRequest] = []
    meetings: list[Meeting] = []
    for person in range(people):
        for number in range(each):
            requests.append(_ask(session, expo, len(requests)))
            day, place = number % days, (person + number) % 6
            partner = expo.people[-1][0]
            meetings.append(
                meet(
                    requests[-1],
                    expo,
                    slot=day * slots + (number // days) % slots,
                    place=expo.tables[place],
                    people=[expo.people[0][person], partner],
                    interpreter=interpreter if len(requests) == 1 else None,
                )
            )
    number = draft(session, expo, meetings)
    publish(session, expo, number, None)
    if told:
        send_all(session, expo)
    return Fair(expo, requests, meetings, expo.slots[0].start)


def _ask(session: Session, expo: Expo, number: int) -> MeetingRequest:
    name, latin, country, person, person_latin = PARTNERS[number % len(PARTNERS)]
    make_firm(
        session,
        expo,
        name=name,
        latin_name=latin,
        country=country,
        tier=list(Tier)[number % 3],
        areas=[AREAS[number % len(AREAS)]],
    )
    partner = expo.people[-1][0]
    partner.name, partner.latin_name, partner.title = person, person_latin, "Export Sales Director"
    partner.languages = ["zh", "en"] if country == "CN" else ["en", "fr"]
    partner.phone = "+86 571 5550 0100"
    session.flush()
    return make_request(session, expo, 0, len(expo.firms) - 1, topic="Cell presses")


def before(fair: Fair, **ahead: int) -> datetime:
    """Return a time before the first meeting."""
    return fair.start - timedelta(**ahead)
