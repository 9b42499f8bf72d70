"""The terms of pages, emails and manual in four languages: one word for one thing.

`docs/translators.md` has the table of `TERMS`: `python -m tests.support.glossary` writes it there. What a
thing is not called stands in `REJECTED`. `tests/integration/language/test_one_word.py` holds both.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Final

GUIDE: Final = Path(__file__).parents[2] / "docs" / "translators.md"
OWN_SPELLINGS: Final = (
    "lock[- ]file(s)?",
    "user[- ]name(s)?",
    "readme(s)?",
    "web[- ]?site(s)?",
    "must-?have(s)?",
    "nice-?to-?have(s)?",
    "API['’]?s",
)
"""Terms of the default list of textlint-rule-terminology that the manual writes in another way."""
HEADING: Final = "| English | Chinese | Hungarian |\n|---|---|---|\n"
ARABIC_HEADING: Final = "| English | Arabic |\n|---|---|\n"

TERMS: Final = (
    ("event", "展会", "rendezvény"),
    ("meeting", "洽谈", "találkozó"),
    ("request, meeting request", "请求, 洽谈请求", "kérés, találkozókérés"),
    ("respond, response (to a request)", "答复", "válaszol, válasz"),
    ("reply (to an invitation)", "回复", "válasz"),
    ("accepted, tentative, declined (replies)", "接受, 暂定, 谢绝", "elfogadta, bizonytalan, elutasította"),
    ("accept, decline", "接受, 谢绝", "elfogad, elutasít"),
    ("withdraw a request, cancel a meeting", "撤回, 取消", "visszavon, lemond"),
    ("scheduled, not scheduled", "已安排, 未安排", "beosztva, nem került be"),
    ("schedule, version, draft", "日程 (排程: the act), 版本, 草稿", "beosztás, változat, tervezet"),
    ("draft of a request, template", "草稿, 模板", "piszkozat, sablon"),
    ("run, overnight run", "运行, 夜间运行", "futtatás, éjszakai futtatás"),
    ("publish, publication, preview", "发布, 预览", "közzétesz, közzététel, előnézet"),
    ("agenda", "日程", "napirend"),
    ("exhibitor (organisers' pages)", "展商", "kiállító"),
    ("company (exhibitors' pages)", "企业, 公司", "cég"),
    ("company contact", "参展负责人", "kapcsolattartó"),
    ("attendee, organiser", "与会者, 主办方", "résztvevő, szervező"),
    ("interpreter, operator", "口译员, 运维人员", "tolmács, üzemeltető"),
    ("participants", "参与方", "résztvevők"),
    ("directory", "企业名录", "céglista"),
    ("hall, booth, table", "展馆, 展位, 洽谈桌", "csarnok, stand, asztal"),
    ("zone, venue, location", "区域, 场地, 地点", "zóna, helyszín, hely"),
    ("slot", "时段", "időpont"),
    (
        "busy, unavailable (a time), unavailable (a person)",
        "没空, 不可用, 不在场",
        "foglalt, nem elérhető, nem elérhető",
    ),
    ("preferences", "洽谈意向", "preferenciák"),
    ("must-have, want, nice to have", "必谈, 想谈, 可谈", "mindenképp, fontos, ha belefér"),
    ("upstream, midstream, downstream", "上游, 中游, 下游", "a lánc eleje, közepe, vége"),
    ("scheduling priorities", "排程优先级", "beosztási prioritások"),
    ("fairness, idle time, hall changes", "公平, 空闲时间, 换馆", "méltányosság, üresjárat, csarnokváltás"),
    ("suggested fixes, reason", "建议的调整, 原因", "javasolt megoldások, ok"),
    ("scenario, live plan", "方案, 现行日程", "forgatókönyv, élő beosztás"),
    (
        "undo, discard, restore version",
        "撤销, 舍弃, 恢复版本",
        "visszaállítás, elvet, változat visszaállítása",
    ),
    ("audit log", "审计日志", "auditnapló"),
    ("rehearsal, go live", "预演, 正式启用", "próba, élesítés"),
    ("help desk, viewer", "服务台, 只读成员", "ügyfélszolgálat, megtekintő"),
    ("delegation, delegation manager", "代表团, 代表团负责人", "delegáció, delegációvezető"),
    ("call, call list", "致电, 致电名单", "hívás, hívólista"),
    ("email, email address", "邮件, 电子邮箱", "e-mail, e-mail-cím"),
    ("failed emails, bounce", "发送失败的邮件, 退信", "sikertelen e-mailek, visszapattant"),
    ("invitation, calendar feed", "邀请, 日历订阅", "meghívó, naptár-feliratkozás"),
    ("calendar status", "日历状态", "naptárállapot"),
    ("outcome (of a meeting)", "洽谈结果", "eredmény"),
    ("import, skipped", "导入, 已跳过", "importál, kihagyva"),
    ("row, sheet, column, cell", "行, 工作表, 列, 单元格", "sor, munkalap, oszlop, cella"),
    ("ID", "编号", "azonosító"),
    ("required field, optional field", "必填, 选填", "kötelező, nem kötelező"),
    ("select, selected", "选择, 已选", "kijelöl, kijelölve"),
    ("to do", "待办", "teendők"),
    ("place on the board, move on the board", "放置, 移动", "elhelyez, áthelyez"),
    ("dashboard, board, settings", "概览, 排程板, 设置", "áttekintés, tábla, beállítások"),
    ("sign in, sign out", "登录, 退出", "belépés, kilépés"),
    ("link, token, password", "链接, 令牌, 密码", "hivatkozás, token, jelszó"),
    ("registration (of an exhibitor)", "报名", "jelentkezés"),
    ("reminder, digest, briefing", "提醒, 每日摘要, 简报", "emlékeztető, napi összesítő, eligazítás"),
    (
        "print pack, reports, statistics",
        "打印资料包, 报表, 统计",
        "nyomtatási csomag, jelentések, statisztika",
    ),
    ("check in, no-show", "签到, 未到场", "bejelentkezés, meg nem jelent"),
)
"""English, Chinese and Hungarian: the same number of terms in each, separated by commas."""

ARABIC: Final = (
    ("event", "الفعالية"),
    ("meeting", "اجتماع"),
    ("request", "طلب"),
    ("schedule", "الجدول"),
    ("respond, response (to a request)", "الرد, الرد"),
    ("accept, decline", "قبول, رفض"),
    ("agenda", "جدول المواعيد"),
    ("my day, my week", "يومي, أسبوعي"),
    ("company, companies", "شركة, الشركات"),
    ("company contact", "مسؤول الشركة"),
    ("colleagues", "الزملاء"),
    ("company profile", "الملف التعريفي للشركة"),
    ("offers, needs, products", "المعروضات, الاحتياجات, المنتجات"),
    ("directory", "دليل الشركات"),
    ("dashboard, settings", "الرئيسية, الإعدادات"),
    ("attendee, interpreter", "مشارك, مترجم فوري"),
    ("hall, booth, table", "قاعة, جناح, طاولة"),
    ("busy, busy times", "مشغول, أوقات الانشغال"),
    ("preferences", "التفضيلات"),
    ("must-have, want, nice to have", "ضروري, مهم, مستحسن"),
    ("invitation", "دعوة"),
    ("outcomes", "نتائج الاجتماعات"),
    ("rehearsal", "التشغيل التجريبي"),
    ("sign in, sign out", "تسجيل الدخول, تسجيل الخروج"),
)
"""English and Arabic, for the pages of guests."""

REJECTED: Final = {
    "ar": {
        "موعد عمل": "اجتماع",
        "كشك": "جناح",
        "صالة": "قاعة",
        "البريد الالكتروني": "البريد الإلكتروني",
        "إيميل": "البريد الإلكتروني",
        "لينك": "رابط",
    },
    "en": {
        r"\bheld\b": "scheduled",
        r"\bmails?\b": "email",
        r"\btick(s|ed)?\b": "select",
        "whoever": "anyone who",
        "whatsoever": "any",
        "somebody": "someone",
        "nobody": "no one",
        r"\bmend(s|ed)?\b": "fix",
        r"\bdials?\b": "priority",
        r"\blevers?\b|\bremed(y|ies)\b": "fix",
        r"\bwhat[- ]ifs?\b": "scenario",
        r"\btrails?\b": "audit log",
        r"\bby hand\b": "manually",
        r"\bper cent\b": "%",
        r"\btime ?slots?\b": "slot",
        "appointment": "meeting",
        "chamber": "delegation manager",
        r"\w\(s\)": "a singular and a plural",
        r"\btold\b": "notified",
    },
    "zh": {
        "会议": "洽谈",
        "会谈": "洽谈",
        "会面": "洽谈",
        "申请": "请求",
        "活动": "展会",
        "拒绝": "谢绝",
        "参展商": "展商",
        "参展企业": "展商",
        "翻译": "口译员",
        "草案": "草稿",
        "排期": "日程",
        "意愿": "洽谈意向",
        "你们": "您",
        "忙碌的": "没空",
    },
    "hu": {
        "megbeszélés": "találkozó",
        "tárgyalás": "találkozó",
        "meeting": "találkozó",
        "visszautasít": "elutasít",
        "menetrend": "beosztás",
        "vázlat": "tervezet",
        "ütemterv": "beosztás",
        "link": "hivatkozás",
        "pavilon": "csarnok",
        "fordító": "tolmács",
        "futás": "futtatás",
        "visszacsinál": "visszaállítás",
        "cégjegyzék": "céglista",
        "névjegyzék": "céglista",
        "címtár": "céglista",
    },
}
"""By language: rejected words as regular expressions, each with the right one."""

ALLOWED: Final = ("被拒绝", "拒收", "洽谈请求被", "拒绝。", "webinar")
"""Exceptions with another meaning: "refused" of a program, not "declined" of a request."""

MOST_WORDS: Final = 20
"""Longest English sentence."""


def glossary_table() -> str:
    """Return the terms as the Markdown table of the guide."""
    table = HEADING + "".join(f"| {en} | {zh} | {hu} |\n" for en, zh, hu in TERMS)
    return table + "\n" + ARABIC_HEADING + "".join(f"| {en} | {ar} |\n" for en, ar in ARABIC)


def with_table(guide: str) -> str:
    """Return the guide with the table of these terms."""
    before, _, after = guide.partition(HEADING)
    after = after.partition(ARABIC_HEADING)[2] or after
    rest = after[after.index("\n\n") + 1 :]
    return before + glossary_table() + rest


def textlint_settings() -> str:
    """Return the settings of textlint as JSON: its default terms except ours, and the rejected English words.

    "mail server" and "QQ Mail" are right, and textlint has no exceptions within a term: `test_one_word.py`
    alone reads the manual for "mail".
    """
    words = {pattern.replace(r"\b", ""): right for pattern, right in REJECTED["en"].items()}
    terms = [[word, right] for word, right in words.items() if r"\w" not in word and right != "email"]
    rule = {"defaultTerms": True, "exclude": list(OWN_SPELLINGS), "terms": terms}
    return json.dumps({"rules": {"terminology": rule}}, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    if "--textlint" in sys.argv[1:]:
        sys.stdout.write(textlint_settings())
    else:
        GUIDE.write_text(with_table(GUIDE.read_text("utf-8")), "utf-8")
