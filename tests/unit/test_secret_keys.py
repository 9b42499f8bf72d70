"""Secret keys by number: their text, their file, and what they encrypt."""

from __future__ import annotations

from pathlib import Path

import pytest

from scheduler import secret_keys
from scheduler.config import Settings
from scheduler.secret_keys import SecretKeys
from scheduler.services.identity import encryption, tokens

FIRST, SECOND = "a" * 40, "b" * 40
BOTH = f"1:{FIRST}\n2:{SECOND}"


def test_one_key_has_the_number_1_and_several_name_theirs() -> None:
    assert (list(SecretKeys(FIRST)), SecretKeys(FIRST).key(), SecretKeys(FIRST).text) == ([1], FIRST, FIRST)
    keys = SecretKeys(f"2:{SECOND}\n1:{FIRST}\n")
    assert (list(keys), keys.newest, keys.key(), keys.key(1)) == ([1, 2], 2, SECOND, FIRST)
    assert SecretKeys(keys.text) == keys
    passphrase = f"a passphrase with 2:{SECOND} in it"
    assert SecretKeys(passphrase).key() == passphrase
    added = secret_keys.format_keys({1: passphrase, 2: SECOND})
    assert (SecretKeys(added).key(1), SecretKeys(added).key(2)) == (passphrase, SECOND)


@pytest.mark.parametrize(
    "text", ["short", f"1:{FIRST}\n1:{SECOND}", f"1:{FIRST}\n2:{FIRST}", f"1:{FIRST}\n2:short"]
)
def test_a_short_key_and_a_number_or_key_that_is_there_twice_are_refused(text: str) -> None:
    with pytest.raises(ValueError) as refused:
        SecretKeys(text)
    assert FIRST not in str(refused.value)


def test_a_file_is_followed_and_a_broken_one_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(secret_keys, "RELOAD_SECONDS", 0.0)
    path = tmp_path / "secret_key"
    path.write_text(FIRST)
    keys = SecretKeys.of_file(path)
    path.write_text(BOTH)
    assert keys.newest == 2
    path.write_text("")
    assert keys.newest == 2
    path.unlink()
    assert keys.key() == SECOND


def test_child_processes_follow_the_same_file(tmp_path: Path) -> None:
    path = tmp_path / "secret_key"
    path.write_text(BOTH)
    env = {"CHAINMEET_DATABASE_URL": "sqlite://", "CHAINMEET_REDIS_URL": "redis://127.0.0.1:1"}
    settings = Settings.from_env({**env, "CHAINMEET_SECRET_KEY_FILE": str(path)})
    passed = settings.to_env()
    assert passed["CHAINMEET_SECRET_KEY_FILE"] == str(path) and "CHAINMEET_SECRET_KEY" not in passed
    assert Settings.from_env(passed).secret_key.path == path
    assert not any(key in repr(settings) + repr(settings.secret_key) for key in (FIRST, SECOND))
    by_text = Settings.from_env({**env, "CHAINMEET_SECRET_KEY": BOTH})
    assert Settings.from_env(by_text.to_env()).secret_key == settings.secret_key


def test_what_is_encrypted_names_its_key_and_needs_it() -> None:
    first, both = SecretKeys(FIRST), SecretKeys(BOTH)
    old, new = encryption.encrypt(first, "p", "text"), encryption.encrypt(both, "p", "text")
    assert (encryption.key_number(old), encryption.key_number(new)) == (1, 2)
    assert encryption.decrypt(both, "p", old) == encryption.decrypt(both, "p", new) == "text"
    for keys, value in ((first, new), (SecretKeys(f"2:{SECOND}"), old)):
        with pytest.raises(encryption.UnreadableSecret):
            encryption.decrypt(keys, "p", value)


def test_a_seed_names_the_key_of_its_token() -> None:
    first, both = SecretKeys(FIRST), SecretKeys(BOTH)
    old, new = tokens.new_seed(first), tokens.new_seed(both)
    assert (tokens.seed_key(old), tokens.seed_key(new), len(old), len(new)) == (1, 2, 32, 32)
    assert tokens.derive_token(first, "p", old) == tokens.derive_token(both, "p", old)
    moved = tokens.seed_of_key(old, 2)
    assert tokens.seed_key(moved) == 2 and tokens.seed_of_key(moved, 12) == tokens.seed_of_key(old, 12)
    assert tokens.derive_token(both, "p", moved) != tokens.derive_token(both, "p", old)


def test_a_token_of_a_row_is_verified_by_every_key() -> None:
    both = SecretKeys(BOTH)
    for number in both:
        token = tokens.row_token(both, "p", 7, "a@b.example", number)
        assert tokens.row_id(token) == 7 and tokens.is_row_token(both, token, "p", 7, "a@b.example")
        assert not tokens.is_row_token(both, token, "p", 7, "another@b.example")
        assert not tokens.is_row_token(SecretKeys("c" * 40), token, "p", 7, "a@b.example")
