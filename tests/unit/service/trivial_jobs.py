"""Handlers for tests of the executor. Worker processes import this module by its name."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from backend.context import ProgressSink


class TrivialHandler:
    """Does what the payload says; `marker` files tell the test, and are told, how far it is."""

    def __init__(self, slot: int) -> None:
        self.slot = slot
        self.hoard: list[bytes] = []

    def run(self, payload: dict[str, Any], report: ProgressSink) -> dict[str, Any]:
        return getattr(self, payload["do"])(payload, report)

    def flush(self) -> None:
        pass

    def echo(self, payload: dict[str, Any], report: ProgressSink) -> dict[str, Any]:
        return {"said": payload.get("say"), "pid": os.getpid(), "slot": self.slot}

    def niceness(self, payload: dict[str, Any], report: ProgressSink) -> dict[str, Any]:
        return {"niceness": os.nice(0)}

    def fail(self, payload: dict[str, Any], report: ProgressSink) -> dict[str, Any]:
        raise ValueError("no such luck")

    def leave(self, payload: dict[str, Any], report: ProgressSink) -> dict[str, Any]:
        sys.exit(0)

    def vanish(self, payload: dict[str, Any], report: ProgressSink) -> dict[str, Any]:
        os._exit(0)

    def hang(self, payload: dict[str, Any], report: ProgressSink) -> dict[str, Any]:
        """Report a stage, then wait for the marker to go, or for ever."""
        report("build", 1.0)
        report("run", 0.25, data_points=1234)
        marker = Path(payload["marker"])
        marker.write_text(str(os.getpid()))
        while marker.exists():
            time.sleep(0.01)
        return {"pid": os.getpid()}

    def hold_interpreter(self, payload: dict[str, Any], report: ProgressSink) -> dict[str, Any]:
        """Like an engine run without callbacks: no Python code, no signal handler runs."""
        report("run")
        Path(payload["marker"]).write_text(str(os.getpid()))
        ctypes.PyDLL(None).sleep(600)
        return {}

    def grow(self, payload: dict[str, Any], report: ProgressSink) -> dict[str, Any]:
        """Take memory until somebody objects."""
        report("load")
        while True:
            self.hoard.append(os.urandom(1) * 2**24)
            time.sleep(0.01)


def make_handler(slot: int) -> TrivialHandler:
    return TrivialHandler(slot)


def make_never(slot: int) -> TrivialHandler:
    raise RuntimeError("the catalogue has gone fishing")


def make_dying(slot: int) -> TrivialHandler:
    os.kill(os.getpid(), signal.SIGKILL)
    return TrivialHandler(slot)


def make_when_marked(marker: str, slot: int) -> TrivialHandler:
    """Tell the test that the start has begun, and go on when the marker goes."""
    path = Path(f"{marker}-{slot}")
    path.write_text(str(os.getpid()))
    while path.exists():
        time.sleep(0.01)
    return TrivialHandler(slot)


class TrivialJobs(TrivialHandler):
    """Takes payloads of jobs: a backtest's `params` say what to do, a conversion fails at once."""

    def run(self, payload: dict[str, Any], report: ProgressSink) -> dict[str, Any]:
        if payload["job_type"] == "convert":
            return getattr(self, payload["request"]["files"][0])(payload, report)
        return getattr(self, payload["request"]["params"]["do"])(
            payload["request"]["params"], report
        )

    def trade(self, payload: dict[str, Any], report: ProgressSink) -> dict[str, Any]:
        """A run that went well."""
        kept = payload.get("kept", False)
        return {"status": "ok", "error": None, "attributes": {"nautilus.orders": 3}, "kept": kept}

    def lose(self, payload: dict[str, Any], report: ProgressSink) -> dict[str, Any]:
        """A run whose strategy failed."""
        error = {"type": "ValueError", "message": "no such luck", "stacktrace": "somewhere"}
        return {"status": "error", "error": error, "attributes": {}}

    def tidy(self, payload: dict[str, Any], report: ProgressSink) -> dict[str, Any]:
        """A conversion that went well."""
        return {"status": "ok", "error": None, "report": {"files": []}}

    def stall(self, payload: dict[str, Any], report: ProgressSink) -> dict[str, Any]:
        """A conversion that hangs, with the marker in its second file."""
        return self.hang({"marker": payload["request"]["files"][1]}, report)


def make_jobs_handler(slot: int) -> TrivialJobs:
    return TrivialJobs(slot)
