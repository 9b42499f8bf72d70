"""HTTP Digest authentication (RFC 7616), which some calendar servers require instead of Basic."""

from __future__ import annotations

import hashlib
import re
import secrets
from typing import Final

_PARAMETER: Final = re.compile(r'(?<![a-z-])([a-z-]++)\s*+=\s*+(?:"([^"\\]*+)"|([^\s,"]++))', re.IGNORECASE)
_SCHEME: Final = re.compile(r"(?:^|,)\s*(Basic|Digest)(?=\s|,|$)", re.IGNORECASE)
_HASHES: Final = {"": "md5", "MD5": "md5", "SHA-256": "sha256"}


class Challenge:
    """A server's Digest challenge, with its realm, nonce and nonce count."""

    def __init__(self, parameters: dict[str, str]) -> None:
        self.parameters, self.count = parameters, 0

    @classmethod
    def of(cls, header: str) -> Challenge | None:
        """Return the first supported challenge of a WWW-Authenticate header. None if Basic is offered."""
        schemes = list(_SCHEME.finditer(header))
        if any(each[1].lower() == "basic" for each in schemes):
            return None
        ends = [*(each.start() for each in schemes[1:]), len(header)]
        for scheme, end in zip(schemes, ends, strict=False):
            known: dict[str, str] = {}
            for match in _PARAMETER.finditer(header, scheme.end(), end):
                known.setdefault(match[1].lower(), match[2] or match[3] or "")
            qop = {each.strip() for each in known.get("qop", "auth").split(",")}
            if known.get("nonce") and known.get("algorithm", "").upper() in _HASHES and "auth" in qop:
                return cls(known)
        return None

    @property
    def is_stale(self) -> bool:
        """True if only the nonce expired, and the password was right."""
        return self.parameters.get("stale", "").lower() == "true"

    def header(self, user: str, password: str, method: str, uri: str) -> str:
        """Return the Authorization header of one request."""
        known, self.count = self.parameters, self.count + 1
        realm, nonce, algorithm = known.get("realm", ""), known["nonce"], known.get("algorithm", "")
        count, own = f"{self.count:08x}", secrets.token_hex(16)

        def hashed(text: str) -> str:
            name = _HASHES[algorithm.upper()]
            return hashlib.new(name, text.encode(), usedforsecurity=False).hexdigest()

        first, second = hashed(f"{user}:{realm}:{password}"), hashed(f"{method}:{uri}")
        between = f"{nonce}:{count}:{own}:auth" if "qop" in known else nonce
        values = {
            "username": user.replace("\\", "\\\\").replace('"', '\\"'),
            "realm": realm,
            "nonce": nonce,
            "uri": uri,
            "response": hashed(f"{first}:{between}:{second}"),
            **({"opaque": known["opaque"]} if "opaque" in known else {}),
        }
        parts = [f'{name}="{value}"' for name, value in values.items()]
        parts += [f"algorithm={algorithm}"] if algorithm else []
        parts += ["qop=auth", f"nc={count}", f'cnonce="{own}"'] if "qop" in known else []
        return f"Digest {', '.join(parts)}"
