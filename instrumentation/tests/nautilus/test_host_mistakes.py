"""What the host does wrong is its own error: raised to it unchanged, and none of the telemetry."""

from __future__ import annotations

import pytest

from nautilus_instrumentation import metrics

MISTAKES = {
    "add_data without data": lambda engine: engine.add_data(),
    "add_data(None)": lambda engine: engine.add_data(None),
    "add_data of a number": lambda engine: engine.add_data(5),
    "add_data of nothing": lambda engine: engine.add_data([]),
    "add_data of numbers": lambda engine: engine.add_data([1, 2]),
    "sort_data with an argument": lambda engine: engine.sort_data(1),
    "clear_data with an argument": lambda engine: engine.clear_data(1),
    "run from garbage": lambda engine: engine.run(start="garbage"),
    "run to garbage": lambda engine: engine.run(start=0, end="garbage"),
    "run from an object": lambda engine: engine.run(start=object()),
    "run from a list": lambda engine: engine.run(start=["2024-01-02"]),
    "run from beyond time": lambda engine: engine.run(start="9999-01-01", end="9999-01-02"),
    "run backwards": lambda engine: engine.run(start=10, end=5),
    "run with an unknown argument": lambda engine: engine.run(begin=0),
    "end with an argument": lambda engine: engine.end(1),
    "reset with an argument": lambda engine: engine.reset(1),
    "dispose with an argument": lambda engine: engine.dispose(1),
}


def failure(host, mistake):
    """Type and message of the exception that the mistake gives the host."""
    engine = host.engine(host.quotes(), host.Buyer())
    with pytest.raises(Exception) as caught:  # noqa: PT011 - which one, the plain engine says
        mistake(engine)
    # Objects have their address in the message.
    return caught.type, str(caught.value).split(" at 0x")[0]


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_gives_the_exception_of_a_plain_engine(uninstalled, host, mistake, strict):
    """The host sees the engine's own exception, and no telemetry error is counted."""
    plain = failure(host, mistake)
    uninstalled.guard.strict = strict
    uninstalled.patches.install()

    assert failure(host, mistake) == plain
    assert uninstalled.guard.errors == {}


def test_refused_data_are_not_in_the_window(telemetry, host):
    """Data that the engine refuses make no window."""
    engine = host.engine(host.quotes(100, 3600), host.Buyer())
    with pytest.raises(TypeError):
        engine.add_data(host.quotes(100, 86400), "no client id")
    engine.run()

    assert telemetry.value(metrics.BACKTEST_DURATION, "Buyer", "1h") == 1


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("name", ["query", "write_data"])
def test_a_catalog_called_wrongly_raises_its_own_error(uninstalled, host, tmp_path, name, strict):
    """Calls without arguments, or with None, are refused by the catalog alone."""
    catalog = host.catalog(tmp_path / "catalog", host.quotes())

    def failures():
        found = []
        for arguments in ((), (None,)):
            with pytest.raises(Exception) as caught:  # noqa: PT011 - the plain catalog says
                getattr(catalog, name)(*arguments)
            found.append((caught.type, str(caught.value)))
        return found

    plain = failures()
    uninstalled.guard.strict = strict
    uninstalled.patches.install()

    assert failures() == plain
    assert uninstalled.guard.errors == {}
