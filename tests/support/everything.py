"""An event with one of everything that pages show, on a server with a frozen clock."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session
from werkzeug.serving import make_server

from scheduler.domain.compliance import ComplianceTopic
from scheduler.domain.consents import ConsentPurpose
from scheduler.domain.emails.print_packs import PrintPack
from scheduler.domain.entities import AlertKind, DigestKind, RequestState, RunState, VersionState
from scheduler.domain.rules.fairness import FAIRNESS_PRICES
from scheduler.domain.solving import ScenarioKind, ScenarioState
from scheduler.domain.team import TeamRole
from scheduler.domain.webhooks import AttemptFailure, MessageState
from scheduler.services.delivery import claims, refusal_handling, rehearsal_delivery, sent_records
from scheduler.services.emails.inbound import inbox
from scheduler.services.exports import print_codes
from scheduler.services.identity import sign_in
from scheduler.services.identity.sessions import SignedIn
from scheduler.services.identity.tokens import (
    REGISTER,
    TEAM,
    answer_token,
    derive_token,
    digests_token,
    hash_token,
)
from scheduler.services.imports import create_from_workbook, import_files, template
from scheduler.services.operations import alerts
from scheduler.services.participants.delegations import delegations, membership
from scheduler.services.participants.delegations.delegations import DelegationForm
from scheduler.services.participants.event_invitations import invitation_emails
from scheduler.services.participants.event_invitations.invitation_emails import Invitees
from scheduler.services.participants.registration import public_registration
from scheduler.services.participants.registration.form import RegistrationForm
from scheduler.services.planning.scenarios import scenario_rows
from scheduler.services.planning.scenarios.scenario_changes import (
    FairnessChange,
    PolicyChange,
    TablesChange,
    TypedChange,
)
from scheduler.services.privacy import compliance_answers
from scheduler.services.privacy.compliance_answers import Answer, TypedAnswer
from scheduler.services.publishing import version_jobs
from scheduler.services.schedule import versions
from scheduler.services.team import invitations
from scheduler.services.webhooks import endpoints
from scheduler.storage.database import Database
from scheduler.storage.models import (
    Account,
    Attendee,
    AttendeeBusy,
    Delegation,
    DigestItem,
    DigestPreference,
    Event,
    FirmRegistration,
    InboundEmail,
    MeetingRequest,
    OutboxEmail,
    Run,
    TeamDelegation,
    TeamInvitation,
    WebhookAttempt,
    WebhookMessage,
    WebSession,
)
from tests.support import clocks, replies
from tests.support.calendars import linked
from tests.support.factories import (
    NOW,
    SECRET_KEY,
    make_account,
    make_attendee,
    make_event,
    make_firm,
    make_member,
    make_request,
    make_version,
    meet,
)
from tests.support.notices import ask_consent, consent
from tests.support.publishing import SETTINGS, carry_out, publish_version
from tests.support.web import web_app

NOWHERE = "redis://127.0.0.1:1"
"""URL of an unreachable broker."""
LONG = "宁波华翔汽车电子科技股份有限公司"
LATIN = "Ningbo Huaxiang Automotive Electronics Technology Joint Stock Company"
MESSAGE = "我们想谈谈动力电池回收和梯次利用。 We would like to talk about recycling battery packs: " * 4


class Everything:
    """An event seen by firm 0, with an exhibitor and an attendee. Version 1 is published, 2 and 3 are drafts.

    A second event, of another organiser, is in rehearsal.
    """

    def __init__(self, database: Database, app: Flask) -> None:
        self.database, self.app = database, app
        with database.write() as session:
            self._people(session)
            self._requests(session)
            self._digests(session)
            self._schedule(session)
            self._what_ifs(session)
            self._troubles(session)
            self._files(session)
            self._delegation(session)
            self._notice(session)
            self._compliance(session)
            self._webhook(session)
        self.mails = self._send()
        with database.write() as session:
            self._rehearsal(session)
        self._answers()
        self.compare(2)

    def account(self, role: str) -> Account:
        of_firm = {"exhibitor": 0, "attendee": 1}
        with self.database.read() as session:
            if role in of_firm:
                return session.get_one(Account, self.expo.people[0][of_firm[role]].account_id)
            return session.get_one(
                Account,
                {
                    "organiser": self.expo.organiser,
                    "operator": self.operator,
                    "chamber": self.managed,
                    "stranger": self.another.organiser,
                }[role].id,
            )

    def link(self, account: Account) -> str:
        """Return an unused sign-in link."""
        with self.database.write() as session:
            now = self.database.now_in(session)
            token = sign_in.make_sign_in_link(session, account.id, secret_key=SECRET_KEY, now=now)
        return f"/sign-in/{token}"

    def print_code(self) -> str:
        """Return the path of the QR code on the exhibitor's agenda of version 1."""
        with self.database.write() as session:
            (address,) = print_codes.make_codes(
                session, self.expo.organiser_actor(), PrintPack.PEOPLE, {"f0-p0": "en"}, 1,
                settings=SETTINGS, now=NOW,
            ).values()  # fmt: skip
        return address.removeprefix(SETTINGS.base_url)

    def path(self, rest: str) -> str:
        return f"/events/{self.expo.event.key}{rest}"

    def answer(self, person: Attendee) -> str:
        """Return the reply link in a person's invitation."""
        return f"/answers/{replies.token(self.mails['invitation', person.email])}"

    def compare(self, number: int) -> None:
        """Compute the comparison of a draft, as a worker does."""
        with self.database.write() as session:
            version = versions.get_version(session, self.expo.event.id, number)
            version_jobs.request_comparison(session, version, by=None, now=NOW)
        carry_out(self.database)

    def end_freshness(self, errand: dict[str, object]) -> None:
        """Make every session an hour old, with an errand that has this form."""
        with self.database.write() as session:
            created_at = NOW - timedelta(hours=1)
            session.execute(update(WebSession).values(created_at=created_at, errand=errand))

    @property
    def summaries(self) -> str:
        """The unsubscribe link of the exhibitor's summaries."""
        row = self.mails["summary", self.expo.people[0][0].email]
        return f"/summaries/{sent_records.summary_token(row, SECRET_KEY)}"

    def _delegation(self, session: Session) -> None:
        """Add a delegation of firm 0, led by its exhibitor, with a person of another firm."""
        actor, leader = self.expo.organiser_actor(), self.expo.people[0][0].key
        form = DelegationForm(
            "浙江省商会 Zhejiang Chamber of Commerce", "Zhejiang", "", "李娜", "+86 10 5550 0100"
        )
        key = delegations.create_delegation(session, actor, form, now=NOW)
        session.flush()
        membership.add_firm(session, actor, key, "f0", now=NOW)
        membership.add_person(session, actor, key, self.expo.people[1][0].key, now=NOW)
        self.managed = make_account(session, "chamber@team.example")
        found = session.scalars(select(Delegation.id).where(Delegation.key == key)).one()
        session.add(TeamDelegation(account_id=self.managed.id, delegation_id=found))
        session.flush()
        delegations.change_delegation(session, actor, key, replace(form, leader=leader), now=NOW)

    def _notice(self, session: Session) -> None:
        """Publish a privacy notice with a transfer abroad, by which firm 0 and its partner have decided."""
        ask_consent(session, self.expo, ConsentPurpose.ABROAD)
        for firm, person in ((0, 0), (0, 1), (1, 0)):
            consent(session, self.expo, firm, ConsentPurpose.ABROAD, person=person)

    def _compliance(self, session: Session) -> None:
        """Answer a topic of the compliance audit."""
        typed = {ComplianceTopic.TRAINING: TypedAnswer(Answer("Yearly, by the DPO."), Answer().version)}
        compliance_answers.save_answers(session, self.expo.organiser_actor(), typed, now=NOW)

    def _digests(self, session: Session) -> None:
        """Add a digest of the exhibitor: a respond token and an unsubscribe token."""
        person = self.expo.people[0][0]
        self.asked = answer_token(SECRET_KEY, self.pending.key, person.id, person.email)
        self.digests = digests_token(SECRET_KEY, person.id, person.email)
        item = DigestItem(
            request_id=self.pending.id, attendee_id=person.id, kind=DigestKind.RECEIVED, message_id="<1@x>",
            token_hash=hash_token(self.asked), created_at=NOW,
        )  # fmt: skip
        session.add_all(
            [item, DigestPreference(attendee_id=person.id, unsubscribe_hash=hash_token(self.digests))]
        )

    def _files(self, session: Session) -> None:
        """Add a pending import: a new firm, a changed one, and an invalid row."""
        text = f"key;name;country;tier;remark\nf0;{LONG};CN;upstream;x\n"
        text += "f99;New;China;下游;\nf98;Bad;Nowhere;up;\n"
        self.file = import_files.store_file(
            session, self.expo.organiser_actor(), text.encode(), name="firms.csv", kind="", now=NOW
        )
        operator = SignedIn(1, self.operator.id, self.operator.email, "", True, NOW, NOW, NOW)
        octets = template.example_workbook()
        self.first_file = create_from_workbook.store_workbook(
            session, operator, octets, name="expo.xlsx", now=NOW
        )

    def _rehearsal(self, session: Session) -> None:
        """Add an invitation of the other event that was only recorded."""
        make_firm(session, self.another, key="r0")
        invitation_emails.send_invitations(session, self.another.organiser_actor(), Invitees.NEW, now=NOW)
        rehearsal_delivery.deliver_rehearsed(session, SETTINGS, worker="w", now=NOW)
        kept = select(OutboxEmail.id).where(OutboxEmail.rehearsed_as.is_not(None))
        self.rehearsed = session.scalars(kept).one()

    def _people(self, session: Session) -> None:
        self.operator = make_account(session, "operator@site.example", is_operator=True)
        other = make_event(session, name="Another Expo", firms=0, live_at=None)
        self.expo = expo = make_event(
            session, firms=9, people=2, slots="4|4 4", halls=2, walking=5, interpreters=1, publish_hold=5,
            summary_mails=True, mail_per_minute=60_000, name="China International Supply Chain Expo 2026",
        )  # fmt: skip
        expo.interpreters[0].email = expo.people[0][1].email
        expo.firms[1].name, expo.firms[1].latin_name, expo.firms[1].country = LONG, LATIN, "CN"
        make_attendee(session, expo, 1, name="陈伟", latin_name="Chen Wei", languages=["zh"], title="总经理")
        session.add(AttendeeBusy(attendee_id=expo.people[0][0].id, slot_id=expo.slots[5].id))
        session.add(linked(expo.people[0][0].id, b"sealed"))
        self.another, self.other = other, other.event.key
        invitations.send_invitation(
            session, expo.organiser_actor(), "guest@team.example", role=TeamRole.HELP_DESK,
            until=expo.slots[-1].start.date(), language="en", settings=SETTINGS, now=NOW,
        )  # fmt: skip
        seed = session.scalars(select(TeamInvitation.seed)).one()
        self.invitation = derive_token(SECRET_KEY, TEAM, seed)
        self.registration = self._register(session)
        for role in set(TeamRole) - {TeamRole.OWNER}:
            address = f"{role.value.partition(' ')[0]}@team.example"
            make_member(session, expo, role, account=make_account(session, address))

    def _register(self, session: Session) -> str:
        """Add a waiting registration. Return the token of an unconfirmed one."""
        session.get_one(Event, self.expo.event.id).registration = True
        tokens = []
        for email in ("li@ningde.example", "kovacs@gyor.example"):
            form = RegistrationForm(
                name="宁德电池科技有限公司", latin_name="Ningde Battery", country="CN", tier="upstream",
                areas=("batteries",), hall="h1", booth="B-77", person="李娜", latin_person="Li Na",
                email=email, title="总经理", languages="zh; en", mail_language="zh",
                note=MESSAGE, consent=True,
            )  # fmt: skip
            public_registration.submit_registration(
                session, self.expo.event.key, form, settings=SETTINGS, now=NOW
            )
            newest = select(FirmRegistration.seed).order_by(FirmRegistration.id.desc()).limit(1)
            tokens.append(derive_token(SECRET_KEY, REGISTER, session.scalars(newest).one() or ""))
        public_registration.confirm_registration(session, tokens[0], now=NOW)
        return tokens[1]

    def _requests(self, session: Session) -> None:
        def ask(*firms: int, **columns: Any) -> MeetingRequest:
            return make_request(session, self.expo, *firms, **columns)

        self.held, self.colleagues = ask(0, 1, topic="动力电池回收", message=MESSAGE), ask(2, 0)
        self.left_out, self.to_hold = ask(0, 3, priority=5, topic="Electrolytes"), ask(4, 5)
        self.others = ask(1, 4)
        self.pending = ask(4, 0, state=RequestState.PENDING, message=MESSAGE)
        self.sent = ask(0, 5, state=RequestState.PENDING)
        ask(0, 6, state=RequestState.DECLINED, response_note="No time left, " + "maybe next year. " * 5)
        ask(7, 0, state=RequestState.WITHDRAWN)

    def _schedule(self, session: Session) -> None:
        expo = self.expo
        first = [
            meet(self.held, expo, slot=0),
            meet(self.colleagues, expo, slot=1, people=[expo.people[0][1], expo.people[2][0]]),
            meet(self.others, expo, slot=2, interpreter=expo.interpreters[0]),
        ]
        one = make_version(session, expo, first, state=VersionState.DRAFT)
        one.unscheduled = [self._unscheduled(self.left_out, self.to_hold)]
        publish_version(session, event_id=expo.event.id, number=1, compared_with=None, by=expo.organiser.id)
        run = Run(
            event_id=expo.event.id, number=1, state=RunState.FINISHED, seconds=20,
            requested_by=expo.organiser.id,
            created_at=NOW, started_at=NOW, finished_at=NOW + timedelta(seconds=20), seed=1,
            curve=[{"seconds": at, "score": 80.0 + at, "bound": 110.0} for at in (1.0, 20.0)],
            progress={
                "seconds": 20.0, "phase": "annealing", "score": 100.0, "bound": 110.0, "served_bound": None,
                "terms": {"idle": 3, "hall_change": 2},
            },
        )  # fmt: skip
        session.add(run)
        session.flush()
        moved = [
            meet(self.held, expo, slot=3, place=expo.tables[1]),
            first[1],
            meet(self.to_hold, expo, slot=7),
        ]
        for _ in range(2):
            draft = make_version(session, expo, moved, state=VersionState.DRAFT)
            draft.terms = {"served": 3, "idle": 2, "hall_change": 1}
            draft.unscheduled = [self._unscheduled(self.left_out, self.held)]
        draft.run_id = run.id

    def _what_ifs(self, session: Session) -> None:
        """Add a solved scenario, a new one, and the fairness curve."""
        figures = {
            "held": 3, "requests": 5, "weight": 9, "score": 900, "event_score": 900, "people": 9,
            "people_without": 3, "changed": 1, "moved": 1, "relocated": 1, "told": 4, "hall_change": 2,
            "idle": 1, "shortfall": 2, "mean": 61.5, "twentieth": 20.0, "worst": 0.0, "gini": 0.2123,
            "overseas": 58.1, "home": 63.9, "sides_gap": 5.8,
        }  # fmt: skip
        proved = {"bound": 950, "held_bound": 5, "weight_bound": 10, "gap": 1.25}
        now = {**figures, "held": 2, "idle": 4}
        firms = [
            [self.expo.firms[k].key, 2, 2 + more, 4, k, "no-place" * (more < 0)]
            for k, more in enumerate((-1, 1, 2))
        ]
        fixes = [
            {"change": {"kind": "tables", "hall": self.expo.halls[0].key}, "gains": 71},
            {"change": {"kind": "interpreters", "first": "hu", "second": "zh"}, "gains": 1},
        ]
        effects = {"firms": firms, "lost": {"no-place": 1}, "gained": 2, "fixes": fixes}
        tables = TablesChange(hall=self.expo.halls[0].key, count=2)
        kept, points = ScenarioKind.KEPT, range(len(FAIRNESS_PRICES))
        asked: list[tuple[ScenarioKind, TypedChange]] = [(kept, tables), (kept, tables)]
        asked += [(ScenarioKind.CURVE, FairnessChange(point=point)) for point in points]
        asked += [(ScenarioKind.DIALS, PolicyChange(policy={"factors": {"idle": 11}}))]
        for kind, change in asked:
            row = scenario_rows.add_row(
                session, self.expo.event.id, kind, name=LATIN[:70], changes=[change], now=NOW
            )
            if row.number == 2:
                continue
            then = {**figures, **proved, "held": 5 - row.number // 3}
            row.result = {"now": now, "then": then, "version": 1, "fingerprint": "f"} | effects
            row.state, row.requested_at, row.finished_at = ScenarioState.DONE, NOW, NOW

    def _unscheduled(self, request: MeetingRequest, other: MeetingRequest) -> dict[str, object]:
        """Return an unscheduled request with one fix of each kind, some of which each role may apply."""
        mine, expo = self.expo.people[0][0].key, self.expo
        ways = [
            {"kind": kind, "ids": ids, "slot": expo.slots[slot].key}
            for kind, ids, slot in (
                ("available", [mine], 5), ("withdraw", [other.key], 0), ("closed", [], 6),
                ("any-place", [], 4), ("add-person", [expo.firms[0].key], 3),
                ("add-interpreter", [], 2), ("person-cap", [mine], 1),
            )
        ]  # fmt: skip
        return {
            "request": request.key, "reason": "people-busy", "detail": "", "blockers": [mine, other.key],
            "remedies": ["Do something."] * len(ways), "ways": ways,
            "obstacles": [
                {"what": what, "who": who, "slots": [expo.slots[slot].key], "count": 2}
                for what, who, slot in (
                    ("person-cap", mine, 0), ("away", expo.people[0][-1].key, 1), ("place-full", "", 2),
                    ("busy", expo.people[1][0].key, 3), ("firm-cap", expo.firms[0].key, 4),
                )
            ],
        }  # fmt: skip

    def _troubles(self, session: Session) -> None:
        for kind, event_id in ((AlertKind.RUN_FAILED, self.expo.event.id), (AlertKind.MAILBOX, None)):
            reason = (
                "IMAP server imap.meetings.example.org:993 did not answer: [Errno 111] Connection refused"
            )
            alerts.raise_alert(
                session, kind, event_id=event_id, about="x", reason=reason, path=self.path("/runs/1"), now=NOW
            )

    def _webhook(self, session: Session) -> None:
        """Create a webhook with a message of which the first attempt failed."""
        endpoints.create_endpoint(
            session, self.expo.organiser_actor(), "CRM", "https://crm.example/hooks",
            secret_key=SECRET_KEY, now=NOW,
        )  # fmt: skip
        endpoints.rotate_key(session, self.expo.organiser_actor(), 1, secret_key=SECRET_KEY, now=NOW)
        message = WebhookMessage(
            endpoint_id=1, entry=1, type="schedule.published", state=MessageState.FAILED, created_at=NOW
        )
        session.add(message)
        session.flush()
        session.add(
            WebhookAttempt(
                message_id=message.id, at=NOW, status=503, failure=AttemptFailure.STATUS, milliseconds=12,
                response="Service Unavailable",
            )
        )  # fmt: skip

    def _send(self) -> dict[tuple[str, str], OutboxEmail]:
        """Send queued emails, except to one address that is refused. Return them by kind and address."""
        refuses = self.expo.people[4][0].email
        with self.database.write() as session:
            rows = claims.claim_emails(session, worker="w", limit=100, secret_key=SECRET_KEY, now=NOW)
            for row in rows:
                if row.to_address == refuses:
                    refusal_handling.mark_failed(
                        session, row, "550 5.1.1 no such user here", permanent=True, now=NOW
                    )
                else:
                    claims.mark_sent(session, row.id, worker="w", now=NOW)
        return {(row.kind, row.to_address): row for row in rows}

    def _answers(self) -> None:
        """Add an acceptance, one from another address that waits, a text reply, and an unrelated email."""
        (mine, _), (theirs, *_) = self.expo.people[0], self.expo.people[2]
        first, second = (self.mails["invitation", person.email] for person in (mine, theirs))
        prose = "Content-Type: text/plain\n\nWe come, but ten minutes late.\n" + "x" * 200 + "\n"
        for raw, row in (
            (replies.calendar(first, "ACCEPTED"), first),
            (replies.calendar(second, "ACCEPTED", attendee="ann.primary@corp.example"), second),
            (replies.mail(second, prose), second),
        ):
            inbox.receive_email(self.database, SETTINGS, replies.address(row), raw, now=NOW)
        nobody = b"From: who@else.example\r\nSubject: Who are you?\r\n\r\nI have a question.\r\n"
        inbox.receive_email(self.database, SETTINGS, "no-reply@expo.example", nobody, now=NOW)
        with self.database.read() as session:
            self.letters = session.scalars(select(InboundEmail.id).order_by(InboundEmail.id)).all()
        self.known = {
            "first_file": self.first_file,
            "event": self.expo.event.key,
            "rehearsed_event": self.other,
            "rehearsed": self.rehearsed,
            "held": self.held.key,
            "unscheduled": self.left_out.key,
            "pending": self.pending.key,
            "letters": self.letters,
            "stray": self.letters[-1],
            "answer": self.answer(self.expo.people[1][0]),
            "summaries": self.summaries,
            "asked": f"/respond/{self.asked}",
            "digests": f"/digests/{self.digests}",
            "invitation": f"/team/{self.invitation}",
            "registration": f"/registration/{self.registration}",
            "print": self.print_code(),
            "sign_in": self.link(self.account("attendee")),
        }


@contextmanager
def everything_in(folder: Path, template: Path, broker_url: str = NOWHERE) -> Iterator[Everything]:
    """Yield an event with everything, on a copy of an empty SQLite database. The clock is frozen at NOW."""
    path = folder / "test.db"
    shutil.copy(template, path)
    database = Database(f"sqlite:///{path}")
    with pytest.MonkeyPatch.context() as patch:
        clocks.hold(patch, NOW)
        yield Everything(database, web_app(database, broker_url))
    database.dispose()


@contextmanager
def serving(app: Any) -> Iterator[str]:
    """Serve an app, and yield its URL."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()
