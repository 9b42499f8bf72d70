"""The bucket of packs: a copy of the folder in a service that speaks the S3 API, which outlasts the server.

A pack is deleted when the folder's is, or when it is older than the folder keeps any. A folder that is empty,
as on a new server, therefore deletes nothing in the bucket. No object gets an access control list: it is as
private as the bucket. boto3 is released every week. The client of MinIO is much smaller, and had no release
for a year.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from scheduler.config import Settings
from scheduler.domain.errors import ChainmeetError
from scheduler.services.exports.offline_packs import pack_folder
from scheduler.services.exports.offline_packs.pack_folder import StoredPack

PART: Final = 8 << 20
"""Octets of a part, the most that is in memory."""
PROBE: Final = "chainmeet-doctor"
"""The name of an empty object that shows whether the bucket can be written."""
ATTEMPTS: Final = 5
"""Of each request, with growing pauses."""
CONNECT_SECONDS, READ_SECONDS = 10, 60


class BucketFailure(ChainmeetError):
    """The bucket can't be read or written. `str()` has the service's code, and no key."""

    code = "pack-bucket"


def synchronise_packs(
    settings: Settings,
    deleted: Collection[str],
    *,
    now: datetime,
    should_stop: Callable[[], bool] = lambda: False,
) -> int:
    """Upload the packs that are missing, the newest first, and delete expired ones. Return the uploads.

    `deleted` are the names of packs that were just deleted in the folder. Raises BucketFailure.
    """
    with _failures_of(settings.pack_bucket):
        bucket = _Bucket(settings)
        present = bucket.list_sizes()
        oldest = now - timedelta(days=settings.pack_days)
        for name in present:
            made_at = pack_folder.read_time(name)
            if name in deleted or (made_at is not None and made_at < oldest):
                bucket.delete(name)
        uploads = 0
        for pack in reversed(pack_folder.list_packs(Path(settings.pack_folder))):
            if should_stop():
                break
            if present.get(pack.path.name) != pack.size:
                bucket.upload(pack)
                uploads += 1
        return uploads


def check_bucket_access(settings: Settings) -> None:
    """List the bucket, and write and delete an object that is no pack. Raises BucketFailure."""
    with _failures_of(settings.pack_bucket):
        bucket = _Bucket(settings, attempts=1)
        bucket.list_sizes()
        bucket.write_probe()
        bucket.delete(PROBE)


@contextmanager
def _failures_of(name: str) -> Iterator[None]:
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        raise BucketFailure(f"{name}: {error.response['Error'].get('Code', '')}") from None
    except (Boto3Error, BotoCoreError) as error:
        raise BucketFailure(f"{name}: {type(error).__name__}") from None


class _Bucket:
    def __init__(self, settings: Settings, attempts: int = ATTEMPTS) -> None:
        from boto3.session import Session
        from botocore.config import Config

        self._name, self._prefix = settings.pack_bucket, settings.pack_bucket_prefix
        self._client: Any = Session().client(
            "s3",
            endpoint_url=settings.pack_bucket_endpoint or None,
            region_name=settings.pack_bucket_region,
            aws_access_key_id=settings.pack_bucket_key_id,
            aws_secret_access_key=settings.pack_bucket_secret,
            config=Config(
                connect_timeout=CONNECT_SECONDS,
                read_timeout=READ_SECONDS,
                retries={"total_max_attempts": attempts, "mode": "standard"},
                # other services than Amazon's know no checksums in trailers
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
        )

    def list_sizes(self) -> dict[str, int]:
        """Return the sizes of packs in octets by name. Other objects are ignored."""
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._name, Prefix=self._prefix)
        sizes = {
            each["Key"].removeprefix(self._prefix): int(each["Size"])
            for page in pages
            for each in page.get("Contents", ())
        }
        return {name: size for name, size in sizes.items() if pack_folder.read_time(name) is not None}

    def upload(self, pack: StoredPack) -> None:
        """Upload a pack part by part. An interrupted upload leaves no object."""
        from boto3.s3.transfer import TransferConfig

        self._client.upload_file(
            str(pack.path),
            self._name,
            self._prefix + pack.path.name,
            ExtraArgs={"ContentType": "application/zip"},
            Config=TransferConfig(multipart_threshold=PART, multipart_chunksize=PART, use_threads=False),
        )

    def write_probe(self) -> None:
        self._client.put_object(Bucket=self._name, Key=self._prefix + PROBE, Body=b"")

    def delete(self, name: str) -> None:
        self._client.delete_object(Bucket=self._name, Key=self._prefix + name)
