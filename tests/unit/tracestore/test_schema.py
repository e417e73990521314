"""Databases of other versions, and of others."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tracestore.storage import schema
from tracestore.storage.schema import SchemaError, connect
from tracestore.storage.writer import DATABASE
from tracestore.traceql.plan import Window

V1 = Path(__file__).parent / "data" / "v1.sql"


@pytest.fixture
def first_version(tmp_path: Path) -> Path:
    """The file of a store of version 1."""
    path = tmp_path / "traces" / DATABASE
    path.parent.mkdir()
    connection = sqlite3.connect(path)
    connection.executescript(V1.read_text())
    connection.close()
    return path


def test_a_store_of_version_1_answers_what_it_was_told(
    first_version: Path, open_store: Any
) -> None:
    """After the migration every query works on the old spans, those with new indexes included."""
    store = open_store()
    assert store.names('{ span.run_id = "r1" }') == ["backtest run", "engine run"]
    assert store.names('{ span.tags = "y" }') == ["engine run"]
    assert store.names("{ status = error }") == ["engine run"]
    assert store.names("{ duration > 8s }") == ["engine run"]
    assert store.rows("PRAGMA user_version") == [(schema.VERSION,)]
    # The longest span is known, so that a range that begins during it finds it.
    during = Window(1_799_999_991 * 10**9, 1_799_999_992 * 10**9)
    assert store.names("{}", window=during) == ["engine run"]


def test_a_migrated_store_has_the_tables_of_a_new_one(first_version: Path, tmp_path: Path) -> None:
    """Migration leads to the same schema as creation."""
    statements = "SELECT type, name, sql FROM sqlite_schema ORDER BY name"
    migrated, created = connect(first_version), connect(tmp_path / "new.db")
    assert [
        (kind, name, " ".join((sql or "").split()))
        for kind, name, sql in migrated.execute(statements)
    ] == [
        (kind, name, " ".join((sql or "").split()))
        for kind, name, sql in created.execute(statements)
    ]
    migrated.close()
    created.close()


def test_new_spans_join_old_ones(first_version: Path, open_store: Any, request_of: Any) -> None:
    """A trace that an older version began is gone on with."""
    store = open_store()
    trace_id = bytes(range(16))
    late = {"trace_id": trace_id, "span_id": b"x" * 8, "name": "late"}
    store.write(request_of({**late, "attributes": {"run_id": "r1"}}))
    assert sorted(store.names('{ span.run_id = "r1" }')) == ["backtest run", "engine run", "late"]
    assert store.rows("SELECT max(id) FROM spans") == [(701,)]


def test_a_migration_that_fails_changes_nothing(
    first_version: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A step is done as a whole or not at all, so that it can be tried again."""

    def fail(connection: sqlite3.Connection) -> None:
        connection.execute("DROP TABLE spans")
        raise RuntimeError("power cut")

    monkeypatch.setitem(schema._STEPS, 1, fail)
    with pytest.raises(RuntimeError, match="power cut"):
        connect(first_version)
    monkeypatch.undo()
    connection = connect(first_version)
    assert connection.execute("SELECT count(*) FROM spans").fetchone() == (3,)
    connection.close()


def test_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    """A store does not touch what it does not know."""
    path = tmp_path / "traces.db"
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    connection.close()
    with pytest.raises(SchemaError, match="newer version"):
        connect(path)


def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    """A database with tables that are not ours is refused."""
    path = tmp_path / "traces.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE theirs (id)")
    connection.close()
    with pytest.raises(SchemaError, match="another program"):
        connect(path)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    """The error names the file."""
    path = tmp_path / "traces.db"
    path.write_bytes(b"not a database, but long enough to look at" * 100)
    with pytest.raises(SchemaError, match=r"traces\.db"):
        connect(path)
