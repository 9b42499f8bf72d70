"""Partner suggestions: recall of planted pairs in the top ten, and evenness of exposure.

    python -m benchmarks.partners [--firms 620] [--large 3000] [--out DIR]

partners.json has pairs of texts, the offer of one firm and the need of another, mostly in two languages. They
replace the texts of two firms of a generated expo. The glossary was tuned on pairs at even indices; those at
odd ones are held out. The baseline is cosine similarity of trigrams with TF-IDF weights.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import insert

from benchmarks.machine import RESULTS, machine
from benchmarks.report import write_json
from scheduler.domain.entities import Tier
from scheduler.domain.rules.fairness import gini
from scheduler.samples.dice import Dice
from scheduler.samples.expo import make_expo
from scheduler.services.directory.normalization import normalize_text
from scheduler.services.requests.suggestions import partners
from scheduler.services.requests.suggestions.parsing.profile_texts import parse_profile_text
from scheduler.services.requests.suggestions.ranking import Candidate, compute_market_stats, rank_candidates
from scheduler.storage.database import Database
from scheduler.storage.models import Firm
from scheduler.storage.schema import upgrade_schema
from tests.support.factories import make_event

FIRST = 10
WIDTH = 4096
PAIRS = Path(__file__).with_suffix(".json")

Pair = tuple[int, int]


def planted(count: int) -> tuple[list[Candidate], list[str], list[Pair]]:
    """Return the firms, their texts, and the pairs of offering and seeking firm by index."""
    event = make_expo(firms=count, requests=0)
    texts = [firm.description for firm in event.firms]
    firms = [
        Candidate(firm.key, firm.tier, frozenset(firm.areas), parse_profile_text(firm.description))
        for firm in event.firms
    ]
    rows = json.loads(PAIRS.read_text("utf-8"))
    places = Dice(1, "planted pairs").sample(range(count), 2 * len(rows))
    pairs = []
    for row, offers, needs in zip(rows, places[::2], places[1::2], strict=True):
        for place, text, tier in (
            (offers, row["offers"], Tier.UPSTREAM), (needs, row["needs"], Tier.MIDSTREAM)
        ):  # fmt: skip
            texts[place] = text
            firms[place] = replace(
                firms[place], tier=tier, areas=frozenset({row["area"]}), wants=parse_profile_text(text)
            )
        pairs.append((offers, needs))
    return firms, texts, pairs


def by_fit(firms: Sequence[Candidate]) -> list[list[int]]:
    """Return the top suggestions of each firm, by index."""
    place = {firm.key: i for i, firm in enumerate(firms)}
    of = compute_market_stats(firms)
    return [[place[each.key] for each in rank_candidates(own, firms, of, limit=FIRST)] for own in firms]


def by_text(texts: Sequence[str]) -> list[list[int]]:
    """Return the top suggestions of each firm by text similarity."""
    table = np.zeros((len(texts), WIDTH))
    for row, text in enumerate(texts):
        said = f" {normalize_text(text)} "
        for i in range(len(said) - 2):
            table[row, sum(ord(char) * 31**n for n, char in enumerate(said[i : i + 3])) % WIDTH] += 1
    table *= np.log(len(texts) / np.maximum(1, (table > 0).sum(axis=0)))
    table /= np.maximum(1e-9, np.linalg.norm(table, axis=1, keepdims=True))
    alike = table @ table.T
    np.fill_diagonal(alike, -1)
    return [list(map(int, np.argsort(-row, kind="stable")[:FIRST])) for row in alike]


def hits(shown: Sequence[Sequence[int]], pairs: Sequence[Pair]) -> float:
    """Return the recall: the share of pairs whose offer is among the suggestions of the seeking firm."""
    return sum(offers in shown[needs] for offers, needs in pairs) / len(pairs)


def uneven(shown: Sequence[Sequence[int]]) -> float:
    """Return the Gini coefficient of the firms' exposure."""
    counts = Counter(place for row in shown for place in row)
    return gini([counts[place] for place in range(len(shown))])


def seconds(count: int) -> float:
    """Return the median CPU time of a firm's suggestions on SQLite, with parsed texts cached."""
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/partners.db")
        upgrade_schema(database)
        with database.write() as session:
            expo = make_event(session, firms=1, areas={})
            rows: list[dict[str, Any]] = [
                {
                    "event_id": expo.event.id, "key": f"x{firm.key}", "name": firm.name,
                    "latin_name": firm.latin_name,
                    "country": firm.country, "tier": firm.tier, "areas": list(firm.areas),
                    "description": firm.description,
                }
                for firm in make_expo(firms=count, requests=0).firms
            ]  # fmt: skip
            session.execute(insert(Firm), rows)
            expo.firms[
                0
            ].description = "Precision gearboxes. We are looking for ceramic bearings and castings."
        took = []
        for _ in range(6):
            with database.read() as session:
                begun = time.process_time()
                partners.suggest_partners(session, expo.actor(0))
                took.append(time.process_time() - begun)
        database.dispose()
    return sorted(took[1:])[2]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--firms", type=int, default=620)
    parser.add_argument("--large", type=int, default=3000)
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    firms, texts, pairs = planted(options.firms)
    ours, plain_text = by_fit(firms), by_text(texts)
    found = {
        "machine": machine(),
        "firms": options.firms,
        "pairs": len(pairs),
        "found_tuned": hits(ours, pairs[::2]),
        "found_held_out": hits(ours, pairs[1::2]),
        "found_held_out_by_text": hits(plain_text, pairs[1::2]),
        "gini": uneven(ours),
        "gini_by_text": uneven(plain_text),
        "large": options.large,
        "cpu_seconds_at_large": seconds(options.large),
    }
    for name, value in found.items():
        if name != "machine":
            print(f"{name:<24} {value:.3f}" if isinstance(value, float) else f"{name:<24} {value}")
    write_json(options.out / "partners.json", found)


if __name__ == "__main__":
    main()
