"""An OpenID provider in this process, over HTTPS, that a test can make say anything."""

from __future__ import annotations

import base64
import hashlib
import json
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import trustme
from flask import Flask
from joserfc import jwt
from joserfc.jwk import RSAKey

from api import context
from scheduler.domain.oidc_providers import OidcProvider, parse_providers
from scheduler.invites.transport.remote import Fetcher
from scheduler.services.identity.oidc_client import MAX_OCTETS, OidcClient
from tests.support import clocks

CLIENT_ID = "chainmeet"
CLIENT_SECRET = "client secret & more: äö"


@cache
def signing_key(name: str) -> RSAKey:
    """Return a key for the tests of this process, because generating one takes long."""
    return RSAKey.generate_key(2048, {"kid": name, "use": "sig", "alg": "RS256"})


@dataclass
class StubProvider:
    """A provider. `claims` are added to those of each ID token, None removes one; `metadata` likewise."""

    key: str = "acme"
    port: int = 0
    kid: str = "first"
    claims: dict[str, Any] = field(default_factory=dict)
    userinfo: dict[str, Any] = field(default_factory=dict)
    """Claims of the UserInfo endpoint, beside the subject."""
    metadata: dict[str, Any] = field(default_factory=dict)
    keys: list[dict[str, Any]] | None = None
    """The published keys, if they are not that of `kid`."""
    sign: Callable[[Mapping[str, Any]], str] | None = None
    """Makes the ID token from its claims, instead of a signature by the key of `kid`."""
    now: Callable[[], datetime] = clocks.now
    asked: list[str] = field(default_factory=list)
    """The paths that were requested."""
    forms: list[dict[str, str]] = field(default_factory=list)
    """The forms that the token endpoint got."""
    trusting: ssl.SSLContext = field(default_factory=ssl.create_default_context)
    _codes: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def issuer(self) -> str:
        return f"https://login.{self.key}.example:{self.port}"

    def row(self, **values: Any) -> dict[str, Any]:
        """Return the provider as the setting has it."""
        return {
            "key": self.key,
            "name": self.key.title(),
            "issuer": self.issuer,
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "domains": ["example.org"],
            **values,
        }

    def client(self, **values: Any) -> OidcClient:
        """Return a client of this provider."""
        return self.client_of(parse_providers(json.dumps([self.row(**values)]))[self.key])

    def client_of(self, provider: OidcProvider) -> OidcClient:
        fetcher = Fetcher(
            max_octets=MAX_OCTETS,
            resolve=lambda _host, _port: ["127.0.0.1"],
            is_allowed=lambda _address: True,
            ports=frozenset({self.port}),
            context=self.trusting,
        )
        return OidcClient(provider, fetcher)

    def authorize(self, address: str) -> dict[str, str]:
        """Authenticate a person at an authorization address. Return the parameters of the response."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        code = f"code-{len(self._codes)}"
        self._codes[code] = asked
        return {"code": code, "state": asked["state"], "iss": self.issuer}

    def answer(self, path: str, headers: Mapping[str, str], form: Mapping[str, str]) -> Any:
        """Return the JSON for a request, or a status."""
        self.asked.append(path)
        if path == "/.well-known/openid-configuration":
            return without_none(self._metadata() | self.metadata)
        if path == "/keys":
            return {"keys": self.keys if self.keys is not None else [self.signing_key.as_dict(private=False)]}
        if path == "/userinfo":
            found = {"sub": self.claims.get("sub", "subject-1")} | self.userinfo
            return found if headers.get("Authorization") == "Bearer access" else 401
        return self._tokens(headers, form)

    @property
    def signing_key(self) -> RSAKey:
        return signing_key(self.kid)

    def _metadata(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "id_token_signing_alg_values_supported": ["RS256"],
            "authorization_response_iss_parameter_supported": True,
        }

    def _tokens(self, headers: Mapping[str, str], form: Mapping[str, str]) -> Any:
        self.forms.append(dict(form))
        asked = self._codes.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        is_known = headers.get("Authorization", "").startswith("Basic ") or "client_secret" in form
        if asked is None or challenge != asked["code_challenge"] or not is_known:
            return 400
        if form["redirect_uri"] != asked["redirect_uri"]:
            return 400
        now = int(self.now().timestamp())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "sub": "subject-1",
            "iat": now,
            "exp": now + 300,
            "nonce": asked["nonce"],
            "auth_time": now,
            "email": "ann@example.org",
            "email_verified": True,
        }
        claims = without_none(claims | self.claims)
        header = {"alg": "RS256", "kid": self.kid}
        token = self.sign(claims) if self.sign else jwt.encode(header, claims, self.signing_key)
        return {"token_type": "Bearer", "access_token": "access", "id_token": token}


@contextmanager
def serving_provider(key: str = "acme") -> Iterator[StubProvider]:
    """Run a provider for the duration of the block."""
    authority, provider = trustme.CA(), StubProvider(key)
    authority.configure_trust(provider.trusting)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._reply({})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self._reply({name: values[0] for name, values in parse_qs(body).items()})

        def _reply(self, form: Mapping[str, str]) -> None:
            found = provider.answer(self.path, dict(self.headers), form)
            body = b"" if isinstance(found, int) else json.dumps(found).encode()
            self.send_response(found if isinstance(found, int) else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(f"login.{key}.example").configure_cert(tls)
    server.socket = tls.wrap_socket(server.socket, server_side=True)
    provider.port = server.server_address[1]
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.01}, name="provider", daemon=True
    )
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def use_providers(app: Flask, *providers: StubProvider) -> None:
    """Let the application reach these providers of its settings."""
    own = app.extensions[context.KEY]
    found = own["settings"].providers
    own["oidc_clients"] = {each.key: each.client_of(found[each.key]) for each in providers}


def without_none(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
