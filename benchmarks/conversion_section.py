"""The report's section on the conversion."""

from __future__ import annotations

from typing import Any

from benchmarks import conversion_parts, conversion_steps
from benchmarks.baseline_conversion import BATCH_ROWS
from benchmarks.conversion_data import DAY, KINDS
from benchmarks.section import Measure, Plot, Recommendation, Section, Table, Target

SPEED = {"quote": 18.0, "trade": 13.0}
MEMORY = {"ours": 150e6, "unordered": 300e6}
REPEAT, REPEAT_OF_MISSION = 1.0, 10.0
"""Per cent of the first conversion."""
TESTED_FROM = 1_000_000
"""Rows from which the targets hold."""
ORDERS = {"ours": "sorted", "unordered": "unsorted"}
TEXT = f"""Raw files of quotes and of trades ({DAY}, generated) into the catalog: the converter
against NautilusTrader's wranglers and write_data in batches of {BATCH_ROWS:,} rows, one process
each, in turn. Memory is the growth over the idle worker. A repeat is a second call with nothing
changed, by a new converter that reads the description and the manifest; its time is that of the
call. Parts are CPU time of one process. Several files: {conversion_steps.FILES}, an instrument
each, into one catalog."""


def section(figures: dict[str, Any]) -> Section:
    """Of the figures of `conversion.measure`."""
    sizes = figures["sizes"]
    measures = [each for rows, by_kind in sizes.items() for each in _measures(rows, by_kind)]
    measures += _part_measures(figures)
    return Section(
        "conversion", "Conversion of raw ticks", TEXT,
        tables=(
            _ways(sizes), _repeats(sizes), _parts(figures["parts"]), _files(figures["parallel"]),
        ),
        measures=tuple(measures),
        targets=tuple(each for rows in sizes if rows >= TESTED_FROM for each in _targets(rows)),
        plots=_plots(sizes),
        recommendations=_recommendations(),
    )  # fmt: skip


def size(rows: int) -> str:
    return f"{rows / 1e6:g}M" if rows >= 10**6 else f"{rows:,}"


def _ratio(name: str, found: dict[str, float], unit: str = "x", better: Any = "higher") -> Measure:
    scale = 100.0 if unit == "%" else 1.0
    low, high = found["lowest"] * scale, found["highest"] * scale
    return Measure(name, found["median"] * scale, unit, (low, high), better)


def _measures(rows: int, by_kind: dict[str, Any]) -> list[Measure]:
    found = []
    for kind in KINDS:
        of_kind, label = by_kind[kind], f"{size(rows)} {kind}s"
        found += [
            _ratio(f"{label}: speed against write_data", of_kind["speed"]),
            _ratio(f"{label}: CPU against write_data", of_kind["cpu"]),
            Measure(
                f"{label}: rate", of_kind["ours"]["rows_per_second"], "rows/s", better="higher"
            ),
            _ratio(f"{label}: repeat of the first", of_kind["repeat"], "%", "lower"),
        ]
        found += [
            Measure(f"{label}: memory, {order}", of_kind[way]["memory_growth_bytes"], "B")
            for way, order in ORDERS.items()
        ]
    return found


def _targets(rows: int) -> list[Target]:
    found = []
    for kind in KINDS:
        label = f"{size(rows)} {kind}s"
        speed, repeat = f"{label}: speed against write_data", f"{label}: repeat of the first"
        found += [
            Target(speed, speed, SPEED[kind], "at least", "x", "issue"),
            Target(f"{repeat}, issue", repeat, REPEAT, "at most", "%", "issue"),
            Target(f"{repeat}, mission", repeat, REPEAT_OF_MISSION, "at most", "%", "mission"),
        ]
        for way, order in ORDERS.items():
            memory = f"{label}: memory, {order}"
            found.append(Target(memory, memory, MEMORY[way], "at most", "B", "issue"))
    return found


def _part_measures(figures: dict[str, Any]) -> list[Measure]:
    found = []
    for part in figures["parts"]:
        if "ratio" in part:
            found.append(_ratio(f"{part['name']}: against the plain way", part["ratio"]))
    by_name = {part["name"]: part["ns"] for part in figures["parts"]}
    small, usual, _ = conversion_parts.BATCHES
    for kind in KINDS:
        gain = (
            by_name[f"{kind}s in batches of {small:,}"]
            / by_name[f"{kind}s in batches of {usual:,}"]
        )
        found.append(
            Measure(f"{kind}s: batches of {usual:,} against {small:,}", gain, "x", better="higher")
        )
    usually = f"quotes in batches of {usual:,}"
    bars = by_name[f"{usually}, with {len(conversion_parts.BARS)} bars"] / by_name[usually]
    found.append(Measure("bars made on the way: cost", 100 * (bars - 1), "%"))
    for way in conversion_steps.WAYS[1:]:
        found.append(_ratio(f"{way} against one after the other", figures["parallel"][way]["gain"]))
    return found


def _ways(sizes: dict[int, Any]) -> Table:
    rows = []
    for number, by_kind in sizes.items():
        for kind in KINDS:
            for way, title in (
                ("baseline", "write_data"), ("ours", "converter"),
                ("unordered", "converter, unsorted rows"),
            ):  # fmt: skip
                found = by_kind[kind][way]
                rows.append((
                    f"{size(number)} {kind}s, {title}", found["rows_per_second"], found["seconds"],
                    found["cpu_seconds"], found["memory_growth_bytes"] / 1e6,
                ))  # fmt: skip
    columns = ("way", "rows/s", "seconds", "CPU seconds", "memory growth, MB")
    return Table("One file", columns, tuple(rows))


def _repeats(sizes: dict[int, Any]) -> Table:
    rows = []
    for number, by_kind in sizes.items():
        for kind in KINDS:
            found = by_kind[kind]
            first = found["ours"]
            rows.append((
                f"{size(number)} {kind}s", first["seconds"], first["repeat_seconds"] * 1e3,
                found["repeat"]["median"] * 100, first["kept_repeat_seconds"] * 1e3,
                found["kept_repeat"]["median"] * 100,
            ))  # fmt: skip
    columns = (
        "file", "first, s", "repeat, new converter, ms", "% of the first",
        "repeat, same converter, ms", "% of the first",
    )  # fmt: skip
    return Table("Repeats of an unchanged file", columns, tuple(rows))


def _parts(parts: list[dict[str, Any]]) -> Table:
    rows = tuple(
        (
            part["name"], part["ns"], part.get("plain_ns", "–"),
            f"{part['ratio']['median']:.1f}x" if "ratio" in part else "–",
        )
        for part in parts
    )  # fmt: skip
    columns = ("part", "CPU ns/row", "plain way, CPU ns/row", "ratio")
    return Table("Parts: batch sizes, times, columns, bars", columns, rows)


def _files(parallel: dict[str, Any]) -> Table:
    rows = tuple(
        (
            way, found["rows_per_second"], found["gain"]["median"], found["cpu_seconds"],
            found["memory_growth_bytes"] / 1e6 if "processes" not in way else "–",
        )
        for way, found in parallel.items()
    )  # fmt: skip
    columns = ("way", "rows/s", "against one after the other", "CPU seconds", "memory growth, MB")
    return Table("Several files", columns, rows)


def _plots(sizes: dict[int, Any]) -> tuple[Plot, ...]:
    smallest = next(iter(sizes.values()))
    rate = Plot(
        "Rows per second", "bar", "rows/s",
        {
            title: tuple((f"{kind}s", smallest[kind][way]["rows_per_second"]) for kind in KINDS)
            for way, title in (("baseline", "write_data"), ("ours", "converter"))
        },
    )  # fmt: skip
    memory = Plot(
        "Memory growth by rows of a file", "line", "B",
        {
            f"{kind}s, {title}": tuple(
                (float(rows), by_kind[kind][way]["memory_growth_bytes"])
                for rows, by_kind in sizes.items()
            )
            for kind in KINDS
            for way, title in (("baseline", "write_data"), *ORDERS.items())
        },
        x_label="rows", log_y=True,
    )  # fmt: skip
    return (rate, memory) if len(sizes) > 1 else (rate,)


def _recommendations() -> tuple[Recommendation, ...]:
    small, usual, _ = conversion_parts.BATCHES
    threads, processes = conversion_steps.WAYS[1:]
    return (
        Recommendation(
            f"Read raw files in batches of {usual:,} rows: {{quotes: batches of {usual:,} against "
            f"{small:,}}} of the speed at {small:,} for quotes."
        ),
        Recommendation(
            f"Give a day's files to one job: {threads} gain {{{threads} against one after the "
            f"other}}, {processes} {{{processes} against one after the other}}, with the imports "
            "and the memory of one."
        ),
        Recommendation(
            "Let the conversion make bars (`bars` of a dataset): "
            f"{len(conversion_parts.BARS)} bar types cost {{bars made on the way: cost}} of it, "
            "against reading all ticks again."
        ),
    )
