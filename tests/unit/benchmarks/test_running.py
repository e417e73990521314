"""Benchmarks in processes of their own, and what `make bench` makes of them."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks.__main__ import main
from benchmarks.report import running
from benchmarks.report.publishing import PAGE
from benchmarks.report.results import FOLDER
from benchmarks.section import SECTION
from tests.gone import gone

WRITES = """
import sys
from pathlib import Path
Path(sys.argv[sys.argv.index("--json") + 1]).write_bytes({section!r})
"""
KEEPS_ON = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
open({path!r}, "w").write(str(child.pid))
time.sleep(600)
"""

MakePackage = Callable[[dict[str, str]], str]


@pytest.fixture
def writes(make_section: Any) -> Callable[..., str]:
    """Source of a module that writes a section of this speed."""

    def make(speed: float = 20.0) -> str:
        return WRITES.format(section=SECTION.dump_json(make_section(speed)))

    return make


def test_a_benchmark_hands_over_its_section(
    make_package: MakePackage, writes: Any, make_section: Any
) -> None:
    """From its own process, through a file."""
    outcome = running.run("good", package=make_package({"good": writes()}))
    assert (outcome.section, outcome.failed) == (make_section(), "")


@pytest.mark.parametrize(
    ("source", "failed"),
    [
        ("raise SystemExit(3)", "ended with 3"),
        ("", "wrote no section"),
        (
            WRITES.format(section=b'{"name": 1}'),
            "its section is not one: Input should be a valid string",
        ),
    ],
    ids=["crash", "nothing", "rubbish"],
)  # fmt: skip
def test_a_benchmark_that_fails_says_how(
    make_package: MakePackage, source: str, failed: str
) -> None:
    """And there is no section of it."""
    outcome = running.run("bad", package=make_package({"bad": source}))
    assert (outcome.section, outcome.failed) == (None, failed)


def test_a_benchmark_without_end_is_ended_with_its_children(
    make_package: MakePackage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run goes on, and nothing of it is left behind."""
    path = tmp_path / "pid"

    class Begun(subprocess.Popen[bytes]):
        """Its time begins once it has a child, however slow the machine is."""

        def wait(self, timeout: float | None = None) -> int:
            while timeout is not None and not (path.exists() and path.read_text()):
                time.sleep(0.01)
            return super().wait(timeout)

    monkeypatch.setattr(running.subprocess, "Popen", Begun)
    package = make_package({"endless": KEEPS_ON.format(path=str(path))})
    outcome = running.run("endless", timeout_seconds=0.1, package=package)
    child = int(path.read_text())
    deadline = time.monotonic() + 120
    while not gone(child):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert outcome.failed == "did not end within 0.1 s"


@pytest.mark.parametrize(
    ("arguments", "speed", "code", "written"),
    [
        (["--no-profiles"], 20.0, 0, True),
        (["--no-profiles"], 17.0, 1, True),
        (["--quick"], 17.0, 0, False),
        (["--only", "good"], 20.0, 0, False),
        (["--only", "good"], 17.0, 1, False),
    ],
)
def test_a_full_run_alone_writes_the_report(
    make_package: MakePackage, writes: Any, tmp_path: Path,
    arguments: list[str], speed: float, code: int, written: bool,
) -> None:  # fmt: skip
    """And ends with 1 where a target is missed; a quick one judges nothing."""
    package = make_package({"good": writes(speed)})
    assert main(arguments, benchmarks={"good": ()}, package=package, root=tmp_path) == code
    assert ((tmp_path / PAGE).exists(), (tmp_path / FOLDER).exists()) == (written, written)


def test_a_crash_fails_the_run_and_the_others_go_on(
    make_package: MakePackage, writes: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The report says which one it was."""
    package = make_package({"bad": "raise SystemExit(3)", "good": writes()})
    given = {"bad": (), "good": ()}
    assert main(["--no-profiles"], benchmarks=given, package=package, root=tmp_path) == 1
    assert "FAILED: bad" in capsys.readouterr().out
    page = (tmp_path / PAGE).read_text()
    assert ("`bad` failed: ended with 3" in page, "## Reading" in page) == (True, True)


def test_a_quick_run_has_small_inputs_and_a_full_one_has_not(
    make_package: MakePackage, writes: Any, tmp_path: Path
) -> None:
    """Its arguments stand beside its name."""
    seen = tmp_path / "seen"
    note = f"import sys\nopen({str(seen)!r}, 'a').write(' '.join(sys.argv[1:-2]) + ';')\n"
    package = make_package({"good": note + writes()})
    for mode in (["--quick"], ["--no-profiles"]):
        main(mode, benchmarks={"good": ("--rows", "5")}, package=package, root=tmp_path)
    assert seen.read_text() == "--rows 5;;"
