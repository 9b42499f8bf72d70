"""Workbooks in eight languages are imported correctly without questions."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from scheduler.domain.entities import RequestState
from scheduler.services.imports import import_files, sheet_import, undoable_import
from scheduler.sheets.writers import Cell, OutputSheet, write_xlsx
from scheduler.storage.database import Database
from scheduler.storage.models import (
    Attendee,
    AttendeeBusy,
    Firm,
    Interpreter,
    MeetingRequest,
    Place,
    PlaceClosure,
    Slot,
)
from tests.support.factories import NOW, Expo, make_event
from tests.support.publishing import SETTINGS

Sheets = dict[str, tuple[list[str], list[list[Cell]]]]

WORKBOOKS: dict[str, Sheets] = {
    "en": {
        "Exhibitor list": (
            [
                "S/No.",
                "Exhibitor No.",
                "Company name",
                "Country of origin",
                "Supply chain stage",
                "Sector",
                "Hall & Stand",
                "Max. meetings/day",
                "Fax",
            ],
            [
                [1, "F-1", "Paxkron Energy", "P.R. China", "Upstream", "Batteries", "Hall 2 / B-12", 8, "1"],
                [2, "F-2", "Holzer GmbH", "Germany", "Midstream", "Chips", "Hall 1 / A-3", "6.0", "2"],
            ],
        ),
        "Participants": (
            [
                "First name",
                "Surname",
                "Company",
                "E-mail address",
                "Mobile no.",
                "Designation",
                "Languages spoken",
            ],
            [
                [
                    "Anna",
                    "Gruber",
                    "Holzer GmbH",
                    "Anna Gruber <anna@example.com>",
                    "+49 69 123 ext. 4",
                    "CEO",
                    "English and German",
                ],
                [
                    "Lei",
                    "Wang",
                    "Paxkron Energy",
                    "mailto:lei@example.com",
                    "+86 10 1",
                    "Sales",
                    "Chinese, English",
                ],
            ],
        ),
        "Interpreters": (
            ["Name", "E-mail", "Language pair"],
            [["Li Na", "li@example.com", "Chinese / English"]],
        ),
        "Absences": (["Name", "Not available"], [["anna@example.com", "Tue 9:00-10:00"]]),
        "Closures": (
            ["Table no.", "Date", "Start time", "End time"],
            [["t0", "23/06/27", "9 am", "9:30 am"]],
        ),
        "Meeting requests": (
            ["Requested by", "Would like to meet", "Subject", "Prio", "Status", "Reply"],
            [["Paxkron Energy", "Holzer GmbH", "Cells", "Must-have", "sent", "accepted"]],
        ),
    },
    "de": {
        "Aussteller 2027": (
            [
                "Lfd. Nr.",
                "Aussteller-Nr.",
                "Firmenname",
                "Herkunftsland",
                "Stufe in der Lieferkette",
                "Branche",
                "Halle / Stand",
                "Max. Termine/Tag",
                "Telefax",
            ],
            [
                [
                    1,
                    "F-1",
                    "Paxkron Energy",
                    "VR China",
                    "vorgelagert",
                    "Batteries",
                    "Halle 2 / B-12",
                    8,
                    "1",
                ],
                [2, "F-2", "Holzer GmbH", "D", "mittlere", "Chips", "Halle 1 / A-3", "6,0", "2"],
            ],
        ),
        "Teilnehmer": (
            [
                "Anrede",
                "Vorname",
                "Name",
                "Firma",
                "E-Mail",
                "Telefon-Nr.",
                "Funktion",
                "Gesprochene Sprachen",
            ],
            [
                [
                    "Frau",
                    "Anna",
                    "Gruber",
                    "Holzer GmbH",
                    "anna@example.com",
                    "+49 69 123 Durchwahl 4",
                    "CEO",
                    "Englisch und Deutsch",
                ],
                [
                    "Herr",
                    "Lei",
                    "Wang",
                    "Paxkron Energy",
                    "lei@example.com",
                    "+86 10 1",
                    "Sales",
                    "Chinesisch, Englisch",
                ],
            ],
        ),
        "Dolmetscher": (
            ["Vor- und Zuname", "E-Mail-Adresse", "Arbeitssprachen"],
            [["Li Na", "li@example.com", "Chinesisch/Englisch"]],
        ),
        "Abwesenheiten": (["Teilnehmer", "Abwesend am"], [["anna@example.com", "Di 9-10 Uhr"]]),
        "Sperrungen": (
            ["Tisch-Nr.", "Datum", "Uhrzeit von", "Uhrzeit bis"],
            [["t0", "23.06.27", "9 Uhr", "9.30"]],
        ),
        "Terminwünsche": (
            ["Anfragende Firma", "Wunschpartner", "Thema", "Priorität", "Status", "Antwort"],
            [["Paxkron Energy", "Holzer GmbH", "Cells", "Muss", "offen", "zugesagt"]],
        ),
    },
    "fr": {
        "Liste des exposants": (
            [
                "N° d'ordre",
                "N° exposant",
                "Raison sociale",
                "Pays d'origine",
                "Position dans la chaîne",
                "Secteur d'activité",
                "Hall et stand",
                "Max. de rendez-vous par jour",
                "Télécopie",
            ],
            [
                [
                    1,
                    "F-1",
                    "Paxkron Energy",
                    "République populaire de Chine",
                    "amont",
                    "Batteries",
                    "Hall 2 / B-12",
                    8,
                    "",
                ],
                [2, "F-2", "Holzer GmbH", "Allemagne", "intermédiaire", "Chips", "Hall 1 / A-3", 6, ""],
            ],
        ),
        "Participants": (
            ["Prénom", "Nom", "Société", "Courriel", "Tél. portable", "Fonction", "Langues parlées"],
            [
                [
                    "Anna",
                    "Gruber",
                    "Holzer GmbH",
                    "anna@example.com",
                    "+49 69 123 poste 4",
                    "CEO",
                    "anglais et allemand",
                ],
                ["Lei", "Wang", "Paxkron Energy", "lei@example.com", "+86 10 1", "Sales", "chinois, anglais"],
            ],
        ),
        "Interprètes": (
            ["Nom complet", "Adresse e-mail", "Langues de travail"],
            [["Li Na", "li@example.com", "chinois / anglais"]],
        ),
        "Absences": (["Participant", "Indisponible"], [["anna@example.com", "mardi de 9h à 10h"]]),
        "Fermetures": (
            ["N° de table", "Date", "Heure de début", "Heure de fin"],
            [["t0", "23/06/2027", "9h", "9h30"]],
        ),
        "Demandes de rendez-vous": (
            ["Entreprise demandeuse", "Entreprise souhaitée", "Objet", "Priorité", "Statut", "Réponse"],
            [["Paxkron Energy", "Holzer GmbH", "Cells", "indispensable", "en attente", "acceptée"]],
        ),
    },
    "es": {
        "Lista de expositores": (
            [
                "N.º de orden",
                "N.º de expositor",
                "Razón social",
                "País de origen",
                "Eslabón de la cadena",
                "Sector de actividad",
                "Pabellón y stand",
                "Máx. reuniones/día",
                "Fax",
            ],
            [
                [
                    1,
                    "F-1",
                    "Paxkron Energy",
                    "R. P. China",
                    "aguas arriba",
                    "Batteries",
                    "Pabellón 2 / B-12",
                    8,
                    "",
                ],
                [2, "F-2", "Holzer GmbH", "Alemania", "intermedio", "Chips", "Pabellón 1 / A-3", 6, ""],
            ],
        ),
        "Asistentes": (
            ["Nombre", "Apellidos", "Empresa", "Correo electrónico", "Teléfono móvil", "Cargo", "Idiomas"],
            [
                [
                    "Anna",
                    "Gruber",
                    "Holzer GmbH",
                    "anna@example.com",
                    "+49 69 123 ext 4",
                    "CEO",
                    "inglés y alemán",
                ],
                ["Lei", "Wang", "Paxkron Energy", "lei@example.com", "+86 10 1", "Sales", "chino, inglés"],
            ],
        ),
        "Intérpretes": (
            ["Nombre completo", "Correo", "Idiomas de trabajo"],
            [["Li Na", "li@example.com", "chino / inglés"]],
        ),
        "Ausencias": (["Persona", "Ausente"], [["anna@example.com", "martes de 9:00 a 10:00"]]),
        "Cierres": (
            ["N.º de mesa", "Fecha", "Hora de inicio", "Hora de fin"],
            [["t0", "23/6/2027", "9:00", "9:30"]],
        ),
        "Solicitudes de reunión": (
            ["Empresa solicitante", "Empresa destinataria", "Asunto", "Prioridad", "Estado", "Respuesta"],
            [["Paxkron Energy", "Holzer GmbH", "Cells", "imprescindible", "pendiente", "aceptada"]],
        ),
    },
    "hu": {
        "Kiállítók listája": (
            [
                "Sorszám",
                "Kiállítói azonosító",
                "Cég neve",
                "Származási ország",
                "Láncszint",
                "Ágazat",
                "Csarnok és stand",
                "Max. találkozó naponta",
                "Adószám",
            ],
            [
                [
                    1,
                    "F-1",
                    "Paxkron Energy",
                    "Kínai Népköztársaság",
                    "felső",
                    "Batteries",
                    "2. csarnok / B-12",
                    8,
                    "",
                ],
                [2, "F-2", "Holzer GmbH", "Németország", "középső", "Chips", "1. csarnok / A-3", 6, ""],
            ],
        ),
        "Résztvevők": (
            [
                "Vezetéknév",
                "Keresztnév",
                "Kiállító",
                "E-mail cím",
                "Mobilszám",
                "Beosztás",
                "Beszélt nyelvek",
            ],
            [
                [
                    "Anna",
                    "Gruber",
                    "Holzer GmbH",
                    "anna@example.com",
                    "+49 69 123 x4",
                    "CEO",
                    "angol és német",
                ],
                ["Lei", "Wang", "Paxkron Energy", "lei@example.com", "+86 10 1", "Sales", "kínai, angol"],
            ],
        ),
        "Tolmácsok": (["Név", "E-mail", "Munkanyelvek"], [["Li Na", "li@example.com", "kínai / angol"]]),
        "Távollétek": (["Név", "Mikor nincs"], [["anna@example.com", "kedd 9:00–10:00"]]),
        "Zárások": (
            ["Asztal száma", "Dátum", "Mettől", "Meddig"],
            [["t0", "2027. június 23.", "9 óra", "9:30"]],
        ),
        "Tárgyalási kérések": (
            ["Kérő cég", "Kért cég", "Téma", "Fontosság", "Állapot", "Válasz"],
            [["Paxkron Energy", "Holzer GmbH", "Cells", "kötelező", "függőben", "elfogadva"]],
        ),
    },
    "zh": {
        "参展商名单": (
            [
                "序号",
                "展商编号",
                "企业名称",
                "国家/地区",
                "产业链位置",
                "所属行业",
                "展馆及展位号",
                "每天最多会谈",
                "传真",
            ],
            [
                [1, "F-1", "Paxkron Energy", "中国大陆", "上游", "Batteries", "2号馆 B-12", 8, ""],
                [2, "F-2", "Holzer GmbH", "德国", "中游", "Chips", "1号馆/A-3", "６", ""],
            ],
        ),
        "参会人员": (
            ["姓名", "单位名称", "电子邮箱", "手机号码", "职务", "会谈语言"],
            [
                ["Anna Gruber", "Holzer GmbH", "anna@example.com", "+49 69 123 转 4", "CEO", "英语和德语"],
                ["Lei Wang", "Paxkron Energy", "lei@example.com", "+86 10 1", "Sales", "中文、英语"],
            ],
        ),
        "译员": (["译员姓名", "邮箱", "工作语言"], [["Li Na", "li@example.com", "中文/英文"]]),
        "请假": (["姓名", "不在时间"], [["anna@example.com", "周二 上午9点-10点"]]),
        "停用": (["桌号", "日期", "开始时间", "结束时间"], [["t0", "2027年6月23日", "上午9点", "9:30"]]),
        "洽谈请求": (
            ["申请企业", "目标企业", "洽谈主题", "优先级", "状态", "对方答复"],
            [["Paxkron Energy", "Holzer GmbH", "Cells", "必须", "待处理", "同意"]],
        ),
    },
    "ja": {
        "出展者一覧": (
            [
                "通し番号",
                "出展者番号",
                "会社名",
                "国・地域",
                "サプライチェーン区分",
                "業種",
                "ホール・小間番号",
                "1日の最大商談数",
                "FAX",
            ],
            [
                [1, "F-1", "Paxkron Energy", "中華人民共和国", "川上", "Batteries", "2ホール B-12", 8, ""],
                [2, "F-2", "Holzer GmbH", "ドイツ", "中流", "Chips", "1ホール A-3", 6, ""],
            ],
        ),
        "参加者一覧": (
            ["氏名", "会社名", "メールアドレス", "携帯電話", "役職", "対応言語"],
            [
                ["Anna Gruber", "Holzer GmbH", "anna@example.com", "+49 69 123 x4", "CEO", "英語、ドイツ語"],
                ["Lei Wang", "Paxkron Energy", "lei@example.com", "+86 10 1", "Sales", "中国語、英語"],
            ],
        ),
        "通訳者": (["通訳者名", "メール", "通訳言語"], [["Li Na", "li@example.com", "中国語/英語"]]),
        "不在": (["氏名", "不在日時"], [["anna@example.com", "火曜日 9時～10時"]]),
        "使用不可": (["テーブル番号", "日付", "開始時刻", "終了時刻"], [["t0", "6月23日", "9時", "9時半"]]),
        "商談申込": (
            ["申込企業", "希望相手", "議題", "優先度", "ステータス", "回答"],
            [["Paxkron Energy", "Holzer GmbH", "Cells", "必須", "未回答", "承諾"]],
        ),
    },
    "ko": {
        "참가업체 목록": (
            [
                "순번",
                "참가업체 번호",
                "업체명",
                "국가명",
                "공급망 단계",
                "산업분야",
                "홀 및 부스번호",
                "1일 최대 상담 수",
                "팩스",
            ],
            [
                [1, "F-1", "Paxkron Energy", "중화인민공화국", "상류", "Batteries", "2홀 B-12", 8, ""],
                [2, "F-2", "Holzer GmbH", "독일", "중류", "Chips", "1홀 A-3", 6, ""],
            ],
        ),
        "참가자 명단": (
            ["성명", "회사명", "이메일 주소", "휴대폰 번호", "직책", "사용 언어"],
            [
                ["Anna Gruber", "Holzer GmbH", "anna@example.com", "+49 69 123 x4", "CEO", "영어 및 독일어"],
                ["Lei Wang", "Paxkron Energy", "lei@example.com", "+86 10 1", "Sales", "중국어, 영어"],
            ],
        ),
        "통역사": (["통역사명", "이메일", "통역 언어"], [["Li Na", "li@example.com", "중국어/영어"]]),
        "부재": (["담당자", "부재 시간"], [["anna@example.com", "화요일 9시부터 10시까지"]]),
        "사용불가": (
            ["테이블 번호", "날짜", "시작 시간", "종료 시간"],
            [["t0", "6월 23일", "오전 9시", "오전 9시 30분"]],
        ),
        "상담 요청": (
            ["요청 기업", "상대 기업", "주제", "우선순위", "상태", "답변"],
            [["Paxkron Energy", "Holzer GmbH", "Cells", "필수", "대기중", "수락"]],
        ),
    },
}


@pytest.fixture
def expo(database: Database) -> Expo:
    with database.write() as session:
        return make_event(session, firms=0, tables=1, halls=3, slots="4 4", first_day=date(2027, 6, 22))


def take(database: Database, expo: Expo, sheets: list[OutputSheet]) -> sheet_import.ImportPreview:
    actor = expo.organiser_actor()
    with database.write() as session:
        number = import_files.store_file(session, actor, write_xlsx(sheets), name="e.xlsx", kind="", now=NOW)
        octets, kind, _ = import_files.load_file(session, actor, number)
        return undoable_import.apply_import(
            session, actor, sheet_import.read_parts(octets, kind), settings=SETTINGS, now=NOW
        )


@pytest.mark.parametrize("language", WORKBOOKS)
def test_a_workbook_with_the_headers_of_a_language_arrives_right_without_a_question(
    database: Database, expo: Expo, language: str
) -> None:
    sheets = [OutputSheet(name, header, rows) for name, (header, rows) in WORKBOOKS[language].items()]
    found = take(database, expo, sheets)
    assert [(part.sheet, part.faults) for part in found.parts if part.kind is None or part.faults] == []
    assert [cells for part in found.parts if part.done for cells in part.done.wrong] == []
    assert sum(part.not_taken for part in found.parts) <= 3, [part.headers for part in found.parts]
    assert arrived(database) == {
        "firms": [
            ("F-1", "Paxkron Energy", "CN", "upstream", ["batteries"], expo.halls[2].id, 8, "B-12"),
            ("F-2", "Holzer GmbH", "DE", "midstream", ["chips"], expo.halls[1].id, 6, "A-3"),
        ],
        "people": [
            ("Anna Gruber", "anna@example.com", "+49 69 123 x4", "CEO", {"en", "de"}, "Holzer GmbH"),
            ("Lei Wang", "lei@example.com", "+86 10 1", "Sales", {"zh", "en"}, "Paxkron Energy"),
        ],
        "interpreters": [("Li Na", "li@example.com", ["zh", "en"])],
        "away": [0, 1],
        "closed": [4],
        "requests": [("F-1", "F-2", "Cells", 5, RequestState.ACCEPTED)],
    }


def test_the_first_person_is_in_charge_of_a_firm_where_a_file_does_not_say_who_is(
    database: Database, expo: Expo
) -> None:
    header, rows = WORKBOOKS["zh"]["参展商名单"]
    people = ["姓名", "单位名称", "电子邮箱", "会谈语言"]
    take(database, expo, [OutputSheet("参展商名单", header, rows)])
    given: list[list[Cell]] = [
        ["A", "Holzer GmbH", "a@example.com", "en"],
        ["B", "Holzer GmbH", "b@example.com", "en"],
    ]
    found = take(database, expo, [OutputSheet("参会人员", people, given)])
    (part,) = found.parts
    assert part.done is not None
    cells = [{cell.column: cell.after for cell in row.cells} for row in part.done.rows]
    assert [row.get("is_exhibitor", row.get("exhibitor")) for row in cells] == ["yes", None]
    later: list[list[Cell]] = [
        ["C", "Holzer GmbH", "c@example.com", "en"],
        ["D", "Paxkron Energy", "d@example.com", "en"],
    ]
    take(database, expo, [OutputSheet("参会人员", people, later)])
    said: list[list[Cell]] = [["E", "Paxkron Energy", "e@example.com", "en", "否"]]
    take(database, expo, [OutputSheet("参会人员", [*people, "负责人"], said)])
    with database.read() as session:
        in_charge = session.scalars(
            select(Attendee.name).where(Attendee.is_exhibitor).order_by(Attendee.name)
        )
        assert in_charge.all() == ["A", "D"]


def arrived(database: Database) -> dict[str, list[Any]]:
    """Return the content of the database after an import."""
    with database.read() as session:
        firms = session.scalars(select(Firm).order_by(Firm.key)).all()
        booths = {place.firm_id: place.key for place in session.scalars(select(Place)) if place.firm_id}
        names, keys = {firm.id: firm.name for firm in firms}, {firm.id: firm.key for firm in firms}
        people = session.scalars(select(Attendee).order_by(Attendee.email)).all()
        at = {slot.id: slot.position for slot in session.scalars(select(Slot))}
        return {
            "firms": [
                (f.key, f.name, f.country, f.tier.value, f.areas, f.hall_id, f.max_per_day, booths[f.id])
                for f in firms
            ],
            "people": [
                (p.name, p.email, p.phone, p.title, set(p.languages), names[p.firm_id]) for p in people
            ],
            "interpreters": [(i.name, i.email, i.languages) for i in session.scalars(select(Interpreter))],
            "away": sorted(at[busy.slot_id] for busy in session.scalars(select(AttendeeBusy))),
            "closed": sorted(at[busy.slot_id] for busy in session.scalars(select(PlaceClosure))),
            "requests": [
                (keys[r.from_firm_id], keys[r.to_firm_id], r.topic, r.priority, r.state)
                for r in session.scalars(select(MeetingRequest))
            ],
        }
