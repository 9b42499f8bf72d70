"""Problem and plan files: JSON, optionally gzipped, with clear read errors.

Files are written atomically. Pipes and devices are written to directly, and symbolic links are followed.
Neither is ever replaced by a file.
"""

from __future__ import annotations

import gzip
import json
import math
import os
import stat
import tempfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from scheduler.domain.errors import Fault, InvalidInput, MalformedPlan, MalformedProblem
from scheduler.gc_control import gc_paused

if TYPE_CHECKING:
    from scheduler.domain.plan import Plan
    from scheduler.domain.problem import Problem

MOST_DIGITS = 400

Read = TypeVar("Read")


def read_problem(path: Path) -> Problem:
    """Read a problem file. Raises InvalidInput whose faults name the file."""
    from scheduler.files import problem_file

    return _read(path, problem_file.read_problem)


def read_plan(path: Path) -> Plan:
    """Read a plan file. Raises InvalidInput whose faults name the file."""
    from scheduler.files import plan_file

    return _read(path, plan_file.read_plan)


def read_json(path: Path) -> Any:
    """Return the document in a .json or .json.gz file."""
    try:
        content = path.read_bytes()
        if content[:2] == b"\x1f\x8b":
            content = gzip.decompress(content)
        return json.loads(content, parse_int=_integer)
    except OSError as error:
        raise InvalidInput([Fault(str(path), error.strerror or str(error))]) from error
    except (EOFError, zlib.error, UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise InvalidInput([Fault(str(path), f"not a JSON file: {error}")]) from error


def write_json(path: Path, document: object) -> None:
    """Write a .json or .json.gz file atomically: readers see the old file or the complete new one."""
    content = _encode(document)
    if path.suffix == ".gz":
        content = gzip.compress(content, mtime=0)
    try:
        if is_stream(path):
            path.write_bytes(content)
        else:
            _replace(path.resolve(), content)
    except OSError as error:
        raise InvalidInput([Fault(str(path), f"can't be written: {error.strerror}")]) from error


def require_writable(path: Path) -> None:
    """Check ahead of long work that `path` can be written. Raises InvalidInput."""
    if path.is_dir():
        raise InvalidInput([Fault(str(path), "this is a folder, enter a file")])
    if is_stream(path):
        if not os.access(path, os.W_OK):
            raise InvalidInput([Fault(str(path), "can't be written")])
        return
    folder = path.resolve().parent
    if not folder.is_dir():
        raise InvalidInput([Fault(str(folder), "no such folder")])
    if not os.access(folder, os.W_OK):
        raise InvalidInput([Fault(str(folder), "can't be written")])


def is_stream(path: Path) -> bool:
    """True if a path must be written to in place: a pipe, a device, or an open file of a process."""
    parts = path.absolute().parts
    if parts[1:2] == ("proc",) or parts[1:3] in (("dev", "stdout"), ("dev", "stderr"), ("dev", "fd")):
        return True
    try:
        return not stat.S_ISREG(path.stat().st_mode)
    except OSError:  # no such file, or a dangling link
        return False


def _integer(text: str) -> int | float:
    """Parse an integer. With more than MOST_DIGITS digits it becomes infinite, so that the error names its
    path.
    """
    return int(text) if len(text) <= MOST_DIGITS else math.copysign(math.inf, -1 if text[0] == "-" else 1)


def _read(path: Path, read: Callable[[Any], Read]) -> Read:
    try:
        with gc_paused():
            return read(read_json(path))
    except (MalformedProblem, MalformedPlan) as error:
        faults = [
            Fault(f"{path}: {fault.path}" if fault.path else str(path), fault.message)
            for fault in error.faults
        ]
        raise type(error)(faults) from error


def _encode(document: object) -> bytes:
    try:
        return json.dumps(document, ensure_ascii=False, indent=1).encode() + b"\n"
    except UnicodeEncodeError:  # a lone surrogate has no UTF-8, but its escape can be read again
        return json.dumps(document, indent=1).encode() + b"\n"


def _replace(path: Path, content: bytes) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o666 & ~_umask())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
