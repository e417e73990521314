"""The HTTP API with thousands of stored results: under load, beside backtests, and what lists cost.

    python -m benchmarks.api [--results 10000] [--ticks 1000000] [--requests 2000] [--json FILE]

By hand, against a service that runs (ab is in Debian's apache2-utils):

    ab -n 100 -c 10 http://127.0.0.1:8000/api/health
    curl -so /dev/null -w '%{http_code} %{size_download} B, first %{time_starttransfer} s, all
        %{time_total} s\\n' --compressed 'http://127.0.0.1:8000/api/backtest/results?limit=50'
"""

from __future__ import annotations

import argparse
import os
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import orjson

from backend.result_index import SORTS
from backend.result_pages import ResultQuery
from backend.result_store import MAX_PAGE, ResultStore
from benchmarks import api_cases, api_report
from benchmarks.api_load import Load, load
from benchmarks.section import Section, emit, with_json
from tests.integration.service_process import DAY, Service, until

RESULTS, TICKS, REQUESTS = 10_000, 1_000_000, 2_000
AT_ONCE = (10, 100)
WORKERS = 2
ROUNDS = 15
SCRAPES = 50
ENCODINGS = ("identity", "zstd", "br", "gzip")


def measure(folder: Path, results: int, ticks: int, requests: int) -> dict[str, Any]:
    """All figures, by part of the report."""
    api_cases.write_results(folder / "results", results)
    store = ResultStore(folder / "results")
    store.revision()  # makes the index
    found: dict[str, Any] = {"results": results, "lists": in_process(store, results)}
    lines = store.table(ResultQuery(results)).encode()
    run_id = orjson.loads(store.page(ResultQuery(1)))["items"][0]["run_id"]
    store.close()
    found["plain list"] = api_cases.median_seconds(
        lambda: api_cases.by_opening_files(folder / "results", 50), 3
    )
    found["loop"] = stalls(lines)
    api_cases.write_ticks(folder / "raw", ticks)
    description = str(folder / "raw" / "datasets.toml")
    with closing(
        Service(folder, folder / "raw", WORKERS=str(WORKERS), DATASETS_FILE=description)
    ) as service:
        service.until_ready()
        convert(service)
        service.metrics()  # starts the exporter
        url = str(service.http.base_url).rstrip("/")
        found["idle"] = under_load(url, run_id, requests)
        found["http lists"] = over_http(url, results)
        found["ticks"] = streams(service, url, ticks)
        found["scrape"] = scrapes(service, url, requests)
        jobs = [service.run_long()["job_id"] for _ in range(WORKERS)]
        for job in jobs:
            service.in_stage(job, "run")
        found["busy"] = under_load(url, run_id, requests)
        if any(service.job(job)["stage"] != "run" for job in jobs):
            raise RuntimeError("a backtest ended before the requests did; use fewer requests")
        for job in jobs:
            service.http.delete(f"/jobs/{job}")
    return found


def in_process(store: ResultStore, results: int) -> dict[str, float]:
    """Seconds that a list takes in the service, without HTTP."""
    deep = ResultQuery(50, cursor_after(store, results - 100))
    cases = {
        "first page of 50": ResultQuery(50),
        "page of 50 at the end": deep,
        "page of 50, filtered": ResultQuery(50, strategy="idle", status="error"),
        f"page of {MAX_PAGE}": ResultQuery(MAX_PAGE),
    }
    found = {
        name: api_cases.median_seconds(lambda query=query: store.page(query), ROUNDS)  # type: ignore[misc]
        for name, query in cases.items()
    }
    by_column = [
        api_cases.median_seconds(lambda s=sign + column: store.page(ResultQuery(50, sort=s)), 5)  # type: ignore[misc]
        for column in SORTS
        for sign in ("", "-")
    ]
    found["page of 50 by the slowest column"] = max(by_column)
    found["all lines of a table"] = api_cases.median_seconds(
        lambda: store.table(ResultQuery(results)), ROUNDS
    )
    return found


def cursor_after(store: ResultStore, number: int) -> str | None:
    """Of the place behind so many results."""
    query = ResultQuery(max(1, number))
    found: str | None = orjson.loads(store.table(query))["next_cursor"]
    return found


def stalls(lines: bytes) -> dict[str, tuple[float, float]]:
    """Case: seconds of an answer with all lines, and of the longest pause of the event loop."""
    apps = api_cases.applications(lines)
    found = {}
    for name, app in apps.items():
        for encoding in ("gzip", "zstd") if name == "ours" else ("gzip",):
            accepted = "identity" if name.startswith("untyped") else encoding
            title = f"{name}, {encoding}" if name == "ours" else name
            found[title] = api_cases.stall(app, accepted, 7)
    return found


def convert(service: Service) -> None:
    """Convert the day, as its own job."""
    job_id = service.http.post("/datasets/convert", json={"date": DAY}).json()["job_id"]
    job = service.ended(job_id)
    if job["status"] != "ok":
        raise RuntimeError(f"the conversion failed: {job['error']}")
    until(lambda: service.workers_are(*["idle"] * WORKERS))


def under_load(url: str, run_id: str, requests: int) -> dict[tuple[str, int], Load]:
    """By call and number of callers."""
    calls = {
        "health": "/health",
        "list": "/backtest/results?limit=50",
        "get": f"/backtest/results/{run_id}",
    }
    return {
        (name, callers): load(url + path, callers, requests, accept_encoding="zstd")
        for name, path in calls.items()
        for callers in AT_ONCE
    }


def over_http(url: str, results: int) -> dict[str, Load]:
    """Lists, one caller: what the console asks for."""
    table = f"{url}/backtest/table?limit={results}"
    found = {
        f"all lines of a table, {encoding}": load(table, 1, ROUNDS, accept_encoding=encoding)
        for encoding in ENCODINGS
    }
    page = f"{url}/backtest/results?limit=50"
    found["first page of 50, zstd"] = load(page, 1, 200, accept_encoding="zstd")
    tag = httpx.get(page).headers["etag"]
    found["first page of 50, not changed"] = load(page, 1, 200, if_none_match=tag)
    return found


def streams(service: Service, url: str, ticks: int) -> dict[str, dict[str, float]]:
    """Ticks to one caller: seconds to the first byte and to the last, bytes, memory it took."""
    window = f"instrument_id=EUR/USD.SIM&kind=quote&start={DAY}&end={DAY}T23:59:59"
    asked = f"{url}/catalog/ticks?{window}"
    cases = {
        f"Arrow, {ticks:,} ticks, {encoding}": (f"{asked}&format=arrow&limit={ticks}", encoding)
        for encoding in ("identity", "zstd")
    }
    some = min(ticks, 100_000)
    cases[f"Arrow, {some:,} ticks, zstd"] = (f"{asked}&format=arrow&limit={some}", "zstd")
    cases[f"JSON, {some:,} ticks, zstd"] = (f"{asked}&limit={some}", "zstd")
    api_cases.streamed(service.process.pid, *next(iter(cases.values())))  # warms up
    return {name: api_cases.streamed(service.process.pid, *case) for name, case in cases.items()}


def scrapes(service: Service, url: str, requests: int) -> dict[str, Load]:
    """The exporter's page, alone and while the API is asked by a hundred callers."""
    headers = {"accept": "application/openmetrics-text;version=1.0.0", "accept_encoding": "gzip"}
    alone = load(service.metrics_url, 1, SCRAPES, **headers)
    with api_cases.meanwhile(f"{url}/health", max(AT_ONCE), requests):
        beside = load(service.metrics_url, 1, SCRAPES, **headers)
    return {"alone": alone, "beside 100 callers": beside}


def section(found: dict[str, Any]) -> Section:
    return api_report.section(found)


def main() -> None:
    parser = with_json(argparse.ArgumentParser(description=__doc__))
    parser.add_argument("--results", type=int, default=RESULTS)
    parser.add_argument("--ticks", type=int, default=TICKS)
    parser.add_argument("--requests", type=int, default=REQUESTS)
    given = parser.parse_args()
    os.environ.pop("REDIS_URL", None)  # lists come from memory and the index here
    with tempfile.TemporaryDirectory(prefix="nautobs-api-") as folder:
        found = measure(Path(folder), given.results, given.ticks, given.requests)
    emit(section(found), given.json)


if __name__ == "__main__":
    main()
