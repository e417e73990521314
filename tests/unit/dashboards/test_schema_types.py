"""TypeScript takes our boards for Grafana's `Dashboard`, and refuses what is none."""

from __future__ import annotations

import copy
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dashboards.build import GENERATED

Board = dict[str, Any]

TOOL = Path(__file__).resolve().parents[3] / "dashboards" / "schema_check"


def check(folder: Path) -> subprocess.CompletedProcess[str]:
    """The check on the boards in `folder`, as `make check` runs it."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("no Node.js")
    if not (TOOL / "node_modules").is_dir():
        pytest.skip("Grafana's types are not installed: make check installs them")
    return subprocess.run(
        [node, TOOL / "check.mjs", folder], capture_output=True, text=True, check=False
    )


def chart(board: Board) -> Board:
    return next(panel for panel in board["panels"] if panel["type"] == "timeseries")


def defaults(board: Board) -> Board:
    found: Board = chart(board)["fieldConfig"]["defaults"]
    return found


def table(board: Board) -> Board:
    return next(panel for panel in board["panels"] if panel["type"] == "table")


BROKEN: dict[str, tuple[Callable[[Board], object], str]] = {
    "title": (lambda b: chart(b).update(title=7), "Type 'number' is not assignable to type 'str"),
    "crosshair": (lambda b: b.update(graphTooltip=9), "'DashboardCursorSync'"),
    "old-key": (lambda b: b.update(hideControls=False), "'\"hideControls\"' does not exist"),
    "panel-key": (lambda b: chart(b).update(dataSource={}), "'\"dataSource\"' does not exist"),
    "kind": (lambda b: chart(b).update(type="graph"), "Type '\"graph\"' does not satisfy"),
    "options-missing": (lambda b: table(b)["options"].pop("frameIndex"), "'frameIndex' is missing"),
    "options-value": (
        lambda b: chart(b)["options"]["legend"].update(placement="top"), "'\"top\"' is not",
    ),
    "custom-value": (
        lambda b: defaults(b)["custom"].update(drawStyle="stairs"), "'\"stairs\"' is not",
    ),
    "custom-key": (lambda b: defaults(b)["custom"].update(linewidth=1), "'\"linewidth\"' does not"),
    "step": (
        lambda b: defaults(b)["thresholds"]["steps"][0].update(value="null"),
        "Type 'string' is not assignable to type 'number'",
    ),
    "link": (lambda b: defaults(b)["links"].append({"name": "x"}), "'\"name\"' does not exist"),
    "variable": (lambda b: b["templating"]["list"][0].update(refresh="1"), "'VariableRefresh'"),
    "annotation": (
        lambda b: b["annotations"]["list"][0].update(colour="red"), "'\"colour\"' does not exist",
    ),
    "deprecated": (
        lambda b: chart(b)["options"]["legend"].update(asTable=True), "'asTable' is deprecated",
    ),
}  # fmt: skip
"""File → what is done to a board, and what the compiler says."""


@pytest.fixture(scope="module")
def refusals(
    boards: dict[str, Board], tmp_path_factory: pytest.TempPathFactory
) -> subprocess.CompletedProcess[str]:
    """The check on one broken board for each entry of BROKEN, and one that is right."""
    folder = tmp_path_factory.mktemp("broken")
    for name, (damage, _) in BROKEN.items():
        board = copy.deepcopy(boards["nautobs-incident"])
        damage(board)
        (folder / f"{name}.json").write_text(json.dumps(board))
    (folder / "right.json").write_text(json.dumps(boards["nautobs-incident"]))
    return check(folder)


def test_typescript_accepts_every_committed_board() -> None:
    """Each is a `Dashboard`, and each of its panels what its plugin expects."""
    result = check(GENERATED)
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.parametrize("name", BROKEN)
def test_a_board_with_a_wrong_type_is_refused(
    refusals: subprocess.CompletedProcess[str], name: str
) -> None:
    """The compiler names the file and what is wrong."""
    said = [line for line in refusals.stderr.splitlines() if line.startswith(f"{name}, ")]
    assert any(BROKEN[name][1] in line for line in said), refusals.stderr


def test_only_what_is_wrong_is_refused(refusals: subprocess.CompletedProcess[str]) -> None:
    """A board that is right passes beside others that are not."""
    assert refusals.returncode == 1
    assert "right, " not in refusals.stderr


def test_a_folder_without_boards_is_refused(tmp_path: Path) -> None:
    """A check of nothing is no success."""
    assert check(tmp_path).returncode == 1
