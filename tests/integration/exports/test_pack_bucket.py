"""Offline packs in a bucket, at a real server that speaks the S3 API."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from chainmeet.doctor.service_checks import check_bucket
from scheduler import config
from scheduler.config import ConfigError, Settings
from scheduler.domain.entities import AlertKind
from scheduler.domain.findings import Level
from scheduler.services.exports.offline_packs import contents, nightly_packs, pack_bucket, pack_folder
from scheduler.storage.database import Database
from scheduler.storage.models import Alert, Event
from tests.integration.exports.test_offline_packs import MORNING, make_expo
from tests.support import bucket_server, clocks
from tests.support.factories import NOW
from tests.support.publishing import SETTINGS

PREFIX = "expo/packs/"
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def log_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("buckets")


@pytest.fixture(scope="module")
def address(log_folder: Path) -> Iterator[str]:
    with bucket_server.serving_buckets(log_folder) as found:
        yield found


@dataclass
class Bucket:
    """A bucket, and a folder of packs."""

    settings: Settings
    client: Any

    @property
    def folder(self) -> Path:
        return Path(self.settings.pack_folder)

    def keys(self) -> list[str]:
        found = self.client.list_objects_v2(Bucket=self.settings.pack_bucket)
        return [each["Key"] for each in found.get("Contents", ())]

    def synchronise(self, *deleted: str, **options: Any) -> int:
        return pack_bucket.synchronise_packs(self.settings, set(deleted), **{"now": NOW} | options)

    def pack(self, octets: bytes, *, days: int = 0, key: str = "expo") -> str:
        made = pack_folder.store_pack(
            self.folder, key, 1, lambda to: to.writelines([octets]), now=NOW - days * DAY
        )
        return made.path.name


@pytest.fixture
def bucket(address: str, tmp_path: Path, request: pytest.FixtureRequest) -> Bucket:
    client = bucket_server.client(address)
    name = f"b{abs(hash(request.node.nodeid))}"
    client.create_bucket(Bucket=name)
    settings = replace(
        SETTINGS,
        pack_folder=str(tmp_path / "packs"),
        pack_bucket=name,
        pack_bucket_endpoint=address,
        pack_bucket_prefix=PREFIX,
        pack_bucket_key_id=bucket_server.KEY_ID,
        pack_bucket_secret=bucket_server.SECRET,
    )
    return Bucket(settings, client)


def test_packs_are_uploaded_once_and_whole(bucket: Bucket, log_folder: Path) -> None:
    small, large = b"PK", os.urandom(2 * pack_bucket.PART + 1)
    names = [bucket.pack(small, days=1), bucket.pack(large)]
    assert (bucket.synchronise(), bucket.synchronise()) == (2, 0)
    assert bucket.keys() == [PREFIX + name for name in names]
    for name, octets in zip(names, (small, large), strict=True):
        got = bucket.client.get_object(Bucket=bucket.settings.pack_bucket, Key=PREFIX + name)
        assert (got["Body"].read() == octets, got["ContentType"]) == (True, "application/zip")
    parts = [line for line in bucket_server.requests(log_folder) if "partNumber=" in line]
    assert len(parts) == 3  # no part is larger than the memory that it may take


def test_an_object_is_as_private_as_the_bucket(bucket: Bucket) -> None:
    name = bucket.pack(b"PK")
    bucket.synchronise()
    grants = bucket.client.get_object_acl(Bucket=bucket.settings.pack_bucket, Key=PREFIX + name)["Grants"]
    assert [each["Grantee"]["Type"] for each in grants] == ["CanonicalUser"]


def test_a_pack_that_is_half_there_is_uploaded_again(bucket: Bucket) -> None:
    name = bucket.pack(b"PK-whole")
    bucket.client.put_object(Bucket=bucket.settings.pack_bucket, Key=PREFIX + name, Body=b"PK")
    assert (bucket.synchronise(), bucket.synchronise()) == (1, 0)


def test_expired_packs_and_those_deleted_in_the_folder_are_deleted_and_nothing_else(bucket: Bucket) -> None:
    expired = bucket.pack(b"PK", days=bucket.settings.pack_days + 1)
    deleted, kept = bucket.pack(b"PK", key="gone"), bucket.pack(b"PK", days=2)
    others = [PREFIX + "notes.zip", "elsewhere/" + expired]
    for key in (*others, *(PREFIX + name for name in (expired, deleted, kept))):
        bucket.client.put_object(Bucket=bucket.settings.pack_bucket, Key=key, Body=b"PK")
    for path in bucket.folder.iterdir():
        path.unlink()  # as on a new server
    assert bucket.synchronise(deleted) == 0
    assert bucket.keys() == sorted([*others, PREFIX + kept])


def test_a_shutdown_leaves_the_rest_to_a_later_pass(bucket: Bucket) -> None:
    bucket.pack(b"PK", days=1)
    newest = bucket.pack(b"PK")
    answers = iter([False, True])
    assert bucket.synchronise(should_stop=lambda: next(answers)) == 1
    assert bucket.keys() == [PREFIX + newest]
    assert bucket.synchronise() == 1


@pytest.mark.parametrize(
    ("changes", "said"),
    [({"pack_bucket": "nowhere-7"}, "NoSuchBucket"), ({"port": 1}, "EndpointConnectionError")],
)
def test_a_failure_is_named_without_a_key(
    bucket: Bucket, changes: dict[str, Any], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pack_bucket, "ATTEMPTS", 1)
    if changes.pop("port", None):
        changes = {"pack_bucket_endpoint": "http://127.0.0.1:1"}
    bucket.settings = replace(bucket.settings, **changes)
    with pytest.raises(pack_bucket.BucketFailure, match=said) as caught:
        bucket.synchronise()
    assert bucket_server.SECRET not in str(caught.value)


def test_the_nightly_pass_uploads_and_a_failure_is_an_alert_of_the_operators_until_a_success(
    database: Database, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contents, "write_pack", lambda _database, pack, to, **_: to.write(b"PK"))
    monkeypatch.setattr(pack_bucket, "ATTEMPTS", 1)
    expo = make_expo(database)

    def make(minutes: int, **changes: Any) -> list[tuple[int | None, bool]]:
        clocks.hold(monkeypatch, MORNING + timedelta(minutes=minutes))
        nightly_packs.make_due_packs(database, replace(bucket.settings, **changes))
        with database.read() as session:
            rows = session.scalars(select(Alert).where(Alert.kind == AlertKind.PACK_FAILED)).all()
            return [(row.event_id, row.open_key is not None) for row in rows]

    assert make(0, pack_bucket="nowhere-7") == [(None, True)]
    assert bucket.keys() == []
    assert make(5) == [(None, False)]
    assert bucket.keys() == [f"{PREFIX}{expo.event.key}-20261206T210000Z-v2.zip"]
    with database.write() as session:
        session.get_one(Event, expo.event.id).deleted_at = MORNING
    make(10)
    assert bucket.keys() == []


Read = Callable[..., Settings]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    full = {
        "pack_folder": str(tmp_path),
        "pack_bucket": "b",
        "pack_bucket_key_id": "k",
        "pack_bucket_secret": "s",
    }
    return lambda **changes: Settings.from_env(replace(SETTINGS, **full | changes).to_env())


def test_a_bucket_needs_a_folder_a_key_and_an_encrypted_address(read: Read) -> None:
    assert read().pack_bucket == "b"
    for name in ("pack_folder", "pack_bucket_key_id", "pack_bucket_secret"):
        with pytest.raises(ConfigError, match=f"CHAINMEET_{name.upper()}: is required"):
            read(**{name: ""})
    with pytest.raises(ConfigError, match="https://"):
        read(pack_bucket_endpoint="http://s3.example.org")


def test_a_missing_package_is_named_at_start_with_its_extra(
    read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(config, "find_spec", lambda _name: None)
    with pytest.raises(ConfigError, match=r"pip install 'chainmeet\[s3\]'"):
        read()


def test_the_doctor_tries_the_bucket_and_leaves_nothing_in_it(bucket: Bucket) -> None:
    (found,) = check_bucket(bucket.settings)
    assert (found.level, found.check) == (Level.OK, "bucket")
    assert bucket.keys() == []


def test_the_doctor_says_why_packs_cannot_be_copied(bucket: Bucket) -> None:
    bucket.client.delete_bucket(Bucket=bucket.settings.pack_bucket)
    (found,) = check_bucket(bucket.settings)
    assert found.level is Level.ERROR
    assert "NoSuchBucket" in found.what
    assert bucket.settings.pack_bucket_secret not in f"{found}"


def test_an_installation_without_a_bucket_has_nothing_to_check() -> None:
    assert list(check_bucket(SETTINGS)) == []
