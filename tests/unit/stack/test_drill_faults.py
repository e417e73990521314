"""The faults of a drill, and that it reaches nobody but its own receiver."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from alerts.build import PLACES, Clock, write
from alerts.rules import alerts
from backend import datasets
from backend.conversion.layout import parse_file_name
from backend.settings import Settings
from stack.drill import catalog
from stack.drill.command import SCALE, drill_environment, main
from stack.drill.expected import Timetable
from stack.drill.faults import FAULTS, choose
from stack.drill.receiver import ALERTS, DEADMAN, Receiver
from stack.drill.starting import MEMORY_LIMIT_MIB
from stack.drill.world import frozen
from stack.settings import DEFAULT_PORTS, load_settings
from stack.ticks import ensure_ticks


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as started:
        yield started


def test_workers_of_a_drill_have_the_memory_of_others() -> None:
    """What a drill proves holds without one."""
    limit = Settings.model_fields["worker_memory_limit"].default
    assert limit == MEMORY_LIMIT_MIB * 2**20


@pytest.fixture(scope="module")
def timetable(tmp_path_factory: pytest.TempPathFactory) -> Timetable:
    """Of the rules as a drill renders them."""
    folder = tmp_path_factory.mktemp("place")
    write(folder, replace(PLACES["drill"], clock=Clock(Decimal(SCALE))))
    prometheus = folder / "prometheus.yml"
    prometheus.write_text((Path(__file__).parents[3] / "prometheus.yml").read_text())
    return Timetable.read(prometheus, folder / "alertmanager" / "alertmanager.yml", resend=60)


def test_there_are_at_least_eight_faults_with_names_of_their_own() -> None:
    """The issue asks for eight."""
    assert len(FAULTS) >= 8
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_every_expected_alert_has_a_rule_and_a_time(fault, timetable: Timetable) -> None:
    """A renamed alert or label value is found without breaking anything."""
    assert fault.expects
    for each in fault.expects:
        if not each.from_deadman:
            found = timetable.expected(each.alert, each.labels, each.lead)
            assert 0 < found.firing < 300, found.made_of
            assert 0 < found.resolved < 300


def test_alerts_that_may_come_beside_a_fault_exist() -> None:
    """A name that no rule has explains nothing."""
    assert {name for fault in FAULTS for name in fault.also} <= alerts().keys()


def test_no_names_choose_all_and_names_choose_in_order() -> None:
    """The drill's own order is kept: it knows whose traces last."""
    assert choose([]) == FAULTS
    last, first = FAULTS[-1], FAULTS[0]
    assert choose([last.name, first.name]) == (first, last)


def test_an_unknown_fault_is_refused_with_those_there_are(capsys) -> None:
    """Exit code 2, before anything is started."""
    assert main(["--only", "no-such-fault"]) == 2
    said = capsys.readouterr().out
    assert "no-such-fault" in said
    assert FAULTS[0].name in said


def test_the_list_shows_every_fault(capsys) -> None:
    """`--list` starts nothing."""
    assert main(["--list"]) == 0
    said = capsys.readouterr().out
    assert all(fault.name in said for fault in FAULTS)


def test_a_drill_pages_nobody(receiver: Receiver, tmp_path: Path) -> None:
    """People's receivers are left out, whatever the environment and `.env` say."""
    (tmp_path / ".env").write_text("SLACK_API_URL_FILE=/secrets/slack\nSLACK_CHANNEL=#on-call\n")
    user = load_settings({
        "ALERT_EMAIL_TO": "me@example.org", "SMTP_SMARTHOST": "mail:25", "SMTP_FROM": "a@b",
        "PAGERDUTY_ROUTING_KEY_FILE": "/secrets/key", "ALERT_WEBHOOK_URL": "http://people/hook",
        "ALERT_WEBHOOK_TOKEN_FILE": "/secrets/token", "DEADMAN_WEBHOOK": "http://people/deadman",
    }, root=tmp_path)  # fmt: skip
    found = drill_environment(user.environment, receiver, tmp_path / "drill")
    told = {name for name, value in found.items() if value and name.startswith(
        ("ALERT_", "DEADMAN_", "PAGERDUTY_", "SLACK_", "SMTP_"))}  # fmt: skip
    assert told == {"ALERT_TIME_SCALE", "ALERT_WEBHOOK_URL", "DEADMAN_WEBHOOK"}
    assert found["ALERT_WEBHOOK_URL"] == receiver.url(ALERTS)
    assert found["DEADMAN_WEBHOOK"] == receiver.url(DEADMAN)


def test_a_drill_has_ports_and_a_folder_of_its_own(receiver: Receiver, tmp_path: Path) -> None:
    """A stack that runs is not disturbed."""
    user = load_settings({"BACKEND_PORT": "8000", "VAR_DIR": "theirs"}, root=tmp_path)
    found = drill_environment(user.environment, receiver, tmp_path / "drill")
    assert {found[name] for name in DEFAULT_PORTS} == {"0"}
    assert found["VAR_DIR"] == str(tmp_path / "drill")


@pytest.mark.parametrize(("set_to", "scale"), [("", SCALE), ("0.1", "0.1")])
def test_one_setting_scales_the_windows(
    receiver: Receiver, tmp_path: Path, set_to: str, scale: str
) -> None:
    """ALERT_TIME_SCALE wins; a drill has a default of its own."""
    found = drill_environment({"ALERT_TIME_SCALE": set_to}, receiver, tmp_path)
    assert load_settings(found, root=tmp_path).alert_time_scale == Decimal(scale)


def test_the_raw_folder_has_the_ticks_and_describes_the_bad_file(tmp_path: Path) -> None:
    """Bad rows are of an instrument of their own, so that no other run is touched by them."""
    ticks = ensure_ticks(tmp_path / "ticks", total_rows=1_000)
    catalog.raw_folder(ticks.folder, ticks.datasets_file, tmp_path / "raw")
    linked = sorted(path.name for path in (tmp_path / "raw" / "by_date").rglob("*.parquet"))
    assert linked == ["sim_EURUSD_quotes.parquet", "sim_EURUSD_trades.parquet"]
    known = datasets.load(tmp_path / "raw" / "datasets.toml")
    found = known.find("drill_bad_quotes.parquet")
    assert found is not None
    assert found.instrument_ids == ["DRILL/USD.SIM"]


def test_fragments_are_files_that_every_query_of_the_day_opens(tmp_path: Path) -> None:
    """Each has a name of its own that the catalog takes for nearly the whole day."""
    name = "2025-03-12T00-00-00-807456000Z_2025-03-12T23-59-59-932146000Z.parquet"
    whole, seed = tmp_path / name, tmp_path / "fragment.seed"
    pq.write_table(pa.table({"ts_init": [1]}), seed)
    whole.touch()
    catalog._fragments(whole, seed, 0, 10)
    catalog._fragments(whole, seed, 10, 25)
    files = sorted(tmp_path.glob("*.parquet"))
    assert len(files) == 26
    midnight = datetime(2025, 3, 12, tzinfo=UTC)
    for path in files:
        span = parse_file_name(path.name)
        assert span is not None
        first, last = (datetime.fromtimestamp(ns // 10**9, UTC) for ns in span)
        assert midnight <= first < midnight + timedelta(seconds=1)
        assert last == midnight + timedelta(days=1, seconds=-1)


def test_a_frozen_process_goes_on_afterwards() -> None:
    """SIGSTOP and SIGCONT, whatever happens in between."""
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        process = psutil.Process(child.pid)
        with contextlib.suppress(KeyError), frozen(child.pid):
            os.waitpid(child.pid, os.WUNTRACED)
            assert process.status() == psutil.STATUS_STOPPED
            raise KeyError
        child.communicate(b"\n", timeout=60)
        assert child.returncode == 0
    finally:
        if child.poll() is None:
            child.send_signal(signal.SIGKILL)
            child.wait(60)
