"""Busy times from a calendar server: it is found, and asked for the days of the event (RFC 4791, RFC 6764).

Depth is 0 or 1, never infinity, which WeCom refuses. Who names a calendar itself, as DingTalk does, is asked
no more. Feishu is found by the well-known address, and some servers list calendars without their content.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote, urljoin
from xml.sax.saxutils import escape

from scheduler.domain import fields
from scheduler.domain.errors import Fault, InvalidInput
from scheduler.invites.busy.multistatus import DavItem
from scheduler.invites.transport.remote import (
    Fetcher,
    FetchFailure,
    Question,
    StatusFailure,
    https_address,
    on_server,
)
from scheduler.saying import say
from scheduler.services.access import encryption
from scheduler.untrusted import reading

ACCOUNT: Final = "busy-account"
MAX_SECONDS: Final = 30.0
"""For all that a calendar takes, however many requests it is."""
MOST_CALENDARS: Final = 10
MOST_OF_ONE_REQUEST: Final = 100
MOST_ENTRIES: Final = 500
LOGIN: Final = fields.limits(fields.CalendarLogin)

SERVERS: Final[Mapping[str, str]] = {
    "wecom": "https://caldav.wecom.work/",
    "dingtalk": "https://calendar.dingtalk.com/dav/{user}/primary/",
    "feishu": "https://caldav.feishu.cn/",
}
"""Where well-known services are. Others are named by their address."""

OFF: Final = say("This site does not read calendars by CalDAV at the moment.")
_REFUSED: Final = say("The calendar's server does not accept this user name and app password.")
_NONE: Final = say("The calendar's server shows no calendar to this user.")
_WELL_KNOWN: Final = "/.well-known/caldav"

_FIND: Final = (
    b'<?xml version="1.0" encoding="utf-8"?>'
    b'<D:propfind xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:prop>'
    b"<D:resourcetype/><D:current-user-principal/><C:calendar-home-set/>"
    b"<C:supported-calendar-component-set/></D:prop></D:propfind>"
)
_QUERY: Final = (
    '<?xml version="1.0" encoding="utf-8"?>'
    '<C:calendar-query xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">'
    "<D:prop><D:getetag/><C:calendar-data/></D:prop>"
    '<C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT">'
    '<C:time-range start="{first}" end="{last}"/>'
    "</C:comp-filter></C:comp-filter></C:filter></C:calendar-query>"
)
_GET: Final = (
    '<?xml version="1.0" encoding="utf-8"?>'
    '<C:calendar-multiget xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">'
    "<D:prop><C:calendar-data/></D:prop>{hrefs}</C:calendar-multiget>"
)
_FREE_BUSY: Final = (
    '<?xml version="1.0" encoding="utf-8"?>'
    '<C:free-busy-query xmlns:C="urn:ietf:params:xml:ns:caldav">'
    '<C:time-range start="{first}" end="{last}"/></C:free-busy-query>'
)


@dataclass(frozen=True, slots=True)
class DavAccount:
    """Who signs in at a calendar server. The password stands in no text that a person or a log gets."""

    user: str
    password: str = field(repr=False)

    @classmethod
    def typed(cls, user: str, password: str) -> DavAccount:
        """From a form. Raises InvalidInput with every fault."""
        user = user.strip()
        faults = []
        if not LOGIN.hold(user) or not user.isprintable() or ":" in user:
            faults.append(Fault("user", say("Type the user name, as the calendar's service shows it.")))
        if not LOGIN.hold(password) or not password.isprintable():
            faults.append(Fault("password", say("Type the app password that the calendar's service made.")))
        if faults:
            raise InvalidInput(faults)
        return cls(user, password)

    def sealed(self, secret_key: str) -> bytes:
        return encryption.encrypt(secret_key, ACCOUNT, json.dumps([self.user, self.password]))

    @classmethod
    def opened(cls, secret_key: str, sealed: bytes) -> DavAccount:
        """Raises UnreadableSecret."""
        return cls(*json.loads(encryption.decrypt(secret_key, ACCOUNT, sealed)))

    def header(self) -> dict[str, str]:
        """RFC 7617, in UTF-8."""
        octets = f"{self.user}:{self.password}".encode()
        return {"Authorization": f"Basic {base64.b64encode(octets).decode()}"}


def typed(service: str, server: str, user: str, password: str) -> tuple[str, DavAccount]:
    """A server's address and who signs in there, from a form. Raises InvalidInput with every fault."""
    faults: list[Fault] = []
    address = address_of(service, server, user)
    try:
        https_address(address)
    except FetchFailure as error:
        faults.append(Fault("server", error.told))
    try:
        account = DavAccount.typed(user, password)
    except InvalidInput as error:
        raise InvalidInput([*faults, *error.faults]) from None
    if faults:
        raise InvalidInput(faults)
    return address, account


def address_of(service: str, typed: str, user: str) -> str:
    """The address of a service by its name, or the one that was typed."""
    known = SERVERS.get(service)
    return known.format(user=quote(user.strip(), safe="@")) if known else typed


def fetch(fetcher: Fetcher, address: str, account: DavAccount, first: datetime, last: datetime) -> bytes:
    """The calendars of a user from `first` to `last` (aware), one behind the other.

    Raises FetchFailure, UnusableCalendar, and what `untrusted.reading` raises.
    """
    walk = _Walk(fetcher, account, fetcher.clock() + MAX_SECONDS)
    try:
        found = walk.calendars(address)
        if not found:
            raise FetchFailure(_NONE)
        return b"\r\n".join(walk.entries(each, first, last) for each in found[:MOST_CALENDARS])
    except StatusFailure as failure:
        if failure.status == 401:
            raise FetchFailure(_REFUSED) from None
        raise


@dataclass(frozen=True, slots=True)
class _Walk:
    fetcher: Fetcher
    account: DavAccount
    ends: float

    def calendars(self, address: str) -> list[str]:
        """The addresses of the user's calendars: that of the calendar itself, or those that are found."""
        address, item = self._entrance(address)
        if item.is_calendar:
            return [address]
        home = item.home
        if not home and item.principal:
            address, item = self._found(on_server(address, item.principal))
            home = item.home
        listed, address = self._propfind(on_server(address, home) if home else address, 1)
        return [
            on_server(address, each.href)
            for each in listed
            if each.is_calendar and each.has_events is not False and each.href
        ]

    def entries(self, calendar: str, first: datetime, last: datetime) -> bytes:
        """What a calendar has in these days, as iCalendar."""
        window = {"first": _stamp(first), "last": _stamp(last)}
        try:
            items, _ = self._report(calendar, _QUERY.format(**window))
        except StatusFailure as failure:
            if failure.status == 401:
                raise
            question = self._question("REPORT", _FREE_BUSY.format(**window).encode(), 1, status=200)
            return self.fetcher.ask(calendar, question, ends=self.ends)[0]
        if not any(item.calendar for item in items):
            items = self._content(calendar, [item.href for item in items if item.href])
        return "\r\n".join(item.calendar for item in items if item.calendar).encode()

    def _entrance(self, address: str) -> tuple[str, DavItem]:
        """The address, or the well-known one of its server if it leads nowhere."""
        try:
            found, item = self._found(address)
        except StatusFailure as failure:
            if failure.status == 401:
                raise
        else:
            if item.is_calendar or item.home or item.principal:
                return found, item
        try:
            return self._found(on_server(address, urljoin(address, _WELL_KNOWN)))
        except StatusFailure as failure:
            if failure.status == 401:
                raise
            return address, DavItem()

    def _found(self, address: str) -> tuple[str, DavItem]:
        items, address = self._propfind(address, 0)
        return address, items[0] if items else DavItem()

    def _content(self, calendar: str, hrefs: Sequence[str]) -> tuple[DavItem, ...]:
        """The entries that a server has only listed."""
        found: tuple[DavItem, ...] = ()
        for first in range(0, min(len(hrefs), MOST_ENTRIES), MOST_OF_ONE_REQUEST):
            some = hrefs[first : first + MOST_OF_ONE_REQUEST]
            named = "".join(f"<D:href>{escape(href)}</D:href>" for href in some)
            found += self._report(calendar, _GET.format(hrefs=named))[0]
        return found

    def _propfind(self, address: str, depth: int) -> tuple[tuple[DavItem, ...], str]:
        return self._asked(address, self._question("PROPFIND", _FIND, depth))

    def _report(self, address: str, body: str) -> tuple[tuple[DavItem, ...], str]:
        return self._asked(address, self._question("REPORT", body.encode(), 1))

    def _asked(self, address: str, question: Question) -> tuple[tuple[DavItem, ...], str]:
        octets, address = self.fetcher.ask(address, question, ends=self.ends)
        return reading.multistatus(octets), address

    def _question(self, method: str, body: bytes, depth: int, *, status: int = 207) -> Question:
        headers = {"Depth": str(depth), "Content-Type": "application/xml; charset=utf-8"}
        return Question(method, headers | self.account.header(), body, status)


def _stamp(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"
