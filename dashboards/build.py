"""Write the boards as JSON: `python -m dashboards.build [--check]`.

With `--check` nothing is written, and the exit code is 1 when a file is not what the sources give.
"""

from __future__ import annotations

import argparse
import json
import sys
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from dashboards import boards
from dashboards.house import Board

GENERATED = Path(__file__).with_name("generated")


def all_boards() -> list[Board]:
    """The board of every module under boards/, by module name."""
    names = sorted(module.name for module in iter_modules(boards.__path__))
    return [import_module(f"dashboards.boards.{name}").dashboard() for name in names]


def render() -> dict[str, str]:
    """File name → content, for all boards. Keys are sorted, so that changes read as changes."""
    boards = all_boards()
    files = {f"{board.uid}.json": to_json(board) for board in boards}
    if len(files) != len(boards):
        raise ValueError(f"two boards have the same uid: {sorted(board.uid for board in boards)}")
    return files


def to_json(board: Board) -> str:
    """The board as Grafana reads it."""
    text = json.dumps(
        board, default=lambda part: part.to_json_data(), ensure_ascii=False, indent=2,
        sort_keys=True,
    )  # fmt: skip
    return f"{text}\n"


def write(folder: Path, files: dict[str, str]) -> None:
    """Make the JSON files in `folder` exactly `files`."""
    folder.mkdir(exist_ok=True)
    for path in folder.glob("*.json"):
        if path.name not in files:
            path.unlink()
    for name, content in files.items():
        (folder / name).write_text(content, encoding="utf-8")


def stale(folder: Path, files: dict[str, str]) -> list[str]:
    """Names of files in `folder` that are missing, left over, or not as in `files`."""
    found = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.json")}
    return sorted(name for name in found | files if found.get(name) != files.get(name))


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    parser.add_argument("--folder", type=Path, default=GENERATED)
    options = parser.parse_args(arguments)
    files = render()
    if not options.check:
        write(options.folder, files)
        return 0
    names = stale(options.folder, files)
    for name in names:
        print(f"{options.folder.name}/{name} is not current: run make dashboards", file=sys.stderr)  # noqa: T201 - a command's answer
    return 1 if names else 0


if __name__ == "__main__":
    sys.exit(main())
