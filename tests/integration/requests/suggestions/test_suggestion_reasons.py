"""Suggestions over the whole sample event: each reason is true of both firms, and none shows one firm to all.

Truth is how the event was generated, not how a text was parsed: `data/products.tsv` lists each product's
glossary terms.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest

from scheduler.domain.entities import Tier
from scheduler.samples.event import SampleEvent, SampleFirm
from scheduler.samples.expo import make_expo
from scheduler.services.directory.glossary import load_products
from scheduler.services.requests.suggestions.parsing.profile_texts import (
    OWN,
    OffersAndNeeds,
    parse_profile,
    parse_profile_text,
)
from scheduler.services.requests.suggestions.ranking import (
    Candidate,
    Fit,
    compute_market_stats,
    rank_candidates,
)

DATA = Path(__file__).with_name("data")
SHOWN = 3


def table(name: str) -> list[list[str]]:
    lines = (DATA / name).read_text("utf-8").splitlines()
    return [line.split("\t") for line in lines if not line.startswith("#")]


@pytest.fixture(scope="module")
def event() -> SampleEvent:
    return make_expo(requests=0)


@pytest.fixture(scope="module")
def meant() -> Mapping[str, frozenset[str]]:
    """Return the glossary terms of each product."""
    return {product: frozenset(keys.split()) for product, keys in table("products.tsv")}


def candidate(firm: SampleFirm) -> Candidate:
    said = parse_profile(
        firm.description, "[]", json.dumps(list(firm.needs)), json.dumps(list(firm.products))
    )
    return Candidate(firm.key, firm.tier, frozenset(firm.areas), said)


@pytest.fixture(scope="module")
def cards(event: SampleEvent) -> dict[str, list[Fit]]:
    """Return ten suggestions for each firm."""
    firms = [candidate(firm) for firm in event.firms]
    of = compute_market_stats(firms)
    return {own.key: rank_candidates(own, firms, of) for own in firms}


def test_what_is_read_in_the_text_of_each_firm_is_what_it_was_made_of(
    event: SampleEvent, meant: Mapping[str, frozenset[str]]
) -> None:
    def of(products: tuple[str, ...]) -> set[str]:
        return {key for product in products for key in meant[product]}

    found = read = 0
    for firm in event.firms:
        said = parse_profile_text(firm.description)
        assert said.offers <= of(firm.products), firm.description
        assert said.needs <= of(firm.needed), firm.description
        read += len(said.offers) + len(said.needs)
        found += len(of(firm.products) - of(firm.needed)) + len(of(firm.needed))
    assert read / found > 0.9


def test_every_reason_of_every_suggestion_is_true_of_both_firms(
    event: SampleEvent, cards: Mapping[str, list[Fit]], meant: Mapping[str, frozenset[str]]
) -> None:
    firms = {firm.key: firm for firm in event.firms}

    def has(products: tuple[str, ...], words: tuple[str, ...], key: str) -> bool:
        if key.startswith(OWN):
            return key.removeprefix(OWN) in {word.casefold() for word in (*products, *words)}
        return any(key in meant[product] for product in products)

    checked = 0
    for own_key, fits in cards.items():
        own = firms[own_key]
        for fit in fits:
            other = firms[fit.key]
            assert fit.they_supply or fit.we_supply or fit.links
            for key in fit.they_supply:
                assert has(other.products, (), key) and has(own.needed, own.needs, key)
            for key in fit.we_supply:
                assert has(own.products, (), key) and has(other.needed, other.needs, key)
            for theirs, ours, is_ours in fit.links:
                assert has(other.products, (), theirs) and has(own.products, (), ours)
                first, second = (theirs, ours) if is_ours else (ours, theirs)
                assert second in load_products()[first].goes_into
            checked += len(fit.they_supply) + len(fit.we_supply) + len(fit.links)
    assert checked > 3000


def test_almost_every_firm_is_suggested_somebody_and_is_suggested_to_somebody(
    cards: Mapping[str, list[Fit]],
) -> None:
    assert sum(len(fits) >= SHOWN for fits in cards.values()) > 0.95 * len(cards)
    shown = Counter(fit.key for fits in cards.values() for fit in fits)
    assert len(shown) > 0.9 * len(cards)


def test_no_firm_is_shown_to_more_than_five_per_cent_of_readers(cards: Mapping[str, list[Fit]]) -> None:
    shown = Counter(fit.key for fits in cards.values() for fit in fits[:SHOWN])
    assert max(shown.values()) <= 0.05 * len(cards)


def maker_of(*offers: str) -> OffersAndNeeds:
    return OffersAndNeeds(frozenset(offers), frozenset())


def test_of_many_alike_that_everybody_could_be_shown_each_has_its_turn() -> None:
    """Thirty makers of batteries for 300 makers of buses: by lot, at first a tenth each."""

    def make(key: str, offers: str) -> Candidate:
        return Candidate(key, Tier.MIDSTREAM, frozenset(), maker_of(offers))

    firms = [make(f"bus{i}", "buses") for i in range(300)] + [
        make(f"cell{i}", "batteries") for i in range(30)
    ]
    of = compute_market_stats(firms)
    shown = Counter(fit.key for own in firms[:300] for fit in rank_candidates(own, firms, of, limit=SHOWN))
    assert set(shown) == {firm.key for firm in firms[300:]}
    assert max(shown.values()) <= 45 and min(shown.values()) >= 10


def language_of(sentences: str) -> list[tuple[str, set[str], set[str]]]:
    return [
        (sentence, set(offers.split()), set(needs.split()))
        for language, sentence, offers, needs in table("sentences.tsv")
        if language == sentences
    ]


@pytest.mark.parametrize(("language", "least"), [("en", 80), ("zh", 60), ("hu", 60)])
def test_no_sentence_is_misread(language: str, least: int) -> None:
    """Negation, "source of", customers, materials and others' needs are neither offers nor needs."""
    rows = language_of(language)
    assert len(rows) >= least
    for sentence, offers, needs in rows:
        said = parse_profile_text(sentence)
        assert said.offers <= offers and said.needs <= needs, (sentence, said)


@pytest.mark.parametrize("language", ["en", "zh", "hu"])
def test_what_sentences_offer_and_need_is_read(language: str) -> None:
    rows = language_of(language)
    read = sum(
        (said := parse_profile_text(sentence)).offers == offers and said.needs == needs
        for sentence, offers, needs in rows
    )
    assert read >= 0.95 * len(rows)
