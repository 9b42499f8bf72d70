"""The name of a browser for the person who uses it, from what it says of itself."""

from __future__ import annotations

from api.language.speaking import gettext

_BROWSERS = {
    "MicroMessenger": "WeChat", "Edg": "Edge", "OPR/": "Opera", "SamsungBrowser": "Samsung Internet",
    "Firefox": "Firefox", "FxiOS": "Firefox", "CriOS": "Chrome", "Chrome": "Chrome", "Safari": "Safari",
}  # fmt: skip
"""Browsers by a word of the User-Agent. The first match counts, as most also claim to be those below."""
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
"""Apps that open pages themselves, by a word of the User-Agent. WeCom also says that it is WeChat."""


def app_around(agent: str) -> str:
    """The app whose own window shows the page, which opens no calendar, or an empty text for a browser."""
    return next((name for sign, name in _APPS.items() if sign in agent), "")


def browser_name(agent: str) -> str:
    """A browser's name, such as "Firefox on Windows", or the User-Agent itself if it is unknown."""
    browser = next((name for sign, name in _BROWSERS.items() if sign in agent), "")
    system = next((name for sign, name in _SYSTEMS.items() if sign in agent), "")
    if browser and system:
        return gettext("%(browser)s on %(system)s", browser=browser, system=system)
    return browser or agent or gettext("A browser that does not say its name")
