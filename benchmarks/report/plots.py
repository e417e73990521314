"""The plots as SVG: the same bytes for the same figures, readable on light pages and dark."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.figures import shown, tick
from benchmarks.report.page import plot_file
from benchmarks.report.results import Results
from benchmarks.section import Plot

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00")
"""Told apart without colour vision too (Okabe and Ito)."""
STYLE = {
    "svg.hashsalt": "performance",
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#dfe3ea",
    "figure.facecolor": "#ffffff",
}
_UNITS = {"s": "seconds", "B": "bytes", "x": "ratio", "%": "per cent"}
_WIDTH = 7.2
_BAR = 0.26


def write_plots(results: Results, folder: Path) -> list[Path]:
    """Write every plot below `folder`; pictures there that belong to none are removed."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for section in results.sections:
        for plot in section.plots:
            path = folder / plot_file(section, plot)
            draw(plot, path)
            written.append(path)
    for stale in set(folder.glob("*.svg")) - set(written):
        stale.unlink()
    return written


def draw(plot: Plot, path: Path) -> None:
    """Write one plot; the format follows from the file's name."""
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(_WIDTH, _height(plot)), layout="constrained")
        axes = figure.add_subplot()
        (_bars if plot.kind == "bar" else _lines)(axes, plot)
        axes.set_title(plot.title, loc="left", fontweight="bold")
        if len(plot.series) > 1:
            figure.legend(
                *axes.get_legend_handles_labels(), loc="outside lower left", frameon=False, ncols=3
            )
        metadata = {"Date": None, "Creator": None} if path.suffix == ".svg" else None
        figure.savefig(path, metadata=metadata)


def _height(plot: Plot) -> float:
    if plot.kind == "line":
        return 4.0
    return 1.5 + len(_names(plot)) * (len(plot.series) * _BAR + 0.15)


def _names(plot: Plot) -> list[str]:
    """The bars' names, each once, as they come."""
    return list(dict.fromkeys(str(x) for points in plot.series.values() for x, _ in points))


def _bars(axes: Axes, plot: Plot) -> None:
    """Lying bars, whose names have room; each with its value."""
    names = _names(plot)
    thickness = 0.8 / len(plot.series)
    for number, (label, points) in enumerate(plot.series.items()):
        places = [names.index(str(x)) - 0.4 + (number + 0.5) * thickness for x, _ in points]
        bars = axes.barh(
            places, [y for _, y in points], thickness * 0.92, label=label,
            color=COLOURS[number % len(COLOURS)],
        )  # fmt: skip
        axes.bar_label(bars, [shown(y, plot.unit) for _, y in points], padding=3, fontsize=9)
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.tick_params("y", length=0)
    axes.grid(visible=False, axis="y")
    axes.margins(x=0.14)
    axes.set_ylabel(plot.x_label)
    if plot.log_y:
        axes.set_xscale("log")
    axes.set_xlabel(_UNITS.get(plot.unit, plot.unit))
    axes.xaxis.set_major_formatter(lambda value, _: tick(value, plot.unit))


def _lines(axes: Axes, plot: Plot) -> None:
    for number, (label, points) in enumerate(plot.series.items()):
        axes.plot(
            [float(x) for x, _ in points], [y for _, y in points], label=label,
            color=COLOURS[number % len(COLOURS)], marker="o" if len(points) <= 60 else "", ms=4,
        )  # fmt: skip
    if plot.log_x:
        axes.set_xscale("log")
        axes.set_xticks(sorted({float(x) for points in plot.series.values() for x, _ in points}))
        axes.minorticks_off()
    if plot.log_y:
        axes.set_yscale("log")
    else:
        axes.set_ylim(bottom=min(0.0, axes.get_ylim()[0]))
    axes.set_xlabel(plot.x_label)
    axes.set_ylabel(_UNITS.get(plot.unit, plot.unit))
    axes.xaxis.set_major_formatter(lambda value, _: tick(value, ""))
    axes.yaxis.set_major_formatter(lambda value, _: tick(value, plot.unit))
