"""What may be empty on a healthy platform had data while its faults were drilled.

Run after `make drill`, on what it left behind: `pytest tests/live/drilled.py`.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from stack.provision import PROMETHEUS, Missing, provision
from stack.services import Layout
from stack.settings import load_settings
from tests.compat import answers, asked
from tests.compat.asked import ROOT, Question, Search
from tests.compat.excuses import LISTED, excused
from tests.compat.platform import Addresses, Platform
from tests.ports import free_ports

SETTINGS = load_settings(root=ROOT)
LEFT = Layout(SETTINGS.var_dir / "drill" / "demo")
READY_SECONDS = 60.0
LONGEST_DRILL = 4 * 3600

RULES = asked.rules(LEFT.prometheus / "rules")
BOARDS = asked.boards()
QUESTIONS: list[Question | Search] = [
    *(question for board in BOARDS for question in asked.board_questions(board)),
    *(search for board in BOARDS for search in asked.board_searches(board)),
    *(question for rule in RULES for question in asked.rule_questions(rule)),
]
PROVEN = [
    question for question in QUESTIONS if (entry := excused(question.where)) and entry.needs_drill
]


@pytest.fixture(scope="session")
def drilled() -> Iterator[Platform]:
    """Prometheus and the trace store on the data of the last drill."""
    found = provision(PROMETHEUS, SETTINGS)
    if isinstance(found, Missing) or not LEFT.prometheus.is_dir():
        pytest.fail(f"no drill has left its data in {LEFT.demo}", pytrace=False)
    ports = free_ports()
    prometheus = f"http://127.0.0.1:{ports['PROMETHEUS_PORT']}"
    tempo = f"http://127.0.0.1:{ports['TEMPO_PORT']}"
    idle = LEFT.demo / "idle.yml"
    idle.write_text("{}\n")
    with contextlib.ExitStack() as running:
        for command, url in (
            ([str(found.path), f"--config.file={idle}", f"--web.listen-address={prometheus[7:]}",
              f"--storage.tsdb.path={LEFT.prometheus / 'data'}"], f"{prometheus}/-/ready"),
            ([sys.executable, "-m", "tracestore", "--directory", str(LEFT.traces)],
             f"{tempo}/ready"),
        ):  # fmt: skip
            running.enter_context(served(command, url, ports, found.home))
        yield Platform(Addresses(prometheus, "", tempo), 0, fresh=False)


@contextlib.contextmanager
def served(
    command: list[str], ready: str, ports: dict[str, int], home: Path | None
) -> Iterator[None]:
    """A process, once it is ready."""
    env = {**os.environ, **{name: str(port) for name, port in ports.items()}}
    process = subprocess.Popen(command, env=env, cwd=home, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)  # fmt: skip
    try:
        deadline = time.monotonic() + READY_SECONDS
        while not is_ready(ready):
            assert process.poll() is None, f"{command} ended with {process.returncode}"
            assert time.monotonic() < deadline, f"{ready} does not answer"
            time.sleep(0.2)
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def is_ready(url: str) -> bool:
    with contextlib.suppress(httpx.HTTPError):
        return httpx.get(url, trust_env=False).status_code == 200
    return False


def test_the_list_is_proven() -> None:
    """Every entry that names a drill is among the questions."""
    for entry in LISTED:
        assert not entry.needs_drill or any(entry.excuses(each.where) for each in PROVEN), entry


@pytest.mark.parametrize("question", PROVEN, ids=lambda question: question.where)
def test_it_had_data_in_the_drill(drilled: Platform, question: Question | Search) -> None:
    """At some moment of the drill the question had an answer."""
    wide = replace(question, span=LONGEST_DRILL)
    if isinstance(wide, Search):
        answer = answers.searched(drilled, wide)
    else:
        # NaN beside data is no matter: most faults were elsewhere.
        step = drilled.scrape_seconds
        answer = answers.answered(drilled, replace(wide.over_time, step=step, may_be_nan=True))
    assert answer.has_data, answer.problem
