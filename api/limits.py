"""Rate limits per client, counted in the broker and shared by all web workers.

Signed-in users are counted by account. Links and API tokens are counted once they are looked up (a query),
and sign-in requests by the email address that they name. An expo's Wi-Fi is one network address, so limits by
address once locked a whole venue out of sign-in. The network address therefore counts only for unknown
tokens, and as a wide limit for sign-in.

A broker that does not respond in half a second is skipped for ten seconds. Meanwhile each process counts in
memory, so limits are multiplied by the number of processes. Without that, each request waited five seconds
for an unavailable broker, and nothing was limited.
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
    """A limit: the setting `setting` is the number of requests in `seconds`.

    `name` separates the counters.
    """

    name: str
    setting: str
    seconds: int

    @property
    def most(self) -> int:
        """The number of requests, or 0 for no limit."""
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
RECOVERY_CODE = Limit("recovery-code", "limit_sign_in", 15 * 60)
REGISTER = Limit("register", "limit_sign_in", 15 * 60)
REGISTER_NETWORK = Limit("register-network", "limit_register_network", 60 * 60)
REGISTER_MAILBOX = Limit("register-mailbox", "limit_register_mailbox", 24 * 60 * 60)
REGISTER_EVENT = Limit("register-event", "limit_register_event", 60 * 60)


class Limited(TooManyRequests):
    """Too many requests. `seconds` is the time to wait, as in Retry-After (RFC 9110, 10.2.3)."""

    def __init__(self, seconds: int) -> None:
        sentence = gettext_lazy("Too many attempts. Try again in %(time)s.", time=lasting(seconds))
        super().__init__(sentence, retry_after=seconds)
        self.seconds = seconds


def init_app(app: Flask) -> None:
    app.before_request(_count_account)


def require(limit: Limit, *who: object) -> None:
    """Count one request of a client. Raises Limited."""
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
    """Count one use of a known link."""
    require(LINK, hash_token(token))


def require_sign_in(email: str) -> None:
    """Count one sign-in request: a wide limit by network, and a narrow one by email address and network.

    The narrow counter includes the network, so that an attacker elsewhere cannot lock out a person by using
    their address. There is no global limit: an attacker could exhaust it with addresses that get no email. A
    known browser has a few requests of its own, which others in its network cannot use up.
    """
    require_provider_sign_in()
    require(SIGN_IN, hash_token(email), network())


def require_provider_sign_in() -> None:
    """Count one request to sign in with a provider or a passkey, by browser and network."""
    browser = known_browsers.find()
    if browser is None or not _is_within(SIGN_IN_BROWSER, browser):
        require(SIGN_IN_NETWORK, network())


def require_recovery_code(account_id: int) -> None:
    """Count one recovery code that was entered for an account, by network and by account."""
    require_provider_sign_in()
    require(RECOVERY_CODE, account_id)


def require_registration(email: str, event_key: str) -> None:
    """Count one registration of a firm, which sends an email to an unverified address.

    The counters are checked in order, and a rejected request does not reach later ones. There is no global
    limit: abuse of one event's page would close those of all others.
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
    """Count failed token lookups by network, however many different tokens are tried."""
    try:
        yield
    except NotFound:
        require_known()
        raise


def require_known() -> None:
    """Count one request with an unknown token."""
    require(UNKNOWN_TOKEN, network())


def require_costly() -> None:
    """Count one expensive request of a signed-in user."""
    require(COSTLY, current_user.account_id, request.endpoint)


def costly(view: Callable[P, R]) -> Callable[P, R]:
    """Limit an expensive view to a few requests a minute per account. Goes below `login_required`."""

    @wraps(view)
    def counted(*args: P.args, **kwargs: P.kwargs) -> R:
        require_costly()
        return view(*args, **kwargs)

    return counted


def network(*, of_site: bool = False) -> str:
    """Return the client's network: its IPv4 address, or the /64 of its IPv6 address, usually one customer.

    With `of_site` it is the /48 of a site, which has 65,536 of these (RFC 6177).
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
    """Return a duration in words, rounded up."""
    if seconds < 100:
        return ngettext_lazy("%(num)s second", "%(num)s seconds", seconds)
    return ngettext_lazy("%(num)s minute", "%(num)s minutes", -(-seconds // 60))


def _count_account() -> None:
    """Count every request of a signed-in user.

    API clients and links are counted when their token is looked up.
    """
    if (
        request.endpoint in (None, "static")
        or request.blueprint in ("v1", "health", "metrics", "feed")
        or "_user_id" not in session
    ):
        return
    if current_user.is_authenticated:
        require(ACCOUNT, current_user.account_id)
