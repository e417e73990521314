"""What the doctor finds, and its verdicts."""

import socket
from collections import Counter
from pathlib import Path

import pytest

from stack import doctor
from stack.console import digest
from stack.doctor import Verdict
from stack.settings import DEFAULT_PORTS, load_settings


@pytest.fixture
def settings(tmp_path: Path):
    return load_settings(dict.fromkeys(DEFAULT_PORTS, "0") | {"PATH": str(tmp_path)}, root=tmp_path)


def test_free_ports_are_good(settings) -> None:
    """Nothing runs: each port is free for its service."""
    assert [check.verdict for check in doctor.ports(settings)] == [Verdict.GOOD] * 6


def test_a_healthy_service_is_good(backend) -> None:
    """A service that answers its health call is recognised as running."""
    backend.answers["GET /ready"] = (200, {"status": "ok", "checks": []})
    check = doctor.running("backend", f"{backend.url}/api/ready", "")
    assert (check.verdict, "healthy" in check.found) == (Verdict.GOOD, True)


def test_a_degraded_service_is_a_warning_with_the_reason(backend) -> None:
    """What the backend says is amiss is shown."""
    checks = [{"name": "catalog", "ok": False, "detail": "catalog cannot be written"}]
    backend.answers["GET /ready"] = (200, {"status": "degraded", "checks": checks})
    check = doctor.running("backend", f"{backend.url}/api/ready", "")
    assert check.verdict == Verdict.WARNING
    assert "catalog cannot be written" in check.found


RULE = {"name": "TargetDown", "health": "ok"}


@pytest.mark.parametrize(
    ("rules", "verdict", "found"),
    [
        ([RULE, RULE], Verdict.GOOD, "2 rules are evaluated"),
        ([], Verdict.WARNING, "none are loaded"),
        ([RULE, {"name": "Bad", "health": "err", "lastError": "no such function"}],
         Verdict.WARNING, "Bad: no such function"),
    ],
)  # fmt: skip
def test_rules_that_are_not_evaluated_are_a_warning(backend, rules, verdict, found) -> None:
    """Without them nobody is told of anything."""
    backend.answers["GET /v1/rules"] = (200, {"data": {"groups": [{"rules": rules}]}})
    (check,) = doctor.rules(backend.url)
    assert (check.verdict, check.found) == (verdict, found)


@pytest.mark.parametrize(
    ("checks", "verdict"),
    [
        ([], Verdict.GOOD),
        ([{"name": "watchdog", "ok": True, "detail": "the last came 3 s ago"}], Verdict.GOOD),
        ([{"name": "watchdog", "ok": False, "detail": "no Watchdog"}], Verdict.WARNING),
    ],
)
def test_a_watchdog_that_does_not_come_is_a_warning(backend, checks, verdict) -> None:
    """And one that nobody expects is none."""
    backend.answers["GET /ready"] = (200, {"status": "ok", "checks": checks})
    (check,) = doctor.watchdog(backend.url)
    assert check.verdict == verdict


def test_of_a_stack_that_does_not_run_nothing_is_said(backend) -> None:
    """Free ports are told elsewhere, and so are strangers."""
    backend.answers["GET /v1/rules"] = backend.answers["GET /ready"] = (200, ["a stranger"])
    for url in (backend.url, "http://127.0.0.1:9"):
        assert [*doctor.rules(url), *doctor.watchdog(url)] == []


def test_a_stranger_on_the_port_is_broken(settings, backend) -> None:
    """Another program on one of our ports keeps the demo from starting."""
    port = int(backend.url.rsplit(":", 1)[1])
    taken = load_settings(
        dict(settings.environment) | {"METRICS_PORT": str(port)}, root=settings.var_dir.parent
    )
    found = {check.what: check for check in doctor.ports(taken)}
    assert found["exporter"].verdict == Verdict.BROKEN
    assert "METRICS_PORT" in found["exporter"].mend


def test_a_port_that_does_not_answer_is_broken() -> None:
    """A listener that does not speak HTTP is told apart from a free port."""
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{mute.getsockname()[1]}/api/ready"
        assert doctor.running("backend", url, "mend").verdict == Verdict.BROKEN


@pytest.mark.parametrize(
    ("version", "verdict"),
    [((3, 10), Verdict.BROKEN), ((3, 11), Verdict.GOOD), ((3, 13), Verdict.GOOD),
     ((3, 14), Verdict.BROKEN)],
)  # fmt: skip
def test_the_interpreter_must_be_one_that_nautilus_has_wheels_for(
    version: tuple[int, int], verdict: Verdict
) -> None:
    """3.11 to 3.13."""
    assert doctor.python(version).verdict == verdict


def test_a_missing_package_is_broken() -> None:
    """Without its packages nothing starts, and make setup mends it."""
    (check,) = doctor.distributions(("no-such-package-anywhere",))
    assert (check.verdict, check.mend) == (Verdict.BROKEN, "run: make setup")


def test_programs_that_cannot_be_had_are_a_warning(
    settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The demo goes on without Prometheus, so that is no breakage."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert {check.verdict for check in doctor.tools(settings)} == {Verdict.WARNING}


def test_data_without_days_is_broken(tmp_path: Path) -> None:
    """A raw folder of the user's that holds no day is said before the demo fails on it."""
    (tmp_path / "datasets.toml").touch()
    settings = load_settings({"RAW_TICK_DIR": str(tmp_path)}, root=tmp_path)
    assert doctor.data(settings).verdict == Verdict.BROKEN


def test_the_worst_verdict_is_the_exit_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong setting is a breakage that names its variable."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BACKEND_PORT", "eighty")
    assert doctor.main() == Verdict.BROKEN


def test_the_doctor_brings_the_token(backend, settings, tmp_path: Path) -> None:
    """To the backend alone, which asks for it on reads where the network can reach it."""
    (tmp_path / "token").write_text("a-token-of-many-letters\n")
    port = backend.url.rpartition(":")[2]
    given = dict.fromkeys(DEFAULT_PORTS, port) | {"API_TOKEN_FILE": "token", "PATH": str(tmp_path)}
    doctor.examine(load_settings(given, root=tmp_path))
    asked = Counter(zip(backend.asked, backend.authorizations, strict=True))
    # The backend and its watchdog; the trace store answers in two places.
    assert asked["GET /ready", "Bearer a-token-of-many-letters"] == 2
    assert asked["GET /ready", ""] == 2
    assert [each for each in asked if each[1]] == [("GET /ready", "Bearer a-token-of-many-letters")]


def test_a_redis_of_the_users_own_is_not_looked_for(settings) -> None:
    """The demo takes it as it is, and its address may hold a password."""
    environment = dict(settings.environment) | {"REDIS_URL": "redis://:secret@cache.example"}
    found = {check.what: check for check in doctor.tools(load_settings(environment))}
    assert found["Redis"] == doctor.Check("Redis", Verdict.GOOD, "the one at REDIS_URL")


def test_a_console_that_is_not_built_is_told(tmp_path: Path) -> None:
    """And that nothing needs to be done for it."""
    (tmp_path / "dist").mkdir()
    assert doctor.pages(tmp_path).mend == "nothing: make demo builds it"
    (tmp_path / "dist" / ".digest").write_text(digest(tmp_path))
    assert doctor.pages(tmp_path).mend == ""
