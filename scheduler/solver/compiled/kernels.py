"""The base of every compiled kernel: the decorator, bit words and a small random generator."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar, cast, get_type_hints

import numba
import numpy as np
import numpy.typing as npt
from llvmlite import binding, ir
from numba.core import types
from numba.extending import intrinsic

from scheduler.solver.compiled.checks import CHECKED
from scheduler.solver.compiled.records import record_type

F = TypeVar("F", bound=Callable[..., Any])

Int32s = npt.NDArray[np.int32]
Words = npt.NDArray[np.uint64]
Floats = npt.NDArray[np.float64]

# The same with what numba must know of a record's fields: element type and dimensions.
IntRow = Annotated[Int32s, "int32", 1]
IntTable = Annotated[Int32s, "int32", 2]
ShortTable = Annotated[npt.NDArray[np.int16], "int16", 2]
LongRow = Annotated[npt.NDArray[np.int64], "int64", 1]
WordRow = Annotated[Words, "uint64", 1]
WordTable = Annotated[Words, "uint64", 2]
FloatRow = Annotated[Floats, "float64", 1]
# Single numbers, which kernels read and set: state.stamp += 1.
Count = Annotated[int, "int64", 0]
Score = Annotated[float, "float64", 0]

ONE = np.uint64(1)
ZERO = np.uint64(0)
WORD = np.uint64(63)


def sources_digest(folder: Path) -> str:
    """Of every source below `folder`, names and texts: 64 hexadecimal digits.

    Numba compares only a kernel's own file with its cache, and not those of the kernels that it
    calls: a change in one of them would go unnoticed, and old machine code would run.
    """
    digest = hashlib.sha256()
    for source in sorted(folder.rglob("*.py")):
        digest.update(f"{source.relative_to(folder).as_posix()}\0".encode() + source.read_bytes() + b"\0")
    return digest.hexdigest()


def _cache_folder() -> str:
    """A folder of machine code for exactly these sources, with or without checks."""
    here = Path(__file__).parent
    chosen = os.environ.get("NUMBA_CACHE_DIR")
    folder = Path(chosen) if chosen else here / "__pycache__" / "kernels"
    if not chosen and not os.access(here / "__pycache__" if folder.parent.exists() else here, os.W_OK):
        folder = Path.home() / ".cache" / "chainmeet" / "kernels"
    return str(folder / (sources_digest(here.parent)[:16] + ("-checked" if CHECKED else "")))


numba.config.CACHE_DIR = _cache_folder()


def kernel(function: F) -> F:
    """A kernel that is compiled by itself, and that others call by its address.

    Numba would compile it again within each kernel that calls it, and again in those that call these.
    It takes records, int and float, returns one number or nothing, and is called by kernels only.
    """
    symbol = f"chainmeet.{function.__module__}.{function.__name__}"
    signature = _signature(function)
    _kernels[symbol] = (function, signature)
    return cast(F, types.ExternalFunction(symbol, signature))


def entry(function: F) -> F:
    """A kernel that Python calls, without the interpreter lock. `make_ready` comes before."""
    return cast(F, numba.njit(cache=True, nogil=True, error_model="numpy", forceinline=False)(function))


_kernels: dict[str, tuple[Callable[..., Any], Any]] = {}
_compiled: dict[str, Any] = {}


def compile_kernels() -> None:
    """Compile the kernels that are not yet, callees first, or load them from the cache."""
    for symbol, (function, signature) in _kernels.items():
        if symbol not in _compiled:
            compiled = numba.cfunc(signature, cache=True, nopython=True, error_model="numpy")(function)
            binding.add_symbol(symbol, compiled.address)
            _compiled[symbol] = compiled


def is_cached() -> bool:
    """Whether machine code of these sources is there already, which takes two seconds to load."""
    return any(Path(numba.config.CACHE_DIR).rglob("*.nbi"))


def is_ready() -> bool:
    return len(_compiled) == len(_kernels)


def _signature(function: Callable[..., Any]) -> Any:
    hints = get_type_hints(function)
    result = hints.pop("return")
    returned = types.void if result is type(None) else _numba_type(result)
    return returned(*(_numba_type(hint) for hint in hints.values()))


def _numba_type(hint: Any) -> Any:
    """The machine type of an annotation. Between kernels a Boolean is a whole number."""
    if hint in (int, bool):
        return types.int64
    return types.float64 if hint is float else record_type(hint)


def inlined(function: F) -> F:
    """A kernel that is always merged into its callers: short and called very often."""
    return cast(F, numba.njit(nogil=True, error_model="numpy", forceinline=True)(function))


@intrinsic  # type: ignore[untyped-decorator]  # numba has no type hints
def lowest_bit(typing_context: Any, word: Any) -> Any:
    """The position of the lowest set bit of a word that is not 0."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))

    return types.int64(types.uint64), generate


@intrinsic  # type: ignore[untyped-decorator]  # numba has no type hints
def highest_bit(typing_context: Any, word: Any) -> Any:
    """The position of the highest set bit of a word that is not 0."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        zeros = builder.ctlz(arguments[0], ir.Constant(ir.IntType(1), 1))
        return builder.sub(ir.Constant(ir.IntType(64), 63), zeros)

    return types.int64(types.uint64), generate


@intrinsic  # type: ignore[untyped-decorator]  # numba has no type hints
def bit_count(typing_context: Any, word: Any) -> Any:
    """The number of set bits of a word."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.int64(types.uint64), generate


@inlined
def bit(slot: int) -> np.uint64:
    """The bit of `slot` within its word."""
    return ONE << (np.uint64(slot) & WORD)


@inlined
def bits_up_to(slot: int, word: int) -> np.uint64:
    """The bits of a word that stand for `slot` and the slots before it."""
    if slot >> 6 != word:
        return ~ZERO if slot >> 6 > word else ZERO
    return ~ZERO >> (WORD - (np.uint64(slot) & WORD))


@inlined
def last_set(words: Words, row: int, slot: int, first: int) -> int:
    """The last slot of words[row] in [first, t), or -1."""
    word = slot >> 6
    rest = words[row, word] & (bit(slot) - ONE) if word < words.shape[1] else ZERO
    while True:
        if rest != ZERO:
            found = (word << 6) + highest_bit(rest)
            return found if found >= first else -1
        word -= 1
        if word < 0 or (word << 6) + 63 < first:
            return -1
        rest = words[row, word]


@inlined
def first_set(words: Words, row: int, slot: int, last: int) -> int:
    """The first slot of words[row] in [t, last], or -1."""
    if slot > last:
        return -1
    word = slot >> 6
    rest = words[row, word] & ~(bit(slot) - ONE)
    while True:
        if rest != ZERO:
            found = (word << 6) + lowest_bit(rest)
            return found if found <= last else -1
        word += 1
        if word >= words.shape[1] or (word << 6) > last:
            return -1
        rest = words[row, word]


@inlined
def random_bits(rng: Words) -> np.uint64:
    """The next 64 random bits (xorshift64*, Vigna 2016, doi:10.1145/2845077)."""
    bits = rng[0]
    bits ^= bits >> np.uint64(12)
    bits ^= bits << np.uint64(25)
    bits ^= bits >> np.uint64(27)
    rng[0] = bits
    return bits * np.uint64(2685821657736338717)


@inlined
def random_below(rng: Words, n: int) -> int:
    """A random integer in [0, n). n is positive and below 2**31."""
    return np.int64(((random_bits(rng) >> np.uint64(33)) * np.uint64(n)) >> np.uint64(31))  # type: ignore[return-value]  # a machine integer


@inlined
def random_unit(rng: Words) -> float:
    """A random number in (0, 1)."""
    return (np.float64(random_bits(rng) >> np.uint64(12)) + 0.5) * 2.220446049250313e-16
