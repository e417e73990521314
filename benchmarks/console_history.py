"""Hours of metrics for a Prometheus that has run for minutes: what it holds now, spread backwards.

Counters grow to their value of today, gauges wander around theirs; the blocks are made by promtool.
"""

from __future__ import annotations

import re
import subprocess
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

STEP_SECONDS = 15
GROWN = 40.0
"""A counter of minutes is taken this many times: as much work went on in all the hours before."""
SUFFIX = re.compile(r"_(bucket|count|sum|total)$")
NAME = re.compile(r"[A-Za-z_:][A-Za-z0-9_:]*")

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Now:
    """A series and its value now."""

    labels: dict[str, str]
    value: float

    @property
    def name(self) -> str:
        return self.labels["__name__"]

    @property
    def source(self) -> tuple[tuple[str, str], ...]:
        """Equal for what must grow alike: the buckets, sum and count of one histogram."""
        left_out = ("__name__", "le")
        rest = {name: value for name, value in self.labels.items() if name not in left_out}
        return (("family", re.sub(r"_(bucket|count|sum)$", "", self.name)), *sorted(rest.items()))


def named_in(text: str, names: Sequence[str]) -> list[str]:
    """Those of `names` that a text of queries speaks of."""
    words = set(NAME.findall(text))
    return [name for name in names if name in words]


def read(answer: Any) -> list[Now]:
    """Series of an instant query's answer; what is no number is left out."""
    found = [Now(one["metric"], float(one["value"][1])) for one in answer["result"]]
    return [one for one in found if np.isfinite(one.value)]


def write_blocks(
    promtool: Path, series: Sequence[Now], end: float, hours: float, data: Path
) -> int:
    """Blocks of `hours` up to `end` (Unix seconds) in the folder `data`; returns the samples."""
    times = np.arange(end - 3600 * hours, end, STEP_SECONDS).astype(np.int64)
    text = data.parent / "history.om"
    with text.open("w") as file:
        file.writelines(lines(series, times))
    subprocess.run(
        [promtool, "tsdb", "create-blocks-from", "openmetrics", text, data],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    text.unlink()
    return len(series) * len(times)


def lines(series: Sequence[Now], times: npt.NDArray[np.int64]) -> Iterator[str]:
    """OpenMetrics, family by family."""
    for one in sorted(series, key=lambda now: (SUFFIX.sub("", now.name), now.name)):
        given = {name: value for name, value in one.labels.items() if name != "__name__"}
        labels = ",".join(f'{name}="{_escaped(value)}"' for name, value in given.items())
        head = f"{one.name}{{{labels}}} "
        values = past(one, len(times))
        yield "".join(
            f"{head}{value:.9g} {time}\n" for value, time in zip(values, times, strict=True)
        )
    yield "# EOF\n"


def past(one: Now, points: int) -> Floats:
    """What the series may have been; the last is its value now, or GROWN times that."""
    chance = np.random.default_rng(zlib.crc32(repr(one.source).encode()))
    if SUFFIX.search(one.name):
        steps = chance.exponential(1.0, points)
        return one.value * GROWN * np.cumsum(steps) / steps.sum()
    if one.value in (0.0, 1.0):
        return np.full(points, one.value)
    waves = np.sin(np.linspace(0, chance.uniform(4, 40), points) + chance.uniform(0, 6))
    return one.value * (1 + 0.2 * waves + 0.05 * chance.standard_normal(points))


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
