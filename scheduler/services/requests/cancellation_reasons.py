"""Cancellation reasons in emails about cancelled meetings."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.domain.entities import Method, RequestState
from scheduler.domain.names import join_scripts
from scheduler.invites.ical import itip
from scheduler.services.schedule import withdrawal_notes
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import MeetingRequest, UnscheduledRequest


class _Told(Protocol):
    @property
    def request_id(self) -> int: ...


def add_cancellation_reasons(
    session: Session,
    messages: Iterable[itip.ItipMessage],
    told: Mapping[itip.EntryKey, _Told],
    version_id: int,
) -> tuple[itip.ItipMessage, ...]:
    """Return the messages, with the reason added to those that cancel a meeting.

    `told` has the request of each.
    """
    every = tuple(messages)
    off = {
        told[message.key].request_id
        for message in every
        if message.method is Method.CANCEL and message.meeting_is_off
    }
    if not off:
        return every
    withdrawn = withdrawal_notes.list_withdrawal_notes(session, off)
    codes = _codes(session, off - withdrawn.keys(), version_id)
    return tuple(
        replace(message, off=_off(told[message.key].request_id, message, withdrawn, codes))
        if message.method is Method.CANCEL and message.meeting_is_off
        else message
        for message in every
    )


def _off(
    request_id: int,
    message: itip.ItipMessage,
    withdrawn: Mapping[int, withdrawal_notes.WithdrawalNote],
    codes: Mapping[int, str],
) -> itip.Cancellation | None:
    if request_id in codes:
        return itip.Cancellation(code=codes[request_id])
    note = withdrawn.get(request_id)
    if note is None:
        return None
    return itip.Cancellation(
        person=join_scripts(note.by.name, note.by.latin_name) if note.by else "",
        firm=join_scripts(note.firm.name, note.firm.latin_name) if note.firm else "",
        note=note.text,
        is_own=note.by_id == message.attendee_id,
        how="declined" if note.is_declined else "cancelled",
    )


def _codes(session: Session, request_ids: Collection[int], version_id: int) -> dict[int, str]:
    """Return the reason codes of accepted requests that a version does not schedule, by id."""
    if not request_ids:
        return {}
    answer = UnscheduledRequest
    rows = session.execute(
        select(MeetingRequest.id, answer.reason)
        .outerjoin(answer, (answer.request_key == MeetingRequest.key) & (answer.version_id == version_id))
        .where(in_chunks(MeetingRequest.id, request_ids), MeetingRequest.state == RequestState.ACCEPTED)
    )
    return {request_id: reason or "other" for request_id, reason in rows}
