"""Selectors from metric specs: a query cannot name a metric or a label that does not exist."""

from __future__ import annotations

from collections.abc import Iterable

from nautilus_instrumentation.metrics import MetricSpec

Match = str | tuple[str, ...]
"""A label's value; several, any of which will do; `~` and a regular expression; or a variable."""

SCRAPE_LABELS = ("job", "instance")


class QueryError(ValueError):
    """A query asks for a label or a value that the metric does not have."""


def selector(spec: MetricSpec, suffix: str, own: Iterable[str], match: dict[str, Match]) -> str:
    """Selector of the samples `name + suffix` with the matchers `own` and those of `match`."""
    matchers = [*own, *(_matcher(spec, label, each) for label, each in match.items())]
    return f"{spec.name}{suffix}" + (f"{{{', '.join(matchers)}}}" if matchers else "")


def _matcher(spec: MetricSpec, label: str, match: Match) -> str:
    values = (match,) if isinstance(match, str) else match
    check_label(spec, label, values)
    if len(values) > 1:
        return f'{label}=~"{"|".join(_escaped(each) for each in values)}"'
    (only,) = values
    if only.startswith("~"):
        return f'{label}=~"{_quoted(only[1:])}"'
    return f'{label}{"=~" if only.startswith("$") else "="}"{_quoted(only)}"'


def check_label(spec: MetricSpec, label: str, values: tuple[str, ...]) -> None:
    """Raise QueryError where `spec` has no such label, or never one of the values."""
    if label == "le" and spec.kind == "histogram":
        return
    found = [each for each in spec.labels if each.name == label]
    if not found:
        raise QueryError(f"{spec.name} has no label {label!r}")
    allowed = found[0].values
    for each in values:
        if isinstance(allowed, tuple) and each[:1] not in ("$", "~") and each not in allowed:
            raise QueryError(f"{spec.name}: {label} is never {each!r}")


def _escaped(text: str) -> str:
    """`text` as a regular expression (RE2) inside a PromQL string."""
    return _quoted("".join(f"\\{char}" if char in r"\.+*?()|[]{}^$" else char for char in text))


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
