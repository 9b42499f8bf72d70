"""What firms say of themselves and write to each other."""

from __future__ import annotations

import re

from scheduler.domain.entities import Tier
from scheduler.samples.event import SampleEvent
from scheduler.samples.texts.tables import areas


def test_a_firm_offers_two_products_of_its_area_and_tier(expo: SampleEvent) -> None:
    for firm in expo.firms:
        assert len(set(firm.products)) == 2
        assert set(firm.products) <= set(areas()[firm.areas[0]].products[firm.tier])


def test_a_description_is_one_or_two_sentences_about_the_products(expo: SampleEvent) -> None:
    for firm in expo.firms:
        assert firm.description.isascii()
        assert 1 <= len(re.findall(r"\.(?= |$)", firm.description)) <= 2
        assert all(product in firm.description.lower() for product in map(str.lower, firm.products))


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
