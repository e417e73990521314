from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks.report.results import Outcome, Results
from benchmarks.section import Measure, Plot, Recommendation, Section, Table, Target

MakeSection = Callable[..., Section]
MakeResults = Callable[..., Results]


@pytest.fixture
def make_section() -> MakeSection:
    """A section with one of everything; its measure `speed` is met by the target of the mission."""

    def make(speed: float = 20.0, why: Any = "mission", **fields: Any) -> Section:
        values: dict[str, Any] = {
            "name": "reading", "title": "Reading", "text": "Ours and theirs, in turn.",
            "tables": (Table("Rows", ("way", "rows"), (("ours", 1_000_000), ("theirs", 1.5))),),
            "measures": (Measure("speed", speed, "x", (speed - 1, speed + 1), "higher"),),
            "targets": (Target("reading is fast", "speed", 18, "at least", "x", why),),
            "plots": (Plot("Rows by way", "bar", "rows/s", {"one": (("ours", 2.0),)}),),
            "recommendations": (Recommendation("Read with ours: {speed}."),),
        }  # fmt: skip
        return Section(**(values | fields))

    return make


@pytest.fixture
def make_results() -> MakeResults:
    """A run with these sections."""

    def make(*sections: Section, failed: str = "", **fields: Any) -> Results:
        load = (0.1, 0.2, 0.3)
        outcomes = [Outcome(s.name, 1.5, load, load, s) for s in sections]
        if failed:
            outcomes.append(Outcome(failed, 2.0, load, load, failed="ended with 1"))
        values: dict[str, Any] = {
            "taken_at": "2026-03-04T05:06:07+00:00", "environment": {"cores": "2"},
            "outcomes": tuple(outcomes),
        }  # fmt: skip
        return Results(**(values | fields))

    return make


@pytest.fixture
def make_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[dict[str, str]], str]:
    """A package with these modules, which other processes can import; gives its name."""

    def make(modules: dict[str, str]) -> str:
        package = tmp_path / "importable" / "little"
        package.mkdir(parents=True)
        for name, source in modules.items():
            (package / f"{name}.py").write_text(source)
        monkeypatch.setenv("PYTHONPATH", str(package.parent))
        return package.name

    return make
