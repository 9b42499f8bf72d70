"""Named tuples of arrays that compiled kernels take as one pointer.

Numba passes a named tuple array by array, and with forty arrays both compiling and calling take
long. A pack is a named tuple whose arrays' addresses and shapes stand in one block of memory;
kernels read a field from that block when they use it, and may take it as unchanging.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple, get_type_hints

import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.typing.templates import AttributeTemplate
from numba.extending import (
    NativeValue,
    infer_getattr,
    lower_getattr_generic,
    models,
    register_model,
    typeof_impl,
    unbox,
)

DIMENSIONS = 2
FIELD_WORDS = 1 + DIMENSIONS


class PackType(types.Type):
    """The type of a pack: its fields' names, element types and dimensions."""

    def __init__(self, name: str, fields: tuple[tuple[str, str, int], ...]) -> None:
        self.fields = fields
        super().__init__(name=f"Pack({name}, {fields})")

    @property
    def key(self) -> object:
        return self.name

    def position(self, attribute: str) -> int:
        """Where a field stands in the pack, or -1."""
        names = [name for name, _, _ in self.fields]
        return names.index(attribute) if attribute in names else -1

    def array(self, position: int) -> Any:
        _, dtype, dimensions = self.fields[position]
        return types.Array(getattr(types, dtype), dimensions, "C")


@cache
def pack_type(arrays: type[NamedTuple]) -> PackType:
    """The type of packs of a named tuple whose annotations name element types and dimensions."""
    hints = get_type_hints(arrays, include_extras=True)
    return PackType(arrays.__name__, tuple((name, *hint.__metadata__) for name, hint in hints.items()))


class Pack:
    """The arrays of a named tuple, by name, and the block that describes them to kernels."""

    def __init__(self, arrays: NamedTuple) -> None:
        self.arrays = arrays
        self.numba_type = pack_type(type(arrays))
        block = np.zeros(len(arrays) * FIELD_WORDS, np.int64)
        for k, (array, declared) in enumerate(zip(arrays, self.numba_type.fields, strict=True)):
            if not array.flags.c_contiguous or (array.dtype.name, array.ndim) != declared[1:]:
                raise TypeError(f"{declared} is a {array.dtype.name} array of {array.ndim} dimensions")
            block[k * FIELD_WORDS] = array.ctypes.data
            block[k * FIELD_WORDS + 1 : k * FIELD_WORDS + 1 + array.ndim] = array.shape
        self.block: npt.NDArray[np.int64] = block
        self.address = int(block.ctypes.data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__dict__["arrays"], name)


@typeof_impl.register(Pack)  # type: ignore[untyped-decorator]  # numba has no type hints
def _typeof(value: Pack, context: Any) -> PackType:
    return value.numba_type


@register_model(PackType)
class _PackModel(models.PrimitiveModel):  # type: ignore[misc]  # numba has no type hints
    def __init__(self, manager: Any, pack_type: PackType) -> None:
        super().__init__(manager, pack_type, ir.IntType(64).as_pointer())


@unbox(PackType)  # type: ignore[untyped-decorator]  # numba has no type hints
def _unbox(pack_type: PackType, value: Any, c: Any) -> Any:
    address = c.pyapi.object_getattr_string(value, "address")
    number = c.pyapi.long_as_longlong(address)
    c.pyapi.decref(address)
    pointer = c.builder.inttoptr(number, ir.IntType(64).as_pointer())
    return NativeValue(pointer, is_error=cgutils.is_not_null(c.builder, c.pyapi.err_occurred()))


@infer_getattr
class _PackAttributes(AttributeTemplate):  # type: ignore[misc]  # numba has no type hints
    key = PackType

    def generic_resolve(self, pack_type: PackType, attribute: str) -> Any:
        position = pack_type.position(attribute)
        return None if position < 0 else pack_type.array(position)


@lower_getattr_generic(PackType)  # type: ignore[untyped-decorator]  # numba has no type hints
def _get_field(context: Any, builder: Any, pack_type: PackType, value: Any, attribute: str) -> Any:
    position = pack_type.position(attribute)
    array_type = pack_type.array(position)
    array = context.make_array(array_type)(context, builder)
    words = [_read(builder, value, position * FIELD_WORDS + k) for k in range(1 + array_type.ndim)]
    itemsize = context.get_abi_sizeof(context.get_data_type(array_type.dtype))
    size = ir.Constant(ir.IntType(64), itemsize)
    shape = words[1:]
    strides = [size] if array_type.ndim == 1 else [builder.mul(size, shape[1]), size]
    items = shape[0] if array_type.ndim == 1 else builder.mul(shape[0], shape[1])
    array.data = builder.inttoptr(words[0], array.data.type)
    array.shape = cgutils.pack_array(builder, shape)
    array.strides = cgutils.pack_array(builder, strides)
    array.itemsize = size
    array.nitems = items
    return array._getvalue()


def _read(builder: Any, block: Any, word: int) -> Any:
    """Load a word of the block; marked invariant, so that stores to the arrays do not force a reload."""
    index = ir.Constant(ir.IntType(32), word)
    load = builder.load(builder.gep(block, [index]))
    load.set_metadata("invariant.load", builder.module.add_metadata([]))
    return load
