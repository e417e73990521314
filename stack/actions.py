"""Single pieces of work against the API; each checks its outcome and records it in the tally."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from stack.client import POLL_SECONDS, Api, ApiError, Interrupted, Json
from stack.tally import Run, Tally
from stack.targets import BadRequest, Target, backtest, window_start

PAGE = 20
GRID = {"fast_ema_period": [5, 10, 20], "slow_ema_period": [40, 80]}
"""Parameters of a sweep: six sets."""
TAGGED = ("/backtest/results", "/datasets", "/catalog/instruments")
READ = (
    "/jobs", "/datasets", "/catalog/instruments", "/strategies", "/traces/search", "/traces/tags",
    "/health", "/ready",
)  # fmt: skip
CONFLICT = 409
FAIL_AFTER_TICKS = 1
"""Every window starts at a tick, and the sparsest holds no other."""


@dataclass(frozen=True, slots=True)
class Actions:
    """`stopping` tells whether to give up waiting; a job given up is cancelled."""

    api: Api
    tally: Tally
    stopping: Callable[[], bool]

    def convert(self, day: str, files: list[str] | None = None, *, force: bool = False) -> None:
        """Convert files of a day (None: all) and record each."""
        self.finish_conversion(self.submit_conversion(day, files, force=force))

    def submit_conversion(
        self, day: str, files: list[str] | None = None, *, force: bool = False
    ) -> str:
        body: Json = {"date": day, "force": force}
        if files is not None:
            body["files"] = files
        return str(self.api.post("/datasets/convert", body)["job_id"])

    def finish_conversion(self, job_id: str) -> None:
        job = self._wait(job_id)
        self.tally.job("convert", job["status"])
        if job["status"] != "ok":
            self.tally.failure(f"conversion {job_id}: {describe(job)}")
        for file in (job.get("result") or {}).get("files", ()):
            if file["outcome"] == "failed":
                self.tally.failure(f"conversion of {file['path']}: {file['error']}")
            else:
                self.tally.conversion(
                    file["outcome"], file["seconds"], file["rows_written"], file["rows_rejected"]
                )

    def backtest(
        self, target: Target, strategy: str, window: str, number: int, expected: str = "ok"
    ) -> None:
        """Run a backtest to its end; `number` moves the window."""
        start = window_start(self.api, target, window, number)
        params = {"fail_after_ticks": FAIL_AFTER_TICKS} if expected == "error" else {}
        request = backtest(target, strategy, start, window, params=params)
        accepted = self.api.post("/backtest/run", request)
        job = self._wait(accepted["job_id"])
        status = job["status"]
        self.tally.job(f"{strategy} {window}", status)
        if status != expected:
            self.tally.failure(
                f"{strategy} on {window} of {target.instrument_id}: "
                f"{describe(job)}, expected {expected}"
            )
            return
        result = self.api.get(f"/backtest/results/{accepted['run_id']}")
        self.tally.run(
            Run(
                run_id=result["run_id"],
                trace_id=result["trace_id"],
                strategy=strategy,
                window=window,
                status=result["status"],
                seconds=result["duration_seconds"],
                data_points=result["data_points"],
                points_per_second=result["data_points_per_second"],
                orders=result["orders"],
            )
        )

    def sweep(self, target: Target, window: str, number: int) -> None:
        """Run two averages with every set of GRID, to the end of the last."""
        start = window_start(self.api, target, window, number)
        request = backtest(target, "ema_cross", start, window, params={"interval": "tick"})
        sweep_id = self.api.post("/backtest/sweep", {**request, "grid": GRID})["sweep_id"]
        sweep = self.api.get(path := f"/backtest/sweeps/{sweep_id}")
        while sweep["status"] == "running":
            if self.stopping():
                self._delete(path)
                raise Interrupted(sweep_id)
            time.sleep(POLL_SECONDS)
            sweep = self.api.get(path)
        self.tally.job("sweep", "ok" if sweep["counts"].get("ok") == sweep["total"] else "error")
        if sweep["counts"].get("ok") != sweep["total"]:
            self.tally.failure(f"sweep {sweep_id}: {sweep['counts']} of {sweep['total']} runs")

    def cancel(self, target: Target) -> None:
        """Start a day's backtest and cancel it; on a fast machine it may be done before."""
        request = backtest(target, "ema_cross", target.midnight, "1d")
        job_id = self.api.post("/backtest/run", request)["job_id"]
        self._cancel(job_id)
        job = self._wait(job_id)
        self.tally.job("cancelled on purpose", job["status"])
        if job["status"] not in ("cancelled", "ok"):
            self.tally.failure(f"cancelled job {job_id}: {describe(job)}")

    def refused(self, bad: BadRequest, target: Target) -> None:
        """Send a bad request; only a problem document with a 4xx is right."""
        options: Json = {}
        if bad.change is not None:
            good = backtest(target, "idle", target.midnight, "1d")
            options["json"] = {**good, **bad.change}
        if bad.content is not None:
            options = {"content": bad.content, "headers": {"content-type": "application/json"}}
        try:
            self.api.call(bad.method, bad.path, **options)
        except ApiError as error:
            if 400 <= error.status < 500 and error.is_problem:
                self.tally.count("refused")
            else:
                self.tally.failure(f"{bad.name}: not refused by a problem document: {error}")
        else:
            self.tally.failure(f"{bad.name}: accepted")

    def read(self) -> None:
        """What a person looking at the platform would call."""
        page = self.api.get("/backtest/results", limit=PAGE)
        self.tally.count("reads")
        for item in page["items"][:1]:
            self.api.get(f"/backtest/results/{item['run_id']}")
            self.tally.count("reads")
        self._compare([item["run_id"] for item in page["items"] if item["status"] == "ok"])
        for path in TAGGED:
            unchanged = self.api.is_unchanged(path)
            self.tally.count("reads")
            if unchanged:
                self.tally.count("unchanged")
        for path in READ:
            self.api.get(path)
            self.tally.count("reads")
        self.browse()

    def _compare(self, run_ids: list[str]) -> None:
        """Rank the runs, and set the newest against the one before."""
        if len(run_ids) < 2:
            return
        self.api.get("/backtest/evaluation", run_ids=",".join(run_ids))
        self.api.get("/backtest/compare", a=run_ids[1], b=run_ids[0])
        for _ in range(2):
            self.tally.count("reads")

    def browse(self) -> None:
        """Open the API's page and report what a browser would have measured, painting left out.

        The page has all it shows once the document behind it is there.
        """
        first_byte = self.api.first_byte_seconds("/docs")
        loaded = first_byte + self._seconds("/openapi.json")
        measured = {
            "TTFB": first_byte, "FCP": first_byte, "LCP": loaded, "LOAD": loaded, "TTI": loaded,
            "INP": self._seconds("/health"), "CLS": 0.0,
        }  # fmt: skip
        vitals = [
            {"vital": vital, "page": "/api/docs", "value": value}
            for vital, value in measured.items()
        ]
        self.api.post("/vitals", {"vitals": vitals})

    def _seconds(self, path: str) -> float:
        """How long a call takes."""
        start = time.perf_counter()
        self.api.get(path)
        return time.perf_counter() - start

    def _wait(self, job_id: str) -> Json:
        try:
            return self.api.wait(job_id, self.stopping)
        except Interrupted:
            self._cancel(job_id)
            raise

    def _cancel(self, job_id: str) -> None:
        self._delete(f"/jobs/{job_id}")

    def _delete(self, path: str) -> None:
        try:
            self.api.call("DELETE", path)
        except ApiError as error:
            if error.status != CONFLICT:  # else it ended before
                raise


def describe(job: Json) -> str:
    """`status: what the error says`, for people."""
    error = job.get("error") or {}
    said = ": ".join(part for part in (error.get("type"), error.get("message")) if part)
    return f"{job['status']} ({said[:300]})" if said else job["status"]
