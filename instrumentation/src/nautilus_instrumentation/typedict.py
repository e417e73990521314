"""Replacing attributes of types, also of immutable extension types.

The `def` methods of a Cython class live in the type's own dict, and lookups go through it. A
wrapper is written there and the type's method cache is told (`PyType_Modified`, which the C API
demands after such a change). Where that is refused or does not take (other interpreters), a
subclass takes the class's name in every module.
"""

from __future__ import annotations

import ctypes
import gc
import sys


class Refused(Exception):
    """The interpreter did not let an attribute of a type be replaced."""


def set_type_attribute(cls: type, name: str, value: object) -> None:
    """`setattr` that also reaches into immutable extension types. Raises Refused."""
    try:
        setattr(cls, name, value)
    except TypeError:
        _write_type_dict(cls, name, value)
    if cls.__dict__.get(name) is not value:
        raise Refused(f"{cls.__name__}.{name} is not what was written")


def _write_type_dict(cls: type, name: str, value: object) -> None:
    modified = getattr(getattr(ctypes, "pythonapi", None), "PyType_Modified", None)
    if modified is None:
        raise Refused("this interpreter has no PyType_Modified")
    for referent in gc.get_referents(cls.__dict__):
        if type(referent) is dict:
            referent[name] = value
            modified(ctypes.py_object(cls))
            return
    raise Refused(f"the dict of {cls.__name__} cannot be reached")


class Target:
    """A class to write wrappers into: the class itself or, where that is refused, a stand-in."""

    def __init__(self, cls: type) -> None:
        self.cls = cls
        self.current = cls

    def set(self, name: str, wrapper: object) -> None:
        """Make `wrapper` what instances find under `name`."""
        if self.current is not self.cls:
            setattr(self.current, name, wrapper)
            return
        try:
            set_type_attribute(self.cls, name, wrapper)
        except Refused:
            self.current = _stand_in(self.cls)
            setattr(self.current, name, wrapper)
            _rebind(self.cls, self.current)

    def restore(self, name: str, original: object, wrapper: object) -> None:
        """Put the original back, unless somebody else's wrapper is there by now."""
        if self.current is self.cls and self.cls.__dict__.get(name) is wrapper:
            set_type_attribute(self.cls, name, original)

    def close(self) -> None:
        """Give a stand-in's name back to the class."""
        if self.current is not self.cls:
            _rebind(self.current, self.cls)
            self.current = self.cls


def _stand_in(cls: type) -> type:
    """Subclass that looks like `cls`, also to `isinstance` with objects made before."""

    class StandIn(type(cls)):  # type: ignore[misc]  # the metaclass is known at run time only
        def __instancecheck__(self, instance: object) -> bool:
            return isinstance(instance, cls)

    names = {"__module__": cls.__module__, "__qualname__": cls.__qualname__, "__doc__": cls.__doc__}
    return StandIn(cls.__name__, (cls,), names)


def _rebind(old: type, new: type) -> None:
    """Let every module-level name of `old` mean `new`."""
    own_package = __name__.partition(".")[0]
    for module_name, module in list(sys.modules.items()):
        if module_name.partition(".")[0] == own_package:
            continue
        for name, value in list(getattr(module, "__dict__", {}).items()):
            if value is old:
                setattr(module, name, new)
