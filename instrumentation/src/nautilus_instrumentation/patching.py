"""Wrapping methods of other people's classes, and taking every wrapper off again.

One table of `Patch` rows drives installing and undoing. Classes that are not imported yet are
wrapped when they are; nothing is imported for it.

Cython classes refuse `setattr`; `typedict.py` has the ways around that. Only their `def` methods
may be wrapped, never `cpdef` ones: C callers go through the vtable and would miss the wrapper.
"""

from __future__ import annotations

import functools
import logging
import sys
import threading
import types
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

import wrapt

from nautilus_instrumentation.guard import Guard
from nautilus_instrumentation.typedict import Target

Body = Callable[..., Generator[None, Any, None]]
"""What a wrapper does around the call: a generator function with the host function's arguments.

Before its only `yield` it prepares, there it receives the result or has the host's exception
raised, then it concludes.
"""

_MARK = "__nautobs_patch__"

_logger = logging.getLogger(__name__)


class Shape(Enum):
    """What an attribute must be to be wrapped."""

    CYTHON_DEF = "a Cython def method"
    FUNCTION = "a Python function"
    CLASSMETHOD = "a classmethod"

    def fits(self, attribute: object) -> bool:
        """True when the attribute has this shape and is not wrapped by this package."""
        if self is Shape.CYTHON_DEF:
            return type(attribute).__name__ == "cython_function_or_method"
        if self is Shape.CLASSMETHOD:
            if not isinstance(attribute, classmethod):
                return False
            attribute = attribute.__func__
        return isinstance(attribute, types.FunctionType) and not hasattr(attribute, _MARK)


@dataclass(frozen=True, slots=True)
class Patch:
    """One method to wrap. `owner` must define it itself, not inherit it."""

    module: str
    owner: str
    name: str
    shape: Shape
    body: Body

    @property
    def site(self) -> str:
        """Name of the method in logs and in `telemetry_errors_total`."""
        return f"{self.owner}.{self.name}"


class _Switch:
    """Turns the wrappers of one installation into plain pass-throughs."""

    __slots__ = ("on",)

    def __init__(self) -> None:
        self.on = True


def _begin(body: Body, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Generator[None, Any, None]:
    observer = body(*args, **kwargs)
    next(observer)
    return observer


def _conclude(observer: Generator[None, Any, None], result: object) -> None:
    try:
        observer.send(result)
    except StopIteration:
        return
    observer.close()


def _conclude_failure(observer: Generator[None, Any, None], error: BaseException) -> None:
    traceback = error.__traceback__
    try:
        observer.throw(error)
    except StopIteration:
        pass
    except BaseException as raised:
        # A generator that lets StopIteration pass turns it into a RuntimeError caused by it.
        if raised is not error and raised.__cause__ is not error:
            raise
    finally:
        error.__traceback__ = traceback  # the host's frames only


def _wrap(fn: Callable[..., Any], patch: Patch, guard: Guard, switch: _Switch) -> Any:
    """Wrapper: guarded before, the host's call bare, guarded after."""
    site, body = patch.site, patch.body

    @functools.wraps(fn)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        if not switch.on:
            # An empty ** costs 20 ns, and methods are mostly called without.
            return fn(*args, **kwargs) if kwargs else fn(*args)
        observer = guard.call(site, _begin, body, args, kwargs)
        if observer is None:
            return fn(*args, **kwargs)
        try:
            result = fn(*args, **kwargs)
        except BaseException as error:
            guard.call(site, _conclude_failure, observer, error)
            raise
        guard.call(site, _conclude, observer, result)
        return result

    setattr(wrapper, _MARK, site)
    return wrapper


class PatchSet:
    """Installs and undoes a table of patches; both may be called again and again."""

    def __init__(self, patches: Sequence[Patch], guard: Guard) -> None:
        self.patches = tuple(patches)
        self._guard = guard
        self._switch = _Switch()
        self._applied: list[tuple[Patch, Target, object, object]] = []
        self._targets: dict[type, Target] = {}
        self._installed = False
        self._lock = threading.RLock()

    @property
    def applied(self) -> tuple[str, ...]:
        """Sites that are wrapped now."""
        return tuple(patch.site for patch, *_ in self._applied)

    @property
    def enabled(self) -> bool:
        """False: wrappers stay but only pass on."""
        return self._switch.on

    @enabled.setter
    def enabled(self, on: bool) -> None:
        self._switch.on = on

    def install(self) -> None:
        """Wrap what is imported now, and the rest when it is imported."""
        with self._lock:
            if self._installed:
                return
            self._installed = True
            # Wrappers of an earlier installation may live on inside a foreign one: they stay off.
            self._switch = _Switch()
        for module in dict.fromkeys(patch.module for patch in self.patches):
            _when_imported(module, self)

    def undo(self) -> None:
        """Put back every original; a wrapper that somebody else put on top is left in place."""
        with self._lock:
            self._installed = False
            self._switch.on = False
            for module in {patch.module for patch in self.patches}:
                _forget(module, self)
            for patch, target, original, wrapper in reversed(self._applied):
                with self._guard(patch.site):
                    target.restore(patch.name, original, wrapper)
            for target in self._targets.values():
                target.close()
            self._applied.clear()
            self._targets.clear()

    def on_import(self, module: types.ModuleType) -> None:
        """Wrap the rows of the table that concern the module."""
        with self._lock:
            if not self._installed:
                return
            for patch in self.patches:
                if patch.module == module.__name__ and patch.site not in self.applied:
                    with self._guard(patch.site):
                        self._apply(patch, module)

    def _apply(self, patch: Patch, module: types.ModuleType) -> None:
        owner = getattr(module, patch.owner, None)
        target = self._targets.get(owner) if isinstance(owner, type) else None
        if target is None and isinstance(owner, type):
            target = Target(owner)
        original = None if target is None else target.cls.__dict__.get(patch.name)
        if target is None or not patch.shape.fits(original):
            _logger.warning(
                "%s.%s is left alone: expected %s, found %s",
                patch.module, patch.site, patch.shape.value, type(original).__name__,
            )  # fmt: skip
            return
        wrapper: Any
        if isinstance(original, classmethod):
            wrapper = classmethod(_wrap(original.__func__, patch, self._guard, self._switch))
        else:
            assert callable(original)
            wrapper = _wrap(original, patch, self._guard, self._switch)
        target.set(patch.name, wrapper)
        # A class that had to be rebound is found under its stand-in next time.
        self._targets[target.cls] = self._targets[target.current] = target
        self._applied.append((patch, target, original, wrapper))


# Post-import hooks cannot be removed: one per module for the whole process, which asks who waits --

_hook_lock = threading.Lock()
_hooked: set[str] = set()
_waiting: dict[str, list[PatchSet]] = {}


def _when_imported(module: str, patches: PatchSet) -> None:
    loaded = sys.modules.get(module)
    with _hook_lock:
        _waiting.setdefault(module, []).append(patches)
        first = loaded is None and module not in _hooked
        if first:
            _hooked.add(module)
    if loaded is not None:
        patches.on_import(loaded)
    elif first:
        wrapt.register_post_import_hook(_on_import, module)


def _forget(module: str, patches: PatchSet) -> None:
    with _hook_lock:
        waiting = _waiting.get(module, [])
        if patches in waiting:
            waiting.remove(patches)


def _on_import(module: types.ModuleType) -> None:
    with _hook_lock:
        waiting = list(_waiting.get(module.__name__, []))
    for patches in waiting:
        patches.on_import(module)
