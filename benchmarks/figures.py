"""How a figure is written: three digits, the unit scaled to them."""

from __future__ import annotations

_SECONDS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))
_BYTES = ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (1.0, "B"))


def shown(value: float, unit: str) -> str:
    """A value in a base unit: 0.0123 s is 12.3 ms, 2.5 x is 2.5x, 1234567 rows/s has its commas."""
    if unit == "s":
        return _scaled(value, unit, _SECONDS)
    if unit.startswith("B"):  # B/run is kB/run as well
        return _scaled(value, "B", _BYTES) + unit[1:]
    if unit in ("x", "%"):
        return f"{number(value)}{unit}"
    return f"{number(value)} {unit}".rstrip()


def between(low: float, high: float, unit: str) -> str:
    """A range; what both ends' units share is written once: 1.2–1.5 ms, 17–19.2x."""
    first, second = shown(low, unit), shown(high, unit)
    suffix = second.lstrip("-0123456789.,")
    return f"{first.removesuffix(suffix) if suffix else first}–{second}"


def _scaled(value: float, unit: str, steps: tuple[tuple[float, str], ...]) -> str:
    for step, name in steps:
        if abs(value) >= step * 0.9995:  # 999.7 ms is written as 1 s
            return f"{number(value / step)} {name}"
    step, name = steps[-1]
    return f"{number(value / step)} {name}" if value else f"0 {unit}"


def number(value: float) -> str:
    """Three significant digits, and every digit before the point."""
    if isinstance(value, int) or abs(value) >= 100:
        return f"{value:,.0f}"
    text = f"{value:.3g}"
    if "e" in text:
        text = f"{value:.10f}".rstrip("0").rstrip(".") if abs(value) >= 1e-7 else text
    return text


def tick(value: float, unit: str) -> str:
    """For an axis whose label says the unit: 2,500,000 is 2.5M."""
    if unit in ("s", "x", "%") or unit.startswith("B"):
        return shown(value, unit)
    for step, name in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= step:
            return f"{number(value / step)}{name}"
    return number(value)
