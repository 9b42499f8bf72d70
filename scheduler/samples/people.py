"""The people of an invented event: attendees with their languages and busy times, and interpreters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from scheduler.samples.dice import Dice, apportion
from scheduler.samples.event import SampleFirm, SampleInterpreter, SamplePerson, SampleSlot
from scheduler.samples.firms import HOST, WEBSITE, Exhibition
from scheduler.samples.names.people import PeopleNamer
from scheduler.samples.names.tables import country_table
from scheduler.samples.texts.tables import load_phrases

LANGUAGES = {
    "zh": "Chinese", "en": "English", "ja": "Japanese", "ko": "Korean", "de": "German", "fr": "French",
    "it": "Italian", "es": "Spanish", "pt": "Portuguese", "hu": "Hungarian", "ru": "Russian", "ar": "Arabic",
    "vi": "Vietnamese", "th": "Thai", "tr": "Turkish", "pl": "Polish", "cs": "Czech", "nl": "Dutch",
    "id": "Indonesian", "ms": "Malay", "hi": "Hindi", "sw": "Swahili",
}  # fmt: skip
BRIDGES = ("zh", "en")
DAYS_AWAY = ((0, 75.0), (1, 13.0), (2, 8.0), (3, 4.0))
BUSY_SHARE = 0.1
MEETINGS_A_DAY = 10
SECOND_EXHIBITOR = 0.25
INTERPRETER_DOMAIN = "interpreters.example"
HALF_DAY_SHARE = 0.5
HOME_OF = {
    "en": "GB", "ja": "JP", "ko": "KR", "de": "DE", "fr": "FR", "it": "IT", "es": "ES", "pt": "BR",
    "hu": "HU", "ru": "RU", "ar": "EG", "vi": "VN", "th": "TH",
}  # fmt: skip


def make_attendees(
    seed: int, exhibition: Exhibition, slots: tuple[SampleSlot, ...]
) -> tuple[SamplePerson, ...]:
    """The people whom each firm sends; the first answers for it, in some firms the second as well."""
    dice, namer = Dice(seed, "attendees"), PeopleNamer(Dice(seed, "names of attendees"))
    people = []
    for firm, staff in zip(exhibition.firms, exhibition.staff, strict=True):
        exhibitors = 2 if staff >= 3 or (staff == 2 and dice.chance(SECOND_EXHIBITOR)) else 1
        people += [
            make_person(dice, namer, firm, f"{firm.key}-{'abcd'[i]}", i < exhibitors, slots)
            for i in range(staff)
        ]
    return tuple(people)


def make_person(
    dice: Dice,
    namer: PeopleNamer,
    firm: SampleFirm,
    key: str,
    is_exhibitor: bool,
    slots: tuple[SampleSlot, ...],
) -> SamplePerson:
    name, email = namer.name(firm.country, firm.website.removeprefix(WEBSITE))
    return SamplePerson(
        key=key,
        firm_key=firm.key,
        name=name.native,
        latin_name=name.latin,
        email=email,
        title=make_title(dice, firm, is_exhibitor),
        languages=dice.weighted(country_table(firm.country).languages),
        busy=make_busy(dice, slots),
        max_per_day=MEETINGS_A_DAY,
        is_exhibitor=is_exhibitor,
    )


def make_title(dice: Dice, firm: SampleFirm, is_exhibitor: bool) -> str:
    titles = load_phrases()["exhibitor_titles"] if is_exhibitor else load_phrases()["titles"][firm.tier.value]
    return str(dice.pick(titles))


def make_busy(dice: Dice, slots: tuple[SampleSlot, ...]) -> tuple[str, ...]:
    """Whole days away for one person in four, and one slot in ten taken otherwise; slot keys in order."""
    days = list(dict.fromkeys(slot.start.date() for slot in slots))
    away = set(dice.sample(days, dice.weighted(DAYS_AWAY)))
    return tuple(slot.key for slot in slots if dice.chance(BUSY_SHARE) or slot.start.date() in away)


def make_interpreters(
    seed: int, attendees: Sequence[SamplePerson], firms: int, slots: tuple[SampleSlot, ...]
) -> tuple[SampleInterpreter, ...]:
    """About one for twelve firms: a third between Chinese and English, the rest by the languages missing."""
    dice, namer = Dice(seed, "interpreters"), PeopleNamer(Dice(seed, "names of interpreters"))
    count = max(3, round(firms * 50 / 620))
    people = []
    for i, languages in enumerate(dice.shuffled(interpreter_languages(attendees, count))):
        abroad = HOME_OF[languages[1]] if dice.chance(0.3) else HOST
        name, email = namer.name(abroad, INTERPRETER_DOMAIN)
        blocks = ("am", "pm") if not dice.chance(HALF_DAY_SHARE) else (dice.pick(("am", "pm")),)
        people.append(
            SampleInterpreter(
                key=f"i{i + 1:0{max(3, len(str(count)))}d}",
                name=name.native,
                latin_name=name.latin,
                email=email,
                languages=languages,
                busy=tuple(slot.key for slot in slots if not slot.block.endswith(blocks)),
            )
        )
    return tuple(people)


def interpreter_languages(attendees: Sequence[SamplePerson], count: int) -> list[tuple[str, ...]]:
    """Chinese with English, and with each language by the people who speak neither of the two."""
    missing = Counter(person.languages[0] for person in attendees if not set(BRIDGES) & set(person.languages))
    wanted = sorted(missing.items(), key=lambda item: (-item[1], item[0]))
    between = max(1, round(count / 3)) if wanted else count
    each = wanted[: count - between]
    spare = apportion(count - between - len(each), [(key, float(number)) for key, number in each])
    return [BRIDGES] * between + [("zh", key, "en") for key, more in spare for _ in range(1 + more)]
