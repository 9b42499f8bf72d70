"""Checks of DNS: SPF, DKIM, DMARC and MX of the email domain, and PTR of the sending server."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Final

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from scheduler.domain.findings import Finding, error, ok, warning
from scheduler.invites.text import clean
from scheduler.invites.transport.dkim import DkimKey, PublicKey, describe, public_key
from scheduler.invites.transport.dns_lookup import DnsFailure, DnsLookup
from scheduler.invites.transport.public_addresses import is_public_address

SPF, DKIM, DMARC, MX, PTR = "SPF", "DKIM", "DMARC", "MX", "PTR"
MAX_SPF_LOOKUPS: Final = 10
"""RFC 7208, section 4.6.4: a record that needs more is an error."""
WEAK_BITS, SHORT_BITS = 1_024, 2_048
MAX_PARENTS: Final = 5
SEE: Final = "See Email delivery in the documentation."
ALSO_RSA: Final = "Also sign with an RSA key of 2,048 bits."
_SHOWN: Final = 200
_STRING: Final = 250

_ALL: Final = re.compile(r"([+?~-]?)all", re.IGNORECASE)
_LOOKUP: Final = re.compile(r"[+?~-]?(include|a|mx|ptr|exists)(?:[:/]|$)|(redirect)=", re.IGNORECASE)
_TARGET: Final = re.compile(r"[+?~-]?include:(\S+)|redirect=(\S+)", re.IGNORECASE)


def check_dns(
    dns: DnsLookup,
    domain: str,
    *,
    keys: Sequence[DkimKey],
    selector: str,
    server: str,
    addresses: Sequence[str],
) -> Iterator[Finding]:
    """Check all records.

    `keys` sign our emails. `selector` is that of the key of the mail server, or empty if it is not known. The
    PTR records are those of `addresses`, by default of the outgoing mail server.
    """
    signing = [partial(check_signing_key, dns, key, keys) for key in keys]
    if selector or not keys:
        signing.append(partial(check_dkim, dns, domain, selector))
    checks: list[tuple[str, Callable[[], Finding]]] = [
        (MX, partial(check_mx, dns, domain)),
        (SPF, partial(check_spf, dns, domain)),
        *((DKIM, each) for each in signing),
        (DMARC, partial(check_dmarc, dns, domain)),
        (PTR, partial(check_ptr, dns, server, addresses)),
    ]
    for name, check in checks:
        try:
            yield check()
        except DnsFailure as failure:
            yield warning(name, str(failure), "Check the DNS of this machine, and try again.")


def check_mx(dns: DnsLookup, domain: str) -> Finding:
    """Check that the email domain receives emails: replies and delivery reports."""
    servers = dns.mail_servers(domain)
    if not servers or servers == ["."]:
        return error(
            MX,
            f"{domain} has no mail server, so replies can't arrive.",
            f"Publish: {domain}. MX 10 <name of your mail server>. {SEE}",
        )
    lost = [server for server in servers if not dns.addresses(server)]
    if lost:
        kind = error if len(lost) == len(servers) else warning
        return kind(MX, f"{', '.join(lost[:3])} has no address.", "Publish its A or AAAA record.")
    return ok(MX, f"{domain}: {', '.join(servers[:3])}")


def check_spf(dns: DnsLookup, domain: str) -> Finding:
    """Check that exactly one SPF record exists, and that it limits who may send."""
    records = _spf_records(dns, domain)
    if not records:
        return error(
            SPF,
            f"{domain} has no SPF record.",
            f'Publish: {domain}. TXT "v=spf1 ip4:<address of your mail server> -all". {SEE}',
        )
    if len(records) > 1:
        return error(
            SPF, f"{domain} has {len(records)} SPF records, which counts as an error.", "Keep only one."
        )
    terms = records[0].split()[1:]
    signs = [found[1] for term in terms if (found := _ALL.fullmatch(term))]
    if signs and signs[0] in ("", "+"):
        return error(SPF, f"{domain} allows every server in the world (+all).", "End it with -all or ~all.")
    if _needed_lookups(dns, domain, records[0]) > MAX_SPF_LOOKUPS:
        return error(
            SPF,
            f"The SPF record of {domain} needs more than {MAX_SPF_LOOKUPS} lookups: it is invalid.",
            "Replace includes by addresses (ip4:, ip6:).",
        )
    is_redirected = any(term.lower().startswith("redirect=") for term in terms)
    if not is_redirected and (not signs or signs[0] == "?"):
        return warning(SPF, f"{domain} doesn't say that others may not send.", "End it with -all or ~all.")
    return ok(SPF, clean(records[0], _SHOWN))


def _spf_records(dns: DnsLookup, domain: str) -> list[str]:
    return [text for text in dns.texts(domain) if f"{text.lower()} ".startswith("v=spf1 ")]


def _needed_lookups(dns: DnsLookup, domain: str, record: str) -> int:
    """Count the lookups of a record and those it includes, up to one more than allowed."""
    count, seen, waiting = 0, {domain}, [record]
    while waiting and count <= MAX_SPF_LOOKUPS:
        for term in waiting.pop().split()[1:]:
            count += _LOOKUP.match(term) is not None
            found = _TARGET.fullmatch(term)
            target = ((found[1] or found[2]) if found else "").lower().rstrip(".")
            if target and "%" not in target and target not in seen and count <= MAX_SPF_LOOKUPS:
                seen.add(target)
                waiting += _spf_records(dns, target)[:1]
    return count


def check_dkim(dns: DnsLookup, domain: str, selector: str) -> Finding:
    """Check the public key that verifies signatures."""
    if not selector:
        return warning(
            DKIM,
            "The key wasn't checked, because its selector isn't known.",
            "Use --selector, with s= of a DKIM-Signature header in an email that arrived.",
        )
    name = f"{selector}._domainkey.{domain}"
    public = _published_key(dns, name, "v=DKIM1; k=rsa; p=…")
    if isinstance(public, Finding):
        return public
    if not isinstance(public, RSAPublicKey):
        return warning(DKIM, f"The key at {name} is of Ed25519, which many providers can't verify.", ALSO_RSA)
    bits = public.key_size
    if bits < WEAK_BITS:
        return error(DKIM, f"The key at {name} is too short ({bits} bits).", "Use an RSA key of 2,048 bits.")
    if bits < SHORT_BITS:
        return warning(DKIM, f"The key at {name} is short ({bits} bits).", "Use an RSA key of 2,048 bits.")
    return ok(DKIM, f"{name}: {describe(public)}")


def check_signing_key(dns: DnsLookup, key: DkimKey, keys: Sequence[DkimKey]) -> Finding:
    """Check that the published key verifies what our key signs. `keys` are all keys that sign an email."""
    public = _published_key(dns, key.name, key.record)
    if isinstance(public, Finding):
        return public
    if public != key.public:
        return error(
            DKIM,
            f"The key at {key.name} isn't the one that signs, so all signatures are invalid.",
            f"Publish: {_txt(key.name, key.record)}",
        )
    if not any(isinstance(each.public, RSAPublicKey) for each in keys):
        return warning(DKIM, "Many providers can't verify Ed25519, the only key that signs.", ALSO_RSA)
    return ok(DKIM, f"{key.name}: {key.description}. Chainmeet signs with it.")


def _published_key(dns: DnsLookup, name: str, record: str) -> PublicKey | Finding:
    """Return the key at a name, or what is wrong there. `record` is the text that should be published."""
    records = [tags for text in dns.texts(name) if "p" in (tags := read_tags(text))]
    if not records:
        return error(DKIM, f"{name} has no key.", f"Publish: {_txt(name, record)}. {SEE}")
    if len(records) > 1:
        return error(DKIM, f"{name} has {len(records)} keys.", "Keep only one.")
    key = re.sub(r"\s", "", records[0]["p"])
    if not key:
        return error(DKIM, f"The key at {name} is revoked.", "Sign with another selector.")
    try:
        octets = base64.b64decode(key, validate=True)
    except ValueError:
        octets = b""
    public = public_key(records[0].get("k", "rsa").lower(), octets)
    if public is None:
        return error(
            DKIM, f"The key at {name} can't be read.", "Publish it again, as your server printed it."
        )
    return public


def _txt(name: str, text: str) -> str:
    """Return a record as in a zone file: strings of at most 255 characters."""
    strings = " ".join(f'"{text[start : start + _STRING]}"' for start in range(0, len(text), _STRING))
    return f"{name}. TXT {strings}"


def check_dmarc(dns: DnsLookup, domain: str) -> Finding:
    """Check the policy of the domain, or of the nearest parent domain that has one."""
    name, records = _dmarc_records(dns, domain)
    if not records:
        return error(
            DMARC,
            f"{domain} has no DMARC record. Large providers refuse bulk email without one.",
            f'Publish: _dmarc.{domain}. TXT "v=DMARC1; p=none; rua=mailto:<your address>". {SEE}',
        )
    if len(records) > 1:
        return error(DMARC, f"{name} has {len(records)} DMARC records: all are ignored.", "Keep only one.")
    tags = read_tags(records[0])
    policy = tags.get("p", "").lower()
    if policy not in ("none", "quarantine", "reject"):
        return error(DMARC, f"{name} has no valid policy.", "Add p=none, p=quarantine or p=reject.")
    if "rua" not in tags:
        return warning(DMARC, f"No one gets the reports of {name}.", "Add rua=mailto:<your address>.")
    return ok(DMARC, f"{name}: p={policy}")


def _dmarc_records(dns: DnsLookup, domain: str) -> tuple[str, list[str]]:
    labels = domain.split(".")
    parents = [".".join(labels[first:]) for first in range(len(labels) - 1)] or [domain]
    for parent in parents[:MAX_PARENTS]:
        name = f"_dmarc.{parent}"
        records = [text for text in dns.texts(name) if read_tags(text).get("v", "").upper() == "DMARC1"]
        if records:
            return name, records
    return f"_dmarc.{domain}", []


def check_ptr(dns: DnsLookup, server: str, addresses: Sequence[str]) -> Finding:
    """Check that each address of the sending server has a name that leads back to it."""
    known = [each for each in addresses or _addresses(dns, server) if is_public_address(each)]
    if not known:
        return warning(
            PTR,
            f"{server} isn't public, so the address that other servers see isn't known.",
            "Use --address, with the public address of the server that sends to other domains.",
        )
    for address in known[:4]:
        names = dns.names(address)
        if not names:
            return error(PTR, f"{address} has no name.", "Ask the provider of the address for a PTR record.")
        if not any(address in dns.addresses(name) for name in names[:4]):
            return error(
                PTR,
                f"The name of {address} is {names[0]}, which doesn't lead back to it.",
                f"Publish the address at {names[0]}.",
            )
    return ok(PTR, ", ".join(known[:4]))


def _addresses(dns: DnsLookup, server: str) -> list[str]:
    return [server] if re.fullmatch(r"[\d.]+|[\da-fA-F:]*:[\da-fA-F:.]*", server) else dns.addresses(server)


def read_tags(text: str) -> dict[str, str]:
    """Return the tags of a DKIM or DMARC record (RFC 6376, section 3.2). The first of equal ones counts."""
    tags: dict[str, str] = {}
    for part in text.split(";"):
        name, equals, value = part.partition("=")
        if equals:
            tags.setdefault(name.strip().lower(), value.strip())
    return tags
