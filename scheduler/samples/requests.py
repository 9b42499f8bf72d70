"""The meeting requests of an invented event: what is asked, how it stands, and who is named."""

from __future__ import annotations

from collections.abc import Mapping

from scheduler.domain.entities import PlaceWish, RequestState
from scheduler.samples.dice import Dice
from scheduler.samples.event import SamplePerson, SampleRequest, SampleSlot
from scheduler.samples.firms import Exhibition
from scheduler.samples.pairs import make_pairs
from scheduler.samples.texts.tables import load_phrases
from scheduler.samples.texts.writer import write_letter

WEIGHTS = ((1, 20.0), (2, 20.0), (3, 22.0), (4, 19.0), (5, 19.0))
PLACES = ((PlaceWish.BOOTH, 60.0), (PlaceWish.ANY, 20.0), (PlaceWish.TABLE, 20.0))
TWO_SLOTS = 0.048
NAMED = 0.03
ONE_DAY = 0.015


def make_requests(
    seed: int,
    exhibition: Exhibition,
    people_of: Mapping[str, tuple[SamplePerson, ...]],
    slots: tuple[SampleSlot, ...],
    count: int,
    shares: Mapping[RequestState, float],
) -> tuple[SampleRequest, ...]:
    """`count` requests in order of submission; `shares` of them are in each state, the rest accepted."""
    dice, wording = Dice(seed, "requests"), Dice(seed, "letters")
    states = make_states(dice, count, shares)
    width = max(5, len(str(count)))
    requests = []
    for i, (asking, asked) in enumerate(make_pairs(seed, exhibition, count)):
        sender, receiver = exhibition.firms[asking], exhibition.firms[asked]
        text = write_letter(wording, sender, receiver)
        requests.append(
            SampleRequest(
                key=f"r{i + 1:0{width}d}",
                from_firm=sender.key,
                to_firm=receiver.key,
                weight=dice.weighted(WEIGHTS),
                length=2 if dice.chance(TWO_SLOTS) else 1,
                place=dice.weighted(PLACES),
                topic=text.topic,
                message=text.message,
                state=states[i],
                from_attendees=make_named(dice, people_of[sender.key]),
                to_attendees=make_named(dice, people_of[receiver.key]),
                slots=make_allowed(dice, slots),
                note=make_note(wording, states[i]),
            )
        )
    return tuple(requests)


def make_states(dice: Dice, count: int, shares: Mapping[RequestState, float]) -> list[RequestState]:
    """Exactly the shares asked for, rounded, in random order; raises ValueError for impossible ones."""
    if any(share < 0 for share in shares.values()) or sum(shares.values()) > 1:
        raise ValueError(f"shares of requests must be from 0 to 1 together, not {dict(shares)}")
    states = [state for state, share in shares.items() for _ in range(round(count * share))][:count]
    return dice.shuffled(states + [RequestState.ACCEPTED] * (count - len(states)))


def make_named(dice: Dice, people: tuple[SamplePerson, ...]) -> tuple[str, ...]:
    return (dice.pick(people).key,) if dice.chance(NAMED) else ()


def make_allowed(dice: Dice, slots: tuple[SampleSlot, ...]) -> tuple[str, ...] | None:
    """A few requests are for one day only."""
    if not dice.chance(ONE_DAY):
        return None
    day = dice.pick(slots).start.date()
    return tuple(slot.key for slot in slots if slot.start.date() == day)


def make_note(dice: Dice, state: RequestState) -> str:
    if state not in (RequestState.DECLINED, RequestState.WITHDRAWN):
        return ""
    return str(dice.pick(load_phrases()[state.value]))
