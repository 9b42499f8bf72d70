"""The random generator is reproducible."""

from __future__ import annotations

from collections import Counter

from scheduler.samples.dice import Dice, apportion


def test_dice_of_one_seed_and_topic_fall_alike() -> None:
    assert [Dice(1, "a").below(1000) for _ in range(3)] == [Dice(1, "a").below(1000)] * 3
    assert Dice(1, "a").sample(range(100), 5) != Dice(1, "b").sample(range(100), 5)


def test_a_sample_holds_each_item_once() -> None:
    assert sorted(Dice(1, "x").shuffled(range(50))) == list(range(50))
    assert len(set(Dice(1, "x").sample(range(50), 20))) == 20
    assert sorted(Dice(1, "x").sample("abc", 9)) == ["a", "b", "c"]


def test_weights_set_how_often_an_item_is_drawn() -> None:
    dice = Dice(1, "weights")
    drawn = Counter(dice.weighted((("never", 0.0), ("seldom", 1.0), ("often", 9.0))) for _ in range(5000))
    assert set(drawn) == {"seldom", "often"}
    assert 400 <= drawn["seldom"] <= 600


def test_between_reaches_both_ends() -> None:
    dice = Dice(1, "between")
    assert {dice.between(3, 5) for _ in range(100)} == {3, 4, 5}


def test_a_heavy_tail_stays_within_its_bounds() -> None:
    dice = Dice(1, "tail")
    values = [dice.heavy_tail(alpha=1.2, most=50.0) for _ in range(5000)]
    assert min(values) >= 1.0
    assert max(values) == 50.0


def test_quotas_add_up_to_the_total() -> None:
    assert apportion(10, [("a", 1.0), ("b", 1.0), ("c", 1.0)]) == [("a", 3), ("b", 4), ("c", 3)]
    assert apportion(0, [("a", 1.0), ("b", 2.0)]) == [("a", 0), ("b", 0)]
    assert apportion(5, []) == []
