"""What a run of the benchmarks ends with on the console."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from benchmarks.report.results import Results


def print_summary(console: Console, results: Results, *, judged: bool) -> None:
    """How long each took; what failed and, where targets are judged, what was missed."""
    table = Table("benchmark", "took", "load before", title="Benchmarks", title_justify="left")
    for each in results.outcomes:
        state = "" if each.section else f"  [red]FAILED: {each.failed}[/]"
        table.add_row(each.name + state, f"{each.seconds:.0f} s", f"{each.load_before[0]:.1f}")
    console.print(table)
    for name in results.failed:
        console.print(f"FAILED: {name}", style="bold red", highlight=False)
    if not judged:
        console.print("Small inputs: no target was judged, nothing was written.")
        return
    for why in ("mission", "issue", "aim"):
        for section, target in results.missed(why):
            measured = section.by_name.get(target.measure, "not measured")
            console.print(
                f"MISSED, set by the {why}: {section.name}, {target.name}: {measured}, {target}",
                style="bold red" if why != "aim" else "yellow", highlight=False,
            )  # fmt: skip
    gating = [each for s in results.sections for each in s.targets if each.why != "aim"]
    met = len(gating) - len(results.missed("mission", "issue"))
    console.print(f"{met} of {len(gating)} targets of the mission and the issues are met.")
