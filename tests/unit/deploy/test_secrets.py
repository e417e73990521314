"""The secrets of the containers."""

from __future__ import annotations

from pathlib import Path

from backend.access import read_token
from deploy.secrets import NAMES, write


def test_each_secret_is_random_and_long_enough_for_the_backend(tmp_path: Path) -> None:
    """Two runs in two places share nothing."""
    one, other = tmp_path / "one", tmp_path / "other"
    write(one)
    write(other)
    values = [(folder / name).read_text() for folder in (one, other) for name in NAMES]
    assert len(set(values)) == len(values)
    assert all(len(value) == 43 for value in values)
    assert read_token(one / "api_token") == values[0]


def test_what_is_there_is_kept(tmp_path: Path) -> None:
    """A second run must not lock anybody out."""
    assert [path.name for path in write(tmp_path)] == list(NAMES)
    (tmp_path / NAMES[0]).unlink()
    kept = (tmp_path / NAMES[1]).read_text()
    assert [path.name for path in write(tmp_path)] == [NAMES[0]]
    assert (tmp_path / NAMES[1]).read_text() == kept


def test_an_empty_file_is_no_secret(tmp_path: Path) -> None:
    """Left by a full disk; Grafana would take it for its default password."""
    for name in NAMES:
        (tmp_path / name).write_text("\n")
    assert [path.name for path in write(tmp_path)] == list(NAMES)
    assert all((tmp_path / name).read_text().strip() for name in NAMES)


def test_containers_can_read_the_files_and_other_users_cannot_reach_them(tmp_path: Path) -> None:
    """Containers see the mode of the file, users of this machine that of the folder too."""
    folder = tmp_path / "secrets"
    write(folder)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o444}
