"""The wrapper itself, installing and undoing, on classes of the tests' own."""

from __future__ import annotations

import gc
import inspect
import logging
import subprocess
import sys
import types
import weakref

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nautilus_trader.persistence.wranglers import BarDataWrangler

from nautilus_instrumentation import typedict
from nautilus_instrumentation.guard import Guard
from nautilus_instrumentation.patching import Patch, PatchSet, Shape

MODULE = "nautobs_test_host"


@pytest.fixture
def module(monkeypatch):
    """Module with a class `Host`, importable by name."""
    module = types.ModuleType(MODULE)

    class Host:
        def work(self, amount, *, fail=None):
            if fail is not None:
                raise fail
            return [amount]

        @classmethod
        def make(cls):
            return cls

    Host.__module__ = MODULE
    module.Host = Host
    monkeypatch.setitem(sys.modules, MODULE, module)
    return module


class Recorded:
    """A body that writes down what it sees; `fail` is where it raises."""

    def __init__(self, fail=""):
        self.seen = []
        self.fail = fail

    def __call__(self, *args, **kwargs):
        self.seen.append("before")
        if self.fail == "before":
            raise RuntimeError("telemetry")
        try:
            result = yield
        except BaseException as error:
            self.seen.append(error)
            if self.fail == "error":
                raise RuntimeError("telemetry") from None
            raise
        self.seen.append(result)
        if self.fail == "after":
            raise RuntimeError("telemetry")


@pytest.fixture
def install(module):
    """Wraps `Host.work` (or `name`) with a body; returns the set."""
    made = []

    def make(body, name="work", shape=Shape.FUNCTION, strict=False):
        patches = PatchSet([Patch(MODULE, "Host", name, shape, body)], Guard(strict=strict))
        patches.install()
        made.append(patches)
        return patches

    yield make
    for patches in reversed(made):
        patches.undo()


def test_the_body_sees_the_call_and_the_host_its_result(module, install):
    """The result passes through as the same object."""
    body = Recorded()
    install(body)
    result = module.Host().work(7)

    assert result == [7]
    assert body.seen[0] == "before"
    assert body.seen[1] is result


@pytest.mark.parametrize("error", [ValueError("a"), KeyboardInterrupt(), StopIteration(1)])
def test_the_hosts_exception_stays_the_same(module, install, error):
    """An exception of any kind reaches host and body as the same object, once."""
    body = Recorded()
    guard = install(body)._guard
    with pytest.raises(type(error)) as caught:
        module.Host().work(1, fail=error)

    assert caught.value is error
    assert body.seen == ["before", error]
    assert guard.errors == {}


def test_the_traceback_shows_the_host_and_one_wrapper(module, install):
    """The body leaves no frames in the traceback of the host's exception."""
    install(Recorded())
    with pytest.raises(ValueError, match="a") as caught:
        module.Host().work(1, fail=ValueError("a"))

    assert [entry.name for entry in caught.traceback][1:] == ["wrapper", "work"]


@pytest.mark.parametrize("where", ["before", "after", "error"])
def test_a_failing_body_does_not_reach_the_host(module, install, where):
    """Whatever breaks in telemetry is counted by the guard; the host's call is untouched."""
    patches = install(Recorded(fail=where))
    if where == "error":
        with pytest.raises(ValueError, match="mine"):
            module.Host().work(1, fail=ValueError("mine"))
    else:
        assert module.Host().work(3) == [3]

    assert patches._guard.errors == {"Host.work": 1}


def test_classmethods_stay_classmethods(module, install):
    """A wrapped classmethod is still called with the class, on the class and on subclasses."""
    install(Recorded(), name="make", shape=Shape.CLASSMETHOD)
    sub = type("Sub", (module.Host,), {})

    assert module.Host.make() is module.Host
    assert sub.make() is sub


def test_the_signature_is_kept(module, install):
    """Help and signature of the wrapped method are those of the original."""
    before = inspect.signature(module.Host.work)
    install(Recorded())

    assert inspect.signature(module.Host.work) == before
    assert module.Host.work.__name__ == "work"


def test_a_foreign_wrapper_on_top_stays(module, install):
    """Undo leaves a wrapper of somebody else in place, and ours below it only passes on."""
    body = Recorded()
    patches = install(body)
    ours = module.Host.__dict__["work"]

    def foreign(self, *args, **kwargs):
        return ours(self, *args, **kwargs)

    module.Host.work = foreign
    patches.undo()

    assert module.Host.__dict__["work"] is foreign
    assert module.Host().work(2) == [2]
    assert body.seen == []


def test_a_new_install_does_not_wake_an_old_wrapper(module, install):
    """A wrapper that a foreign one keeps alive stays off when the set is installed again."""
    body = Recorded()
    patches = install(body)
    ours = module.Host.__dict__["work"]
    module.Host.work = lambda self, amount: ours(self, amount)
    patches.undo()
    patches.install()
    module.Host().work(2)

    assert body.seen == ["before", [2]]


def test_wrappers_can_be_switched_off_in_place(module, install):
    """A disabled set keeps its wrappers, which only pass on."""
    body = Recorded()
    patches = install(body)
    patches.enabled = False
    assert module.Host().work(1) == [1]
    assert body.seen == []

    patches.enabled = True
    module.Host().work(1)
    assert body.seen == ["before", [1]]


def test_install_and_undo_can_be_repeated(module, install):
    """Installing, undoing and installing again works and leaves one wrapper."""
    body = Recorded()
    original = module.Host.__dict__["work"]
    patches = install(body)
    for _ in range(3):
        patches.undo()
        assert module.Host.__dict__["work"] is original
        patches.install()
    module.Host().work(1)

    assert body.seen == ["before", [1]]


def test_an_undone_set_can_be_collected(module, install):
    """Post-import hooks stay for good, but hold no set that was undone."""
    patches = PatchSet([Patch(MODULE, "Host", "work", Shape.FUNCTION, Recorded())], Guard())
    patches.install()
    patches.undo()
    alive = weakref.ref(patches)
    del patches
    gc.collect()

    assert alive() is None


@given(steps=st.lists(st.sampled_from(["install a", "install b", "undo a", "undo b"]), max_size=12))
def test_any_order_of_installing_and_undoing_ends_clean(steps):
    """Two sets, installed and undone in any order, wrap at most once and leave the original."""

    class Host:
        def work(self):
            return 1

    module = types.ModuleType("nautobs_any_order")
    module.Host = Host
    original = Host.__dict__["work"]
    body = Recorded()
    row = Patch(module.__name__, "Host", "work", Shape.FUNCTION, body)
    sets = {name: PatchSet([row], Guard(strict=True)) for name in "ab"}
    sys.modules[module.__name__] = module
    logger = logging.getLogger("nautilus_instrumentation.patching")
    logger.disabled = True
    try:
        for step in steps:
            action, name = step.split()
            getattr(sets[name], action)()
            body.seen.clear()
            assert Host().work() == 1
            assert len(body.seen) == 2 * (Host.__dict__["work"] is not original)
        for patches in sets.values():
            patches.undo()
        assert Host.__dict__["work"] is original
    finally:
        logger.disabled = False
        del sys.modules[module.__name__]


def test_cython_methods_are_seen_through_subclasses_and_old_objects():
    """A wrapper on a Cython type is found from subclasses and objects made before."""
    body = Recorded()
    sub = type("Sub", (BarDataWrangler,), {})
    bound = BarDataWrangler.process
    patch = Patch(
        "nautilus_trader.persistence.wranglers",
        "BarDataWrangler",
        "process",
        Shape.CYTHON_DEF,
        body,
    )
    patches = PatchSet([patch], Guard(strict=True))
    patches.install()
    with pytest.raises(TypeError):
        sub.process()
    assert body.seen[0] == "before"

    patches.undo()
    assert sub.process is bound


def test_a_stand_in_takes_over_where_the_type_cannot_be_written(monkeypatch):
    """When the write is refused, a subclass takes the class's name everywhere until undo."""

    def refuse(cls, name, value):
        raise typedict.Refused("no")

    from nautilus_trader.persistence import wranglers

    monkeypatch.setattr(typedict, "_write_type_dict", refuse)
    monkeypatch.setattr(sys.modules[__name__], "BarDataWrangler", BarDataWrangler)
    original = BarDataWrangler
    body = Recorded()
    patch = Patch(wranglers.__name__, "BarDataWrangler", "process", Shape.CYTHON_DEF, body)
    patches = PatchSet([patch], Guard(strict=True))
    patches.install()
    stand_in = wranglers.BarDataWrangler
    with pytest.raises(TypeError):
        stand_in.process()

    assert body.seen[0] == "before"
    assert stand_in is not original
    assert sys.modules[__name__].BarDataWrangler is stand_in
    assert stand_in.__name__ == "BarDataWrangler"
    assert issubclass(stand_in, original)
    assert patches.applied == ("BarDataWrangler.process",)

    patches.undo()
    assert wranglers.BarDataWrangler is original
    assert sys.modules[__name__].BarDataWrangler is original


def test_nothing_is_imported_and_later_imports_are_wrapped():
    """Installing imports no NautilusTrader; its import installs the wrappers, if still wanted."""
    program = """
import sys
from nautilus_instrumentation.guard import Guard
from nautilus_instrumentation.nautilus.conversion import NULL_CONVERSION
from nautilus_instrumentation.nautilus.hooks import nautilus_patches
from nautilus_instrumentation.nautilus.runs import NULL_BACKTESTS

wanted, unwanted = (nautilus_patches(NULL_BACKTESTS, NULL_CONVERSION) for _ in range(2))
unwanted.install()
unwanted.undo()
wanted.install()
assert not [name for name in sys.modules if name.startswith("nautilus_trader")]
from nautilus_trader.persistence.wranglers import QuoteTickDataWrangler
assert wanted.applied == (
    "QuoteTickDataWrangler.process", "TradeTickDataWrangler.process", "BarDataWrangler.process",
), wanted.applied
assert unwanted.applied == ()
assert QuoteTickDataWrangler.process.__wrapped__
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
