"""Settings of the DKIM keys: a key that can't sign stops the start, and the error says what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from scheduler.config import ConfigError, Settings
from tests.support.signing import ed25519_pem, rsa_pem

BASE = {
    "CHAINMEET_DATABASE_URL": "sqlite://",
    "CHAINMEET_REDIS_URL": "redis://127.0.0.1:1",
    "CHAINMEET_SECRET_KEY": "k" * 40,
    "CHAINMEET_MAIL_DOMAIN": "meet.expo.org",
}


def read(**values: str) -> Settings:
    return Settings.from_env(BASE | {f"CHAINMEET_{name.upper()}": value for name, value in values.items()})


def locked() -> str:
    key = load_pem_private_key(rsa_pem().encode(), None)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"word")).decode()


def elliptic() -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def pkcs1() -> str:
    key = load_pem_private_key(rsa_pem().encode(), None)
    return key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()


def test_keys_have_the_selectors_in_their_order() -> None:
    settings = read(dkim_keys=rsa_pem() + "\n" + ed25519_pem(), dkim_selectors="s1 s2")
    assert [(key.name, key.algorithm) for key in settings.dkim] == [
        ("s1._domainkey.meet.expo.org", "rsa-sha256"),
        ("s2._domainkey.meet.expo.org", "ed25519-sha256"),
    ]
    assert Settings.from_env(settings.to_env()) == settings
    assert "PRIVATE" not in repr(settings) + repr(settings.dkim)


def test_the_mail_server_signs_if_there_is_no_key(tmp_path: Path) -> None:
    """The file of the secret is there in any case, for the container engine."""
    (tmp_path / "dkim_keys").touch()
    settings = read(dkim_keys_file=str(tmp_path / "dkim_keys"), dkim_selectors="")
    assert settings.dkim == read().dkim == ()


def test_a_key_is_read_from_a_file_and_for_a_parent_domain(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(pkcs1())
    settings = read(dkim_keys_file=str(tmp_path / "key"), dkim_selectors="s1", dkim_domain="Expo.org")
    assert [key.name for key in settings.dkim] == ["s1._domainkey.expo.org"]


@pytest.mark.parametrize(
    ("values", "name", "said"),
    [
        ({"dkim_keys": "s3cret-text", "dkim_selectors": "s1"}, "KEYS", "no private key in PEM format"),
        ({"dkim_keys": rsa_pem()}, "KEYS", "has 1 keys, and CHAINMEET_DKIM_SELECTORS has 0 selectors"),
        ({"dkim_selectors": "s1"}, "KEYS", "has 0 keys"),
        ({"dkim_keys": rsa_pem()[:600] + rsa_pem()[700:], "dkim_selectors": "s1"}, "KEYS", "can't be read"),
        ({"dkim_keys": rsa_pem(1_024), "dkim_selectors": "s1"}, "KEYS", "1024 bits; 2,048 or more"),
        ({"dkim_keys": locked(), "dkim_selectors": "s1"}, "KEYS", "passphrase"),
        ({"dkim_keys": elliptic(), "dkim_selectors": "s1"}, "KEYS", "neither RSA nor Ed25519"),
        ({"dkim_keys": rsa_pem() * 2, "dkim_selectors": "s1 S1"}, "KEYS", "different selector"),
        ({"dkim_keys": rsa_pem(), "dkim_selectors": "s1;t=y"}, "KEYS", "can't have the selector s1;t=y"),
        ({"dkim_keys": rsa_pem(), "dkim_selectors": "s1", "dkim_domain": "xpo.org"}, "DOMAIN", "a parent of"),
        (
            {"dkim_keys": rsa_pem(), "dkim_selectors": "s1", "dkim_domain": "org"},
            "DOMAIN",
            "must be a domain",
        ),
        ({"dkim_keys": rsa_pem(), "dkim_selectors": "s1", "mail_domain": "会.cn"}, "MAIL_DOMAIN", "ASCII"),
        ({"dkim_keys_file": "/nowhere/key", "dkim_selectors": "s1"}, "KEYS", "No such file"),
    ],
)
def test_a_key_that_can_not_sign_stops_the_start(values: dict[str, str], name: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(**values)
    texts = [f"{fault.path}: {fault.message}" for fault in caught.value.faults]
    assert any(name in text and said in text for text in texts), texts
    assert "s3cret" not in str(caught.value) and "BEGIN" not in str(caught.value)
