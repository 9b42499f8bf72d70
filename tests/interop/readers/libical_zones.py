"""Writes the definitions of all of libical's zones, one after the other; see tests.interop.readers."""

from __future__ import annotations

import ctypes
import sys

LIBRARY = ctypes.CDLL("libical.so.3")
_POINTER = ctypes.c_void_p
for _name, (_result, *_arguments) in {
    "icaltimezone_get_builtin_timezones": (_POINTER,),
    "icalarray_element_at": (_POINTER, _POINTER, ctypes.c_size_t),
    "icaltimezone_get_component": (_POINTER, _POINTER),
    "icalcomponent_as_ical_string": (ctypes.c_char_p, _POINTER),
}.items():
    getattr(LIBRARY, _name).restype = _result
    getattr(LIBRARY, _name).argtypes = _arguments


class Array(ctypes.Structure):
    """The head of struct _icalarray (icalarray.h)."""

    _fields_ = (("size", ctypes.c_size_t), ("increment", ctypes.c_size_t), ("count", ctypes.c_size_t))


def main() -> None:
    zones = LIBRARY.icaltimezone_get_builtin_timezones()
    for number in range(ctypes.cast(zones, ctypes.POINTER(Array)).contents.count):
        zone = LIBRARY.icalarray_element_at(zones, number)
        text = LIBRARY.icalcomponent_as_ical_string(LIBRARY.icaltimezone_get_component(zone))
        sys.stdout.buffer.write(text or b"")


if __name__ == "__main__":
    main()
