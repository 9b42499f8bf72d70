"""No untrusted text becomes a formula in an exported spreadsheet."""

from __future__ import annotations

import csv
import io

import pytest

from scheduler.sheets.writers import escape_formula, write_csv

FORMULAS = ["=1+1", "+86", "-1", "@x", "\t=1", "\r=1", "  =1", "＝1+1", '"=1+1']


@pytest.mark.parametrize("cell", FORMULAS)
def test_a_cell_that_begins_like_a_formula_stands_behind_an_apostrophe(cell: str) -> None:
    assert escape_formula(cell).startswith(f"'{cell[0]}")


@pytest.mark.parametrize("cell", ["", "Wang Wei", "王伟", "a=b", "2026-12-07 09:00", "zh; en", "'=1", "a;b"])
def test_any_other_cell_stays_as_it_is(cell: str) -> None:
    assert escape_formula(cell) == cell


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("formula", FORMULAS)
def test_no_cell_is_a_formula_whatever_separator_a_program_takes(formula: str, separator: str) -> None:
    """Excel uses its country's separator: in Hungary a name with a semicolon is two cells."""
    name = f"Firm{separator}{formula}{separator}x"
    text = write_csv(["a", "b"], [[name, "x"], ["x", name], [formula, formula]]).decode("utf-8-sig")
    cells = [cell for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator) for cell in row]
    assert [cell for cell in cells if cell.lstrip(' "').startswith(tuple("=+-@＝＋－＠"))] == []


def test_numbers_stay_numbers() -> None:
    assert write_csv(["n"], [[-1], [2.5]]).decode("utf-8-sig") == "n\r\n-1\r\n2.5\r\n"
