"""The kinds of panel our boards are made of: each a function with the house's manners."""

from __future__ import annotations

from collections.abc import Sequence

import attr

from dashboards.model import PROMETHEUS, REF_IDS, Json, Line, Panel, PromTarget, fields, referenced
from dashboards.queries import Query

GREEN, ORANGE, RED = "green", "orange", "red"
NEUTRAL = [{"color": GREEN, "value": None}]


def above(*steps: tuple[float, str]) -> list[Json]:
    """Threshold steps: green, and from each value on the colour beside it."""
    return [*NEUTRAL, *({"color": color, "value": value} for value, color in steps)]


def below(*steps: tuple[float, str]) -> list[Json]:
    """Threshold steps for what should be high: red, and from each value on its colour."""
    return [{"color": RED, "value": None}, *({"color": c, "value": v} for v, c in steps)]


def timeseries(
    title: str,
    description: str,
    unit: str,
    *lines: Line,
    thresholds: list[Json] | None = None,
    low: float | None = 0,
    high: float | None = None,
    stacked: bool = False,
    links: Sequence[Json] = (),
    width: int = 12,
    rows: int = 8,
) -> Panel:
    """Lines over time; thresholds are dashed. A gap in the data stays a gap."""
    custom = {
        "drawStyle": "line",
        "fillOpacity": 30 if stacked else 8,
        "lineInterpolation": "linear",
        "lineWidth": 1,
        "showPoints": "auto",
        "spanNulls": False,
        "stacking": {"group": "A", "mode": "normal" if stacked else "none"},
        "thresholdsStyle": {"mode": "dashed" if thresholds else "off"},
    }
    options = {
        "legend": {
            "calcs": ["lastNotNull", "max"],
            "displayMode": "table",
            "placement": "bottom",
            "showLegend": True,
        },
        "tooltip": {"mode": "multi", "sort": "desc"},
    }
    defaults = _defaults(unit, thresholds, links, low, high)
    defaults |= {"color": {"mode": "palette-classic"}, "custom": custom}
    return _prometheus(
        "timeseries", title, description, lines, defaults, options, width=width, rows=rows
    )


def stat(
    title: str,
    description: str,
    unit: str,
    *lines: Line,
    thresholds: list[Json] | None = None,
    mappings: Sequence[Json] = (),
    links: Sequence[Json] = (),
    trend: bool = False,
    width: int = 4,
    rows: int = 4,
) -> Panel:
    """The value of now, coloured by its thresholds; `trend` draws its way there."""
    named = len(lines) > 1 or "{{" in lines[0][0]
    options = figure_options(
        "value", "area" if trend else "none", "value_and_name" if named else "auto"
    )
    defaults = _defaults(unit, thresholds, links) | {"mappings": list(mappings)}
    defaults["color"] = {"mode": "thresholds"}
    return _prometheus(
        "stat", title, description, lines, defaults, options,
        width=width, rows=rows, instant=not trend,
    )  # fmt: skip


def heatmap(
    title: str, description: str, unit: str, query: Query, *, links: Sequence[Json] = (),
    width: int = 12,
) -> Panel:  # fmt: skip
    """A histogram over time, where one line would lie; exemplars are dots that open a trace."""
    options = {
        "calculate": False,
        "cellGap": 1,
        "color": {
            "exponent": 0.5, "fill": "dark-orange", "mode": "scheme", "reverse": False,
            "scale": "exponential", "scheme": "Spectral", "steps": 64,
        },
        "exemplars": {"color": "rgba(255,0,255,0.7)"},
        "filterValues": {"le": 1e-9},
        "legend": {"show": True},
        "rowsFrame": {"layout": "auto"},
        "showValue": "never",
        "tooltip": {"mode": "single", "showColorScale": False, "yHistogram": True},
        "yAxis": {"axisPlacement": "left", "reverse": False, "unit": unit},
    }  # fmt: skip
    defaults = _defaults(unit, None, links)
    return _prometheus(
        "heatmap", title, description, [("{{le}}", query)], defaults, options,
        width=width, format="heatmap",
    )  # fmt: skip


def table(
    title: str, description: str, unit: str, *lines: Line, thresholds: list[Json] | None = None,
    links: Sequence[Json] = (), width: int = 12,
) -> Panel:  # fmt: skip
    """Instant vectors as rows: one line per set of labels."""
    defaults = _defaults(unit, thresholds, links)
    defaults["custom"] = {"align": "auto", "cellOptions": {"type": "auto"}, "inspect": False}
    panel = _prometheus(
        "table", title, description, lines, defaults, table_options(),
        width=width, instant=True, format="table",
    )  # fmt: skip
    names = {f"Value #{ref}": legend for ref, (legend, _) in zip(REF_IDS, lines, strict=False)}
    names["Value"] = lines[0][0]
    organize = {"excludeByName": {"Time": True}, "indexByName": {}, "renameByName": names}
    return attr.evolve(
        panel,
        transformations=[{"id": "merge", "options": {}}, {"id": "organize", "options": organize}],
    )


def timeline(
    title: str, description: str, unit: str, *lines: Line, mappings: Sequence[Json],
    thresholds: list[Json] | None = None, links: Sequence[Json] = (), width: int = 12,
) -> Panel:  # fmt: skip
    """States over time, one band per series."""
    defaults = _defaults(unit, thresholds, links) | {"mappings": list(mappings)}
    defaults |= {"color": {"mode": "thresholds"}, "custom": {"fillOpacity": 80, "lineWidth": 0}}
    options = {
        "alignValue": "left",
        "legend": {"calcs": [], "displayMode": "list", "placement": "bottom", "showLegend": True},
        "mergeValues": True,
        "rowHeight": 0.8,
        "showValue": "never",
        "tooltip": {"mode": "single", "sort": "none"},
    }
    return _prometheus("state-timeline", title, description, lines, defaults, options, width=width)


def text(content: str) -> Panel:
    """Markdown over the full width."""
    options = {"content": content, "mode": "markdown"}
    return Panel(type="text", options=options, fieldConfig=fields({}), width=24, rows=3)


def row(title: str) -> Panel:
    """Heading across the board."""
    return Panel(type="row", title=title, width=24, rows=1)


# Parts -------------------------------------------------------------------------------------------


def figure_options(color: str, graph: str, text: str, shown: str = "") -> Json:
    """Options of a stat panel; `shown` is an expression for the fields, by default the numbers."""
    return {
        "colorMode": color,
        "graphMode": graph,
        "justifyMode": "auto",
        "orientation": "auto",
        "percentChangeColorMode": "standard",
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": shown, "values": False},
        "showPercentChange": False,
        "textMode": text,
        "wideLayout": True,
    }


def table_options() -> Json:
    return {"cellHeight": "sm", "frameIndex": 0, "showHeader": True}


def _prometheus(
    kind: str, title: str, description: str, lines: Sequence[Line], defaults: Json, options: Json,
    *, width: int, rows: int = 8, instant: bool = False, format: str = "time_series",
) -> Panel:  # fmt: skip
    targets = [
        PromTarget(query=query, legendFormat=legend, instant=instant, format=format)
        for legend, query in lines
    ]
    return Panel(
        type=kind, title=title, description=description, dataSource=PROMETHEUS,
        targets=referenced(targets), options=options, fieldConfig=fields(defaults),
        width=width, rows=rows,
    )  # fmt: skip


def _defaults(
    unit: str, thresholds: list[Json] | None, links: Sequence[Json],
    low: float | None = None, high: float | None = None,
) -> Json:  # fmt: skip
    found: Json = {
        "links": list(links),
        "mappings": [],
        "noValue": "no data",
        "thresholds": {"mode": "absolute", "steps": thresholds or NEUTRAL},
        "unit": unit,
    }
    bounds = {"min": low, "max": high}
    return found | {key: value for key, value in bounds.items() if value is not None}
