"""Public interface to parse untrusted emails, calendars, spreadsheets and pictures in a child process."""

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
    "read_brand_picture",
    "read_busy_times",
    "read_email",
    "read_multistatus",
    "read_picture",
    "read_sheets",
    "run_job",
]

BUSY_MESSAGE: Final = (PoolExhausted, ChildKilled, ChildNotStarted)
"""Errors unrelated to the input: a retry may succeed."""
UNREADABLE_MESSAGE: Final = (LimitExceeded, *BUSY_MESSAGE)
"""Errors of `run_job` itself, each with a readable message."""

WAIT_SECONDS: Final = 10.0
"""Seconds to wait for a free child. The caller must hold no lock and no transaction."""

T = TypeVar("T")

pool: Final = ChildPool()
"""Child processes of this process."""


def run_job(job: Job[T], octets: bytes, **options: Any) -> T:
    """Run a job on the octets and return its validated result. Options are JSON values.

    Raises the job's own refusal, LimitExceeded if it exceeded a limit or crashed the child, or one of
    BUSY_MESSAGE.
    """
    ending, answer = pool.run(job.name, octets, options, wait=WAIT_SECONDS, most=job.max_answer)
    if ending is Ending.FAILED:
        is_memory = answer == b"MemoryError"
        raise LimitExceeded(
            gettext_lazy("it needs too much memory")
            if is_memory
            else gettext_lazy("it crashed the program that reads it")
        )
    if ending is Ending.REFUSED and job.refusal is not None:
        raise job.refusal(answer.decode("utf-8", "replace"))
    try:
        return job.result.validate_json(answer)
    except ValidationError:
        raise LimitExceeded(gettext_lazy("its content makes no sense")) from None


def read_email(raw: bytes) -> ParsedEmail:
    """Return a parsed email. See `run_job` for errors."""
    return run_job(jobs.MAIL, raw)


def read_addressees(raw: bytes) -> str:
    """Return the recipients in an email's headers. See `run_job` for errors."""
    return run_job(jobs.ADDRESSEES, raw)


def read_sheets(octets: bytes) -> Workbook:
    """Return the sheets of a file. Raises UnreadableSheet; see also `run_job`."""
    return run_job(jobs.SHEETS, octets)


def read_picture(octets: bytes) -> Picture:
    """Return a picture re-encoded as a small PNG. Raises UnusablePicture; see also `run_job`."""
    return run_job(jobs.PICTURE, octets)


def read_brand_picture(octets: bytes, kind: str) -> Picture:
    """Return an event's logo as PNG, or its banner picture as JPEG. Raises UnusablePicture; see `run_job`."""
    return run_job(jobs.BRAND_PICTURE, octets, kind=kind)


def read_multistatus(octets: bytes) -> tuple[DavItem, ...]:
    """Return the resources of a CalDAV response. Raises UnusableCalendar; see also `run_job`."""
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
    """Return the busy times of a calendar's owner. Raises UnusableCalendar; see also `run_job`."""
    return run_job(
        jobs.BUSY_TIMES,
        octets,
        first=first.isoformat(),
        last=last.isoformat(),
        zone=zone,
        own_uids=sorted(own_uids),
        own_addresses=sorted(own_addresses),
    )
