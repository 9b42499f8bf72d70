"""Firms and people from CSV files: all or nothing, with errors by row."""

from __future__ import annotations

import io

import pytest
from sqlalchemy import select, update

from scheduler.domain.errors import InvalidInput, NotAllowed
from scheduler.invites.text import address as render_address
from scheduler.services.emails.email_addresses import address_corrections
from scheduler.services.imports.bulk_import import import_execution
from scheduler.services.schedule import feed_addresses
from scheduler.services.spreadsheets.changes import ImportResult
from scheduler.storage.database import Database
from scheduler.storage.models import Attendee, Firm, ImportFile, Interpreter, Place
from tests.support import importing as imports
from tests.support.factories import (
    NOW,
    SECRET_KEY,
    make_event,
)
from tests.support.publishing import SETTINGS
from tests.support.web import Browser, web_app

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
        assert imports.import_firms(session, actor, FIRMS) == ImportResult(2)
        done = imports.import_people(session, actor, PEOPLE, settings=SETTINGS, now=NOW)
        assert done == ImportResult(2)
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
        assert imports.import_firms(session, actor, renamed) == ImportResult(0, 1, 1)
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
        "row 3, hall", "row 5, key",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("key,name,colour\n", "header: the column 'country' is missing"),
        ("key,name,country,tier\n", "file: has a header, but no rows"),
        ("key,id,name,country,tier\na,a,A,CN,upstream\n", "header: the column 'key' appears twice"),
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
        assert imports.import_people(session, actor, again, settings=SETTINGS, now=NOW) == ImportResult(
            0, 1, 1
        )
        marked = dict(session.execute(select(Attendee.email, Attendee.bounced_at)).all())
        assert marked == {"wei@great.example": None, "eva@kovacs.example": NOW}
        assert [change.new for change in address_corrections.list_corrections(session, actor, "p1")] == [
            "wei@great.example"
        ]
        assert address_corrections.list_corrections(session, actor, "p2") == []


def test_interpreters_are_imported(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=0)
        text = "key,name,email,languages\ni9,Li Na,li@example.com,zh;en\n"
        assert imports.import_interpreters(session, expo.organiser_actor(), text, now=NOW) == ImportResult(1)
        assert session.scalars(select(Interpreter.languages)).one() == ["zh", "en"]


def test_only_organisers_import(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        with pytest.raises(NotAllowed):
            imports.import_firms(session, expo.actor(0), FIRMS)


def test_a_booth_that_stands_in_two_rows_is_a_fault_of_the_second(database: Database) -> None:
    twice = FIRMS.replace("E1-002", "E1-001")
    with database.write() as session:
        actor = make_event(session, firms=0, tables=0).organiser_actor()
        with pytest.raises(InvalidInput) as caught:
            imports.import_firms(session, actor, twice)
    assert faults_of(caught) == ["row 3, booth: 'E1-001' is already in row 2"]


@pytest.mark.parametrize("email", ["jóska@example.com", "a..b@example.com", "x" * 65 + "@example.com"])
def test_an_address_that_no_mail_can_be_sent_to_is_a_fault(database: Database, email: str) -> None:
    with database.write() as session:
        expo = make_event(session)
        text = f"key,firm,name,email,languages\nx,f1,X,{email},en\n"
        with pytest.raises(InvalidInput, match="row 2, email"):
            imports.import_people(session, expo.organiser_actor(), text, settings=SETTINGS, now=NOW)


def test_an_address_at_a_domain_in_any_script_is_taken(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        text = "key,firm,name,email,languages\nx,f1,X,info@例え.jp,en\n"
        imports.import_people(session, expo.organiser_actor(), text, settings=SETTINGS, now=NOW)
        assert render_address(session.scalars(select(Attendee.email).where(Attendee.key == "x")).one())


@pytest.mark.parametrize(
    ("firm", "exhibitor", "person_changes", "firm_changes"),
    [("f0", "yes", False, False), ("f1", "yes", True, True), ("f0", "no", True, True)],
)
def test_who_changes_firm_or_role_leaves_the_addresses_of_feeds_behind(
    database: Database, firm: str, exhibitor: str, person_changes: bool, firm_changes: bool
) -> None:
    with database.write() as session:
        expo = make_event(session)
        person, old_firm = expo.people[0][0], expo.firms[0]
        feed_addresses.renew_firm_feed(session, expo.actor(0), secret_key=SECRET_KEY)
        before = person.feed_hash, old_firm.feed_hash
        text = (
            "key,firm,name,email,languages,exhibitor\n"
            f"{person.key},{firm},{person.name},{person.email},en,{exhibitor}\n"
        )
        imports.import_people(session, expo.organiser_actor(), text, settings=SETTINGS, now=NOW)
        assert (person.feed_hash != before[0], old_firm.feed_hash != before[1]) == (
            person_changes,
            firm_changes,
        )


def test_nine_thousand_people_are_one_file_and_what_is_too_large_is_said_so(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
    browser = Browser(web_app(database, "redis://127.0.0.1:1"), expo.organiser)
    path = f"/events/{expo.event.key}/imports/"
    assert "up to 16 MB and 20,000 rows" in browser.get(path)
    rows = "".join(
        f"n{i},f1,Visitor {i},visitor{i}@firm{i}.example,en,{'Head of purchasing ' * 5}\n"
        for i in range(9000)
    )
    text = f"key,firm,name,email,languages,title\n{rows}"
    assert len(text) > 1 << 20
    assert "Preparing import preview" in browser.post(path, file=(io.BytesIO(text.encode()), "people.csv"))
    with database.read() as session:
        number = session.scalars(select(ImportFile.id)).one()
    import_execution.execute_import(database, number, worker="w", settings=SETTINGS)
    page = browser.get(f"{path}{number}")
    assert "9,000 added, 0 changed, 0 unchanged." in page and "first 500" in page
    large = io.BytesIO(b"x" * (17 << 20))
    page = browser.post(path, status=413, file=(large, "people.csv"))
    assert "limit of 16 MB" in page


def test_a_file_that_says_what_is_there_changes_nothing(database: Database) -> None:
    interpreters = "key,name,email,languages\ni9,Li Na,li@example.com,zh;en\n"
    with database.write() as session:
        actor = make_event(session, firms=0, tables=0).organiser_actor()
        for added, unchanged in ((2, 0), (0, 2)):
            counted = ImportResult(added, 0, unchanged)
            assert imports.import_firms(session, actor, FIRMS) == counted
            assert imports.import_people(session, actor, PEOPLE, settings=SETTINGS, now=NOW) == counted
        imports.import_interpreters(session, actor, interpreters, now=NOW)
        assert imports.import_interpreters(session, actor, interpreters, now=NOW) == ImportResult(0, 0, 1)


def test_a_column_that_a_file_does_not_have_stays_and_an_empty_cell_empties(database: Database) -> None:
    full = (
        "key,name,latin_name,country,tier,areas,hall,booth,description,website,pavilion,max_per_day,min_meetings\n"
        "a,大丰公司,Great Harvest,CN,upstream,chips,h0,E1,Cells,a.example,East,5,2\n"
    )
    person = "key,firm,name,latin_name,email,phone,title,languages,exhibitor,max_per_day\n"
    person += "p,a,王伟,Wang Wei,wang@a.example,+86 1,Buyer,zh,yes,4\n"
    with database.write() as session:
        actor = make_event(session, firms=0, tables=0).organiser_actor()
        imports.import_firms(session, actor, full)
        imports.import_people(session, actor, person, settings=SETTINGS, now=NOW)
        firm, wang = session.scalars(select(Firm)).one(), session.scalars(select(Attendee)).one()
        few = "key,name,country,tier\na,大丰公司,CN,midstream\n"
        assert imports.import_firms(session, actor, few) == ImportResult(0, 1)
        few = "key,firm,name,email,languages\np,a,王伟,wang@a.example,zh;en\n"
        assert imports.import_people(session, actor, few, settings=SETTINGS, now=NOW) == ImportResult(0, 1)
        assert (firm.tier, firm.latin_name, firm.areas) == ("midstream", "Great Harvest", ["chips"])
        assert firm.hall_id is not None
        assert (firm.description, firm.website, firm.pavilion) == ("Cells", "a.example", "East")
        assert (firm.max_per_day, firm.min_meetings) == (5, 2)
        assert [place.key for place in session.scalars(select(Place))] == ["E1"]
        assert (wang.latin_name, wang.phone, wang.title) == ("Wang Wei", "+86 1", "Buyer")
        assert (wang.is_exhibitor, wang.max_per_day, wang.languages) == (True, 4, ["zh", "en"])
        empty = "key,name,latin_name,country,tier,areas,description,max_per_day\na,大丰公司,,CN,upstream,,,\n"
        imports.import_firms(session, actor, empty)
        assert (firm.latin_name, firm.areas, firm.description, firm.max_per_day) == ("大丰公司", [], "", None)
        assert firm.website == "a.example"


DAYS = "key,firm,name,email,languages,max_days\np,f0,王伟,wang@a.example,zh,{}\n"


@pytest.mark.parametrize(("slots", "most"), [("2 2", 2), ("", 100)])
def test_days_of_a_person_are_one_to_those_of_the_event(database: Database, slots: str, most: int) -> None:
    with database.write() as session:
        actor = make_event(session, slots=slots).organiser_actor()
        imports.import_people(session, actor, DAYS.format(most), settings=SETTINGS, now=NOW)
        wang = session.scalars(select(Attendee).where(Attendee.key == "p")).one()
        assert wang.max_days == most
        for days in (0, most + 1):
            with pytest.raises(InvalidInput, match=f"row 2, max_days: enter a value from 1 to {most}"):
                imports.import_people(session, actor, DAYS.format(days), settings=SETTINGS, now=NOW)
        with pytest.raises(InvalidInput, match="row 2, max_days: enter a whole number, or leave empty"):
            imports.import_people(session, actor, DAYS.format("two"), settings=SETTINGS, now=NOW)
        imports.import_people(session, actor, DAYS.format(""), settings=SETTINGS, now=NOW)
        assert wang.max_days is None


def test_days_of_a_person_that_were_more_in_a_longer_event_may_stay(database: Database) -> None:
    with database.write() as session:
        actor = make_event(session, slots="2 2").organiser_actor()
        imports.import_people(session, actor, DAYS.format(1), settings=SETTINGS, now=NOW)
        session.scalars(select(Attendee).where(Attendee.key == "p")).one().max_days = 3
        done = imports.import_people(session, actor, DAYS.format(3), settings=SETTINGS, now=NOW)
        assert done == ImportResult(0, 0, 1)


IN_ROW = "key,firm,name,email,languages,max_in_row\np,f0,王伟,wang@a.example,zh,{}\n"


def test_meetings_in_a_row_of_a_person_are_at_least_one(database: Database) -> None:
    with database.write() as session:
        actor = make_event(session).organiser_actor()
        imports.import_people(session, actor, IN_ROW.format(3), settings=SETTINGS, now=NOW)
        wang = session.scalars(select(Attendee).where(Attendee.key == "p")).one()
        assert wang.max_in_row == 3
        for count in (0, 1_001):
            with pytest.raises(InvalidInput, match=r"row 2, max_in_row: enter a value from 1 to 1,?000"):
                imports.import_people(session, actor, IN_ROW.format(count), settings=SETTINGS, now=NOW)
        with pytest.raises(InvalidInput, match="row 2, max_in_row: enter a whole number, or leave empty"):
            imports.import_people(session, actor, IN_ROW.format("two"), settings=SETTINGS, now=NOW)
        imports.import_people(session, actor, IN_ROW.format(""), settings=SETTINGS, now=NOW)
        assert wang.max_in_row is None


def test_what_firms_offer_need_and_make_comes_from_a_sheet_in_lists(database: Database) -> None:
    text = 'key,name,country,tier,We offer,需求,products\na,A,CN,upstream,coating; sorting,"foil, tape",{}\n'
    with database.write() as session:
        actor = make_event(session, firms=0, tables=0).organiser_actor()
        imports.import_firms(session, actor, text.format("cells;cells"))
        firm = session.scalars(select(Firm)).one()
        assert (firm.offers, firm.needs, firm.products) == (
            ["coating", "sorting"],
            ["foil", "tape"],
            ["cells"],
        )
        assert imports.import_firms(session, actor, text.format("cells")) == ImportResult(0, 0, 1)
        with pytest.raises(InvalidInput, match="row 2, products: enter at most 12 lines, not 13"):
            imports.import_firms(session, actor, text.format(";".join(map(str, range(13)))))


def test_a_latin_name_that_was_never_given_follows_the_name(database: Database) -> None:
    text = "key,name,country,tier\na,{},CN,upstream\n"
    with database.write() as session:
        actor = make_event(session, firms=0, tables=0).organiser_actor()
        imports.import_firms(session, actor, text.format("Old name"))
        imports.import_firms(session, actor, text.format("New name"))
        assert session.scalars(select(Firm.latin_name)).one() == "New name"


def test_one_cell_has_one_fault(database: Database) -> None:
    firms = "key,name,country,tier\na,A,Germoney,\nb,B,,upstream\n"
    people = "key,firm,name,email,languages\np,,P,,en\n"
    with database.write() as session:
        actor = make_event(session, firms=0).organiser_actor()
        with pytest.raises(InvalidInput) as of_firms:
            imports.import_firms(session, actor, firms)
        with pytest.raises(InvalidInput) as of_people:
            imports.import_people(session, actor, people, settings=SETTINGS, now=NOW)
    assert faults_of(of_firms) == [
        "row 2, tier: enter a value",
        "row 3, country: enter a value",
        "row 2, country: 'Germoney' is not a country; enter its name or two letters like CN or DE",
    ]
    assert faults_of(of_people) == ["row 2, email: enter a value", "row 2, firm: enter a value"]
