"""A load that cannot work says so."""

import time
from collections.abc import Callable

from stack.client import Api
from stack.load import Load
from stack.tally import Tally

POLLS = 10
"""After so many questions a job has ended."""


def eventually(condition: Callable[[], object], seconds: float = 120.0) -> None:
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


def test_the_only_file_is_converted_before_all_else(backend) -> None:
    """While the run that converts it goes on, no other looks for ticks."""
    file = {
        "path": "quotes.parquet", "kind": "quote", "instrument_ids": ["EUR/USD.SIM"],
        "rows": 1000, "state": "new",
    }  # fmt: skip
    looked: list[bool] = []

    def job() -> tuple[int, object]:
        looked.append("GET /catalog/ticks" in backend.asked)
        return 200, {"job_id": "j1", "status": "ok" if len(looked) == POLLS else "running"}

    backend.answers |= {
        "GET /datasets": (200, [{"day": "2025-03-12", "files": [file]}]),
        "POST /backtest/run": (202, {"job_id": "j1", "run_id": "r1", "trace_id": "t1"}),
        "GET /jobs/j1": job,
    }
    load = Load(Api(backend.url), Tally())
    load.start()
    eventually(lambda: "GET /catalog/ticks" in backend.asked)
    load.stop()
    assert looked[:POLLS] == [False] * POLLS
