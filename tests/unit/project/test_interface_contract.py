"""Modules import other packages by their interfaces; the list of exceptions may only shrink."""

from __future__ import annotations

from pathlib import Path

import grimp
import pytest

from tests.support.interface_contract import InterfaceContract

NAMED = "rooms.cellar.shelves"
HIDDEN = "rooms.cellar.lock"


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "rooms/cellar").mkdir(parents=True)
    (tmp_path / "rooms/cellar/__init__.py").write_text('"""A room."""\n\n__all__ = ["shelves"]\n', "utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def check(house: Path, imported: str, listed: str = "", most: int = 5) -> bool:
    graph = grimp.ImportGraph()
    for module in ("rooms", "rooms.hall", "rooms.hall.door", "rooms.cellar", NAMED, HIDDEN):
        graph.add_module(module)
    graph.add_import(importer="rooms.hall.door", imported=imported)
    (house / "around.txt").write_text(listed, "utf-8")
    options = {"container": "rooms", "exceptions": "around.txt", "most": str(most)}
    contract = InterfaceContract("name", {}, options)
    return contract.check(graph, verbose=False).kept


def test_what_a_room_names_may_be_imported(house: Path) -> None:
    assert check(house, NAMED)


def test_what_it_does_not_name_may_not(house: Path) -> None:
    assert not check(house, HIDDEN)


def test_what_is_listed_may_be_imported_but_only_while_it_is(house: Path) -> None:
    line = "hall -> cellar.lock\n"
    assert check(house, HIDDEN, line)
    assert not check(house, NAMED, line)


def test_the_list_does_not_get_longer(house: Path) -> None:
    assert not check(house, HIDDEN, "hall -> cellar.lock\n", most=0)
