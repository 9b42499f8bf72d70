"""A meeting's state in a calendar, from the newest message and the last answer only."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scheduler.domain.entities import CalendarState, Method, OutboxState, Partstat, ReplySource
from scheduler.services.emails.calendar_status.states import (
    LastInvitationEmail,
    LastReply,
    current_reply,
    entry_state,
)
from tests.support.factories import NOW

MAIL = LastInvitationEmail(1, "u@expo.example", Method.REQUEST, 1, OutboxState.SENT, "", NOW)
ANSWER = LastReply(1, Partstat.ACCEPTED, ReplySource.EMAIL, NOW, "", None)


@pytest.mark.parametrize(
    ("outbox", "state"),
    [
        (OutboxState.QUEUED, CalendarState.QUEUED),
        (OutboxState.SENDING, CalendarState.QUEUED),
        (OutboxState.SENT, CalendarState.SILENT),
        (OutboxState.FAILED, CalendarState.FAILED),
    ],
)
def test_without_an_answer_the_newest_message_decides(outbox: OutboxState, state: CalendarState) -> None:
    assert entry_state(replace(MAIL, state=outbox), None, bounces=False) is state


def test_a_meeting_without_any_message_is_not_sent_yet() -> None:
    assert entry_state(None, None, bounces=False) is CalendarState.QUEUED


@pytest.mark.parametrize("outbox", OutboxState)
def test_an_address_that_bounces_outweighs_the_message(outbox: OutboxState) -> None:
    assert entry_state(replace(MAIL, state=outbox), None, bounces=True) is CalendarState.BOUNCED


@pytest.mark.parametrize("partstat", ["ACCEPTED", "TENTATIVE", "DECLINED"])
def test_an_answer_outweighs_the_message_and_the_address(partstat: str) -> None:
    answer = replace(ANSWER, partstat=Partstat(partstat))
    failed = replace(MAIL, state=OutboxState.FAILED)
    assert entry_state(failed, answer, bounces=True) is CalendarState(partstat.lower())


def test_an_open_proposal_outweighs_the_answer_before_it() -> None:
    assert entry_state(MAIL, replace(ANSWER, proposed_start=NOW), bounces=False) is CalendarState.PROPOSED


@pytest.mark.parametrize(("sequence", "counts"), [(0, False), (1, True)])
def test_an_answer_counts_only_for_the_sequence_that_is_told_now(sequence: int, counts: bool) -> None:
    answer = replace(ANSWER, sequence=sequence)
    assert current_reply(MAIL, answer) == (answer if counts else None)
    assert current_reply(None, answer) is None
