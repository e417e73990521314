"""The exporter's view of a shared folder."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nautilus_instrumentation import metrics
from nautilus_instrumentation.exposition import archive, directory
from nautilus_instrumentation.exposition.collector import DirectoryCollector, DirectoryInUseError
from nautilus_instrumentation.recorder import Recorder

RUNS = metrics.BACKTEST_RUNS
ORDERS = metrics.ENGINE_ORDERS
DURATION = metrics.BACKTEST_DURATION
ERRORS = metrics.TELEMETRY_ERRORS

Process = Callable[..., Recorder]
Collect = Callable[..., DirectoryCollector]
Start = Callable[..., Any]


def _run(recorder: Recorder, seconds: float = 2.0, trace: str = "a") -> None:
    recorder.counter(RUNS, "x", "ok").inc(exemplar={"trace_id": trace})
    recorder.histogram(DURATION, "x", "1h").observe(seconds, {"trace_id": trace})


def _exemplars(seen: Any, spec: metrics.MetricSpec) -> set[str]:
    names = (spec.name, f"{spec.family}_bucket")
    return {
        sample.exemplar.labels["trace_id"]
        for name in names
        for sample in seen.named(name)
        if sample.exemplar
    }


def _counts(collector: DirectoryCollector) -> dict[str, float]:
    """Samples that only grow, by the beginning of their line."""
    endings = ("_total", "_bucket", "_sum", "_count")
    samples = (
        line.rpartition(" ")
        for line in collector.scrape().body.decode().splitlines()
        if not line.startswith("#")
    )
    return {
        head: float(value) for head, _, value in samples if head.partition("{")[0].endswith(endings)
    }


KILLED = """
recorder.counter(metrics.BACKTEST_RUNS, "x", "ok").inc()
recorder.histogram(metrics.BACKTEST_DURATION, "x", "1h").observe(2, {"trace_id": "of the dead"})
recorder.gauge(metrics.ENGINE_RETAINED_MEMORY, "3").set(5e8)
recorder.gauge(metrics.JOB_QUEUE_DEPTH, "sweep").set(7)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_process_loses_nothing(worker: Start, collect: Collect, scrape: Any) -> None:
    """Counters, histograms, exemplars and last values stay; what only the living have goes."""
    assert worker(KILLED).ended() == -9
    collector = collect()
    for seen in (scrape(collector), scrape(collector), scrape(collect())):
        assert seen.value(RUNS.name, strategy="x", status="ok") == 1
        assert seen.value(f"{DURATION.family}_sum", strategy="x", window="1h") == 2
        assert seen.value(metrics.ENGINE_RETAINED_MEMORY.name, slot="3") == 5e8
        assert seen.value(metrics.JOB_QUEUE_DEPTH.name, job_type="sweep") == 0
        assert _exemplars(seen, DURATION) == {"of the dead"}


def test_an_exemplar_of_a_live_worker_is_shown(
    worker: Start, collect: Collect, scrape: Any
) -> None:
    """With value and time, in the bucket that the value fell into."""
    live = worker("""
recorder.histogram(metrics.BACKTEST_DURATION, "x", "1h").observe(2, {"trace_id": "of the live"})
say("ready")
sys.stdin.readline()
""")
    live.heard()
    bucket = f"{DURATION.family}_bucket"
    sample = scrape(collect()).sample(bucket, strategy="x", window="1h", le="2.5")
    assert sample.exemplar.labels == {"trace_id": "of the live"}
    assert sample.exemplar.value == 2


def test_counters_never_go_back_while_workers_come_and_go(
    folder: Path, process: Process, collect: Collect
) -> None:
    """Recycled 30 times, scraped at every step, restarted twice; the files stay few."""
    collector = collect()
    last: dict[str, float] = {}
    for turn in range(30):
        recorder = process(turn % 4)
        for step in (lambda r=recorder: _run(r), recorder.store.close, lambda: None):
            step()
            now = _counts(collector)
            assert all(now[key] >= value for key, value in last.items())
            last = now
        assert now[f'{RUNS.name}{{strategy="x",status="ok"}}'] == turn + 1
        if turn in (10, 20):
            collector = collect()
    assert len(list(folder.glob("*.db"))) <= 4
    assert len(list(folder.glob("process_*"))) == 1


def test_a_crash_after_the_archive_was_written_counts_nothing_twice(
    folder: Path, tmp_path: Path, process: Process, collect: Collect, scrape: Any
) -> None:
    """The files of the dead are still there when the next exporter starts: it removes them."""
    recorder = process()
    _run(recorder)
    recorder.store.close()
    shutil.copytree(folder, tmp_path / "before")
    collector = collect()
    assert scrape(collector).value(RUNS.name, strategy="x", status="ok") == 1
    shutil.copytree(tmp_path / "before", folder, dirs_exist_ok=True)
    assert scrape(collect()).value(RUNS.name, strategy="x", status="ok") == 1
    ident = recorder.store._ident  # type: ignore[attr-defined]
    assert list(folder.glob(f"*{ident}*")) == []


def test_a_crash_before_the_archive_was_written_loses_nothing(
    folder: Path, process: Process, collect: Collect, scrape: Any
) -> None:
    """A half-written archive beside the old one is not looked at."""
    recorder = process()
    _run(recorder)
    recorder.store.close()
    (folder / f".{archive.NAME}.new").write_text('{"format": 1, "sour')
    assert scrape(collect()).value(RUNS.name, strategy="x", status="ok") == 1


def test_an_archive_that_cannot_be_written_leaves_the_files(
    folder: Path, process: Process, collect: Collect, scrape: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The dead are read at each scrape until there is room, and counted once."""
    recorder = process()
    _run(recorder)
    recorder.store.close()

    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    collector = collect()
    with monkeypatch.context() as patch:
        patch.setattr(archive, "save", full)
        for _ in range(3):
            assert scrape(collector).value(RUNS.name, strategy="x", status="ok") == 1
        assert not (folder / archive.NAME).exists()
    seen = scrape(collector)
    assert seen.value(RUNS.name, strategy="x", status="ok") == 1
    assert seen.value(ERRORS.name, site="exposition.archive") == 3
    assert _exemplars(seen, RUNS) == {"a"}
    assert scrape(collect()).value(RUNS.name, strategy="x", status="ok") == 1


def test_files_that_cannot_be_removed_are_not_counted_again(
    folder: Path, process: Process, collect: Collect, scrape: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The archive says that it holds them, also to the next exporter."""
    recorder = process()
    _run(recorder)
    recorder.store.close()

    def refuse(*args: object) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(directory, "remove_files", refuse)
        for collector in (collect(), collect()):
            for _ in range(2):
                assert scrape(collector).value(RUNS.name, strategy="x", status="ok") == 1
    scrape(collect())
    ident = recorder.store._ident  # type: ignore[attr-defined]
    assert list(folder.glob(f"*{ident}*")) == []


def test_a_broken_archive_is_set_aside(folder: Path, collect: Collect, scrape: Any) -> None:
    """Counted and kept for whoever wants to look; the scrape goes on."""
    folder.mkdir()
    (folder / archive.NAME).write_text('{"format": 1, "families": {"x": 3}}')
    seen = scrape(collect())
    assert seen.value(ERRORS.name, site="exposition.archive") == 1
    assert (folder / f"{archive.NAME}.broken").exists()


@pytest.mark.parametrize(
    "content",
    [b"x", b"\xff" * 100, b"\x40\0\0\0" + b"\0" * 100, b"\x10" + b"\0" * 7],
    ids=["one byte", "ones", "an empty key", "shorter than it claims"],
)
@pytest.mark.parametrize("alive", [True, False])
def test_a_broken_file_is_left_out_and_counted(
    folder: Path, process: Process, collect: Collect, scrape: Any, content: bytes, alive: bool
) -> None:
    """Once for the file, not for each scrape; all others are served."""
    good, bad = process(0), process(1)
    _run(good)
    _run(bad)
    ident = bad.store._ident  # type: ignore[attr-defined]
    if not alive:
        bad.store.close()
    (folder / f"histogram_{ident}.db").unlink()
    (folder / f"histogram_{ident}.db").write_bytes(content)
    collector = collect()
    for _ in range(3):
        seen = scrape(collector)
    assert seen.value(RUNS.name, strategy="x", status="ok") == 2
    assert seen.value(f"{DURATION.family}_count", strategy="x", window="1h") == 1
    assert seen.value(ERRORS.name, site="exposition.file") == 1


@pytest.mark.parametrize("name", ["process_1-00000000.json", "cpu.json", "exemplars_{}.bin"])
def test_other_broken_files_do_not_stop_the_scrape(
    folder: Path, process: Process, collect: Collect, scrape: Any, name: str
) -> None:
    """Registrations, CPU state and exemplars may be garbage too."""
    recorder = process()
    _run(recorder)
    ident = recorder.store._ident  # type: ignore[attr-defined]
    path = folder / name.format(ident)
    path.unlink(missing_ok=True)
    path.write_bytes(b'{"slot": "\xff' * 40)
    collector = collect()
    collector.sample()
    for _ in range(2):
        assert scrape(collector).value(RUNS.name, strategy="x", status="ok") == 1


def test_files_of_others_are_left_alone(folder: Path, collect: Collect, scrape: Any) -> None:
    """A host may keep prometheus_client's own files, or anything else, in the same folder."""
    folder.mkdir()
    others = ["counter_12.db", "notes.txt", "process_12.json", "counter_12-abcdef01.db"]
    for name in others:
        (folder / name).write_bytes(b"not ours")
    collector = collect()
    seen = scrape(collector)
    assert {(folder / name).read_bytes() for name in others} == {b"not ours"}
    assert seen.named(ERRORS.name) == []


def test_gauges_are_summed_or_the_latest_as_their_spec_says(
    process: Process, collect: Collect, scrape: Any
) -> None:
    """Sums count the living; the latest value stays, whoever wrote it."""
    first, second = process(0), process(1)
    for recorder, value in ((first, 3), (second, 4)):
        recorder.gauge(metrics.JOB_QUEUE_DEPTH, "sweep").set(value)
        recorder.gauge(metrics.WEB_BUNDLE, "total").set(value)
    first.gauge(metrics.WEB_BUNDLE, "total").set(5)
    collector = collect()
    for alive, depth in (((first, second), 7), ((first,), 3), ((), 0)):
        for recorder in {first, second} - set(alive):
            recorder.store.close()
        seen = scrape(collector)
        assert seen.value(metrics.JOB_QUEUE_DEPTH.name, job_type="sweep") == depth
        assert seen.value(metrics.WEB_BUNDLE.name, part="total") == 5


def test_closed_combinations_are_zero_from_the_start(collect: Collect, scrape: Any) -> None:
    """Every family is there, and each listed combination of those without open labels."""
    seen = scrape(collect())
    for spec in metrics.HOST:
        assert seen.text.count(f"# TYPE {spec.family} ") == 1
        assert seen.text.count(f"# HELP {spec.family} ") == 1
        if spec.labels and all(label.closed for label in spec.labels) and spec.unit != "ratio":
            first = {label.name: label.values[0] for label in spec.labels}  # type: ignore[index]
            name = f"{spec.family}_count" if spec.kind == "histogram" else spec.name
            assert seen.value(name, **first) == 0, spec.name


def test_closed_labels_beside_an_open_one_are_filled_when_it_is_seen(
    process: Process, collect: Collect, scrape: Any
) -> None:
    """The first error of a strategy is an increase, not a new series."""
    process().counter(RUNS, "x", "ok").inc()
    seen = scrape(collect())
    statuses = {sample.labels["status"]: sample.value for sample in seen.named(RUNS.name)}
    assert statuses == {**dict.fromkeys(metrics.RUN_STATUSES, 0.0), "ok": 1.0}


def test_a_ratio_that_nobody_measured_is_absent(
    process: Process, collect: Collect, scrape: Any
) -> None:
    """Zero would be the best, or the worst, there is."""
    recorder = process()
    recorder.gauge(metrics.BACKTEST_THROUGHPUT_RATIO, "x", "1h").set(1.1)
    recorder.gauge(metrics.CONVERSION_REPEAT_RATIO, "quote")
    seen = scrape(collect())
    assert seen.named(metrics.CONVERSION_REPEAT_RATIO.name) == []
    assert len(seen.named(metrics.BACKTEST_THROUGHPUT_RATIO.name)) == 1


def test_the_cap_holds_for_the_host_as_a_whole(
    process: Process, collect: Collect, scrape: Any
) -> None:
    """Each process admits its own names; the exporter keeps the first and adds up the rest."""
    for slot in range(4):
        process(slot).counter(ORDERS, f"strategy {slot}").inc()
    for collector in (collect(caps={"strategy": 2}), collect(caps={"strategy": 2})):
        values = sorted(sample.value for sample in scrape(collector).named(ORDERS.name))
        assert values == [1, 1, 2]


def test_scraping_twice_gives_the_same(process: Process, collect: Collect) -> None:
    """In both formats, byte for byte, process figures apart."""
    recorder = process()
    _run(recorder)
    collector = collect()
    for accept in ("", "application/openmetrics-text"):
        first, second = collector.scrape(accept).body, collector.scrape(accept).body
        assert first == second


def test_one_exporter_for_each_folder(folder: Path, collect: Collect) -> None:
    """A second one would fold the same files."""
    collect()
    with pytest.raises(DirectoryInUseError, match=str(folder)):
        DirectoryCollector(folder, lock_seconds=0.0)


def test_the_exporter_remembers_its_own_errors(
    folder: Path, process: Process, collect: Collect, scrape: Any
) -> None:
    """They are counted in the folder like everybody's and survive its restart."""
    recorder = process()
    _run(recorder)
    ident = recorder.store._ident  # type: ignore[attr-defined]
    (folder / f"counter_{ident}.db").unlink()
    (folder / f"counter_{ident}.db").write_bytes(b"broken")
    scrape(collect())
    recorder.store.close()
    assert scrape(collect()).value(ERRORS.name, site="exposition.file") >= 1


def test_errors_of_workers_are_summed_by_site(
    process: Process, collect: Collect, scrape: Any
) -> None:
    """An error that a guard swallows in any process shows up."""
    for slot in range(2):
        with process(slot).store.guard("engine"):
            raise ValueError("broken")
    assert scrape(collect()).value(ERRORS.name, site="engine") == 2


def test_build_info_tells_the_versions(process: Process, collect: Collect, scrape: Any) -> None:
    """One series for processes that run the same versions."""
    process()
    (sample,) = scrape(collect()).named(metrics.BUILD_INFO.name)
    assert sample.value == 1
    assert set(sample.labels) == set(metrics.BUILD_INFO.label_names)
    assert all(sample.labels.values())


def test_a_registration_that_never_appeared_is_removed(
    folder: Path, collect: Collect, scrape: Any
) -> None:
    """Its process was killed while it started; a fresh one is left to go on."""
    folder.mkdir()
    old, fresh = (folder / f"starting_1-0000000{digit}.json" for digit in (1, 2))
    for path in (old, fresh):
        path.write_text("{")
    os.utime(old, (1e9, 1e9))
    scrape(collect())
    assert not old.exists()
    assert fresh.exists()


def test_a_folder_that_vanishes_under_the_exporter_is_counted(
    folder: Path, process: Process, collect: Collect, scrape: Any
) -> None:
    """It serves on, and takes up the processes that come back."""
    collector = collect()
    shutil.rmtree(folder)
    seen = scrape(collector)
    assert seen.value(RUNS.name, strategy="x", status="ok") is None
    collector.sample()
    _run(process())
    seen = scrape(collector)
    assert seen.value(RUNS.name, strategy="x", status="ok") == 1
    assert seen.value(ERRORS.name, site="exposition.folder") >= 1
