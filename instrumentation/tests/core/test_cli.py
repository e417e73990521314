"""The command-line tool."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
from collections.abc import Callable

import pytest
import typer

from nautilus_instrumentation import cli

Run = Callable[..., tuple[object, str, str]]


class _Entry:
    """Stands for an installed entry point; `loaded` may be an error."""

    def __init__(self, name: str, loaded: object) -> None:
        self.name = name
        self._loaded = loaded

    def load(self) -> object:
        if isinstance(self._loaded, Exception):
            raise self._loaded
        return self._loaded


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs the tool with entry points; returns exit code, output and errors."""

    def call(*arguments: str, entries: tuple[_Entry, ...] = ()) -> tuple[object, str, str]:
        monkeypatch.setattr(cli, "entry_points", lambda group: entries)
        monkeypatch.setattr(sys, "argv", ["nautobs", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return ended.value.code or 0, *capsys.readouterr()

    return call


def test_functions_and_groups_of_other_parts_become_commands(run: Run) -> None:
    """A function is a command, a Typer is a group of commands."""

    def greet(name: str) -> None:
        typer.echo(f"hello {name}")

    group = typer.Typer()
    group.command("one")(lambda: typer.echo("first"))
    group.command("two")(lambda: typer.echo("second"))
    entries = (_Entry("greet", greet), _Entry("many", group))
    assert run("greet", "you", entries=entries) == (0, "hello you\n", "")
    assert run("many", "two", entries=entries) == (0, "second\n", "")


def test_a_broken_part_is_said_and_left_out(run: Run) -> None:
    """The other commands work."""
    code, out, errors = run("version", entries=(_Entry("bad", ImportError("no such thing")),))
    assert (code, out) == (0, f"{importlib.metadata.version('nautilus-instrumentation')}\n")
    assert errors == "nautobs: command bad is left out: no such thing\n"


def test_an_error_is_one_clear_line(run: Run) -> None:
    """No traceback."""

    def fail() -> None:
        raise ValueError("the reason")

    assert run("fail", entries=(_Entry("fail", fail),)) == (1, "", "nautobs: the reason\n")


def test_the_exporter_is_a_command(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """It needs the folder and says so."""
    monkeypatch.delenv("NAUTOBS_METRICS_DIR", raising=False)
    code, _, errors = run("exporter")
    assert code == 1
    assert "NAUTOBS_METRICS_DIR" in errors


def test_the_tool_is_installed() -> None:
    """`nautobs` without arguments shows its commands."""
    done = subprocess.run(
        [sys.executable, "-c", "from nautilus_instrumentation.cli import main; main()", "--help"],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0
    assert "exporter" in done.stdout
