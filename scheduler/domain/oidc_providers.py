"""OpenID providers of organisations, as a setting of the installation describes them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final
from urllib.parse import urlsplit

MAX_PROVIDERS: Final = 20
_KEY: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
_DOMAIN: Final = re.compile(r"(?=.{1,253}\Z)[a-z0-9-]+(?:\.[a-z0-9-]+)+")
_SCOPE: Final = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")
"""RFC 6749, 3.3."""
_TEXT: Final = 500
"""Most characters of a text."""


@dataclass(frozen=True, slots=True)
class OidcProvider:
    """An OpenID provider, and what this site lets it say about people.

    `key` is part of the redirect URI that is registered at the provider, and is stored with sessions.
    """

    key: str
    name: str
    """Shown on the button of the sign-in page."""
    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    domains: frozenset[str]
    """Domains of email addresses whose accounts the provider may sign in."""
    scopes: tuple[str, ...] = ("openid", "email")
    verified_claim: str = "email_verified"
    """The claim that says whether the provider has verified the email address."""
    operator_claim: str = ""
    """The claim that makes operators, or empty."""
    operator_values: frozenset[str] = frozenset()
    has_auth_time: bool = True
    """True if its ID tokens have `auth_time`, so that a recent sign-in can be required."""
    is_private: bool = False
    """True if its servers may have addresses of a private network."""


@lru_cache
def parse_providers(text: str) -> Mapping[str, OidcProvider]:
    """Parse a JSON list of providers. Raises ValueError with the reason, without any secret.

    Issuers are unique, so that a response can be told from that of another provider. Domains are unique too:
    otherwise one provider could sign in the people of another.
    """
    if not text.strip():
        return {}
    try:
        rows = json.loads(text)
    except ValueError:
        raise ValueError("must be a JSON list of providers") from None
    if not isinstance(rows, list):
        raise ValueError("must be a JSON list of providers")  # noqa: TRY004 -- as for other wrong settings
    if len(rows) > MAX_PROVIDERS:
        raise ValueError(f"must have at most {MAX_PROVIDERS} providers")
    found = [_provider(row, number) for number, row in enumerate(rows, 1)]
    for what, values in (
        ("key", [each.key for each in found]),
        ("issuer", [each.issuer for each in found]),
        ("domain", [domain for each in found for domain in each.domains]),
    ):
        if twice := sorted({value for value in values if values.count(value) > 1}):
            raise ValueError(f"two providers have the {what} {twice[0]}")
    return {each.key: each for each in found}


_FIELDS: Final = {
    "key": str, "name": str, "issuer": str, "client_id": str, "client_secret": str, "domains": list,
    "scopes": list, "verified_claim": str, "operators": dict, "auth_time": bool, "private_network": bool,
}  # fmt: skip
_REQUIRED: Final = ("key", "name", "issuer", "client_id", "client_secret", "domains")


def _provider(row: Any, number: int) -> OidcProvider:
    where = f"provider {number}"
    if not isinstance(row, dict):
        raise ValueError(f"{where} must be an object")  # noqa: TRY004 -- as for other wrong settings
    if unknown := sorted(row.keys() - _FIELDS.keys()):
        raise ValueError(f"{where} has the unknown field {unknown[0]}")
    if missing := [name for name in _REQUIRED if not row.get(name)]:
        raise ValueError(f"{where} needs the field {missing[0]}")
    for name, value in row.items():
        if type(value) is not _FIELDS[name] or (isinstance(value, str) and len(value) > _TEXT):
            raise ValueError(f"{where}: {name} has a wrong value")
    domains = _texts(row["domains"], f"{where}: domains", _DOMAIN.fullmatch)
    claim, values = _operators(row.get("operators"), where)
    return OidcProvider(
        key=_matching(row["key"], _KEY, f"{where}: key must have lower-case letters, digits and hyphens"),
        name=row["name"].strip(),
        issuer=_issuer(row["issuer"], where),
        client_id=row["client_id"],
        client_secret=row["client_secret"],
        domains=frozenset(domains),
        scopes=tuple(
            dict.fromkeys(
                ("openid", "email", *_texts(row.get("scopes", []), f"{where}: scopes", _SCOPE.fullmatch))
            )
        ),
        verified_claim=row.get("verified_claim") or "email_verified",
        operator_claim=claim,
        operator_values=values,
        has_auth_time=row.get("auth_time", True),
        is_private=row.get("private_network", False),
    )


def _operators(found: Any, where: str) -> tuple[str, frozenset[str]]:
    """Return the claim that makes operators, and its values."""
    if found is None:
        return "", frozenset()
    claim = found.get("claim")
    if found.keys() != {"claim", "values"} or not isinstance(claim, str) or not claim:
        raise ValueError(f"{where}: operators must have a claim and its values")
    return claim, frozenset(_texts(found["values"], f"{where}: values of operators", bool))


def _issuer(text: str, where: str) -> str:
    """Return an issuer identifier (OpenID Connect Discovery 1.0, 4.1), to be compared as it is."""
    parts = urlsplit(text)
    if parts.scheme != "https" or not parts.hostname or parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError(f"{where}: issuer must be an https address without a query")
    return text


def _texts(found: Any, what: str, is_valid: Callable[[str], object]) -> Sequence[str]:
    if not isinstance(found, list) or not all(
        isinstance(each, str) and len(each) <= _TEXT and is_valid(each) for each in found
    ):
        raise ValueError(f"{what} must be a list of valid texts")
    return found


def _matching(text: str, pattern: re.Pattern[str], otherwise: str) -> str:
    if not pattern.fullmatch(text):
        raise ValueError(otherwise)
    return text
