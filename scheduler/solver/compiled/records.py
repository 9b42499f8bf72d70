"""Named tuples of arrays that compiled kernels take as one pointer.

Numba passes a named tuple array by array, and with forty arrays both compiling and calling take
long. A pack is a named tuple whose arrays' addresses and shapes stand in one block of memory;
kernels read a field from that block when they use it, and may take it as unchanging.

Numba also counts a negative index from the end, and takes any two arrays for one another's. The
elements of a pack's fields are plain memory instead: an index is within its array, always, and no
two fields overlap, which is told to LLVM.
"""

from __future__ import annotations

from functools import cache
from operator import getitem, setitem
from typing import Any, NamedTuple, TypeVar, get_type_hints

import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.types.containers import BaseTuple
from numba.core.typing.templates import AttributeTemplate
from numba.extending import (
    NativeValue,
    infer_getattr,
    lower_builtin,
    lower_getattr_generic,
    models,
    register_model,
    typeof_impl,
    unbox,
)
from numba.np import arrayobj

T = TypeVar("T", bound=type)

DIMENSIONS = 2
FIELD_WORDS = 1 + DIMENSIONS
_Array: Any = types.Array


class FieldType(_Array):  # type: ignore[misc]  # numba has no type hints
    """The type of a pack's array: one that lies in memory that no other field shares."""

    def __init__(self, field: str, dtype: Any, dimensions: int, readonly: bool) -> None:
        self.field = field
        name = f"Field({field}, {dtype}, {dimensions}, {readonly})"
        super().__init__(dtype, dimensions, "C", readonly=readonly, name=name)

    @property
    def key(self) -> object:
        return self.name


class PackType(types.Type):
    """The type of a pack: its fields' names, element types and dimensions."""

    def __init__(self, name: str, fields: tuple[tuple[str, str, int], ...], read_only: bool) -> None:
        self.fields = fields
        self.pack = name
        self.read_only = read_only
        super().__init__(name=f"Pack({name}, {fields})")

    @property
    def key(self) -> object:
        return self.name

    def position(self, attribute: str) -> int:
        """Where a field stands in the pack, or -1."""
        names = [name for name, _, _ in self.fields]
        return names.index(attribute) if attribute in names else -1

    def array(self, position: int) -> Any:
        name, dtype, dimensions = self.fields[position]
        return FieldType(f"{self.pack}.{name}", getattr(types, dtype), dimensions, self.read_only)


@cache
def pack_type(arrays: type[NamedTuple]) -> PackType:
    """The type of packs of a named tuple whose annotations name element types and dimensions."""
    hints = get_type_hints(arrays, include_extras=True)
    fields = tuple((name, *hint.__metadata__) for name, hint in hints.items())
    return PackType(arrays.__name__, fields, arrays in _only_read)


_only_read: set[type] = set()


def only_read(arrays: T) -> T:
    """Mark a named tuple of arrays that no kernel writes to."""
    _only_read.add(arrays)
    return arrays


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


register_model(FieldType)(models.ArrayModel)


@lower_builtin(getitem, FieldType, types.Integer)  # type: ignore[untyped-decorator]  # numba has no type hints
def _get_row(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    if signature.args[0].ndim > 1:
        return arrayobj.getitem_arraynd_intp(context, builder, signature, arguments)
    return _load(context, builder, signature, arguments)


@lower_builtin(getitem, FieldType, BaseTuple)  # type: ignore[untyped-decorator]  # numba has no type hints
def _get_element(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    if not _is_element(*signature.args[:2]):
        return arrayobj.getitem_array_tuple(context, builder, signature, arguments)
    return _load(context, builder, signature, arguments)


@lower_builtin(setitem, FieldType, types.Any, types.Any)  # type: ignore[untyped-decorator]  # numba has no type hints
def _set_element(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    field, index, given = signature.args
    if not _is_element(field, index):
        return arrayobj.setitem_array(context, builder, signature, arguments)
    value = context.cast(builder, arguments[2], given, field.dtype)
    stored = builder.store(value, _pointer(context, builder, field, index, arguments))
    stored.set_metadata("tbaa", _kind(builder.module, field.field))
    return context.get_dummy_value()


def _load(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    field, index = signature.args[:2]
    loaded = builder.load(_pointer(context, builder, field, index, arguments))
    loaded.set_metadata("tbaa", _kind(builder.module, field.field))
    if not field.mutable:
        loaded.set_metadata("invariant.load", builder.module.add_metadata([]))
    return loaded


def _is_element(field: Any, index: Any) -> bool:
    """Whether an index names one element, by whole numbers."""
    parts = index.types if isinstance(index, BaseTuple) else (index,)
    return len(parts) == field.ndim and all(isinstance(part, types.Integer) for part in parts)


def _pointer(context: Any, builder: Any, field: Any, index: Any, arguments: Any) -> Any:
    """The address of an element."""
    array = arrayobj.make_array(field)(context, builder, arguments[0])
    kinds, numbers = (index,), (arguments[1],)
    if isinstance(index, BaseTuple):
        kinds, numbers = index.types, cgutils.unpack_tuple(builder, arguments[1])
    wide = [context.cast(builder, n, kind, types.intp) for n, kind in zip(numbers, kinds, strict=True)]
    shape = cgutils.unpack_tuple(builder, array.shape)
    offset = wide[0]
    for number, length in zip(wide[1:], shape[1:], strict=True):
        offset = builder.add(builder.mul(offset, length, flags=("nsw",)), number, flags=("nsw",))
    return builder.gep(array.data, [offset], inbounds=True)


def _kind(module: Any, name: str) -> Any:
    """The access tag of a field: accesses of different fields never touch the same memory (TBAA)."""
    root = module.add_metadata(["chainmeet"])
    kind = module.add_metadata([name, root, ir.Constant(ir.IntType(64), 0)])
    return module.add_metadata([kind, kind, ir.Constant(ir.IntType(64), 0)])
