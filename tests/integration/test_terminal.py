"""`nautobs` as people and scripts use it, against a real trace store."""

from __future__ import annotations

import json
import os
import pty
import re
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from opentelemetry.trace import Status, StatusCode

from nautilus_instrumentation import attributes
from tests.integration.trace_store import Story, TraceStore, trace_id_of
from tracestore.terminal import tempo

NAUTOBS = str(Path(sys.executable).with_name("nautobs"))
FOUND, NOTHING, BAD_QUERY, NO_STORE = 0, 1, 2, 3
REASON = "ValueError: as [red]planned[/red]"
LONG_AGO = 5 * 3600

Command = Callable[..., subprocess.CompletedProcess[str]]


@dataclass
class Told:
    """Ids of three traces: a good run, a later one that is slower and failed, one of long ago."""

    good: str
    failed: str
    old: str


def tell_run(store: TraceStore, name: str, ago: float, run_ms: float, *, failing: bool) -> str:
    """A run in two services; its engine runs beside something shorter."""
    api = Story(store, "api", ago)
    worker = Story(store, "worker", beside=api)
    request = api.begin("POST /api/backtest/run", 0)
    queue = api.begin(attributes.JOB_QUEUE, 2, request)
    api.end(request, 5)
    api.end(queue, 20)
    values = {
        attributes.RUN_ID: f"run-{name}",
        attributes.STRATEGY: "ema_cross",
        attributes.INSTRUMENT_ID: "EUR/USD.SIM",
        attributes.WINDOW: "1h",
        attributes.STATUS: "error" if failing else "ok",
        attributes.DATA_POINTS: 86_213,
        attributes.PEAK_MEMORY: 412_000_000,
        attributes.stage_seconds("run"): run_ms / 1e3,
    }
    run = api.begin(attributes.BACKTEST_RUN, 20, queue, **values)
    worker.span(attributes.CATALOG_QUERY, 30, 60, run)
    worker.span("beside", 65, 70, run)
    engine = worker.begin(attributes.ENGINE_RUN, 60, run)
    if failing:
        engine.set_status(Status(StatusCode.ERROR, REASON))
        run.set_status(Status(StatusCode.ERROR, REASON))
    worker.end(engine, 60 + run_ms)
    api.end(run, 70 + run_ms)
    return trace_id_of(request)


@pytest.fixture(scope="module")
def told(trace_store: TraceStore) -> Told:
    return Told(
        good=tell_run(trace_store, "good", 120, 500, failing=False),
        failed=tell_run(trace_store, "failed", 60, 900, failing=True),
        old=tell_run(trace_store, "old", LONG_AGO, 100, failing=False),
    )


@pytest.fixture
def nautobs(trace_store: TraceStore, told: Told, tmp_path: Path) -> Command:
    """Runs the command in a pipe."""

    def run(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [NAUTOBS, *arguments], capture_output=True, text=True, timeout=120, cwd=tmp_path,
            env={"PATH": os.environ["PATH"], "TEMPO_URL": trace_store.url, **env},
        )  # fmt: skip

    return run


def test_a_search_lists_what_matches_newest_first(nautobs: Command, told: Told) -> None:
    """One line a trace, under a heading, without colours for the program behind the pipe."""
    done = nautobs("traces", '{ name = "engine run" }')
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["trace", told.failed, told.good]
    assert "POST /api/backtest/run" in lines[1]
    assert "970 ms" in lines[1]
    assert "\x1b" not in done.stdout
    assert done.returncode == FOUND


def test_since_reaches_further_back(nautobs: Command, told: Told) -> None:
    """What is older than an hour is found when asked for."""
    done = nautobs("traces", '{ name = "engine run" }', "--since", "1d", "--json")
    assert [trace["trace_id"] for trace in json.loads(done.stdout)] == [
        told.failed, told.good, told.old,
    ]  # fmt: skip


def test_a_trace_is_drawn_as_a_waterfall(nautobs: Command, told: Told) -> None:
    """Depth, critical path, durations in one column, then failures and the run's figures."""
    done = nautobs("trace", told.failed)
    heading, columns, *lines = done.stdout.splitlines()
    spans, (failures, facts) = lines[:6], "\n".join(lines[6:]).strip().split("\n\n")
    assert told.failed in heading
    assert columns.split() == ["span", "duration", "path", "process"]
    assert [re.split(r"  +|━", line.lstrip())[0] for line in spans] == [
        "● POST /api/backtest/run", f"● {attributes.JOB_QUEUE}", f"● {attributes.BACKTEST_RUN}",
        f"● {attributes.CATALOG_QUERY}", f"● {attributes.ENGINE_RUN}", "beside",
    ]  # fmt: skip
    assert [len(line) - len(line.lstrip()) for line in spans] == [0, 2, 4, 6, 6, 8]
    assert len({line.index(" ms  ") for line in spans}) == 1
    assert re.search(r"900 ms +93%  worker$", spans[4])
    assert failures.splitlines() == [
        f"✗ {attributes.BACKTEST_RUN}: {REASON}", f"✗ {attributes.ENGINE_RUN}: {REASON}",
    ]  # fmt: skip
    assert dict(re.split(r"  +", line, maxsplit=1) for line in facts.splitlines()) == {
        "run": "run-failed", "strategy": "ema_cross", "instrument": "EUR/USD.SIM",
        "window": "1h", "status": "error", "data points": "86,213", "peak memory": "393 MiB",
        "stages": "run 900 ms",
    }  # fmt: skip


def test_a_trace_is_found_by_its_run(nautobs: Command, told: Told) -> None:
    """The id that the API and the results speak of leads to the trace."""
    done = nautobs("trace", "run-good", "--json")
    document = json.loads(done.stdout)
    assert document["trace_id"] == told.good
    critical = [span["name"] for span in document["spans"] if span["critical"]]
    assert critical[-1] == attributes.ENGINE_RUN
    assert "beside" not in critical
    assert sum(span["critical_ns"] for span in document["spans"]) == document["duration_ns"]


def test_runs_are_listed_with_their_figures(nautobs: Command, told: Told) -> None:
    """Status, window, duration, data points per second and trace of each run, newest first."""
    first, second = json.loads(nautobs("runs", "--json").stdout)
    assert (first["run_id"], second["run_id"]) == ("run-failed", "run-good")
    assert (first["status"], first["window"], first["trace_id"]) == ("error", "1h", told.failed)
    assert second["duration_ns"] == 550e6
    assert second["data_points_per_second"] == pytest.approx(86_213 / 0.5)
    table = nautobs("runs").stdout
    assert "172,426" in table
    assert table.count("ema_cross  EUR/USD.SIM  1h") == 2


def test_slow_lists_the_slowest_run_first(nautobs: Command, told: Told) -> None:
    """The question of every incident: the limit cuts off the fast ones, whenever they ran."""
    done = nautobs("slow", "--since", "1d", "--limit", "2", "--json")
    assert [run["trace_id"] for run in json.loads(done.stdout)] == [told.failed, told.good]


def test_errors_say_what_failed_and_why(nautobs: Command, told: Told) -> None:
    """The innermost span that failed, with its reason as it is."""
    heading, line = nautobs("errors").stdout.splitlines()
    assert heading.split()[-1] == "reason"
    assert line.startswith(told.failed)
    assert line.endswith(f"{attributes.ENGINE_RUN}   {REASON}")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("traces", '{ name = "no such span" }'), NOTHING, "nothing found"),
        (("trace", "0" * 31 + "1"), NOTHING, "no trace"),
        (("trace", "run-unknown"), NOTHING, "no trace of run-unknown"),
        (("traces", "{ name = }"), BAD_QUERY, "line 1, col 10"),
        (("traces", "{ }", "--since", "yesterday"), BAD_QUERY, "30s, 15m, 2h"),
        (("trace", "not-hex"), BAD_QUERY, "neither a trace id"),
        (("runs", "--limit", "0"), BAD_QUERY, "--limit"),
    ],
)
def test_exit_codes_tell_nothing_found_from_bad_queries(
    nautobs: Command, arguments: tuple[str, ...], code: int, said: str
) -> None:
    """Scripts read the code, people the reason on standard error."""
    done = nautobs(*arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_store_that_is_away_is_said(nautobs: Command) -> None:
    """Exit code 3, with the address that was tried."""
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{unheard.getsockname()[1]}"
        done = nautobs("runs", TEMPO_URL=address)
    assert done.returncode == NO_STORE
    assert address in done.stderr


def test_no_json_is_still_json(nautobs: Command) -> None:
    """A search without result gives an empty list to the program, and the code to the script."""
    done = nautobs("traces", '{ name = "no such span" }', "--json")
    assert (json.loads(done.stdout), done.returncode) == ([], NOTHING)


def on_terminal(width: int, *arguments: str, **env: str) -> str:
    """What the command writes on a terminal of that many columns."""
    parent, child = pty.openpty()
    with subprocess.Popen(
        [NAUTOBS, *arguments], stdin=child, stdout=child, stderr=child,
        env={"PATH": os.environ["PATH"], "TERM": "xterm", "COLUMNS": str(width), **env},
    ):  # fmt: skip
        os.close(child)
        written = b""
        try:
            while part := os.read(parent, 4096):
                written += part
        except OSError:  # Linux says so when the last writer is gone
            pass
        os.close(parent)
    return written.decode()


def test_a_terminal_gets_colours(trace_store: TraceStore, told: Told) -> None:
    """What failed is red, what was waited for is bold."""
    shown = on_terminal(120, "trace", told.failed, TEMPO_URL=trace_store.url)
    assert f"\x1b[1;31m      ● {attributes.ENGINE_RUN}" in shown
    assert f"\x1b[1m      ● {attributes.CATALOG_QUERY}" in shown
    assert "\x1b[2m        beside" in shown


def test_a_narrow_terminal_keeps_what_matters(trace_store: TraceStore, told: Told) -> None:
    """Columns give way before a trace id is cut."""
    shown = on_terminal(72, "runs", TEMPO_URL=trace_store.url)
    lines = re.sub(r"\x1b\[[0-9;]*m", "", shown).splitlines()
    assert all(len(line) <= 72 for line in lines)
    assert lines[0].split() == ["strategy", "window", "status", "duration", "trace"]
    assert lines[1].endswith(told.failed)


def test_the_shell_completes_commands_and_traces(nautobs: Command, told: Told) -> None:
    """Bash gets the names of commands, and of traces the ids."""
    bash = {"_NAUTOBS_COMPLETE": "complete_bash"}
    commands = nautobs(COMP_WORDS="nautobs t", COMP_CWORD="1", **bash).stdout.split()
    assert commands == ["trace", "traces"]
    wanted = told.good[:6]
    ids = nautobs(COMP_WORDS=f"nautobs trace {wanted}", COMP_CWORD="2", **bash).stdout.split()
    assert ids == [told.good]


def test_doctor_is_a_command(nautobs: Command) -> None:
    """It examines the stack and ends with the worst verdict as exit code."""
    done = nautobs("doctor", COLUMNS="200", BACKEND_PORT="0", METRICS_PORT="0")
    assert "nautilus-instrumentation" in done.stdout
    assert done.returncode in (0, 1, 2), done.stderr


def test_the_slowest_are_found_among_more_than_an_answer_holds(
    trace_store: TraceStore, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store answers with the newest: the slowest may lie behind them."""
    service = "many"
    for place, milliseconds in enumerate((900, 10, 700, 20, 30, 40)):
        story = Story(trace_store, service, ago=60 - place)
        story.end(story.begin("work", 0), milliseconds)
    monkeypatch.setattr(tempo, "MOST", 3)
    found = tempo.Tempo(trace_store.url).slowest(
        f'resource.service.name = "{service}"', "select(name)", 0, 2**32, count=2
    )
    assert [trace.duration_ms for trace in found] == [900, 700]
