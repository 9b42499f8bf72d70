"""Ports on the loopback address: availability and connections."""

from __future__ import annotations

import socket

from scheduler.domain.errors import ChainmeetError

HOST = "127.0.0.1"


class PortTaken(ChainmeetError):
    """A requested port is in use by another program."""

    code = "port-taken"

    def __init__(self, port: int, what: str, option: str) -> None:
        self.port = port
        other = port + 1 if port < 65535 else port - 1
        super().__init__(
            f"Port {port} on {HOST}, for {what}, is used by another program. Stop it, or use "
            f"another port: {option} {other} (make: ARGS='{option} {other}'), or {option} 0 for a free one."
        )


def take(port: int, what: str, option: str) -> int:
    """Return `port` if it is free, or any free port for 0. Raises PortTaken."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
        except OSError as error:
            raise PortTaken(port, what, option) from error
        return int(listener.getsockname()[1])


def answers(port: int) -> bool:
    """True if a server listens on the port."""
    try:
        with socket.create_connection((HOST, port), timeout=1):
            return True
    except OSError:
        return False
