"""Settings of the library."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import get_type_hints

import pytest

from nautilus_instrumentation.settings import Overrides, Settings, SettingsError


def test_defaults_need_no_environment() -> None:
    """An empty environment gives the documented defaults."""
    assert Settings.from_environment({}) == Settings()


def test_the_argument_wins_over_the_environment() -> None:
    """Argument, else environment, else default."""
    env = {"NAUTOBS_SLOT": "3", "NAUTOBS_METRICS_DIR": "/m"}
    settings = Settings.from_environment(env, slot=5)
    assert (settings.slot, settings.metrics_dir) == (5, Path("/m"))


def test_an_empty_variable_counts_as_unset() -> None:
    """Compose files pass empty strings for what is not set."""
    assert Settings.from_environment({"METRICS_PORT": " "}).metrics_port == 9464


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("NAUTOBS_ROLE", "boss"),
        ("NAUTOBS_SLOT", "-1"),
        ("NAUTOBS_STRICT", "perhaps"),
        ("NAUTOBS_SAMPLE_SECONDS", "0"),
        ("NAUTOBS_SAMPLE_SECONDS", "nan"),
        ("METRICS_PORT", "70000"),
        ("METRICS_PORT", "http"),
    ],
)
def test_an_error_names_the_variable(variable: str, text: str) -> None:
    """The reader learns what to change."""
    with pytest.raises(SettingsError, match=f"^{variable}="):
        Settings.from_environment({variable: text})


def test_an_unknown_argument_is_refused_by_name() -> None:
    """A typing mistake does not pass silently."""
    with pytest.raises(SettingsError, match="slots"):
        Settings.from_environment({}, slots=1)


def test_the_typed_overrides_are_the_settings() -> None:
    """The twin that typing needs has the same names."""
    assert set(get_type_hints(Overrides)) == {item.name for item in fields(Settings)}
