"""Settings: argument, environment, default, in this order."""

from __future__ import annotations

import pytest

from tracestore.settings import Settings, parse_bytes, parse_seconds


def test_defaults_are_those_of_the_contract() -> None:
    """Ports, address, seven days and two gibibytes."""
    settings = Settings.from_environment({})
    assert (settings.host, settings.port, settings.otlp_port) == ("127.0.0.1", 3200, 4318)
    assert settings.retention_seconds == 7 * 86400
    assert settings.max_bytes == 2 * 2**30


def test_the_environment_overrides_defaults_and_arguments_override_both() -> None:
    """None as an argument means that it was not given."""
    environment = {"TEMPO_PORT": "1", "OTLP_PORT": "2", "TRACE_RETENTION": "168h"}
    settings = Settings.from_environment(environment, port=5, otlp_port=None)
    assert (settings.port, settings.otlp_port) == (5, 2)
    assert settings.retention_seconds == 7 * 86400


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("TRACE_RETENTION", "7 days ago"), ("TRACE_RETENTION", "0d"), ("TRACE_MAX_BYTES", "2 bits"),
        ("TRACE_MAX_BYTES", "0"), ("TEMPO_PORT", "http"), ("OTLP_PORT", "70000"),
    ],
)  # fmt: skip
def test_an_error_names_its_variable(variable: str, text: str) -> None:
    """People look for the variable they set."""
    with pytest.raises(ValueError, match=variable):
        Settings.from_environment({variable: text})


def test_spans_of_time_and_sizes_are_read_with_their_units() -> None:
    """Units as people write them."""
    assert parse_seconds("1h30m") == 5400
    assert parse_seconds("7d") == parse_seconds("168h") == parse_seconds("1w")
    assert parse_bytes("2GiB") == 2**31
    assert parse_bytes("1.5 MB") == 1_500_000
    assert parse_bytes("1024") == 1024
