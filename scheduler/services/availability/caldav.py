"""CalDAV client for busy times (RFC 4791): discovery (RFC 6764) and queries for the event's days.

WeCom, DingTalk and Feishu offer no secret address but an app password for CalDAV. Requests go over our own
guarded connection, because a library follows redirects, resolves names and parses XML by itself. Only busy
times are read.

User name and password go to one server. A response that points to another server ends the reading, except
among the hosts of one service. The password is encrypted, appears on no page and in no archive, and is
deleted with the calendar. XML is parsed in the child process, which rejects a document type declaration.

Quirks, as users report them; no account was available for testing:

- Depth is 0 or 1, never infinity, which WeCom refuses.
- An address that is a calendar itself needs no discovery (DingTalk).
- The well-known address is tried if the address leads nowhere (Feishu).
- Some servers list calendar entries without their content, which a multiget then fetches.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final
from urllib.parse import unquote, urljoin, urlsplit
from xml.sax.saxutils import escape

from scheduler.domain import fields
from scheduler.domain.errors import Fault, InvalidInput
from scheduler.i18n import gettext_lazy, join_texts
from scheduler.invites.busy import MAX_OCTETS
from scheduler.invites.busy.multistatus import DavItem
from scheduler.invites.transport.digest import Challenge
from scheduler.invites.transport.remote import (
    Fetcher,
    FetchFailure,
    FetchRequest,
    StatusFailure,
    https_address,
    request_target,
    resolve_on_server,
)
from scheduler.secret_keys import SecretKeys
from scheduler.services.availability import calendar_services
from scheduler.services.availability.calendar_services import CalendarService, find_service
from scheduler.services.identity import encryption
from scheduler.untrusted import parsers

ACCOUNT: Final = "busy-account"
MAX_SECONDS: Final = 45.0
"""Time limit for reading a server, over all requests."""
MOST_CALENDARS: Final = 40
MOST_OF_ONE_REQUEST: Final = 100
MOST_ENTRIES: Final = 2_000
"""Maximum number of entries fetched if a server only lists them, 100 per request."""
MOST_OCTETS: Final = 2 * MAX_OCTETS
"""Size limit of all calendars together, in octets."""
MOST_NAMED: Final = 8
MOST_SIGN_INS: Final = 4
"""Maximum attempts of one request: without a challenge, after a redirect, with a stale nonce."""
LOGIN: Final = fields.limits(fields.CalendarLogin)

OFF: Final = gettext_lazy("This site doesn't read CalDAV calendars at the moment.")
_REFUSED: Final = gettext_lazy(
    "The calendar server did not accept this user name and app password. With "
    "two-step verification, your account password doesn't work. Create an app "
    "password in the account's security settings."
)
_NONE: Final = gettext_lazy("The calendar server shows no calendars to this user.")
_NOWHERE: Final = gettext_lazy("There is no calendar server at this address. Check the address.")
_CLOSED: Final = (403, 404, 405, 410)
"""Statuses for a listed calendar that this user cannot read. Such a failure is permanent."""
_WELL_KNOWN: Final = "/.well-known/caldav"

_FIND: Final = (
    b'<?xml version="1.0" encoding="utf-8"?>'
    b'<D:propfind xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:prop>'
    b"<D:resourcetype/><D:displayname/><D:current-user-principal/><C:calendar-home-set/>"
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
    """Credentials for a CalDAV server. The password is excluded from `repr` and logs."""

    user: str
    password: str = field(repr=False)

    @classmethod
    def typed(cls, user: str, password: str) -> DavAccount:
        """Validate credentials from a form. Raises InvalidInput with every fault."""
        user = user.strip()
        faults = []
        if not LOGIN.hold(user) or not user.isprintable() or ":" in user:
            faults.append(Fault("user", gettext_lazy("Enter the user name shown by the calendar service.")))
        if not LOGIN.hold(password) or not password.isprintable():
            faults.append(
                Fault("password", gettext_lazy("Enter the app password created by the calendar service."))
            )
        if faults:
            raise InvalidInput(faults)
        return cls(user, password)

    def sealed(self, secret_key: SecretKeys) -> bytes:
        return encryption.encrypt(secret_key, ACCOUNT, json.dumps([self.user, self.password]))

    @classmethod
    def opened(cls, secret_key: SecretKeys, sealed: bytes) -> DavAccount:
        """Decrypt a stored account. Raises UnreadableSecret."""
        return cls(*json.loads(encryption.decrypt(secret_key, ACCOUNT, sealed)))

    def header(self) -> dict[str, str]:
        """Return the Basic authorization header (RFC 7617) in UTF-8."""
        octets = f"{self.user}:{self.password}".encode()
        return {"Authorization": f"Basic {base64.b64encode(octets).decode()}"}


def parse_account_form(service: str, server: str, user: str, password: str) -> tuple[str, DavAccount]:
    """Return the server address and the account from a form. Raises InvalidInput with every fault."""
    faults: list[Fault] = []
    address = server_address(service, server, user)
    try:
        https_address(address)
    except FetchFailure as error:
        faults.append(Fault("server", error.user_message))
    try:
        account = DavAccount.typed(user, password)
    except InvalidInput as error:
        raise InvalidInput([*faults, *error.faults]) from None
    if faults:
        raise InvalidInput(faults)
    return address, account


def server_address(service: str, typed: str, user: str) -> str:
    """Return the address of a known service, or the one that was typed."""
    known = calendar_services.BY_KEY.get(service)
    return known.address(user, typed) if known else typed


@dataclass(frozen=True, slots=True)
class DavCalendars:
    """A user's calendars with entries in the event's days, each as iCalendar octets.

    `left_out` are sentences about content that the server has and that was not read.
    """

    octets: tuple[bytes, ...]
    left_out: tuple[str, ...] = ()


def fetch_calendars(
    fetcher: Fetcher, address: str, account: DavAccount, first: datetime, last: datetime
) -> DavCalendars:
    """Fetch a user's calendars from `first` to `last` (time-zone aware).

    Raises FetchFailure, UnusableCalendar, and what `untrusted.parsers` raises.
    """
    walk = _Walk(fetcher, account, fetcher.clock() + MAX_SECONDS, find_service(address))
    try:
        return walk.all(address, first, last)
    except StatusFailure as failure:
        if failure.status in (401, 403):
            raise FetchFailure(_refused(walk.service)) from None
        if failure.status in (404, 405, 501):
            raise FetchFailure(_NOWHERE) from None
        raise


def _refused(service: CalendarService | None) -> str:
    if service is None:
        return _REFUSED
    return gettext_lazy(
        "%(service)s did not accept this user name and app password. %(where)s",
        service=service.name,
        where=service.password,
    )


@dataclass(slots=True)
class _Walk:
    fetcher: Fetcher
    account: DavAccount
    ends: float
    service: CalendarService | None
    challenge: Challenge | None = None
    """The server's authentication challenge, if it does not accept Basic."""

    def all(self, address: str, first: datetime, last: datetime) -> DavCalendars:
        found = self.calendars(address)
        if not found:
            raise FetchFailure(_NONE)
        read: list[bytes] = []
        left_out: list[str] = []
        closed: list[str] = []
        for number, (calendar, item) in enumerate(found[:MOST_CALENDARS]):
            try:
                octets, sentences = self.entries(calendar, item.name, first, last)
            except StatusFailure as failure:
                if failure.status not in _CLOSED or len(found) == 1:
                    raise
                closed.append(item.name)
                continue
            if sum(map(len, read)) + len(octets) > MOST_OCTETS:
                unread = found[number:]
                break
            read += [octets] if octets else []
            left_out += sentences
        else:
            unread = found[MOST_CALENDARS:]
        if len(closed) == len(found):
            raise FetchFailure(_refused(self.service))
        not_read = closed + [item.name for _, item in unread]
        if not_read:
            left_out.append(_unread(not_read, len(found)))
        return DavCalendars(tuple(read), tuple(left_out))

    def calendars(self, address: str) -> list[tuple[str, DavItem]]:
        """Return the user's calendars: the resource itself if it is a calendar, else those discovered."""
        address, item = self._entrance(address)
        if item.is_calendar:
            return [(address, item)]
        home = item.home
        if not home and item.principal:
            address, item = self._found(self._named(address, item.principal))
            home = item.home
        listed, address = self._propfind(self._named(address, home) if home else address, 1)
        return [
            (self._named(address, each.href), each)
            for each in listed
            if each.is_calendar and each.has_events is not False and each.href
        ]

    def entries(
        self, calendar: str, name: str, first: datetime, last: datetime
    ) -> tuple[bytes, tuple[str, ...]]:
        """Return a calendar's entries in the window as iCalendar, and sentences about what was not read."""
        window = {"first": _stamp(first), "last": _stamp(last)}
        try:
            items, at = self._report(calendar, _QUERY.format(**window))
        except StatusFailure as failure:
            if failure.status == 401:
                raise
            body = _FREE_BUSY.format(**window).encode()
            times = self._ask(calendar, "REPORT", body, 1, status=200)[0]
            return times or b"\n", ()  # no busy times are an empty VFREEBUSY; an empty body is an error
        is_part = any(item.status == 507 for item in items)
        own = _path(at)
        entries = [item for item in items if _path(item.href) != own and not item.href.endswith("/")]
        given = [item.calendar for item in entries if _is_calendar(item)]
        listed = [item.href for item in entries if _is_listed(item)]
        gone = 0
        if listed:
            content = self._content(calendar, listed[:MOST_ENTRIES])
            given += [item.calendar for item in content if _is_calendar(item)]
            gone = sum(item.status in (404, 410) for item in content)
        count = sum(map(_is_calendar, entries)) + len(listed) - gone
        if count and not given:
            raise FetchFailure(
                gettext_lazy(
                    "The calendar server lists %(count)s entries but returns none of them.", count=count
                )
            )
        left_out = [_missing(name, count - len(given), count)] if count > len(given) else []
        left_out += [_part(name)] if is_part else []
        return "\r\n".join(given).encode(), tuple(left_out)

    def _entrance(self, address: str) -> tuple[str, DavItem]:
        """Return the resource at the address, or at the server's well-known address if it leads nowhere."""
        refused: StatusFailure | None = None
        try:
            found, item = self._found(address)
        except StatusFailure as failure:
            if failure.status == 401:
                raise
            refused = failure
        else:
            if item.is_calendar or item.home or item.principal:
                return found, item
        try:
            return self._found(self._named(address, urljoin(address, _WELL_KNOWN)))
        except StatusFailure as failure:
            if failure.status == 401:
                raise
            if refused is not None and refused.status == 403:
                raise refused from None
            return address, DavItem()

    def _found(self, address: str) -> tuple[str, DavItem]:
        items, address = self._propfind(address, 0)
        return address, items[0] if items else DavItem()

    def _content(self, calendar: str, hrefs: Sequence[str]) -> tuple[DavItem, ...]:
        """Fetch the content of entries that a server only listed."""
        found: tuple[DavItem, ...] = ()
        for first in range(0, len(hrefs), MOST_OF_ONE_REQUEST):
            some = hrefs[first : first + MOST_OF_ONE_REQUEST]
            named = "".join(f"<D:href>{escape(href)}</D:href>" for href in some)
            found += self._report(calendar, _GET.format(hrefs=named))[0]
        return found

    def _propfind(self, address: str, depth: int) -> tuple[tuple[DavItem, ...], str]:
        octets, address = self._ask(address, "PROPFIND", _FIND, depth)
        return parsers.read_multistatus(octets), address

    def _report(self, address: str, body: str) -> tuple[tuple[DavItem, ...], str]:
        octets, address = self._ask(address, "REPORT", body.encode(), 1)
        return parsers.read_multistatus(octets), address

    def _named(self, address: str, named: str) -> str:
        return resolve_on_server(address, named, self.service.pattern if self.service else None)

    def _ask(
        self, address: str, method: str, body: bytes, depth: int, *, status: int = 207
    ) -> tuple[bytes, str]:
        """Send a request, authenticating as the server demands. Return the response and its address.

        The server may send a new challenge, such as for a stale nonce.
        """
        for _ in range(MOST_SIGN_INS):
            signed = address if self.challenge else ""
            try:
                return self.fetcher.ask(
                    address, self._question(address, method, body, depth, status), ends=self.ends
                )
            except StatusFailure as failure:
                challenge = Challenge.of(failure.challenge) if failure.status == 401 else None
                is_refused = signed == failure.address and challenge is not None and not challenge.is_stale
                if challenge is None or is_refused:
                    raise
                self.challenge, address = challenge, failure.address
        raise FetchFailure(_refused(self.service))

    def _question(self, address: str, method: str, body: bytes, depth: int, status: int) -> FetchRequest:
        headers = {"Depth": str(depth), "Content-Type": "application/xml; charset=utf-8"}
        if self.challenge is None:
            headers |= self.account.header()
        else:
            who = self.account.user, self.account.password
            headers["Authorization"] = self.challenge.header(*who, method, request_target(address))
        return FetchRequest(method, headers, body, status, self.service.pattern if self.service else None)


def _path(address: str) -> str:
    return unquote(urlsplit(address).path).rstrip("/")


def _is_calendar(item: DavItem) -> bool:
    return "BEGIN:VCALENDAR" in item.calendar.upper()


def _is_listed(item: DavItem) -> bool:
    """True if a server listed an entry without its content."""
    return bool(item.href) and not _is_calendar(item) and item.status in (0, 200)


def _unread(names: Sequence[str], count: int) -> str:
    named = join_texts([each for each in names if each][:MOST_NAMED])
    if not named:
        return gettext_lazy("%(left)s of %(count)s calendars were not read.", left=len(names), count=count)
    return gettext_lazy(
        "%(left)s of %(count)s calendars were not read: %(names)s.", left=len(names), count=count, names=named
    )


def _missing(name: str, left: int, count: int) -> str:
    if not name:
        return gettext_lazy("%(left)s of %(count)s entries were not read.", left=left, count=count)
    return gettext_lazy(
        "%(left)s of %(count)s entries in “%(calendar)s” were not read.",
        left=left,
        count=count,
        calendar=name,
    )


def _part(name: str) -> str:
    if not name:
        return gettext_lazy("The calendar server sent only some of the entries.")
    return gettext_lazy("The calendar server sent only some of the entries in “%(calendar)s”.", calendar=name)


def _stamp(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"
