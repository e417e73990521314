"""Four promises of every wrapper: undone without a trace, never twice, holding nothing, careful."""

from __future__ import annotations

import dataclasses
import gc
import importlib
import logging
import sys
import types
import weakref

import pytest

from nautilus_instrumentation.guard import Guard
from nautilus_instrumentation.nautilus.conversion import NULL_CONVERSION
from nautilus_instrumentation.nautilus.hooks import nautilus_patches
from nautilus_instrumentation.nautilus.runs import NULL_BACKTESTS
from nautilus_instrumentation.patching import PatchSet, Shape

TABLE = nautilus_patches(NULL_BACKTESTS, NULL_CONVERSION).patches


@pytest.fixture(params=TABLE, ids=lambda patch: patch.site)
def patch(request):
    """One row of the table."""
    return request.param


@pytest.fixture
def owner(patch):
    """The class of the row."""
    return getattr(importlib.import_module(patch.module), patch.owner)


@pytest.fixture
def patches(patch):
    """The row alone, installed."""
    made = PatchSet([patch], Guard(strict=True))
    made.install()
    yield made
    made.undo()


def test_undo_restores_the_original(patch, owner):
    """After undo the class holds the very object it held before."""
    original = owner.__dict__[patch.name]
    patches = PatchSet([patch], Guard(strict=True))
    patches.install()
    assert owner.__dict__[patch.name] is not original
    assert patches.applied == (patch.site,)

    patches.undo()
    assert owner.__dict__[patch.name] is original


def test_installing_twice_leaves_one_wrapper(patch, owner, patches, caplog):
    """A second install, also of a second set, adds nothing."""
    wrapper = owner.__dict__[patch.name]
    second = PatchSet([patch], Guard(strict=True))
    patches.install()
    second.install()
    second.undo()

    assert owner.__dict__[patch.name] is wrapper
    assert second.applied == ()


def test_the_wrapper_holds_no_host(patch, caplog):
    """An object called through the wrapper can be collected, also when telemetry fails."""
    # Captured records keep the traceback of the first error, and with it the object.
    caplog.set_level(logging.CRITICAL, "nautilus_instrumentation.guard")

    class Stranger:
        """Has nothing that the wrapper looks for."""

    module = types.ModuleType("nautobs_strangers")
    module.Stranger = Stranger
    Stranger.call = lambda *args, **kwargs: None
    row = dataclasses.replace(
        patch, module=module.__name__, owner="Stranger", name="call", shape=Shape.FUNCTION
    )
    sys.modules[module.__name__] = module
    patches = PatchSet([row], Guard())
    try:
        patches.install()
        host = Stranger()
        host.call([])
    finally:
        patches.undo()
        del sys.modules[module.__name__]
    alive = weakref.ref(host)
    del host
    gc.collect()

    assert patches.applied == ()
    assert alive() is None


@pytest.mark.parametrize("shape", ["missing", "changed"])
def test_an_unknown_shape_is_left_alone(patch, shape, monkeypatch, caplog):
    """Where upstream changed, one line is logged and the host stays as it is."""
    found = {} if shape == "missing" else {patch.name: property(lambda self: None)}
    stranger = type(patch.owner, (), dict(found))
    module = types.ModuleType(patch.module)
    setattr(module, patch.owner, stranger)
    monkeypatch.setitem(sys.modules, patch.module, module)
    patches = PatchSet([patch], Guard(strict=True))
    with caplog.at_level(logging.WARNING):
        patches.install()

    assert patches.applied == ()
    assert stranger.__dict__.get(patch.name) is found.get(patch.name)
    (record,) = caplog.records
    assert patch.site in record.getMessage()
    patches.undo()


def test_all_rows_fit_this_version(caplog):
    """On the installed NautilusTrader every row of the table finds what it expects."""
    patches = PatchSet(TABLE, Guard(strict=True))
    for module in {patch.module for patch in TABLE}:
        importlib.import_module(module)
    patches.install()
    applied = patches.applied
    patches.undo()

    assert sorted(applied) == sorted(patch.site for patch in TABLE)
    assert caplog.records == []
