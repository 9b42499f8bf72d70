"""Records of arrays and numbers that compiled kernels take as one pointer.

Numba passes a named tuple array by array, and with forty arrays both compiling and calling take
long. Here the addresses and shapes of a record's fields stand in one block of memory. Kernels read
them from that block when they use a field, and may assume that they do not change.

Numba also counts a negative index from the end, and takes any two arrays for one another's. The
elements of a record's fields are plain memory instead: an index is within its array, always (see
`checks`), and no two fields overlap, which is told to LLVM.
"""

from __future__ import annotations

from functools import cache
from operator import getitem, setitem
from typing import Any, TypeVar, cast, get_type_hints

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
    lower_setattr_generic,
    models,
    register_model,
    typeof_impl,
    unbox,
)
from numba.np import arrayobj

from scheduler.solver.compiled.checks import CHECKED, check_index

T = TypeVar("T", bound=type)

DIMENSIONS = 2
FIELD_WORDS = 1 + DIMENSIONS
_Array: Any = types.Array


class FieldType(_Array):  # type: ignore[misc]  # numba has no type hints
    """The type of a record's array: one that lies in memory that no other field shares."""

    def __init__(self, field: str, dtype: Any, dimensions: int, readonly: bool) -> None:
        self.field = field
        name = f"Field({field}, {dtype}, {dimensions}, {readonly})"
        super().__init__(dtype, dimensions, "C", readonly=readonly, name=name)

    @property
    def key(self) -> object:
        return self.name


class RecordType(types.Type):
    """The type of a record: its fields' names, element types and dimensions."""

    def __init__(self, name: str, fields: tuple[tuple[str, str, int], ...], read_only: bool) -> None:
        self.fields = fields
        self.record = name
        self.read_only = read_only
        super().__init__(name=f"Record({name}, {fields})")

    @property
    def key(self) -> object:
        return self.name

    def position(self, attribute: str) -> int:
        """Where a field stands in the record, or -1."""
        names = [name for name, _, _ in self.fields]
        return names.index(attribute) if attribute in names else -1

    def field(self, position: int) -> Any:
        """The type of a field: of an array, or of the number itself."""
        name, dtype, dimensions = self.fields[position]
        element = getattr(types, dtype)
        if dimensions == 0:
            return element
        return FieldType(f"{self.record}.{name}", element, dimensions, self.read_only)


@cache
def record_type(record: type) -> RecordType:
    """The type of records of a class whose annotations name element types and dimensions, 0 for a number."""
    hints = get_type_hints(record, include_extras=True)
    fields = tuple((name, *hint.__metadata__) for name, hint in hints.items())
    return RecordType(record.__name__, fields, record in _only_read)


_only_read: set[type] = set()


def read_only(record: T) -> T:
    """Mark a class of records that no kernel writes to."""
    _only_read.add(record)
    return record


class Record:
    """The fields of an object, by name, and the block that describes them to kernels.

    Kernels change the elements of its arrays, and its numbers: they are those of the record from here on,
    no longer those of the object.
    """

    def __init__(self, source: object) -> None:
        self.source: Any = source
        self.numba_type: RecordType = record_type(cast(Any, type(source)))
        self.fields: dict[str, npt.NDArray[Any]] = {}
        block = np.zeros(len(self.numba_type.fields) * FIELD_WORDS, np.int64)
        for k, (name, dtype, dimensions) in enumerate(self.numba_type.fields):
            value = getattr(source, name)
            array = value if dimensions else np.array(value, dtype)
            if not array.flags.c_contiguous or (array.dtype.name, array.ndim) != (dtype, dimensions):
                raise TypeError(f"{name} is a {array.dtype.name} array of {array.ndim} dimensions")
            self.fields[name] = array
            block[k * FIELD_WORDS] = array.ctypes.data
            block[k * FIELD_WORDS + 1 : k * FIELD_WORDS + 1 + array.ndim] = array.shape
        self.block: npt.NDArray[np.int64] = block
        self.address = int(block.ctypes.data)

    def __getattr__(self, name: str) -> Any:
        try:
            array = self.__dict__["fields"][name]
        except KeyError:
            raise AttributeError(name) from None
        return array if array.ndim else array.item()


@typeof_impl.register(Record)  # type: ignore[untyped-decorator]  # numba has no type hints
def _typeof(value: Record, context: Any) -> RecordType:
    return value.numba_type


@register_model(RecordType)
class _RecordModel(models.PrimitiveModel):  # type: ignore[misc]  # numba has no type hints
    def __init__(self, manager: Any, record_type: RecordType) -> None:
        super().__init__(manager, record_type, ir.IntType(64).as_pointer())


@unbox(RecordType)  # type: ignore[untyped-decorator]  # numba has no type hints
def _unbox(record_type: RecordType, value: Any, c: Any) -> Any:
    address = c.pyapi.object_getattr_string(value, "address")
    number = c.pyapi.long_as_longlong(address)
    c.pyapi.decref(address)
    pointer = c.builder.inttoptr(number, ir.IntType(64).as_pointer())
    return NativeValue(pointer, is_error=cgutils.is_not_null(c.builder, c.pyapi.err_occurred()))


@infer_getattr
class _RecordAttributes(AttributeTemplate):  # type: ignore[misc]  # numba has no type hints
    key = RecordType

    def generic_resolve(self, record_type: RecordType, attribute: str) -> Any:
        position = record_type.position(attribute)
        return None if position < 0 else record_type.field(position)


@lower_getattr_generic(RecordType)  # type: ignore[untyped-decorator]  # numba has no type hints
def _get_field(context: Any, builder: Any, record_type: RecordType, value: Any, attribute: str) -> Any:
    position = record_type.position(attribute)
    field_type = record_type.field(position)
    if not isinstance(field_type, FieldType):
        loaded = builder.load(_number(context, builder, record_type, value, attribute))
        loaded.set_metadata("tbaa", _kind(builder.module, f"{record_type.record}.{attribute}"))
        return loaded
    return _get_array(context, builder, field_type, value, position)


@lower_setattr_generic(RecordType)  # type: ignore[untyped-decorator]  # numba has no type hints
def _set_number(context: Any, builder: Any, signature: Any, arguments: Any, attribute: str) -> None:
    record_type, _ = signature.args
    value, number = arguments
    stored = builder.store(number, _number(context, builder, record_type, value, attribute))
    stored.set_metadata("tbaa", _kind(builder.module, f"{record_type.record}.{attribute}"))


def _number(context: Any, builder: Any, record_type: RecordType, value: Any, attribute: str) -> Any:
    """The address of a number."""
    position = record_type.position(attribute)
    kind = context.get_data_type(record_type.field(position))
    return builder.inttoptr(_read(builder, value, position * FIELD_WORDS), kind.as_pointer())


def _get_array(context: Any, builder: Any, array_type: FieldType, value: Any, position: int) -> Any:
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
    """Load a word of the block. It is invariant: stores to the arrays do not make LLVM load it again."""
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
    if CHECKED:
        check_index(context, builder, field.field, wide, shape)
    offset = wide[0]
    for number, length in zip(wide[1:], shape[1:], strict=True):
        offset = builder.add(builder.mul(offset, length, flags=("nsw",)), number, flags=("nsw",))
    return builder.gep(array.data, [offset], inbounds=True)


def _kind(module: Any, name: str) -> Any:
    """The access tag of a field: accesses of different fields never touch the same memory (TBAA)."""
    root = module.add_metadata(["chainmeet"])
    kind = module.add_metadata([name, root, ir.Constant(ir.IntType(64), 0)])
    return module.add_metadata([kind, kind, ir.Constant(ir.IntType(64), 0)])
