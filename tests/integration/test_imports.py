"""Firms and people from CSV files: whole or not at all, each fault by its row."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from scheduler.domain.errors import InvalidInput, NotAllowed
from scheduler.services import addresses, imports
from scheduler.services.imports import Imported
from scheduler.storage.database import Database
from scheduler.storage.models import Attendee, Firm, Interpreter, Place
from tests.factories import NOW, make_event
from tests.integration.test_release import SETTINGS

FIRMS = """key,name,latin_name,country,tier,areas,hall,booth
great,大丰公司,Great Harvest Co.,CN,upstream,Batteries;chips,h0,E1-001
kovacs,Kovács Kft.,,HU,downstream,batteries,h0,E1-002
"""
PEOPLE = """key,firm,name,latin_name,email,languages,exhibitor
p1,great,王伟,Wang Wei,Wang@Great.example,zh;en,yes
p2,kovacs,Kovács Éva,,eva@kovacs.example,hu;en,no
"""


def faults_of(error: pytest.ExceptionInfo[InvalidInput]) -> list[str]:
    return [str(fault) for fault in error.value.faults]


def test_firms_come_with_their_booths_and_people_with_their_accounts(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=0, tables=0)
        actor = expo.organiser_actor()
        assert imports.import_firms(session, actor, FIRMS) == Imported(2, 0)
        done = imports.import_people(session, actor, PEOPLE, settings=SETTINGS, now=NOW)
        assert done == Imported(2, 0)
        firms = session.execute(select(Firm.key, Firm.latin_name, Firm.areas).order_by(Firm.id)).all()
        assert [tuple(row) for row in firms] == [
            ("great", "Great Harvest Co.", ["batteries", "chips"]),
            ("kovacs", "Kovács Kft.", ["batteries"]),
        ]
        assert set(session.scalars(select(Place.key))) == {"E1-001", "E1-002"}
        people = session.execute(select(Attendee.email, Attendee.is_exhibitor).order_by(Attendee.id))
        assert [tuple(row) for row in people] == [
            ("wang@great.example", True),
            ("eva@kovacs.example", False),
        ]


def test_the_same_file_again_changes_rows_and_adds_none(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=0, tables=0)
        actor = expo.organiser_actor()
        imports.import_firms(session, actor, FIRMS)
        renamed = FIRMS.replace("Great Harvest", "Greater Harvest")
        assert imports.import_firms(session, actor, renamed) == Imported(0, 2)
        assert "Greater Harvest Co." in set(session.scalars(select(Firm.latin_name)))


def test_every_fault_is_named_by_row_and_column_and_nothing_is_taken(database: Database) -> None:
    wrong = (
        "key,name,country,tier,areas,hall,booth,max_per_day\n"
        "a b,One,XX,upward,wood,h9,B1,many\n"
        ",Two,CN,upstream,,,B2,\n"
        "c,Three,CN,upstream,,h0,,\n"
        "c,Four,CN,upstream,,h0,,\n"
    )
    with database.write() as session:
        expo = make_event(session, firms=0, tables=0)
        with pytest.raises(InvalidInput) as error:
            imports.import_firms(session, expo.organiser_actor(), wrong)
        assert session.scalars(select(Firm)).all() == []
    assert sorted(fault.partition(":")[0] for fault in faults_of(error)) == [
        "row 2, areas", "row 2, country", "row 2, hall", "row 2, key", "row 2, max_per_day", "row 2, tier",
        "row 3, hall", "row 3, key", "row 5, key",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "header: the column 'country' is missing"),
        ("key,name,country,tier,colour\n", "header: 'colour' is not a column"),
        ("key,name,country,tier\n", "file: has a header, but no rows"),
        ('key,name,country,tier\n"a,b\n', "row 2: is not CSV"),
        ("key,name,country,tier\na\x00,b,CN,upstream\n", "file: is not a text file in UTF-8"),
    ],
)
def test_a_file_that_is_no_table_is_refused_in_words(database: Database, text: str, fault: str) -> None:
    with database.write() as session:
        expo = make_event(session, firms=0)
        with pytest.raises(InvalidInput) as error:
            imports.import_firms(session, expo.organiser_actor(), text)
    assert any(found.startswith(fault) for found in faults_of(error)), faults_of(error)


def test_an_address_or_booth_of_somebody_else_is_refused(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=2)
        actor = expo.organiser_actor()
        taken = expo.people[0][0].email
        with pytest.raises(InvalidInput, match="row 2, email"):
            imports.import_people(
                session,
                actor,
                f"key,firm,name,email,languages\nx,f1,X,{taken},en\n",
                settings=SETTINGS,
                now=NOW,
            )
        with pytest.raises(InvalidInput, match="row 2, booth"):
            imports.import_firms(
                session, actor, "key,name,country,tier,hall,booth\nf9,New,CN,upstream,h0,b0\n"
            )


def test_a_phone_number_comes_along_and_what_is_none_is_refused(database: Database) -> None:
    text = "key,firm,name,email,phone,languages\np1,f0,Wang,wang@great.example,{},zh\n"
    with database.write() as session:
        actor = make_event(session, firms=1).organiser_actor()
        imports.import_people(session, actor, text.format("+86 10 6552 9988"), settings=SETTINGS, now=NOW)
        assert "+86 10 6552 9988" in set(session.scalars(select(Attendee.phone)))
        for wrong in ("=1+1", "ask me", "1" * 41):
            with pytest.raises(InvalidInput, match="row 2, phone"):
                imports.import_people(session, actor, text.format(wrong), settings=SETTINGS, now=NOW)


def test_another_address_in_a_file_is_a_correction_that_is_on_record(database: Database) -> None:
    with database.write() as session:
        actor = make_event(session, firms=0, tables=0).organiser_actor()
        imports.import_firms(session, actor, FIRMS)
        imports.import_people(session, actor, PEOPLE, settings=SETTINGS, now=NOW)
        session.execute(update(Attendee).values(bounced_at=NOW))
        again = PEOPLE.replace("Wang@Great", "wei@great")
        assert imports.import_people(session, actor, again, settings=SETTINGS, now=NOW) == Imported(0, 2)
        marked = dict(session.execute(select(Attendee.email, Attendee.bounced_at)).all())
        assert marked == {"wei@great.example": None, "eva@kovacs.example": NOW}
        assert [change.new for change in addresses.changes(session, actor, "p1")] == ["wei@great.example"]
        assert addresses.changes(session, actor, "p2") == []


def test_interpreters_are_imported(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=0)
        text = "key,name,email,languages\ni9,Li Na,li@example.com,zh;en\n"
        assert imports.import_interpreters(session, expo.organiser_actor(), text) == Imported(1, 0)
        assert session.scalars(select(Interpreter.languages)).one() == ["zh", "en"]


def test_only_organisers_import(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        with pytest.raises(NotAllowed):
            imports.import_firms(session, expo.actor(0), FIRMS)
