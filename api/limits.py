"""Rate limits per sender, counted in the broker and shared by all web workers.

Signed-in people are counted by account, links and API tokens once they are known, everybody else by network
address. While the broker does not answer, each process counts in its own memory.

Limits count who asks. An expo's Wi-Fi is one network address, and limits by address locked a whole venue out
of sign-in. A signed-in person is counted by account, a link or API token once it is looked up (a query), a
sign-in request by the email address that it names; the network address counts only for tokens that nobody
has, and as a wide limit for sign-in. A broker that does not answer in half a second is left alone for ten,
and each process counts in memory: limits are then as many times higher as there are processes. Before, each
request waited five seconds for a broker that was away, and nothing was limited.
"""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from typing import ParamSpec, TypeVar

from flask import Flask, request, session
from flask_login import current_user
from limits import RateLimitItemPerSecond
from werkzeug.exceptions import TooManyRequests

from api import context, known_browsers
from scheduler.domain.emails.mailboxes import canonical_mailbox
from scheduler.domain.errors import NotFound
from scheduler.i18n import gettext_lazy, ngettext_lazy
from scheduler.services.identity.tokens import hash_token

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit: so many requests in so many seconds, given by the setting `setting`.

    `name` separates the counts.
    """

    name: str
    setting: str
    seconds: int

    @property
    def most(self) -> int:
        """The number of requests, 0 for no limit."""
        most: int = getattr(context.settings(), self.setting)
        return most


ACCOUNT = Limit("account", "limit_account", 60)
COSTLY = Limit("costly", "limit_costly", 60)
API = Limit("api", "limit_api", 60)
LINK = Limit("link", "limit_link", 60)
UNKNOWN_TOKEN = Limit("unknown-token", "limit_unknown_token", 60)
SIGN_IN = Limit("sign-in", "limit_sign_in", 15 * 60)
SIGN_IN_NETWORK = Limit("sign-in-network", "limit_sign_in_network", 60 * 60)
SIGN_IN_BROWSER = Limit("sign-in-browser", "limit_sign_in", 15 * 60)
REGISTER = Limit("register", "limit_sign_in", 15 * 60)
REGISTER_NETWORK = Limit("register-network", "limit_register_network", 60 * 60)
REGISTER_MAILBOX = Limit("register-mailbox", "limit_register_mailbox", 24 * 60 * 60)
REGISTER_EVENT = Limit("register-event", "limit_register_event", 60 * 60)


class Limited(TooManyRequests):
    """Too many requests. `seconds` is the time to wait, as in Retry-After (RFC 9110, 10.2.3)."""

    def __init__(self, seconds: int) -> None:
        sentence = gettext_lazy("That was too often. Try again in %(time)s.", time=lasting(seconds))
        super().__init__(sentence, retry_after=seconds)
        self.seconds = seconds


def init_app(app: Flask) -> None:
    app.before_request(_count_account)


def require(limit: Limit, *who: object) -> None:
    """Count one request of its sender. Raises Limited."""
    if not limit.most:
        return
    item = RateLimitItemPerSecond(limit.most, limit.seconds)
    waited = context.counter().wait(item, limit.name, *map(str, who))
    if waited:
        raise Limited(math.ceil(waited))


def _is_within(limit: Limit, *who: object) -> bool:
    try:
        require(limit, *who)
    except Limited:
        return False
    return True


def require_link(token: str) -> None:
    """Count one use of a link that is known."""
    require(LINK, hash_token(token))


def require_sign_in(email: str) -> None:
    """Count one wish for a sign-in link: wide by network address, narrow by account address.

    The narrow count is of an address and a network, so that no stranger keeps a person from a link by
    writing their address elsewhere. There is no count of all: strangers would use it up for everybody, with
    addresses that get no mail. A browser in which somebody was signed in has a few of its own, which nobody
    in its network uses up.
    """
    browser = known_browsers.find()
    if browser is None or not _is_within(SIGN_IN_BROWSER, browser):
        require(SIGN_IN_NETWORK, network())
    require(SIGN_IN, hash_token(email), network())


def require_registration(email: str, event_key: str) -> None:
    """Count one registration of a firm: each has us mail a stranger. What one count refuses, no next has.

    There is no count of all events: who fills the page of one would close those of all others.
    """
    mailbox = hash_token(canonical_mailbox(email))
    require(REGISTER, mailbox)
    require(REGISTER_MAILBOX, mailbox)
    require(REGISTER_NETWORK, network())
    if (site := network(of_site=True)) != network():
        require(REGISTER_NETWORK, site)
    require(REGISTER_EVENT, event_key)


@contextmanager
def looking_up_a_token() -> Iterator[None]:
    """Count what is looked up and not found: invented tokens are one asker's, however many there are."""
    try:
        yield
    except NotFound:
        require_known()
        raise


def require_known() -> None:
    """Count one who came without a token that is known."""
    require(UNKNOWN_TOKEN, network())


def require_costly() -> None:
    """Count one request of a signed-in person that takes much of the machine."""
    require(COSTLY, current_user.account_id, request.endpoint)


def costly(view: Callable[P, R]) -> Callable[P, R]:
    """A view of which each account has a few a minute. Goes below `login_required`."""

    @wraps(view)
    def counted(*args: P.args, **kwargs: P.kwargs) -> R:
        require_costly()
        return view(*args, **kwargs)

    return counted


def network(*, of_site: bool = False) -> str:
    """The network of the request: an IPv4 address, or the /64 of an IPv6 one, which is one customer's.

    With `of_site` it is the /48, of which one site has 65,536 such networks (RFC 6177).
    """
    try:
        address = ipaddress.ip_address((request.remote_addr or "").partition("%")[0])
    except ValueError:
        return "local"
    if isinstance(address, ipaddress.IPv6Address):
        mapped = address.ipv4_mapped
        return str(mapped or ipaddress.ip_network((address, 48 if of_site else 64), strict=False))
    return str(address)


def lasting(seconds: int) -> str:
    """A duration in words, rounded up."""
    if seconds < 100:
        return ngettext_lazy("%(num)s second", "%(num)s seconds", seconds)
    return ngettext_lazy("%(num)s minute", "%(num)s minutes", -(-seconds // 60))


def _count_account() -> None:
    """Count every request of a signed-in person.

    Programs and links are counted when their token is looked up.
    """
    if (
        request.endpoint in (None, "static")
        or request.blueprint in ("v1", "health", "feed")
        or "_user_id" not in session
    ):
        return
    if current_user.is_authenticated:
        require(ACCOUNT, current_user.account_id)
