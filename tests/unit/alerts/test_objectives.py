"""The platform's targets: what the file says, and what it may not say."""

from decimal import Decimal
from pathlib import Path

import pytest

from alerts.objectives import ObjectiveError, load, objectives

GOOD = {
    "title": '"Backtests"',
    "protects": '"People."',
    "indicator": '{ metric = "nautilus_backtest_duration_seconds", labels = { window = "5m" } }',
    "threshold": "10",
    "target": "0.99",
    "window": '"30d"',
    "severity": '"page"',
    "runbook": '"Slow"',
    "board": '"backtest"',
}


def written(folder: Path, **changes: str | None) -> Path:
    """A file with one table `it`, which differs from a good one by `changes` (None: left out)."""
    keys = {**GOOD, **changes}
    lines = [f"{key} = {value}" for key, value in keys.items() if value is not None]
    path = folder / "objectives.toml"
    path.write_text("\n".join(["[it]", *lines]))
    return path


@pytest.mark.parametrize(
    ("name", "threshold"),
    [
        ("backtest_5m", 10), ("backtest_1h", 60), ("backtest_1d", 300), ("repeat_conversion", 0.1),
        ("health", 0.1), ("list_results", 0.5), ("get_result", 0.2), ("page_load", 2),
        ("time_to_interactive", 3), ("interaction", 0.1), ("run_memory", 2e9),
        ("results_available", None),
    ],
)  # fmt: skip
def test_the_file_holds_the_targets_of_the_mission(name: str, threshold: float | None) -> None:
    """Each target is an objective with the mission's threshold."""
    assert objectives()[name].threshold == threshold


@pytest.mark.parametrize("name", list(objectives()))
def test_a_threshold_on_a_histogram_is_a_bucket_bound(name: str) -> None:
    """A share of good events can be read from the buckets without interpolation."""
    objective = objectives()[name]
    if objective.indicator.metric.kind == "histogram" and objective.threshold is not None:
        assert objective.threshold in objective.indicator.metric.buckets


def test_the_bucket_is_named_as_the_exporter_names_it() -> None:
    """`le` of 2 GB is in Go's notation, and of a whole number ends in .0."""
    found = objectives()
    assert (found["run_memory"].bound, found["backtest_5m"].bound) == ("2e+09", "10.0")


def test_an_objective_without_a_histogram_has_no_bucket() -> None:
    """Asking a gauge for its bucket is an error, not a bound."""
    with pytest.raises(TypeError, match="repeat_conversion has no bucket"):
        _ = objectives()["repeat_conversion"].bound


def test_budgets_are_exact(tmp_path: Path) -> None:
    """The error budget of 0.999 is 0.001, not its neighbour in binary."""
    objective = load(written(tmp_path, target="0.999"))["it"]
    assert objective.error_budget == Decimal("0.001")


def test_a_window_has_a_length(tmp_path: Path) -> None:
    """30d is 2592000 seconds."""
    assert load(written(tmp_path))["it"].window_seconds == 2_592_000


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"title": None}, "title: must be a text"),
        ({"title": '" "'}, "title: must be a text"),
        ({"colour": '"red"'}, "colour: is not known"),
        ({"target": '"0.99"'}, "target: must be a number"),
        ({"target": "true"}, "target: must be a number"),
        ({"target": "1"}, "target: must be above 0 and below 1, is 1"),
        ({"target": "0"}, "target: must be above 0 and below 1, is 0"),
        ({"threshold": "11"}, "threshold: 11 is no bucket bound of "),
        ({"threshold": None}, "threshold: must be a number"),
        ({"window": '"30 days"'}, "window: must be a duration such as 30d, is '30 days'"),
        ({"severity": '"high"'}, "severity: must be one of page, ticket, is 'high'"),
        ({"runbook": '"docs/slow.md"'}, "runbook: must be the name of a page"),
        ({"board": '"nautobs-api"'}, "board: must be the topic of a dashboard"),
        ({"indicator": '"up"'}, "indicator: must be a table"),
        ({"indicator": '{ metric = "up" }'}, "indicator.metric: no metric is called 'up'"),
        ({"indicator": "{ metrics = 1 }"}, "indicator.metrics: is not known"),
        ({"bad": '{ window = "5m" }'}, "threshold: cannot be combined"),
        ({"bad": '{ shape = "5m" }', "threshold": None}, "bad.shape: "),
    ],
)
def test_a_wrong_file_is_refused_by_table_and_key(
    tmp_path: Path, changes: dict[str, str | None], message: str
) -> None:
    """The error says which table and which key to mend."""
    with pytest.raises(ObjectiveError) as raised:
        load(written(tmp_path, **changes))
    assert f"objectives.toml: [it] {message}" in str(raised.value)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ('{ shape = "x" }', "indicator.labels.shape: "),
        ('{ window = "2h" }', "indicator.labels.window: '2h' is not one of 5m, 1h"),
        ("{ window = [] }", "indicator.labels.window: must be a text or a list of texts"),
        ('"5m"', "indicator.labels: must be a table"),
    ],
)
def test_a_wrong_label_is_refused_by_name(tmp_path: Path, labels: str, message: str) -> None:
    """Labels are checked against the metric, and closed sets of values against their list."""
    indicator = f'{{ metric = "nautilus_backtest_duration_seconds", labels = {labels} }}'
    with pytest.raises(ObjectiveError) as raised:
        load(written(tmp_path, indicator=indicator))
    assert f"[it] {message}" in str(raised.value)


def test_a_counter_needs_to_know_its_bad_events(tmp_path: Path) -> None:
    """Without thresholds, something else must tell good from bad."""
    indicator = '{ metric = "nautilus_backtest_runs_total" }'
    with pytest.raises(ObjectiveError, match="bad: is what a counter needs"):
        load(written(tmp_path, indicator=indicator, threshold=None))


def test_a_file_that_is_not_toml_is_refused_by_name(tmp_path: Path) -> None:
    """A syntax error names the file."""
    path = tmp_path / "objectives.toml"
    path.write_text("[it")
    with pytest.raises(ObjectiveError, match=r"objectives\.toml: "):
        load(path)
