"""Initials of firms, and colours and icons of chain areas: by key, else an unused one."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest

from api.pages import marks
from scheduler.samples.firms import AREA_WEIGHTS
from tests.support.site import Site
from tests.support.workers import ROOT


def test_the_seven_areas_of_the_sample_have_the_seven_looks_and_their_icons() -> None:
    looks = marks.area_looks(AREA_WEIGHTS)
    assert looks["digital-technology"] == "digital" and looks["supply-chain-services"] == "services"
    assert sorted(looks.values()) == sorted(marks.AREA_STEMS.values())
    sheet = (ROOT / "api/static/system.css").read_text("utf-8")
    assert all(f".i-area-{look}{{" in sheet for look in looks.values())


def test_an_area_that_names_no_look_gets_one_that_is_left() -> None:
    keys = ["chips", "clean-energy", "steel", *(f"more-{number}" for number in range(9))]
    looks = marks.area_looks(keys)
    given = [look for look in looks.values() if look]
    assert looks["clean-energy"] == "energy" and len(given) == len(set(given)) == len(marks.AREA_STEMS)
    assert looks["more-8"] == "" and marks.area_looks(["", "chips"])[""] == ""


def test_firms_show_the_colour_of_their_area(site: Site) -> None:
    page = site.exhibitor(0).get(site.path("/firms"))
    assert re.search(r'class="mark[^"]* area-(\w+)"', page)
    assert set(re.findall(r'class="mark[^"]* area-(\w*)"', page)) <= set(marks.AREA_STEMS.values())


@pytest.mark.parametrize(
    ("name", "mark"),
    [
        ("Gémvölgyi Finommechanika Kft.", "GK"),
        ("昆明岫汀数字科技有限公司", "岫"),
        ("주식회사 도담들종묘", "도"),
        ("株式会社山田製作所", "山"),
        ("トヨハシ工業", "ト"),
    ],
)
def test_a_firm_is_marked_by_what_tells_its_name_from_others(name: str, mark: str) -> None:
    assert marks.firm_mark(SimpleNamespace(name=name, latin_name=name)) == mark
