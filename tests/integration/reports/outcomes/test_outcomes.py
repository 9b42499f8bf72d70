"""Meeting outcomes of each side: permissions, time, retraction, and which of two values counts."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from scheduler.domain.entities import RequestState
from scheduler.domain.errors import InvalidInput, NotAllowed, NotFound, WrongState
from scheduler.domain.rules.outcomes import OutcomeKind, merge_outcomes, outcomes_differ
from scheduler.domain.rules.outcomes import OutcomeReport as Word
from scheduler.services.reports.outcomes import outcomes
from scheduler.services.reports.outcomes.outcomes import MeetingOutcomes, OutcomeForm
from scheduler.storage.database import Database
from scheduler.storage.models import AuditLogEntry, MeetingOutcome, MeetingRequest
from tests.support import clocks
from tests.support.factories import make_attendee
from tests.support.races import race
from tests.support.running_event import Fair, make_fair
from tests.support.site import Site
from tests.support.web import web_app

NONE, FOLLOW_UP, INTENT, SIGNED = OutcomeKind


@pytest.mark.parametrize(
    ("said", "counts", "differs"),
    [
        ([], None, False),
        ([Word(SIGNED, 9, "CNY")], Word(SIGNED, 9, "CNY"), False),
        ([Word(SIGNED, 9, "CNY"), Word(SIGNED)], Word(SIGNED, 9, "CNY"), False),
        ([Word(SIGNED, 9, "CNY"), Word(SIGNED, 7, "CNY")], Word(SIGNED, 7, "CNY"), True),
        ([Word(SIGNED, 9, "CNY"), Word(SIGNED, 7, "USD")], Word(SIGNED), True),
        ([Word(SIGNED, 9, "CNY"), Word(INTENT)], Word(INTENT), True),
        ([Word(SIGNED), Word(INTENT, 7, "CNY")], Word(INTENT, 7, "CNY"), True),
        (
            [Word(SIGNED, 9, "CNY"), Word(INTENT, 12, "CNY")],
            Word(INTENT, 9, "CNY"),
            True,
        ),
        ([Word(SIGNED, 9, "CNY"), Word(NONE)], Word(NONE), True),
        ([Word(FOLLOW_UP), Word(FOLLOW_UP)], Word(FOLLOW_UP), False),
    ],
)
def test_of_two_words_the_smaller_counts(said: list[Word], counts: Word | None, differs: bool) -> None:
    for words in (said, said[::-1]):
        assert (merge_outcomes(words), outcomes_differ(words)) == (counts, differs)


def words_of(session: Session, fair: Fair, firm: int, now: datetime) -> MeetingOutcomes:
    return outcomes.get_meeting(session, fair.expo.actor(firm), fair.requests[0].key, now=now).words


def test_each_side_says_changes_and_takes_back_its_own_word(database: Database) -> None:
    with database.write() as session:
        fair = make_fair(session, each=1, days=1)
    now, key, (mine, theirs) = fair.start, fair.requests[0].key, (fair.expo.actor(0), fair.expo.actor(1))
    with database.write() as session:
        outcomes.report_outcome(session, mine, key, OutcomeForm("follow-up"), now=now)
        outcomes.report_outcome(session, mine, key, OutcomeForm("signed", "1 200 000", "CNY"), now=now)
        outcomes.report_outcome(session, mine, key, OutcomeForm("signed", "1,200,000", "CNY"), now=now)
        outcomes.report_outcome(session, theirs, key, OutcomeForm("intent"), now=now)
    with database.read() as session:
        seen = words_of(session, fair, 0, now), words_of(session, fair, 1, now)
        acts = session.scalars(select(AuditLogEntry.about).where(AuditLogEntry.act == "outcome")).all()
    assert seen[0].own == seen[1].partner and seen[0].partner == seen[1].own and seen[0].differ
    assert seen[0].own and seen[0].own.outcome == Word(SIGNED, 1_200_000, "CNY") and seen[0].own.is_changed
    assert acts == [f"meeting {key}"] * 3
    for left in (Word(FOLLOW_UP), None, None):
        with database.write() as session:
            outcomes.withdraw_outcome(session, mine, key, now=now)
        with database.read() as session:
            own = words_of(session, fair, 0, now).own
        assert (own.outcome if own else None) == left


def test_only_its_own_people_and_exhibitors_say_it_and_only_once_it_has_begun(database: Database) -> None:
    with database.write() as session:
        fair = make_fair(session, people=2, each=1, days=1)
        make_attendee(session, fair.expo, 0)
    key, form = fair.requests[1].key, OutcomeForm("intent")  # by the second person, who is no exhibitor
    expo, now = fair.expo, fair.start
    assert not expo.people[0][1].is_exhibitor
    with database.write() as session:
        for actor in (expo.actor(0), expo.actor(0, 1), expo.actor(2)):
            outcomes.report_outcome(session, actor, key, form, now=now)
        with pytest.raises(NotAllowed):
            outcomes.report_outcome(session, expo.actor(0, 2), key, form, now=now)
        for actor, request in ((expo.actor(1), key), (expo.organiser_actor(), key), (expo.actor(0), "\0")):
            with pytest.raises(NotFound):
                outcomes.report_outcome(session, actor, request, form, now=now)
        for step in (
            lambda: outcomes.report_outcome(
                session, expo.actor(0), key, form, now=now - timedelta(seconds=1)
            ),
            lambda: outcomes.get_meeting(session, expo.actor(0), key, now=now - timedelta(seconds=1)),
        ):
            with pytest.raises(WrongState):
                step()
        session.execute(update(MeetingRequest).values(state=RequestState.WITHDRAWN))
        with pytest.raises(WrongState):
            outcomes.report_outcome(session, expo.actor(0), key, form, now=now)


@pytest.mark.parametrize(
    ("form", "paths"),
    [
        (OutcomeForm("married"), ["kind"]),
        (OutcomeForm("signed", "1,5", "CNY"), ["amount"]),
        (OutcomeForm("signed", "0", "CNY"), ["amount"]),
        (OutcomeForm("signed", "9" * 5_000, "XXX"), ["amount", "currency"]),
        (OutcomeForm("follow-up", "5", "CNY"), ["amount"]),
    ],
)
def test_what_cannot_be_kept_is_named_at_its_field(
    database: Database, form: OutcomeForm, paths: list[str]
) -> None:
    with database.write() as session:
        fair = make_fair(session, each=1, days=1)
        with pytest.raises(InvalidInput) as caught:
            outcomes.report_outcome(session, fair.expo.actor(0), fair.requests[0].key, form, now=fair.start)
    assert [fault.path for fault in caught.value.faults] == paths


def test_two_of_a_firm_at_once_leave_one_word(database: Database) -> None:
    with database.write() as session:
        fair = make_fair(session, each=1, days=1)
    key = fair.requests[0].key

    def say(kind: str) -> Callable[[Session], object]:
        form = OutcomeForm(kind)
        return lambda session: outcomes.report_outcome(session, fair.expo.actor(0), key, form, now=fair.start)

    race(database, say("intent"), say("signed"))
    with database.read() as session:
        rows = session.execute(select(MeetingOutcome.kind, MeetingOutcome.before)).all()
    ((kind, before),) = rows
    assert {kind.value, before["kind"]} == {"intent", "signed"}


def test_one_tap_on_my_day_and_the_amount_on_its_own_page(
    database: Database, broker_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.write() as session:
        fair = make_fair(session, each=1, days=1)
    now = [fair.start - timedelta(minutes=1)]
    clocks.hold(monkeypatch, lambda: now[0])
    site = Site(web_app(database, broker_url), database, fair.expo)
    mine, theirs = site.exhibitor(0), site.exhibitor(1)
    path = site.path(f"/meetings/{fair.requests[0].key}/outcome")
    assert 'name="kind"' not in mine.get(site.path("/my-day"))
    assert "once the meeting has started" in mine.get(path)
    now[0] = fair.start + timedelta(minutes=1)
    for page in ("/my-day", "/agenda", "/agenda/firm", f"/week?meeting={fair.requests[0].key}"):
        assert len(re.findall(r'<button [^>]*name="kind"', mine.get(site.path(page)))) == 4, page
    assert "Outcome saved." in mine.post(path, kind="signed", back=site.path("/my-day"))
    page = mine.post(path, 422, kind="none", amount="5 000")
    assert 'value="5 000"' in page and "nter an amount only for an intent" in page
    mine.post(path, kind="signed", amount="5000", currency="EUR")
    read = theirs.get(site.path("/my-day"))
    assert "€5,000" in read and "Ulmenbr" in read
    theirs.post(path, kind="intent")
    assert "The two outcomes differ" in mine.get(site.path("/agenda"))
    theirs.post(f"{path}/undo")
    assert "The two outcomes differ" not in mine.get(path)
