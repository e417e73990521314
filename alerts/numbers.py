"""Numbers in annotations that are not the alert's own value."""

from __future__ import annotations

from alerts.model import series
from nautilus_instrumentation.metrics import MetricSpec
from promql.select import Match

_NAMES = {"s": "second", "m": "minute", "h": "hour", "d": "day"}


def said(duration: str) -> str:
    """A duration of rules, such as 5m, for people: `5 minutes`, `a minute`, `an hour`."""
    number, name = duration[:-1], _NAMES[duration[-1]]
    if number == "1":
        return f"an {name}" if name == "hour" else f"a {name}"
    return f"{number} {name}s"


def increased(spec: MetricSpec, over: str, *labels: str, **match: Match) -> str:
    """Template that gives by how much a counter rose over a range, as a whole number.

    Prometheus asks itself when the alert fires. Series count whose `labels` are the alert's and
    which match. Without an answer the text stays empty, where an error would stand otherwise.
    """
    mine = "".join(f", {label}=%q" for label in labels)
    chosen = series(spec, **match).removesuffix("}") + mine + "}"
    values = "".join(f" $labels.{label}" for label in labels)
    return (
        f"{{{{ with printf `sum(increase({chosen}[{over}]))`{values} | query }}}}"
        '{{ . | first | value | printf "%.0f" }}{{ end }}'
    )
