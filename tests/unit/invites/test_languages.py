"""Complete emails in Chinese and Hungarian: idiomatic words, punctuation and dates."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from scheduler.invites.ical.itip import ItipMessage
from scheduler.invites.mail.imip import render_invitation
from tests.unit.invites.builders import content, envelope, event_of, only, parsed, part, told, wanted

CHINESE: dict[str, Any] = {
    "language": "zh",
    "summary": "与华芯微电子洽谈",
    "place_name": "17号桌",
    "hall": "3号馆",
    "partner_firm": "华芯微电子",
    "partner_people": ("王小明", "李娜"),
    "interpreter": None,
    "own_people": (),
    "topic": "功率模块",
    "directions": "3号馆：17号桌。请提前五分钟到场。",
    "event_name": "国际供应链博览会",
}
HUNGARIAN: dict[str, Any] = {
    "language": "hu",
    "summary": "Találkozó: Huaxin",
    "place_name": "17. asztal",
    "hall": "3. csarnok",
    "topic": "Teljesítménymodulok",
    "directions": "3. csarnok, 17. asztal. Kérjük, öt perccel korábban érkezzen.",
}
LATER = {
    "start": datetime(2027, 5, 13, 6, 0, tzinfo=UTC),
    "end": datetime(2027, 5, 13, 6, 30, tzinfo=UTC),
    "interpreter": "Zhao Lei",
}


def subject_and_text(message: ItipMessage) -> tuple[str, str]:
    made = parsed(render_invitation(message, envelope(message)))
    return made["Subject"], part(made, "text/plain").get_content().replace("\r\n", "\n")


def test_a_new_meeting_in_chinese() -> None:
    message = only({}, wanted(content(**CHINESE, reader_timezone="Europe/Budapest")))
    assert subject_and_text(message) == (
        "洽谈邀请：5月12日 周三 10:00，与华芯微电子洽谈",
        (
            "您有一场新的洽谈\n"
            "与华芯微电子洽谈\n"
            "\n"
            "时间：2027年5月12日 星期三 10:00–10:30（北京时间）\n"
            "您的当地时间：2027年5月12日 星期三 04:00–04:30（布达佩斯，UTC+02:00）\n"
            "洽谈对象：华芯微电子\n"
            "对方与会者：王小明、李娜\n"
            "地点：3号馆 17号桌\n"
            "洽谈主题：功率模块\n"
            "到场说明：3号馆：17号桌。请提前五分钟到场。\n"
            "展会：国际供应链博览会\n"
            "\n"
            "请在本邮件中接受或谢绝邀请。接受后，这场洽谈会添加到您的日历。\n"
            "\n"
            "查看您的日程：\n"
            "https://meet.example/agenda\n"
            "\n"
            "-- \n"
            "本邮件由Chainmeet为国际供应链博览会发送。接受和谢绝由系统自动处理。您在回复中写的内容会送达主办方。\n"
        ),
    )


def test_a_new_meeting_in_hungarian() -> None:
    message = only({}, wanted(content(**HUNGARIAN, reader_timezone="Europe/Budapest")))
    assert subject_and_text(message) == (
        "Meghívó – Sze, máj. 12. 10:00, Találkozó: Huaxin",
        (
            "Új találkozója van\n"
            "Találkozó: Huaxin\n"
            "\n"
            "Mikor: 2027. május 12., szerda, 10:00–10:30 (pekingi idő, UTC+08:00)\n"
            "Az Ön ideje szerint: 2027. május 12., szerda, 04:00–04:30 (Budapest, UTC+02:00)\n"
            "Partner: Huaxin Microelectronics\n"
            "Akikkel találkozik: Wang Xiaoming, Li Na\n"
            "Az Ön kollégái: Kovács Éva\n"
            "Hol: 3. csarnok, 17. asztal\n"
            "Tolmács: Zhao Lei\n"
            "Téma: Teljesítménymodulok\n"
            "Megközelítés: 3. csarnok, 17. asztal. Kérjük, öt perccel korábban érkezzen.\n"
            "Rendezvény: Chain Expo\n"
            "\n"
            "Kérjük, ebben az e-mailben fogadja el vagy utasítsa el a meghívót. Ha elfogadja,"
            " a találkozó bekerül a naptárába.\n"
            "\n"
            "Napirend megtekintése:\n"
            "https://meet.example/agenda\n"
            "\n"
            "-- \n"
            "Feladó: Chainmeet. Rendezvény: Chain Expo. Az elfogadást és az elutasítást a "
            "rendszer automatikusan feldolgozza. Amit a válaszában ír, azt a szervezők "
            "kapják meg.\n"
        ),
    )


@pytest.mark.parametrize(
    ("shown", "changes"),
    [
        (
            CHINESE,
            (
                "变更内容：\n"
                "* 时间：由“2027年5月12日 星期三 10:00–10:30”"
                "改为“2027年5月13日 星期四 14:00–14:30（北京时间）”\n"
                "* 口译员：由“无”改为“Zhao Lei”"
            ),
        ),
        (
            HUNGARIAN | {"interpreter": None},
            (
                "Mi változott:\n"
                "* Időpont: 2027. május 13., csütörtök, 14:00–14:30 (pekingi idő, UTC+08:00) – "
                "korábban: 2027. május 12., szerda, 10:00–10:30\n"
                "* Tolmács: Zhao Lei – korábban: nincs"
            ),
        ),
    ],
    ids=["zh", "hu"],
)
def test_an_update_says_what_changed(shown: dict[str, Any], changes: str) -> None:
    message = only(told(content(**shown)), wanted(content(**shown | LATER)))
    assert changes in subject_and_text(message)[1].split("\n\n")


def test_an_update_in_a_new_language_does_not_list_the_language_as_a_change() -> None:
    same = {name: HUNGARIAN[name] for name in ("language", "summary", "directions")}
    message = only(told(), wanted(content(**same, hall="Hall 5")))
    assert (
        subject_and_text(message)[1].split("\n\n")[1] == "Mi változott:\n* Csarnok: Hall 5 – korábban: Hall 3"
    )


@pytest.mark.parametrize(
    ("shown", "place"), [(CHINESE, "3号馆 17号桌"), (HUNGARIAN, "3. csarnok, 17. asztal")], ids=["zh", "hu"]
)
def test_the_calendar_names_the_place_as_the_mail_does(shown: dict[str, Any], place: str) -> None:
    message = only({}, wanted(content(**shown)))
    made = parsed(render_invitation(message, envelope(message)))
    event = event_of(part(made, "text/calendar").get_payload(decode=True))
    assert event["LOCATION"] == place
    assert place in event["DESCRIPTION"]
