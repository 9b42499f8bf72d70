"""Large imports by a worker: stored previews, all or nothing, recovery of lost jobs."""

from __future__ import annotations

import io
import os
import re
import signal
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, text, update

from scheduler.domain.entities import JobState, OutboxKind
from scheduler.domain.errors import NotAllowed, NotFound, WrongState
from scheduler.domain.team import TeamRole
from scheduler.services.identity.actors import actor_for
from scheduler.services.identity.sessions import SignedIn
from scheduler.services.imports import (
    create_from_workbook,
    import_files,
    sheet_import,
    template,
    undoable_import,
)
from scheduler.services.imports.bulk_import import import_execution, import_jobs
from scheduler.services.imports.bulk_import.import_execution import ImportEnding
from scheduler.services.participants import journal
from scheduler.storage.database import Database
from scheduler.storage.models import Event, Firm, ImportFile, ImportJob, OutboxEmail, TeamMember
from scheduler.storage.models.imports import ImportJobKind
from tests.integration.events.test_create_from_workbook import changed, without_country
from tests.support.factories import NOW, Expo, make_account, make_event, make_member
from tests.support.publishing import SETTINGS
from tests.support.web import Browser, web_app

FIRMS = (
    b"key,name,country,tier\nk1,Kov\xc3\xa1cs Kft.,HU,downstream\nk2,Wang,CN,upstream\nk3,Nobody,Nowhere,up\n"
)


@pytest.fixture
def expo(database: Database) -> Expo:
    with database.write() as session:
        return make_event(session, firms=0, tables=0)


def keep(database: Database, expo: Expo) -> int:
    with database.write() as session:
        number = import_files.store_file(
            session, expo.organiser_actor(), FIRMS, name="firms.csv", kind="", now=database.now()
        )
        import_jobs.request_preview(session, expo.organiser_actor(), number, now=database.now())
    return number


def work(database: Database, number: int, worker: str = "w") -> ImportEnding:
    return import_execution.execute_import(database, number, worker=worker, settings=SETTINGS)


def digest_of(database: Database, expo: Expo, number: int) -> str:
    with database.read() as session:
        found = import_jobs.load_preview(session, expo.organiser_actor(), number)
    assert found is not None
    return found.digest


def ask_take(database: Database, expo: Expo, number: int) -> None:
    digest = digest_of(database, expo, number)
    with database.write() as session:
        import_jobs.request_import(session, expo.organiser_actor(), number, digest=digest, now=database.now())


def firms(database: Database) -> int:
    with database.read() as session:
        return session.scalars(select(func.count()).select_from(Firm)).one()


def job(database: Database, number: int) -> ImportJob:
    with database.read() as session:
        return session.get_one(ImportJob, number)


def test_a_worker_finds_what_the_page_would_and_takes_just_that(database: Database, expo: Expo) -> None:
    number = keep(database, expo)
    assert work(database, number) is ImportEnding.DONE
    with database.read() as session:
        kept = import_jobs.load_preview(session, expo.organiser_actor(), number)
    parts = sheet_import.read_parts(FIRMS, "")
    with database.write() as session:
        seen = undoable_import.apply_import(
            session, expo.organiser_actor(), parts, settings=SETTINGS, now=NOW
        )
        session.rollback()
    assert kept == seen and seen.left_out == 1
    assert firms(database) == 0
    ask_take(database, expo, number)
    assert work(database, number) is ImportEnding.DONE
    assert firms(database) == 2
    assert work(database, number) is ImportEnding.NOT_CLAIMED
    with database.write() as session:
        file = session.get_one(ImportFile, number)
        assert (file.octets, file.counts) == (None, {"firms": [2, 0, 0, 1]})
        assert file.registry_change_id is not None
        journal.undo_step(
            session, expo.organiser_actor(), file.registry_change_id, settings=SETTINGS, now=database.now()
        )
    assert firms(database) == 0


def test_who_started_it_is_told_once_in_numbers(database: Database, expo: Expo) -> None:
    number = keep(database, expo)
    work(database, number)
    ask_take(database, expo, number)
    work(database, number)
    with database.read() as session:
        (mail,) = session.scalars(select(OutboxEmail).where(OutboxEmail.kind == OutboxKind.DESK))
    assert mail.to_address == expo.organiser.email
    assert mail.payload["letter"] == "import"
    assert mail.payload["values"] == {"file": "firms.csv", "added": "2", "changed": "0", "left_out": "1"}
    assert mail.payload["path"] == f"/events/{expo.event.key}/imports/"


def test_a_worker_that_is_killed_in_the_middle_leaves_nothing_half_done(
    database: Database, expo: Expo, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = keep(database, expo)
    work(database, number)
    ask_take(database, expo, number)
    child = os.fork()
    if not child:  # the last step before the commit kills it
        monkeypatch.setattr(
            import_execution, "_send_result_email", lambda *_: os.kill(os.getpid(), signal.SIGKILL)
        )
        own = Database(database.url.render_as_string(hide_password=False))
        work(own, number, "killed")
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WTERMSIG(status) == signal.SIGKILL
    assert firms(database) == 0
    assert job(database, number).state is JobState.RUNNING
    with database.write() as session:
        assert import_jobs.recover_jobs(session, now=database.now()) == []
        later = database.now() + import_jobs.HEARTBEAT_TIMEOUT + timedelta(seconds=1)
        assert import_jobs.recover_jobs(session, now=later) == [number]
    assert work(database, number) is ImportEnding.DONE
    assert firms(database) == 2


def test_a_file_whose_worker_is_lost_twice_says_so_and_can_be_looked_at_again(
    database: Database, expo: Expo
) -> None:
    number = keep(database, expo)
    later = database.now()
    for _ in range(import_jobs.MAX_ATTEMPTS):
        with database.write() as session:
            assert import_execution._claim_job(session, number, "lost", now=later) is not None
        later += import_jobs.HEARTBEAT_TIMEOUT + timedelta(seconds=1)
        with database.write() as session:
            import_jobs.recover_jobs(session, now=later)
    found = job(database, number)
    assert (found.state, found.error) == (JobState.FAILED, import_jobs.WORKER_LOST)
    with database.write() as session:
        import_jobs.request_preview(session, expo.organiser_actor(), number, now=later)
    assert work(database, number) is ImportEnding.DONE


def test_a_worker_that_lost_its_job_takes_nothing(
    database: Database, expo: Expo, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = keep(database, expo)
    work(database, number)
    ask_take(database, expo, number)
    read = sheet_import.read_parts

    def slow(octets: bytes, kind: str) -> Any:
        """Let the scheduler recover the job for another worker meanwhile, which completes it."""
        monkeypatch.setattr(sheet_import, "read_parts", read)
        with database.write() as session:
            import_jobs.recover_jobs(session, now=database.now() + timedelta(hours=1))
        assert work(database, number, "other") is ImportEnding.DONE
        return read(octets, kind)

    monkeypatch.setattr(sheet_import, "read_parts", slow)
    assert work(database, number, "slow") is ImportEnding.LOST
    assert firms(database) == 2


def test_what_changed_since_the_look_is_looked_at_again(database: Database, expo: Expo) -> None:
    number = keep(database, expo)
    work(database, number)
    ask_take(database, expo, number)
    other = sheet_import.read_parts(b"key,name,country,tier\nk1,Kov\xc3\xa1cs Kft.,AT,downstream\n", "")
    with database.write() as session:
        undoable_import.apply_import(session, expo.organiser_actor(), other, settings=SETTINGS, now=NOW)
    assert work(database, number) is ImportEnding.LOOKS_AGAIN
    assert "The event changed since you opened the preview" in str(job(database, number).error)
    assert work(database, number) is ImportEnding.DONE
    assert (job(database, number).work, firms(database)) == (ImportJobKind.LOOK, 1)


def test_what_is_wrong_with_a_file_is_said_and_who_left_the_team_takes_nothing(
    database: Database, expo: Expo
) -> None:
    with database.write() as session:
        actor = expo.organiser_actor()
        number = import_files.store_file(session, actor, b"%PDF-1", name="x", kind="", now=database.now())
        import_jobs.request_preview(session, actor, number, now=database.now())
    assert work(database, number) is ImportEnding.FAILED
    assert "is a PDF" in str(job(database, number).error)
    number = keep(database, expo)
    with database.write() as session:
        session.delete(session.get_one(TeamMember, (expo.event.id, expo.organiser.id)))
    assert work(database, number) is ImportEnding.FAILED


def test_only_who_may_import_asks_and_what_is_being_taken_stays_so(database: Database, expo: Expo) -> None:
    number = keep(database, expo)
    work(database, number)
    ask_take(database, expo, number)
    with database.write() as session, pytest.raises(WrongState):
        import_jobs.request_preview(session, expo.organiser_actor(), number, now=database.now())
    with database.write() as session:
        reader = make_member(session, expo, TeamRole.VIEWER)
        seen_by = actor_for(session, reader.id, expo.event.key, now=database.now())
        other = make_event(session, name="Another").organiser_actor()
    for actor, error in ((seen_by, NotAllowed), (other, NotFound)):
        for ask in (import_jobs.find_job, import_jobs.load_preview):
            with database.read() as session, pytest.raises(error):
                ask(session, actor, number)


def test_the_page_says_at_which_row_of_which_sheet_the_worker_is(
    database: Database, expo: Expo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_execution, "REPORT_SECONDS", 0.0)
    browser = Browser(web_app(database, "redis://127.0.0.1:1"), expo.organiser)
    number = keep(database, expo)
    told: list[tuple[str, bool]] = []
    report = import_execution._ImportWork._report

    def follow(self: Any, **values: Any) -> None:
        report(self, **values)
        told.append((browser.get(f"/events/{expo.event.key}/imports/{number}"), "progress" in values))

    monkeypatch.setattr(import_execution._ImportWork, "_report", follow)
    work(database, number)
    ask_take(database, expo, number)
    work(database, number)
    pages = [page for page, is_progress in told if is_progress]
    if database.is_sqlite:  # only one writer, hence no progress reports
        assert pages == []
        return
    assert len(pages) == 4, "two rows, looked at and taken"
    assert all("Sheet 1 of 1:" in page for page in pages)
    assert 'value="1.0"' in pages[-1] and "row 3 of 3." in pages[-1] and "Importing file" in pages[-1]


def test_what_a_worker_took_is_counted_anew_for_the_plans_of_queries(database: Database, expo: Expo) -> None:
    if database.is_sqlite:
        pytest.skip("it plans without statistics")
    rows = "".join(f"Firm {number},CN,upstream\n" for number in range(300))
    with database.write() as session:
        octets = f"name,country,tier\n{rows}".encode()
        number = import_files.store_file(
            session, expo.organiser_actor(), octets, name="firms.csv", kind="", now=database.now()
        )
        import_jobs.request_preview(session, expo.organiser_actor(), number, now=database.now())

    def known(table: str) -> float:
        with database.read() as session:
            query = text("SELECT reltuples FROM pg_class WHERE oid = CAST(:name AS regclass)")
            return session.execute(query, {"name": table}).scalar_one()

    work(database, number)
    ask_take(database, expo, number)
    before = known("firm"), known("attendee")
    work(database, number)
    assert before[0] != 300 and (known("firm"), known("attendee")) == (300, before[1])


def test_an_event_is_made_of_a_large_workbook_by_a_worker(database: Database) -> None:
    with database.write() as session:
        account = make_account(session, is_operator=True)
        who = SignedIn(1, account.id, account.email, "", True, NOW, NOW, NOW)
        number = create_from_workbook.store_workbook(
            session, who, template.example_workbook(), name="expo.xlsx", now=database.now()
        )
        import_jobs.request_new_event_preview(session, who, number, now=database.now())
    assert work(database, number) is ImportEnding.DONE
    with database.read() as session:
        found = import_jobs.load_new_event_preview(session, who, number)
        assert session.scalars(select(Event)).all() == []
    assert found is not None and found.event is not None
    assert found.event.name == "Danube Battery Days"
    with database.write() as session:
        import_jobs.request_new_event(session, who, number, digest=found.look.digest, now=database.now())
    assert work(database, number) is ImportEnding.DONE
    with database.read() as session:
        followed = import_jobs.find_new_event_job(session, who, number)
        assert session.scalars(select(OutboxEmail.to_address)).all() == [account.email]
    assert followed is not None and followed.event_key == "danube-battery-days"
    assert firms(database) == 5


def test_the_pages_of_a_large_file_follow_the_worker(
    database: Database, broker_url: str, expo: Expo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_jobs, "MAX_INLINE_OCTETS", 10)
    browser = Browser(web_app(database, broker_url), expo.organiser)
    base = f"/events/{expo.event.key}/imports/"
    browser.get(base)
    page = browser.post(base, file=(io.BytesIO(FIRMS), "firms.csv"))
    assert "Preparing import preview" in page and 'http-equiv="refresh"' in page
    with database.read() as session:
        number = session.scalars(select(ImportFile.id)).one()
    assert "HX-Refresh" not in browser.client.get(f"{base}{number}/panel").headers
    work(database, number)
    assert browser.client.get(f"{base}{number}/panel").headers["HX-Refresh"] == "true"
    page = browser.get(f"{base}{number}")
    assert "<b>2 added</b>" in page and "As of" in page
    assert browser.client.get(f"{base}{number}/skipped-rows.xlsx").status_code == 200
    assert "Preparing import preview" in browser.post(f"{base}{number}/choose", keep_empty="yes")
    work(database, number)
    page = browser.post(f"{base}{number}/import", digest=digest_of(database, expo, number))
    assert "Importing file" in page
    work(database, number)
    assert "2 added" in browser.get(f"{base}{number}")


def test_the_pages_of_a_large_new_event_lead_to_it_and_say_that_it_is_made(
    database: Database, broker_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_jobs, "MAX_INLINE_OCTETS", 10)
    with database.write() as session:
        account = make_account(session, is_operator=True)
    browser = Browser(web_app(database, broker_url), account)
    base = "/events/new/workbook/"
    browser.get(base)
    browser.post(base, file=(io.BytesIO(template.example_workbook()), "expo.xlsx"))
    with database.read() as session:
        number = session.scalars(select(ImportFile.id)).one()
    work(database, number)
    page = browser.get(f"{base}{number}")
    (digest,) = set(re.findall(r'name="digest" value="([^"]+)"', page))
    assert "Importing file" in browser.post(f"{base}{number}/create", **{"with": "all"}, digest=digest)
    work(database, number)
    assert browser.client.get(f"{base}{number}").status_code == 302, "asked for by a page that is left"
    assert browser.get(f"{base}{number}").count("Event created from expo.xlsx.") == 1


@pytest.mark.parametrize("is_followed", [True, False], ids=["worker is there", "worker is away"])
def test_a_large_workbook_with_faults_waits_in_the_event_that_is_made(
    database: Database, broker_url: str, monkeypatch: pytest.MonkeyPatch, is_followed: bool
) -> None:
    monkeypatch.setattr(import_jobs, "MAX_INLINE_OCTETS", 10)
    with database.write() as session:
        account = make_account(session, is_operator=True)
    browser = Browser(web_app(database, broker_url), account)
    base = "/events/new/workbook/"
    browser.get(base)
    octets = changed("Firms", without_country)
    browser.post(base, file=(io.BytesIO(octets), "expo.xlsx"))
    with database.read() as session:
        number = session.scalars(select(ImportFile.id)).one()
    if is_followed:
        work(database, number)
        assert "Create event, fix workbook later" in browser.get(f"{base}{number}")
    assert "Preparing import preview" in browser.post(f"{base}{number}/create")
    work(database, number)
    path = "/events/danube-battery-days/imports/"
    page = browser.get(f"{path}{number}")
    assert "Atlantis" in page and firms(database) == 0
    (digest,) = set(re.findall(r'name="digest" value="([^"]+)"', page))
    assert "Importing file" in browser.post(f"{path}{number}/import", digest=digest)
    work(database, number)
    assert firms(database) == 4


def test_a_look_of_a_new_event_that_is_left_at_a_file_of_the_event_is_done_anew(
    database: Database, expo: Expo
) -> None:
    number = keep(database, expo)
    with database.write() as session:
        session.execute(
            update(ImportJob).values(found={"typed": {}, "look": {}, "event": None, "faults": []})
        )
    with database.read() as session:
        assert import_jobs.load_preview(session, expo.organiser_actor(), number) is None


def test_a_page_says_why_a_large_file_failed(
    database: Database, broker_url: str, expo: Expo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_jobs, "MAX_INLINE_OCTETS", 3)
    browser = Browser(web_app(database, broker_url), expo.organiser)
    base = f"/events/{expo.event.key}/imports/"
    browser.get(base)
    browser.post(base, file=(io.BytesIO(b"%PDF-1"), "firms.csv"))
    with database.read() as session:
        number = session.scalars(select(ImportFile.id)).one()
    work(database, number)
    assert "The file is a PDF" in browser.get(f"{base}{number}")
    assert "Waiting to start." in browser.post(f"{base}{number}/retry")
