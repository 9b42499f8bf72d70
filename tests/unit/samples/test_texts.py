"""Firms' descriptions, and their messages to each other."""

from __future__ import annotations

import re

from scheduler.domain.entities import Tier
from scheduler.samples.event import SampleEvent
from scheduler.samples.texts.tables import load_areas, load_translations
from scheduler.samples.texts.writer import language_of, translated_thing


def test_a_firm_offers_two_products_of_its_area_and_tier(expo: SampleEvent) -> None:
    for firm in expo.firms:
        assert len(set(firm.products)) == 2
        assert set(firm.products) <= set(load_areas()[firm.areas[0]].products[firm.tier])


def test_a_description_is_in_the_language_of_the_firm_and_names_what_it_offers_and_needs(
    expo: SampleEvent,
) -> None:
    for firm in expo.firms:
        language = language_of(firm.country)
        text = firm.description.casefold()
        assert (language == "zh") == bool(re.search("[\u3400-\u9fff]", text))
        for product in (*firm.products, *firm.needed, *firm.denied):
            forms = {translated_thing(product, language), translated_thing(product, language, form="_object")}
            assert any(form.casefold() in text for form in forms), (product, text)
        assert firm.needs == tuple(translated_thing(product, language) for product in firm.needed)


def test_a_firm_needs_two_things_that_it_does_not_make(expo: SampleEvent) -> None:
    for firm in expo.firms:
        assert len(set(firm.needed)) == 2
        assert len({*firm.needed, *firm.products, *firm.denied}) == 4 + len(firm.denied)
    assert 0.05 < sum(bool(firm.denied) for firm in expo.firms) / len(expo.firms) < 0.3


def test_all_that_firms_make_has_words_in_their_languages() -> None:
    products = {thing for area in load_areas().values() for each in area.products.values() for thing in each}
    customers = {customer for area in load_areas().values() for customer in area.customers}
    assert products == set(load_translations()["products"]) and customers == set(
        load_translations()["customers"]
    )
    for words in load_translations()["products"].values():
        assert words.keys() == {"zh", "hu", "hu_object"} and all(words.values())
    for words in load_translations()["customers"].values():
        assert words.keys() == {"zh", "hu"} and all(words.values())


def test_no_placeholder_is_left_in_a_text(expo: SampleEvent) -> None:
    texts = [firm.description for firm in expo.firms]
    texts += [text for request in expo.requests for text in (request.topic, request.message, request.note)]
    assert not [text for text in texts if re.search(r"[{}]|  ", text)]


def test_a_topic_names_a_product_of_one_of_the_two_firms(expo: SampleEvent) -> None:
    firms = {firm.key: firm for firm in expo.firms}
    for request in expo.requests:
        products = firms[request.from_firm].products + firms[request.to_firm].products
        assert any(product.lower() in request.topic.lower() for product in products)


def test_down_the_chain_a_firm_offers_and_up_the_chain_it_asks(expo: SampleEvent) -> None:
    firms = {firm.key: firm for firm in expo.firms}
    chain = list(Tier)
    for request in expo.requests:
        sender, receiver = firms[request.from_firm], firms[request.to_firm]
        if set(sender.areas) & set(receiver.areas) and sender.tier is not receiver.tier:
            offers = chain.index(sender.tier) < chain.index(receiver.tier)
            products = sender.products if offers else receiver.products
            assert any(product.lower() in request.topic.lower() for product in products)
