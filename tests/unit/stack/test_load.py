"""A load that cannot work says so."""

import time
from collections.abc import Callable

from stack.client import Api
from stack.load import Load
from stack.tally import Tally


def eventually(condition: Callable[[], object], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.01)


def driven(backend) -> Tally:
    tally = Tally()
    load = Load(Api(backend.url), tally)
    load.start()
    eventually(lambda: tally.failure_count)
    load.stop()
    return tally


def test_no_data_is_a_failure(backend) -> None:
    """Without a file to convert there is nothing to show, and that is no success."""
    backend.answers["GET /datasets"] = (200, [])
    assert "lists no file" in driven(backend).failures[0]


def test_a_load_that_breaks_is_a_failure(backend) -> None:
    """An answer that the load does not understand must not look like a quiet demo."""
    backend.answers["GET /datasets"] = (200, [{"nonsense": True}])
    assert driven(backend).failures[0].startswith("load ended: KeyError")


def test_a_backend_that_is_down_is_a_failure(backend) -> None:
    """The call that failed is named."""
    backend.answers["GET /datasets"] = (503, {"title": "down"})
    assert "GET /datasets: 503 down" in driven(backend).failures[0]
