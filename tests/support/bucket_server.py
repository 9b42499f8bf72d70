"""A server that speaks the S3 API: moto's, in a process of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3

from tests.support.workers import eventually

KEY_ID, SECRET = "AKIDTEST", "s3cret-of-the-bucket"


@contextmanager
def serving_buckets(folder: Path) -> Iterator[str]:
    """Run the server, whose log is in this folder, and yield its address."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    with (folder / "buckets.log").open("wb") as log:
        command = [sys.executable, "-W", "ignore", "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
        server = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, "PYTHONWARNINGS": ""})
    try:
        eventually(lambda: _answers(address), seconds=120)
        yield address
    finally:
        server.kill()
        server.wait(60)


def client(address: str) -> Any:
    """Return a client with all rights."""
    keys = {"aws_access_key_id": KEY_ID, "aws_secret_access_key": SECRET}
    return boto3.session.Session().client("s3", endpoint_url=address, region_name="us-east-1", **keys)


def requests(folder: Path) -> list[str]:
    """Return the request lines that the server has logged."""
    log = (folder / "buckets.log").read_text()
    return [line.split('"')[1] for line in log.splitlines() if line.count('"') == 2]


def _answers(address: str) -> bool:
    try:
        urllib.request.urlopen(address, timeout=5).close()
    except (urllib.error.URLError, OSError):
        return False
    return True
