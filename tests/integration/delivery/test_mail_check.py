"""`chainmeet mail check`: DNS records, the mail server, and a round trip through real servers."""

from __future__ import annotations

import base64
import json
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from functools import cache, partial
from typing import Any

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import func, select

from chainmeet.cli import main
from scheduler.config import Settings
from scheduler.domain.findings import Finding, Level, error
from scheduler.invites.transport import dns_lookup
from scheduler.invites.transport.dkim import DkimKey, read_keys
from scheduler.invites.transport.dns_lookup import DnsLookup
from scheduler.secret_keys import SecretKeys
from scheduler.services.audit_log.recording import NamedDoer
from scheduler.services.delivery.mail_check import daily_check, dns_checks, round_trip
from scheduler.services.emails.inbound import inbound_addresses, inbox
from scheduler.services.operations import alerts, site_pause
from scheduler.storage.database import Database
from scheduler.storage.models import InboundEmail
from tests.support.dns_server import Zone, serving_dns
from tests.support.factories import NOW
from tests.support.mail_server import Catcher, serving
from tests.support.signing import ed25519_pem, rsa_pem, txt, verified, zone
from tests.support.workers import settings_for

pytestmark = pytest.mark.smtp

DOMAIN = "expo.org"
ADDRESS = "8.8.4.4"


@cache
def key(bits: int) -> str:
    public = rsa.generate_private_key(public_exponent=65537, key_size=bits).public_key()
    return base64.b64encode(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()


def good() -> dict[tuple[str, str], list[str]]:
    return {
        (DOMAIN, "MX"): ["10 mx.expo.org."],
        (DOMAIN, "TXT"): ['"google-site-verification=x"', '"v=spf1 include:relay.org ip4:8.8.4.4 -all"'],
        ("relay.org", "TXT"): ['"v=spf1 a mx ~all"'],
        ("mx.expo.org", "A"): [ADDRESS],
        (f"s1._domainkey.{DOMAIN}", "TXT"): [txt(f"v=DKIM1; k=rsa; p={key(2048)}")],
        (f"_dmarc.{DOMAIN}", "TXT"): ['"v=DMARC1; p=reject; rua=mailto:dmarc@expo.org"'],
        ("4.4.8.8.in-addr.arpa", "PTR"): ["mx.expo.org."],
    }


def examine(zone: Zone, **options: Any) -> dict[str, Finding]:
    given: dict[str, Any] = {"keys": (), "selector": "s1", "server": "127.0.0.1", "addresses": [ADDRESS]}
    given |= options
    with serving_dns(zone) as resolver:
        found = list(dns_checks.check_dns(DnsLookup(lambda: resolver), DOMAIN, **given))
    assert [each.check for each in found] == ["MX", "SPF", "DKIM", "DMARC", "PTR"]
    assert all(bool(each.advice) == (each.level is not Level.OK) for each in found)
    return {each.check: each for each in found}


def test_a_domain_with_all_records_has_no_fault() -> None:
    assert {each.level for each in examine(good()).values()} == {Level.OK}


def spf(text: str) -> Zone:
    return {(DOMAIN, "TXT"): [txt(text)]}


def dkim(text: str) -> Zone:
    return {(f"s1._domainkey.{DOMAIN}", "TXT"): [txt(text)]}


def dmarc(text: str) -> Zone:
    return {(f"_dmarc.{DOMAIN}", "TXT"): [txt(text)]}


LOOP = {("relay.org", "TXT"): [txt("v=spf1 include:relay.org include:expo.org -all")]}
MANY = {("relay.org", "TXT"): [txt(f"v=spf1 {' '.join(f'a:h{number}.org' for number in range(10))} -all")]}


@pytest.mark.parametrize(
    ("records", "check", "level", "said"),
    [
        ({(DOMAIN, "MX"): []}, "MX", Level.ERROR, "has no mail server"),
        ({(DOMAIN, "MX"): ["0 ."]}, "MX", Level.ERROR, "has no mail server"),
        ({(DOMAIN, "MX"): ["10 lost.expo.org."]}, "MX", Level.ERROR, "lost.expo.org has no address"),
        ({(DOMAIN, "MX"): ["10 mx.expo.org.", "20 lost.org."]}, "MX", Level.WARNING, "lost.org has no"),
        ({(DOMAIN, "MX"): ["SERVFAIL"]}, "MX", Level.WARNING, "DNS doesn't answer"),
        (spf("v=spf10 -all"), "SPF", Level.ERROR, "has no SPF record"),
        ({(DOMAIN, "TXT"): ['"v=spf1 -all"', '"v=spf1 mx -all"']}, "SPF", Level.ERROR, "2 SPF records"),
        (spf("v=spf1 +all"), "SPF", Level.ERROR, "every server in the world"),
        (spf("V=SPF1 mx all"), "SPF", Level.ERROR, "every server in the world"),
        (spf("v=spf1 mx ?all"), "SPF", Level.WARNING, "doesn't say that others may not"),
        (spf("v=spf1 mx"), "SPF", Level.WARNING, "doesn't say that others may not"),
        (spf("v=spf1 redirect=relay.org"), "SPF", Level.OK, "redirect"),
        (LOOP, "SPF", Level.OK, "include:relay.org"),
        (MANY, "SPF", Level.ERROR, "more than 10 lookups"),
        (dkim("hello"), "DKIM", Level.ERROR, "has no key"),
        (dkim("v=DKIM1; p="), "DKIM", Level.ERROR, "is revoked"),
        (dkim("v=DKIM1; p=abc"), "DKIM", Level.ERROR, "can't be read"),
        (dkim("v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="), "DKIM", Level.WARNING,
         "Ed25519"),
        (dmarc("v=DMARC2; p=none"), "DMARC", Level.ERROR, "has no DMARC record"),
        (dmarc("v=DMARC1; rua=mailto:a@b.org"), "DMARC", Level.ERROR, "has no valid policy"),
        (dmarc("v=DMARC1; p=none"), "DMARC", Level.WARNING, "No one gets the reports"),
        ({(f"_dmarc.{DOMAIN}", "TXT"): [txt("v=DMARC1; p=none"), txt("v=DMARC1; p=reject")]}, "DMARC",
         Level.ERROR, "2 DMARC records"),
        ({("4.4.8.8.in-addr.arpa", "PTR"): []}, "PTR", Level.ERROR, "has no name"),
        ({("4.4.8.8.in-addr.arpa", "PTR"): ["other.org."]}, "PTR", Level.ERROR, "doesn't lead back"),
    ],
)  # fmt: skip
def test_a_wrong_record_is_named(records: Zone, check: str, level: Level, said: str) -> None:
    found = examine(good() | records)
    assert (found[check].level, said in found[check].what) == (level, True), found[check]
    assert {each.level for name, each in found.items() if name != check} == {Level.OK}


@pytest.mark.parametrize(("bits", "level"), [(1024, Level.WARNING), (2048, Level.OK)])
def test_a_short_key_is_named(bits: int, level: Level) -> None:
    assert examine(good() | dkim(f"p={key(bits)}"))["DKIM"].level is level


def test_a_policy_of_a_parent_domain_counts() -> None:
    with serving_dns({("_dmarc.expo.org", "TXT"): ['"v=DMARC1; p=none; rua=mailto:a@b.org"']}) as resolver:
        found = dns_checks.check_dmarc(DnsLookup(lambda: resolver), "meet.fair.expo.org")
    assert found.what == "_dmarc.expo.org: p=none"


def test_what_is_not_known_is_said_not_guessed() -> None:
    found = examine(good(), selector="", addresses=())
    assert (found["DKIM"].level, "--selector" in found["DKIM"].advice) == (Level.WARNING, True)
    assert (found["PTR"].level, "--address" in found["PTR"].advice) == (Level.WARNING, True)
    assert examine(good(), addresses=(), server="mx.expo.org")["PTR"].what == ADDRESS


def test_answers_of_strangers_are_bounded_and_cleaned(monkeypatch: pytest.MonkeyPatch) -> None:
    long = "v=spf1 " + " ".join(f"ip4:10.0.{number // 250}.{number % 250}" for number in range(200)) + " -all"
    endless = {(f"h{n}.org", "TXT"): [txt(f"v=spf1 include:h{n + 1}.org -all")] for n in range(99)}
    assert len(examine(good() | spf(long))["SPF"].what) <= 200
    assert examine(good() | endless | spf("v=spf1 include:h0.org -all"))["SPF"].level is Level.ERROR
    assert "\x1b" not in examine(good() | spf("v=spf1 \\027[31m -all"))["SPF"].what
    monkeypatch.setattr(dns_lookup, "MAX_RECORDS", 3)
    with serving_dns({("a.org", "A"): [f"8.8.8.{number}" for number in range(9)]}) as resolver:
        assert len(DnsLookup(lambda: resolver).addresses("a.org")) == 3
        with pytest.raises(dns_lookup.DnsFailure, match="lookups are needed"):
            DnsLookup(lambda: resolver, left=0).texts("a.org")
        for name in ("x" * 70 + ".org", "a..org"):
            with pytest.raises(dns_lookup.DnsFailure):
                DnsLookup(lambda: resolver).texts(name)


# Keys that Chainmeet signs with


def own_keys(*pems: str) -> tuple[DkimKey, ...]:
    return read_keys("\n".join(pems), " ".join(f"own{number}" for number in range(len(pems))), DOMAIN)


def check_own(keys: tuple[DkimKey, ...], records: Zone) -> list[Finding]:
    with serving_dns(records) as resolver:
        found = dns_checks.check_dns(
            DnsLookup(lambda: resolver),
            DOMAIN,
            keys=keys,
            selector="",
            server="127.0.0.1",
            addresses=[ADDRESS],
        )
        return [each for each in found if each.check == "DKIM"]


def test_each_key_that_signs_is_compared_with_the_published_one() -> None:
    keys = own_keys(rsa_pem(), ed25519_pem())
    found = check_own(keys, good() | zone(keys))
    assert [(each.level, each.what) for each in found] == [
        (Level.OK, "own0._domainkey.expo.org: RSA, 2048 bits. Chainmeet signs with it."),
        (Level.OK, "own1._domainkey.expo.org: Ed25519. Chainmeet signs with it."),
    ]


def test_a_key_that_is_missing_or_another_is_an_error_with_the_record_to_publish() -> None:
    (key,), others = own_keys(rsa_pem()), own_keys(rsa_pem(2_048, 1))
    for records, said in ((good(), "has no key"), (good() | zone(others), "isn't the one that signs")):
        (found,) = check_own((key,), records)
        assert (found.level, said in found.what) == (Level.ERROR, True)
        assert "".join(found.advice.split('"')[1::2]) == key.record
    (found,) = check_own((key,), good() | {(key.name, "TXT"): ["SERVFAIL"]})
    assert (found.level, "DNS doesn't answer" in found.what) == (Level.WARNING, True)


def test_ed25519_alone_is_a_warning_as_many_providers_can_not_verify_it() -> None:
    keys = own_keys(ed25519_pem())
    (found,) = check_own(keys, good() | zone(keys))
    assert (found.level, "Also sign with an RSA key" in found.advice) == (Level.WARNING, True)


def test_the_key_of_the_mail_server_is_checked_too_if_named() -> None:
    keys = own_keys(rsa_pem())
    with serving_dns(good() | zone(keys)) as resolver:
        found = list(
            dns_checks.check_dns(
                DnsLookup(lambda: resolver), DOMAIN, keys=keys, selector="s1", server="", addresses=[ADDRESS]
            )
        )
    assert [each.what.partition(":")[0] for each in found if each.check == "DKIM"] == [
        "own0._domainkey.expo.org", "s1._domainkey.expo.org",
    ]  # fmt: skip


# Round trip


def site(database: Database, catcher: Catcher) -> Settings:
    return replace(
        settings_for(database, "redis://127.0.0.1:1"),
        mail_domain=DOMAIN,
        smtp_port=catcher.port,
        smtp_security="none",
    )


def take(database: Database, settings: Settings, catcher: Catcher, *boxes: str) -> None:
    """Receive the emails to these boxes, as the mailbox or the receiver does."""
    for _, (recipient,), raw in catcher.taken:
        if recipient.partition("+")[0] in boxes:
            assert inbox.receive_email(database, settings, recipient, raw, now=database.now())


def test_both_emails_come_back_and_leave_no_trace_in_the_inbox(database: Database) -> None:
    with serving(Catcher()) as catcher:
        settings, sent_at = site(database, catcher), database.now()
        round_trip.send(settings, now=sent_at)
        waits: list[float] = []

        def pause(seconds: float) -> None:
            waits.append(seconds)
            take(database, settings, catcher, round_trip.BOXES[len(waits) - 1])

        assert round_trip.wait(database, sent_at, attempts=5, pause=pause) == []
    assert waits == [round_trip.EVERY] * 2
    assert all(raw.count(b"Auto-Submitted: auto-generated") == 1 for *_, raw in catcher.taken)
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(InboundEmail)) == 0


def test_the_emails_of_a_round_trip_are_signed_as_all_others(database: Database) -> None:
    with serving(Catcher()) as catcher:
        settings = replace(site(database, catcher), dkim_keys=rsa_pem(), dkim_selectors="own0")
        round_trip.send(settings, now=database.now())
    with serving_dns(zone(settings.dkim)) as resolver:
        assert [verified(raw, resolver) for *_, raw in catcher.taken] == [[True], [True]]


def test_a_mailbox_finds_the_address_in_the_headers(database: Database) -> None:
    with serving(Catcher()) as catcher:
        round_trip.send(site(database, catcher), now=NOW)
    found = [inbound_addresses.recipients_in(raw.decode(), DOMAIN) for *_, raw in catcher.taken]
    assert found == [recipients for _, recipients, _ in catcher.taken]


def test_what_does_not_arrive_is_named_after_a_bounded_wait(database: Database) -> None:
    with serving(Catcher()) as catcher:
        settings, sent_at = site(database, catcher), database.now()
        round_trip.send(settings, now=sent_at)
        take(database, settings, catcher, "meetings")
    waits: list[float] = []
    lost = round_trip.wait(database, sent_at, attempts=4, pause=waits.append)
    found = list(round_trip.findings(lost, settings, timedelta(seconds=15)))
    assert (lost, len(waits)) == (["bounces"], 3)
    assert [each.level for each in found] == [Level.OK, Level.ERROR]
    assert found[1].what.endswith("Delivery reports don't arrive either.")


def test_an_old_or_forged_email_proves_nothing(database: Database) -> None:
    with serving(Catcher()) as catcher:
        settings = site(database, catcher)
    now = database.now()
    receive = partial(inbox.receive_email, database, settings, raw=b"Subject: x\r\n\r\n", now=now)
    assert receive(round_trip.address("meetings", now - timedelta(days=2), settings))
    other = replace(settings, secret_key=SecretKeys("z" * 40))
    assert not receive(round_trip.address("meetings", now, other))
    swapped = round_trip.address("meetings", now, settings).replace("meetings", "bounces")
    assert not receive(swapped)
    with database.read() as session:
        assert round_trip.missing(session, now - timedelta(days=3)) == list(round_trip.BOXES)


# Command


def run(monkeypatch: pytest.MonkeyPatch, settings: Settings, *options: str) -> tuple[int, dict[str, Any]]:
    for name, value in settings.to_env().items():
        monkeypatch.setenv(name, value)
    result = CliRunner().invoke(main, ["mail", "check", "--json", *options])
    return result.exit_code, json.loads(result.stdout)


@pytest.mark.parametrize(
    ("boxes", "change", "status", "faults"),
    [
        (round_trip.BOXES, {}, 0, []),
        (("bounces",), {}, 2, ["round trip"]),
        (round_trip.BOXES, {(DOMAIN, "TXT"): []}, 2, ["SPF"]),
        (round_trip.BOXES, {(f"_dmarc.{DOMAIN}", "TXT"): ['"v=DMARC1; p=none"']}, 1, ["DMARC"]),
    ],
)
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_command_checks_everything_and_its_exit_status_says_how_bad_it_is(
    database: Database, monkeypatch: pytest.MonkeyPatch, boxes: tuple[str, ...], change: Zone, status: int,
    faults: list[str],
) -> None:  # fmt: skip
    with ExitStack() as stack:
        catcher = stack.enter_context(serving(Catcher()))
        resolver = stack.enter_context(serving_dns(good() | change))
        settings = site(database, catcher)
        monkeypatch.setattr(dns_lookup, "system_resolver", lambda: resolver)
        monkeypatch.setattr(round_trip, "sleep", lambda _: take(database, settings, catcher, *boxes))
        options = ["--selector", "s1", "--address", ADDRESS, "--wait", "20"]
        code, document = run(monkeypatch, settings, *options)
    assert code == status
    wrong = [each["check"] for each in document["findings"] if each["level"] != "ok"]
    assert wrong == faults
    assert len(document["findings"]) == 8


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_paused_site_and_a_domain_for_examples_send_nothing(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(Catcher()) as catcher, serving_dns(good()) as resolver:
        monkeypatch.setattr(dns_lookup, "system_resolver", lambda: resolver)
        settings = site(database, catcher)
        code, document = run(monkeypatch, replace(settings, mail_domain="chainmeet.example"))
        assert (code, document["findings"][-1]["check"]) == (2, "email domain")
        with database.write() as session:
            site_pause.pause(session, NamedDoer(), "", now=NOW)
        code, document = run(monkeypatch, settings)
        assert (code, document["findings"][-1]["what"]) == (
            1, "No email was sent, because the site is paused.",
        )  # fmt: skip
    assert catcher.taken == []


# Daily


def test_a_daily_error_is_an_alert_until_it_is_gone(database: Database) -> None:
    found = [error("SPF", "It has none.", "Publish one.")]

    def check(*findings: Finding) -> list[str]:
        with database.write() as session:
            daily_check.update_alerts(session, findings, daily_check.SENDING, now=NOW)
            return [each.reason for each in alerts.list_open_alerts(session, None)]

    (reason,) = check(*found)
    assert "(SPF): It has none." in reason and "chainmeet mail check" in reason
    assert check(*found) == [reason]
    assert check() == []


def test_a_server_that_refuses_the_round_trip_is_named(database: Database) -> None:
    with serving(Catcher(replies={"DATA": "554 no"})) as catcher:
        (found,) = daily_check.send_round_trip(site(database, catcher), now=NOW)
    assert (found.check, found.level, "554" in found.what) == ("round trip", Level.ERROR, True)


def test_the_daily_check_compares_the_keys_that_sign(database: Database) -> None:
    with serving(Catcher()) as catcher, serving_dns(good()) as resolver:
        settings = replace(site(database, catcher), dkim_keys=rsa_pem(), dkim_selectors="own0")
        found = daily_check.check_sending(settings, DnsLookup(lambda: resolver))
    assert [each.check for each in found if each.level is Level.ERROR] == ["DKIM"]


def test_the_daily_check_asks_for_what_the_command_asks_for(database: Database) -> None:
    with serving(Catcher()) as catcher, serving_dns(good()) as resolver:
        found = daily_check.check_sending(site(database, catcher), DnsLookup(lambda: resolver))
    assert tuple(each.check for each in found) == daily_check.SENDING
    assert {each.check for each in found if each.level is Level.WARNING} == {"DKIM", "PTR"}
