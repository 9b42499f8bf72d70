"""Jobs allowed on untrusted octets in a child process: pure functions, by name.

A job takes octets and options, and returns a value of our own types. `refusal` is the one exception that it
raises on purpose, with a readable message. To parse another kind of file, add a job.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Generic, TypeVar

from pydantic import TypeAdapter

from scheduler.domain.errors import ChainmeetError
from scheduler.invites import busy, inbound
from scheduler.invites.busy import BusyTimes, multistatus
from scheduler.invites.busy.multistatus import DavItem
from scheduler.invites.inbound import ParsedEmail
from scheduler.sheets import workbook as sheets
from scheduler.sheets.tables import UnreadableSheet, Workbook
from scheduler.untrusted import limits, pictures
from scheduler.untrusted.pictures import Picture, UnusablePicture

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Job(Generic[T]):
    """A named pure function, with its result type and refusal.

    `max_answer` is the maximum size of the result as JSON, in octets.
    """

    name: str
    work: Callable[..., T]
    result: TypeAdapter[T]
    refusal: type[ChainmeetError] | None = None
    max_answer: int = limits.MAX_ANSWER


def _busy_times(
    octets: bytes, first: str, last: str, zone: str, own_uids: list[str], own_addresses: list[str]
) -> BusyTimes:
    window = datetime.fromisoformat(first), datetime.fromisoformat(last)
    return busy.read_busy_times(octets, *window, zone, own_uids=own_uids, own_addresses=own_addresses)


def _multistatus(octets: bytes) -> tuple[DavItem, ...]:
    return multistatus.read_multistatus(octets)


MAIL: Final = Job("mail", inbound.read_email, TypeAdapter(ParsedEmail))
ADDRESSEES: Final = Job("addressees", inbound.read_addressees, TypeAdapter(str))
BUSY_TIMES: Final = Job("busy_times", _busy_times, TypeAdapter(BusyTimes), busy.UnusableCalendar)
MULTISTATUS: Final = Job(
    "multistatus",
    _multistatus,
    TypeAdapter(tuple[DavItem, ...]),
    busy.UnusableCalendar,
    limits.MAX_MULTISTATUS_ANSWER,
)
SHEETS: Final = Job(
    "sheets", sheets.read_workbook, TypeAdapter(Workbook), UnreadableSheet, limits.MAX_SHEETS_ANSWER
)
PICTURE: Final = Job("picture", pictures.read_picture, TypeAdapter(Picture), UnusablePicture)
BRAND_PICTURE: Final = Job(
    "brand_picture", pictures.read_brand_picture, TypeAdapter(Picture), UnusablePicture
)

JOBS: Final[dict[str, Job[Any]]] = {
    job.name: job for job in (MAIL, ADDRESSEES, BUSY_TIMES, MULTISTATUS, SHEETS, PICTURE, BRAND_PICTURE)
}
