"""A check of every index that kernels use, under a switch, for tests and for those who change kernels.

Compiled code reads and writes a record's arrays without a check of the index. That costs nothing, but an
index out of range destroys other memory in silence. With `KERNEL_CHECKS=1` in the environment each access is
checked first. One that is out of range names its field on the standard error, and ends the process. The
machine code is then another one, in a folder of its own (`compiled/kernels`).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from llvmlite import ir
from numba.core import cgutils

CHECKED = os.environ.get("KERNEL_CHECKS") == "1"

_STDERR = 2


def check_index(context: Any, builder: Any, field: str, numbers: Sequence[Any], shape: Sequence[Any]) -> None:
    """Have compiled code end the process if a number is negative, or not below its length."""
    for number, length in zip(numbers, shape, strict=True):
        is_outside = builder.icmp_unsigned(">=", number, length)
        with builder.if_then(is_outside, likely=False):
            _end(context, builder, f"index %ld is outside of {field}, which has %ld there\n", number, length)


def _end(context: Any, builder: Any, text: str, *values: Any) -> None:
    """Write a line to the standard error, and abort."""
    number, pointer = ir.IntType(32), ir.IntType(8).as_pointer()
    write = ir.FunctionType(number, [number, pointer], var_arg=True)
    format_ = context.insert_const_string(builder.module, text)
    printer = cgutils.get_or_insert_function(builder.module, write, "dprintf")
    builder.call(printer, [ir.Constant(number, _STDERR), format_, *values])
    abort = ir.FunctionType(ir.VoidType(), [])
    builder.call(cgutils.get_or_insert_function(builder.module, abort, "abort"), [])
