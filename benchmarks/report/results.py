"""A run of the benchmarks as a file: where it ran, what each benchmark found, and the profiles."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter

from benchmarks.section import Measure, Section, Target

FOLDER = Path("benchmarks/results")
"""Below the repository."""

Load = tuple[float, float, float]
"""Load averages over 1, 5 and 15 minutes."""


@dataclass(frozen=True)
class Outcome:
    """What became of a benchmark: its section, or why there is none."""

    name: str
    seconds: float
    load_before: Load
    load_after: Load
    section: Section | None = None
    failed: str = ""


@dataclass(frozen=True)
class Frame:
    """A function of a profile, and its own share of the samples."""

    name: str
    share: float


@dataclass(frozen=True)
class Profile:
    """A flame graph, its file's name in `image`; `skipped` or `failed` says why there is none."""

    name: str
    title: str
    samples: int = 0
    image: str = ""
    frames: tuple[Frame, ...] = ()
    parts: tuple[Frame, ...] = ()
    note: str = ""
    skipped: str = ""
    failed: str = ""


@dataclass(frozen=True)
class Results:
    """`taken_at` in ISO 8601, UTC; `environment` as the report shows it."""

    taken_at: str
    environment: dict[str, str]
    outcomes: tuple[Outcome, ...]
    profiles: tuple[Profile, ...] = ()

    @property
    def sections(self) -> list[Section]:
        return [each.section for each in self.outcomes if each.section]

    @property
    def measures(self) -> dict[tuple[str, str], Measure]:
        """(section, measure): the measure."""
        return {(s.name, m.name): m for s in self.sections for m in s.measures}

    @property
    def failed(self) -> list[str]:
        """Benchmarks that brought no section, and profiles of work that failed."""
        return [
            *(each.name for each in self.outcomes if each.section is None),
            *(f"profile of {each.name}" for each in self.profiles if each.failed),
        ]

    def missed(self, *whys: Literal["mission", "issue", "aim"]) -> list[tuple[Section, Target]]:
        """Targets set by any of these that were not met."""
        return [(s, t) for s in self.sections for t in s.missed() if t.why in whys]


RESULTS = TypeAdapter(Results)
"""To and from JSON."""


def newest(folder: Path) -> Path | None:
    """The result file of the latest date; None where there is none."""
    return max(folder.glob("*.json"), default=None)


def load(path: Path) -> Results:
    """Read a result file. Raises OSError, and pydantic.ValidationError for one of another shape."""
    return RESULTS.validate_json(path.read_bytes())


def save(results: Results, folder: Path) -> Path:
    """Write `<date>.json`; a second run of a day replaces the first."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{results.taken_at[:10]}.json"
    path.write_bytes(RESULTS.dump_json(results, indent=1) + b"\n")
    return path


def exit_code(results: Results, gated: bool = True) -> int:
    """1 when a benchmark failed or, gated, when a target of the mission was missed."""
    return int(bool(results.failed) or (gated and bool(results.missed("mission"))))
