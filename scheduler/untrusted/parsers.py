"""Mails, calendars, sheets and pictures of strangers, read in a child process: the services' one way."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final, TypeVar

from pydantic import ValidationError

from scheduler.i18n import gettext_lazy
from scheduler.invites.busy import BusyTimes
from scheduler.invites.busy.multistatus import DavItem
from scheduler.invites.inbound import ParsedEmail
from scheduler.sheets.tables import Workbook
from scheduler.untrusted import jobs
from scheduler.untrusted.frames import Ending
from scheduler.untrusted.jobs import Job
from scheduler.untrusted.pictures import Picture
from scheduler.untrusted.pool import ChildKilled, ChildNotStarted, ChildPool, LimitExceeded, PoolExhausted

__all__ = [
    "BUSY_MESSAGE",
    "UNREADABLE_MESSAGE",
    "LimitExceeded",
    "pool",
    "read_addressees",
    "read_busy_times",
    "read_email",
    "read_multistatus",
    "read_picture",
    "read_sheets",
    "run_job",
]

BUSY_MESSAGE: Final = (PoolExhausted, ChildKilled, ChildNotStarted)
"""What has nothing to do with the octets: the same may be read later."""
UNREADABLE_MESSAGE: Final = (LimitExceeded, *BUSY_MESSAGE)
"""The errors of `run` itself. Each has a sentence for a person."""

WAIT_SECONDS: Final = 10.0
"""The wait for a free child. A waiting caller holds no lock and no transaction."""

T = TypeVar("T")

pool: Final = ChildPool()
"""The children of this process."""


def run_job(job: Job[T], octets: bytes, **options: Any) -> T:
    """The result of a job on the octets, checked to be of its type. Options are JSON values.

    Raises the job's own refusal, Exceeded if it used too much or crashed the child, or one of LATER.
    """
    ending, answer = pool.run(job.name, octets, options, wait=WAIT_SECONDS, most=job.max_answer)
    if ending is Ending.FAILED:
        is_memory = answer == b"MemoryError"
        raise LimitExceeded(
            gettext_lazy("it needs too much memory")
            if is_memory
            else gettext_lazy("it broke the program that read it")
        )
    if ending is Ending.REFUSED and job.refusal is not None:
        raise job.refusal(answer.decode("utf-8", "replace"))
    try:
        return job.result.validate_json(answer)
    except ValidationError:
        raise LimitExceeded(gettext_lazy("what was read makes no sense")) from None


def read_email(raw: bytes) -> ParsedEmail:
    """A mail as understood. See `run` for the errors."""
    return run_job(jobs.MAIL, raw)


def read_addressees(raw: bytes) -> str:
    """The recipients that a mail's headers name. See `run` for the errors."""
    return run_job(jobs.ADDRESSEES, raw)


def read_sheets(octets: bytes) -> Workbook:
    """The sheets of a file. Raises UnreadableSheet, and see `run`."""
    return run_job(jobs.SHEETS, octets)


def read_picture(octets: bytes) -> Picture:
    """A picture as a small PNG of our own. Raises UnusablePicture, and see `run`."""
    return run_job(jobs.PICTURE, octets)


def read_multistatus(octets: bytes) -> tuple[DavItem, ...]:
    """What a CalDAV server says of its resources. Raises UnusableCalendar, and see `run`."""
    return run_job(jobs.MULTISTATUS, octets)


def read_busy_times(
    octets: bytes,
    first: datetime,
    last: datetime,
    zone: str,
    *,
    own_uids: Collection[str],
    own_addresses: Collection[str],
) -> BusyTimes:
    """The busy times of a calendar's person. Raises UnusableCalendar. See `run` for other errors."""
    return run_job(
        jobs.BUSY_TIMES,
        octets,
        first=first.isoformat(),
        last=last.isoformat(),
        zone=zone,
        own_uids=sorted(own_uids),
        own_addresses=sorted(own_addresses),
    )
