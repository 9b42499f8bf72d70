"""Sandbox for a process that parses untrusted octets: irrevocable kernel restrictions.

The resource limits stop a slow parser, but not one that is taken over: it could fork, connect, delete files,
signal its parent and read its environment. Landlock restricts file access to reading the folders of Python,
packages, system libraries and time zones, and denies TCP. A seccomp filter denies sockets, processes,
signals, ptrace and io_uring with EPERM. The parent is not dumpable. The open socket to the parent keeps
working.

Both are Linux only. If one is missing, the limits of `limits` remain, `enter_sandbox` returns what is
missing, and it is logged once. Implemented with some 60 lines of `ctypes`, since no package for it is well
maintained. An allow list of system calls would be tighter, but break with each new libc. A package that reads
files elsewhere or starts threads does not work here. Costs 7 ms per child at start, 0.7 ms of it in the
kernel.

Sources: Documentation/userspace-api/landlock.rst and seccomp_filter.rst of Linux; include/uapi/linux.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
import sys
import sysconfig
import zoneinfo
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import scheduler

LANDLOCK: Final = "Landlock"
SECCOMP: Final = "seccomp"

_PR_SET_DUMPABLE, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 4, 22, 38
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
"""The same numbers on every architecture."""
_VERSION_FLAG, _PATH_BENEATH = 1, 1
_READ_FILE, _READ_DIR = 1 << 2, 1 << 3
_FILE_RIGHTS: Final = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
"""Number of file access rights by Landlock ABI version, from bit 0. Later versions have as many."""
_NET_SINCE, _SCOPE_SINCE = 4, 6

_FILTER_MODE = 2
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
"""BPF: load a word of the call's data; jump if equal, if at least; return (linux/bpf_common.h)."""
_ALLOW, _KILL, _REFUSE = 0x7FFF0000, 0x80000000, 0x00050001
"""Filter results: allow, kill the process, or fail with EPERM."""
_X32 = 0x40000000
"""Bit of x32 system calls, which would bypass a list of x86_64 numbers."""

_REFUSED: Final[dict[str, tuple[int, ...]]] = {
    # From asm/unistd_64.h, in this order: network, other processes, new processes, file metadata that
    # Landlock does not guard (modes, owners, times, attributes), own limits, shared memory, and the kernel
    # itself.
    "x86_64": (
        41, 42, 43, 49, 50, 53, 288,
        62, 200, 234, 129, 297, 424, 434, 438, 101, 310, 311, 312,
        56, 57, 58, 435, 59, 322,
        90, 91, 92, 93, 94, 132, 235, 260, 261, 268, 280, 188, 189, 190, 452,
        160, 302, 29, 30, 64, 68, 240, 319,
        425, 426, 427, 165, 166, 155, 161, 272, 308, 321, 323, 298, 248, 249, 250, 175, 176, 313, 246, 320,
        303, 304, 317, 157, 442, 428, 429, 430, 431, 432, 433,
    ),
    # From asm-generic/unistd.h, which lacks fork, vfork, chmod, chown and utime.
    "aarch64": (
        198, 203, 202, 200, 201, 199, 242,
        129, 130, 131, 138, 240, 424, 434, 438, 117, 270, 271, 272,
        220, 435, 221, 281,
        52, 53, 54, 55, 88, 5, 6, 7, 452,
        164, 261, 194, 196, 190, 186, 180, 279,
        425, 426, 427, 40, 39, 41, 51, 97, 268, 280, 282, 241, 217, 218, 219, 105, 106, 273, 104, 294,
        264, 265, 277, 167, 442, 428, 429, 430, 431, 432, 433,
    ),
}  # fmt: skip
"""socket, connect, accept, bind, listen, socketpair, accept4; kill, tkill, tgkill, rt_sigqueueinfo,
rt_tgsigqueueinfo, pidfd_send_signal, pidfd_open, pidfd_getfd, ptrace, process_vm_readv, process_vm_writev,
kcmp; clone, fork, vfork, clone3, execve, execveat; chmod to utimensat, the setxattr calls, fchmodat2;
setrlimit, prlimit64, shmget, shmat, semget, msgget, mq_open, memfd_create; io_uring, mounts, namespaces,
bpf, userfaultfd, perf, keys, modules, kexec, handles, and seccomp and prctl, which `enter_sandbox` has
used.
"""
_ARCHITECTURES: Final = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}


def enter_sandbox() -> tuple[str, ...]:
    """Sandbox this process irrevocably. Return the parts that the kernel lacks, empty if complete."""
    if sys.platform != "linux":
        return LANDLOCK, SECCOMP
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    with suppress(OSError):
        _control(libc, _PR_SET_NO_NEW_PRIVS, 1)
    missing = []
    for name, part in ((LANDLOCK, _restrict_files), (SECCOMP, _filter_calls)):
        try:
            part(libc)
        except (OSError, KeyError):
            missing.append(name)
    return tuple(missing)


def hide_memory() -> None:
    """Make this process non-dumpable: others of the same user cannot read its memory or environment."""
    if sys.platform == "linux":
        with suppress(OSError):
            _control(ctypes.CDLL(None, use_errno=True), _PR_SET_DUMPABLE, 0)


def _readable() -> Iterator[Path]:
    """Yield the folders Python reads: its own, packages, time zones and our package.

    Also those of loaded system libraries, since some packages load them late.
    """
    for name in ("stdlib", "platstdlib", "purelib", "platlib"):
        for base in (sys.base_prefix, sys.prefix):
            yield Path(
                sysconfig.get_path(name, vars={"base": base, "platbase": base, "installed_base": base})
            )
    for place in zoneinfo.TZPATH:
        yield Path(place)
    yield Path(scheduler.__file__).parent
    for line in Path("/proc/self/maps").read_text("utf-8", "surrogateescape").splitlines():
        _, _, path = line.partition("/")
        if ".so" in path:
            yield Path("/" + path).parent


def _restrict_files(libc: ctypes.CDLL) -> None:
    """Landlock (Linux 5.13): allow reading the files of `_readable`; deny TCP and signals to others."""
    version = _call(libc, _CREATE_RULESET, None, 0, _VERSION_FLAG)
    rights = (1 << _FILE_RIGHTS.get(version, max(_FILE_RIGHTS.values()))) - 1
    fields = [rights]
    if version >= _NET_SINCE:
        fields.append(0b11)  # bind and connect
    if version >= _SCOPE_SINCE:
        fields.append(0b11)  # abstract sockets, signals
    ruled = struct.pack(f"={len(fields)}Q", *fields)
    rules = _call(libc, _CREATE_RULESET, ruled, len(ruled), 0)
    try:
        for path in sorted({path.resolve() for path in _readable() if path.is_dir()}):
            folder = os.open(path, os.O_PATH | os.O_CLOEXEC)
            try:
                rule = struct.pack("=Qi", _READ_FILE | _READ_DIR, folder)
                _call(libc, _ADD_RULE, rules, _PATH_BENEATH, rule, 0)
            finally:
                os.close(folder)
        _call(libc, _RESTRICT_SELF, rules, 0)
    finally:
        os.close(rules)


def _filter_calls(libc: ctypes.CDLL) -> None:
    """seccomp: listed calls fail with EPERM; calls of another architecture kill the process."""
    machine = platform.machine()
    numbers = _REFUSED[machine]
    program = [
        (_LOAD, 0, 0, 4),  # architecture of the call
        (_EQUAL, 1, 0, _ARCHITECTURES[machine]),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, 0),  # number of the call
    ]
    if machine == "x86_64":
        program += [(_AT_LEAST, 0, 1, _X32), (_RETURN, 0, 0, _KILL)]
    for number in numbers:
        program += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _REFUSE)]
    program.append((_RETURN, 0, 0, _ALLOW))
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *each) for each in program))
    filtered = struct.pack("@HP", len(program), ctypes.addressof(code))
    _control(libc, _PR_SET_SECCOMP, _FILTER_MODE, ctypes.c_char_p(filtered))


def _call(libc: ctypes.CDLL, number: int, *values: object) -> int:
    """Make a system call. Raises OSError."""
    given = [ctypes.c_long(each) if isinstance(each, int) else each for each in values]
    found: int = libc.syscall(ctypes.c_long(number), *given)
    if found < 0:
        raise OSError(ctypes.get_errno(), "the kernel refuses it")
    return found


def _control(libc: ctypes.CDLL, what: int, *values: object) -> None:
    """Call prctl(2). Raises OSError."""
    given = [ctypes.c_ulong(each) if isinstance(each, int) else each for each in values]
    while len(given) < 4:
        given.append(ctypes.c_ulong(0))
    if libc.prctl(ctypes.c_int(what), *given) != 0:
        raise OSError(ctypes.get_errno(), "the kernel refuses it")
