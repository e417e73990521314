"""What is chosen to be backtested."""

from datetime import UTC, datetime

from stack.targets import OFFSETS, SPANS, Target, backtest, first_time, targets_in


def file(path: str, rows: int | None = 10, state: str = "new", ids: tuple[str, ...] = ("A.X",)):
    return {"path": path, "kind": "quote", "rows": rows, "state": state, "instrument_ids": ids}


def test_files_that_cannot_be_used_are_left_out() -> None:
    """Unmatched, unreadable and empty files make no targets."""
    files = [file("good"), file("a", state="unmatched", ids=()), file("b", None), file("c", 0)]
    assert [t.path for t in targets_in([{"day": "2024-01-02", "files": files}])] == ["good"]


def test_the_largest_file_comes_first() -> None:
    """The first round works on the fullest day."""
    days = [{"day": "2024-01-02", "files": [file("small", 5), file("large", 50)]}]
    assert [target.path for target in targets_in(days)] == ["large", "small"]


def test_a_request_spans_its_window() -> None:
    """`5m` is five minutes."""
    target = Target("A.X", "quote", "2024-01-02", "f", 1)
    body = backtest(target, "idle", target.midnight, "5m")
    assert (body["start"], body["end"]) == (
        "2024-01-02T00:00:00+00:00",
        "2024-01-02T00:05:00+00:00",
    )


def test_a_window_starts_no_later_than_its_first_tick() -> None:
    """Nanoseconds are cut, not rounded up past the tick."""
    start = first_time({"ticks": [{"ts_init": 1_704_153_600_000_001_999}]})
    assert start == datetime(2024, 1, 2, 0, 0, 0, 1, tzinfo=UTC)


def test_no_ticks_give_no_time() -> None:
    """An empty answer is not an error."""
    assert first_time({"ticks": []}) is None


def test_offsets_visit_every_five_minutes_of_a_day() -> None:
    """The windows of successive rounds cover the day before one comes again."""
    steps = SPANS["1d"] // SPANS["5m"]
    assert len({number * OFFSETS % steps for number in range(steps)}) == steps
