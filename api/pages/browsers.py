"""Browser names from the User-Agent."""

from __future__ import annotations

from api.language.speaking import gettext

_BROWSERS = {
    "MicroMessenger": "WeChat", "Edg": "Edge", "OPR/": "Opera", "SamsungBrowser": "Samsung Internet",
    "Firefox": "Firefox", "FxiOS": "Firefox", "CriOS": "Chrome", "Chrome": "Chrome", "Safari": "Safari",
}  # fmt: skip
"""Browsers by a token of the User-Agent. The first match counts: most also contain tokens further below."""
_SYSTEMS = {
    "HarmonyOS": "HarmonyOS", "iPhone": "iPhone", "iPad": "iPad", "Android": "Android", "Windows": "Windows",
    "CrOS": "ChromeOS", "Mac OS": "Mac", "Linux": "Linux",
}  # fmt: skip

_APPS = {
    "wxwork": "WeCom", "MicroMessenger": "WeChat", "DingTalk": "DingTalk", "Feishu": "Feishu",
    "Lark/": "Lark", " QQ/": "QQ", "Weibo": "Weibo", "AlipayClient": "Alipay", "aweme": "Douyin",
    "BytedanceWebview": "TikTok",
    "musical_ly": "TikTok", "Instagram": "Instagram", "FBAN": "Facebook", "FBAV": "Facebook",
    "FB_IAB": "Facebook", " Line/": "LINE", "KAKAOTALK": "KakaoTalk", "LinkedInApp": "LinkedIn",
    "Snapchat": "Snapchat", "Twitter": "X",
}  # fmt: skip
"""Apps with an in-app browser, by a token of the User-Agent. WeCom also contains WeChat's token."""


def app_around(agent: str) -> str:
    """Return the app whose in-app browser shows the page, which cannot open calendars, or ""."""
    return next((name for sign, name in _APPS.items() if sign in agent), "")


def browser_name(agent: str) -> str:
    """Return a name such as "Firefox on Windows", or the User-Agent itself if it is unknown."""
    browser = next((name for sign, name in _BROWSERS.items() if sign in agent), "")
    system = next((name for sign, name in _SYSTEMS.items() if sign in agent), "")
    if browser and system:
        return gettext("%(browser)s on %(system)s", browser=browser, system=system)
    return browser or agent or gettext("Unknown browser")
