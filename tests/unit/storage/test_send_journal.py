"""The journal of sent emails survives crashes, concurrent writers and compaction."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from scheduler.storage import send_journal
from scheduler.storage.send_journal import JournalState, SendJournal


@pytest.fixture
def journal(tmp_path: Path) -> SendJournal:
    found = SendJournal(tmp_path / "journal")
    found.begin("abc")
    return found


def test_lines_come_back_in_their_order(journal: SendJournal) -> None:
    journal.append([{"e": 1}, {"e": 2, "m": "x"}])
    journal.append([{"e": 3}])
    assert list(journal.lines()) == [{"e": 1}, {"e": 2, "m": "x"}, {"e": 3}]
    assert journal.state() == JournalState("abc", 3, has_entries=True)


def test_a_line_that_a_crash_cut_is_skipped_and_ended(journal: SendJournal) -> None:
    journal.append([{"e": 1}])
    with journal.path.open("ab") as file:
        file.write(b'{"e":2,"m":"cut')
    assert journal.state() == JournalState("abc", 1, has_entries=True)
    journal.append([{"e": 3}])
    assert list(journal.lines()) == [{"e": 1}, {"e": 3}]


def test_a_journal_that_is_not_there_is_no_new_one(tmp_path: Path) -> None:
    journal = SendJournal(tmp_path / "journal")
    assert journal.state() is None
    with pytest.raises(FileNotFoundError):
        journal.append([{"e": 1}])
    assert journal.state() is None


def test_the_newest_epoch_is_found_at_the_end_of_a_long_file(journal: SendJournal) -> None:
    journal.append([{"e": n, "x": "y" * 900} for n in range(200)])
    journal.append([{"e": 150}])  # of a slower sender
    assert journal.state() == JournalState("abc", 199, has_entries=True)


def test_concurrent_writers_lose_no_line(journal: SendJournal) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: journal.append([{"e": n}]), range(200)))
    assert sorted(line["e"] for line in journal.lines()) == list(range(200))


def test_compaction_keeps_what_is_needed_and_the_epoch(
    journal: SendJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal.append([{"e": n} for n in range(10)])
    assert not journal.compact(list)  # small
    monkeypatch.setattr(send_journal, "COMPACT_FROM", 10)
    assert journal.compact(lambda lines: [line for line in lines if line["e"] == 4])
    assert list(journal.lines()) == [{"e": 4}, {"e": 9}]
    assert journal.state() == JournalState("abc", 9, has_entries=True)


def test_a_journal_is_compacted_again_once_it_has_doubled(
    journal: SendJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All that is needed may be more than the limit: it is not rewritten at each call."""
    monkeypatch.setattr(send_journal, "COMPACT_FROM", 10)
    journal.append([{"e": n, "x": "y" * 100} for n in range(100)])
    assert journal.compact(list)
    assert not journal.compact(list)
    journal.append([{"e": n, "x": "y" * 100} for n in range(100, 190)])
    assert not journal.compact(list)
    journal.append([{"e": n, "x": "y" * 100} for n in range(190, 220)])
    assert journal.compact(list)
    assert journal.state() == JournalState("abc", 219, has_entries=True)
