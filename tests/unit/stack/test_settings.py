"""What the launcher reads from the environment."""

from decimal import Decimal
from pathlib import Path

import pytest

from stack import settings as stack_settings
from stack.settings import SettingsError, load_settings, read_env_file

OTHERS = ("VAR_DIR", "TOOLS_DIR", "BIND_HOST", "ALERT_TIME_SCALE", "WATCHDOG_INTERVAL")


def raw_data(root: Path, name: str = "raw") -> Path:
    folder = root / name
    (folder / "by_date" / "day-2024-01-02").mkdir(parents=True)
    (folder / "datasets.toml").touch()
    return folder


def test_without_anything_set_the_defaults_hold(tmp_path: Path) -> None:
    """The ports are DESIGN's, everything listens on loopback, and ticks are to be generated."""
    settings = load_settings({}, root=tmp_path)
    assert settings.bind_host == "127.0.0.1"
    ports = dict(settings.ports)
    assert 0 < ports.pop("REDIS_PORT") < 65536  # any that is free
    assert ports == {
        "BACKEND_PORT": 8000, "METRICS_PORT": 9464,
        "PROMETHEUS_PORT": 9090, "ALERTMANAGER_PORT": 9093,
        "TEMPO_PORT": 3200, "OTLP_PORT": 4318,
    }  # fmt: skip
    assert settings.raw_tick_dir is None
    assert settings.var_dir == tmp_path / "var"


def test_port_zero_becomes_a_free_port(tmp_path: Path) -> None:
    """0 asks for any free port."""
    assert load_settings({"BACKEND_PORT": "0"}, root=tmp_path).ports["BACKEND_PORT"] > 1023


def test_no_free_port_is_found_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Services of one stack do not get in each other's way, be there hundreds."""
    wanted = {f"PORT_{number}": 0 for number in range(500)}
    monkeypatch.setattr(stack_settings, "DEFAULT_PORTS", wanted)
    assert len(set(load_settings({}, root=tmp_path).ports.values())) == 500


@pytest.mark.parametrize("text", ["eighty", "-1", "65536", "80.5"])
def test_a_wrong_port_names_its_variable(text: str, tmp_path: Path) -> None:
    """What is no port is refused by the variable's name."""
    with pytest.raises(SettingsError, match=f"METRICS_PORT={text}"):
        load_settings({"METRICS_PORT": text}, root=tmp_path)


def test_windows_of_rules_are_those_of_production(tmp_path: Path) -> None:
    """Unless somebody wants them shorter."""
    assert load_settings({}, root=tmp_path).alert_time_scale == 1
    drill = load_settings({"ALERT_TIME_SCALE": "0.1", "WATCHDOG_INTERVAL": "5"}, root=tmp_path)
    assert (drill.alert_time_scale, drill.watchdog_interval) == (Decimal("0.1"), 5)


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "fast", "NaN", "inf"])
def test_a_wrong_scale_names_its_variable(text: str, tmp_path: Path) -> None:
    """Windows are shortened, never stretched or ended."""
    with pytest.raises(SettingsError, match=f"ALERT_TIME_SCALE={text}"):
        load_settings({"ALERT_TIME_SCALE": text}, root=tmp_path)


@pytest.mark.parametrize("text", ["0", "1.5", "-60", "often", "3601"])
def test_a_wrong_interval_names_its_variable(text: str, tmp_path: Path) -> None:
    """Alertmanager takes whole seconds."""
    with pytest.raises(SettingsError, match=f"WATCHDOG_INTERVAL={text}"):
        load_settings({"WATCHDOG_INTERVAL": text}, root=tmp_path)


def test_named_data_is_used(tmp_path: Path) -> None:
    """RAW_TICK_DIR and DATASETS_FILE may be relative."""
    raw_data(tmp_path)
    (tmp_path / "described.toml").touch()
    env = {"RAW_TICK_DIR": "raw", "DATASETS_FILE": "described.toml"}
    settings = load_settings(env, root=tmp_path)
    assert settings.raw_tick_dir == tmp_path / "raw"
    assert settings.datasets_file == tmp_path / "described.toml"


def test_data_in_the_usual_place_is_used(tmp_path: Path) -> None:
    """`data_downloads/raw_tick_data` needs no variable."""
    raw_data(tmp_path, "data_downloads/raw_tick_data")
    settings = load_settings({}, root=tmp_path)
    assert settings.raw_tick_dir == tmp_path / "data_downloads/raw_tick_data"


def test_a_missing_data_folder_names_its_variable(tmp_path: Path) -> None:
    """Data that the user names and is not there is an error, not a reason to generate."""
    with pytest.raises(SettingsError, match="RAW_TICK_DIR=nowhere"):
        load_settings({"RAW_TICK_DIR": "nowhere"}, root=tmp_path)


def test_data_without_a_description_names_the_variable(tmp_path: Path) -> None:
    """Raw days without a datasets file cannot be converted, and that is said."""
    (raw_data(tmp_path, "data_downloads/raw_tick_data") / "datasets.toml").unlink()
    with pytest.raises(SettingsError, match="DATASETS_FILE"):
        load_settings({}, root=tmp_path)


def test_the_env_file_fills_in_and_the_environment_wins(tmp_path: Path) -> None:
    """`.env` sets what the environment leaves open, for the services too."""
    (tmp_path / ".env").write_text("BACKEND_PORT=8100\nPROMETHEUS_PORT=9190\n")
    settings = load_settings({"BACKEND_PORT": "8200"}, root=tmp_path)
    assert (settings.ports["BACKEND_PORT"], settings.ports["PROMETHEUS_PORT"]) == (8200, 9190)
    assert settings.environment["PROMETHEUS_PORT"] == "9190"


def test_an_env_file_may_hold_comments_quotes_and_export(tmp_path: Path) -> None:
    """The usual shapes of env files are read."""
    path = tmp_path / ".env"
    path.write_text("# A=1\nexport B='two words'\n\nC=\"3\"\nnonsense\nD=x=y\n")
    assert read_env_file(path) == {"B": "two words", "C": "3", "D": "x=y"}


def test_every_variable_of_the_launcher_is_in_the_example(tmp_path: Path) -> None:
    """`.env.example` lists what can be set."""
    example = (Path(__file__).resolve().parents[3] / ".env.example").read_text()
    for name in (*load_settings({}, root=tmp_path).ports, *OTHERS):
        assert f"{name}=" in example


def test_every_setting_of_the_backend_is_in_the_example() -> None:
    """A newcomer finds each variable of the service in `.env.example`."""
    from backend.settings import Settings

    example = (Path(__file__).resolve().parents[3] / ".env.example").read_text()
    missing = [name for name in Settings.model_fields if f"#{name.upper()}=" not in example]
    assert missing == []
