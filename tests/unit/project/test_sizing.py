"""The tables of the hardware requirements are the kept results of benchmarks."""

from __future__ import annotations

import re

from benchmarks import machine
from tests.support.kept_results import kept, table_rows

OPERATORS = "operators.md"


def test_the_table_of_searches_is_the_kept_results() -> None:
    rows = sorted(kept("scale.json")["rows"], key=lambda row: row["firms"])
    assert table_rows(OPERATORS, "| exhibitors | requests | seconds") == [
        [
            f"{row['firms']:,}",
            f"{row['requests']:,}",
            f"{row['allowed']:,.0f}",
            f"{row['peak_mb']:,.0f}",
            f"{row['score_share']:.3f}%",
            f"{row['served_share']:.3f}%",
        ]
        for row in rows
    ]


def test_the_table_of_the_other_parts_is_the_kept_results() -> None:
    idle, publishing = kept("idle-memory.json"), kept("publishing.json")["total"]
    small = kept("small-installation-1000.json")
    load, polls = kept("load.json")["total"], kept("polls.json")["total"]
    how, total = (kept("overnight-queue.json")[name] for name in ("how", "total"))
    click = sum(load["cpu_ms_a_request"].values())
    assert table_rows(OPERATORS, "| part | takes | measured by |") == [
        [
            "all containers of `docker-compose.yml`, idle",
            f"{idle['separate']['total_mb']:,.0f} MB of memory",
            "`benchmarks.idle_memory`",
        ],
        [
            "all containers with one worker, idle",
            f"{idle['one_worker']['total_mb']:,.0f} MB of memory",
            "`benchmarks.idle_memory`",
        ],
        [
            f"the small installation with an event of {small['firms']} exhibitors, at most",
            f"{small['peak_mb']:,.0f} MB of memory",
            "`benchmarks.small_installation`",
        ],
        [
            f"an average request while {load['users']} people click",
            f"{click:.1f} ms of CPU time",
            "`benchmarks.load`",
        ],
        [
            "a calendar that looks for changes and finds none",
            f"{polls['unchanged_cpu_ms']:.1f} ms of CPU time",
            "`benchmarks.polls`",
        ],
        [
            f"the web while {publishing['mails']:,} emails are created, at most",
            f"{publishing['web_mb']:,.0f} MB of memory",
            "`benchmarks.publishing`",
        ],
        [
            f"the overnight runs of {total['events']} events of {how['firms']} exhibitors, all due at once",
            f"{total['minutes_with_60_s'][str(how['workers'])]} minutes",
            "`benchmarks.overnight_queue`",
        ],
    ]


def test_the_overnight_runs_are_described_as_they_were_measured() -> None:
    night = kept("overnight-queue.json")
    how, total = night["how"], night["total"]
    assert (how["workers"], total["published"], total["missed"]) == (2, total["events"], [])
    text = re.sub(r"\s+", " ", (machine.ROOT / "docs" / OPERATORS).read_text("utf-8"))
    assert (
        f"measured with searches of {how['seconds']} seconds: each run took {total['run_s_besides_search']} "
        "seconds besides its search, and the last event was published after "
        f"{total['published_s']['longest'] / 60:.0f} minutes"
    ) in text


def test_the_memory_of_the_small_installation_is_the_kept_results() -> None:
    large, small = kept("small-installation-1000.json"), kept("small-installation-400.json")
    peaks = large["peak_mb_by_step"]
    assert (large["killed"], small["killed"], large["swap_mb"]) == (0, 0, 0)
    assert peaks["run"] == large["peak_mb"], "during a search"
    text = re.sub(r"\s+", " ", (machine.ROOT / "docs" / OPERATORS).read_text("utf-8"))
    assert (
        f"With {large['firms']} companies and {large['requests']:,} requests, all processes together use "
        f"{peaks['idle']} MB when idle, {peaks['idle afterwards']} MB after a publication, and at most "
        f"{large['peak_mb']} MB, during a search. They ran with a limit of {large['limit_mb']:,} MB that the "
        f"kernel enforced, and with {small['limit_mb']} MB and swap"
    ) in text
    assert (
        f"they used up to {small['swap_peak_mb']} MB of swap, and {small['emails']:,} emails took "
        f"{small['seconds']['emails']} seconds in place of {large['seconds']['emails']} "
        f"(`python -m benchmarks.small_installation --full --limit-mb {small['limit_mb']} "
        f"--swap-mb {small['swap_mb']}`)"
    ) in text


def test_the_memory_of_one_worker_is_the_kept_result_everywhere() -> None:
    idle = kept("idle-memory.json")
    separate, one = (f"{idle[name]['total_mb']:,.0f}" for name in ("separate", "one_worker"))
    text = re.sub(r"\s+", " ", (machine.ROOT / "docs" / OPERATORS).read_text("utf-8"))
    assert f"the containers of `docker-compose.yml` use {separate} MB" in text
    assert f"everything together uses {one} MB" in text
    decision = (machine.ROOT / "docs/decisions/0105-one-container-for-all-roles.md").read_text("utf-8")
    assert f"{separate} MB together" in decision
