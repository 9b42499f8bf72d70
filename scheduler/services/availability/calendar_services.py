"""Calendar services whose CalDAV servers are known: address, hosts, and where an app password is made.

The hosts are a table on purpose. A rule such as "the same registrable domain" needs the list of public
suffixes, and one mistake there sends somebody's password to a stranger below co.uk or github.io.

A table names the hosts of each service, as iCloud has everybody's calendars on a numbered host. The rule of
one registrable domain needs the list of public suffixes, and one mistake sends a password to a stranger below
co.uk or github.io. A server of no service keeps to the host that was typed. A service that adds a host is not
read before the table has it; its address can be typed meanwhile. Each calendar is read by itself, as a UID is
unique in one alone (RFC 4791 4.1), each object with its own zones (RFC 5545 3.8.3.1). Calendars beyond 40,
listed entries beyond 2,000 and what a server keeps back (507) are named with the calendar. A file of 10 MiB
with 17,800 events takes 1.4 s of the child's 5 s, and 98 of its 256 MiB.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlsplit

from scheduler.i18n import gettext_lazy


@dataclass(frozen=True, slots=True)
class CalendarService:
    """A service. `name` is its own, `other_name` the one in another script.

    `server` has `{user}` where the user name stands, and `{host}` where everybody has an own server. `hosts`
    are those that get the password, one from the other. `password` says where an app password is made.
    """

    key: str
    name: str
    server: str
    password: str
    other_name: str = ""
    hosts: str = ""

    @property
    def asks_server(self) -> bool:
        """Whether its users name their own server."""
        return "{host}" in self.server

    @property
    def pattern(self) -> re.Pattern[str]:
        """The whole hosts of its servers."""
        return re.compile(self.hosts or re.escape(urlsplit(self.server).hostname or ""), re.IGNORECASE)

    def address(self, user: str, typed: str) -> str:
        """The address of a user's server. What is typed counts for services of own servers alone."""
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
        # Everybody's calendars are on a numbered host, in mainland China on one of icloud.com.cn.
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
        gettext_lazy("Create an authorization code in QQ Mail's settings, under Account and Security."),
        "QQ邮箱",
    ),
    CalendarService(
        "netease",
        "NetEase Mail",
        "https://caldav.163.com/",
        gettext_lazy("Turn on CalDAV in your mailbox's settings, and create an authorization code there."),
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
    """The service whose server an address is on. Nobody's own server is one."""
    host = urlsplit(address).hostname or ""
    found = (each for each in SERVICES if not each.asks_server and each.pattern.fullmatch(host))
    return next(found, None)
