"""`nautobs`, the command-line tool. Other parts add commands by entry points.

An entry point of the group `nautobs.commands` is a function, which becomes a command of that name,
or a `typer.Typer`, which becomes a group of commands.
"""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Annotated

import typer

GROUP = "nautobs.commands"


def exporter(
    directory: Annotated[
        Path | None,
        typer.Option(envvar="NAUTOBS_METRICS_DIR", help="Folder that the processes share."),
    ] = None,
    host: Annotated[
        str | None, typer.Option(envvar="BIND_HOST", help="Address to listen on.")
    ] = None,
    port: Annotated[
        int | None, typer.Option(envvar="METRICS_PORT", help="Port; 0 picks a free one.")
    ] = None,
) -> None:
    """Serve /metrics for all processes of a host."""
    from nautilus_instrumentation.exposition.__main__ import run

    raise typer.Exit(run(directory, host, port))


def version() -> None:
    """Print the version of the library."""
    from importlib.metadata import version as version_of

    typer.echo(version_of("nautilus-instrumentation"))


def build() -> typer.Typer:
    """The tool with the commands of all installed parts; a part that fails is said and left out."""
    app = typer.Typer(
        name="nautobs", no_args_is_help=True, rich_markup_mode=None,
        help="Telemetry of NautilusTrader platforms.",
    )  # fmt: skip
    app.command()(exporter)
    app.command()(version)
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name):
        _add(app, entry)
    return app


def main() -> None:
    """Run the tool. Errors are one line, with exit code 1."""
    app = build()
    try:
        app()
    except Exception as error:
        reason = str(error) or type(error).__name__
        sys.stderr.write(f"nautobs: {reason}\n")
        sys.exit(1)


def _add(app: typer.Typer, entry: EntryPoint) -> None:
    try:
        command = entry.load()
    except Exception as error:  # one broken part must not take the other commands with it
        sys.stderr.write(f"nautobs: command {entry.name} is left out: {error}\n")
        return
    if isinstance(command, typer.Typer):
        app.add_typer(command, name=entry.name)
    else:
        app.command(entry.name)(command)
