"""The tables, their version, and how an older version becomes the current one.

Layout, and why:

- Strings that repeat (span names, attribute keys, resources, scopes) are stored once and referred
  to by number: less than half the bytes, and a condition on them is evaluated once, not per span.
- A span's attributes are one JSON object whose keys are the numbers of their names, so that no
  name from outside ever becomes part of a JSON path or of SQL.
- Spans are numbered in the order they came. For each block of `BLOCK_SPANS` consecutive spans,
  `blocks` holds the hashes of the attributes in it, four bytes each. To find a string, all blocks
  are searched, which takes some milliseconds per million spans; an index by attribute would take
  three times the space and, its pages being written at random, as long to write as all the rest.
- Times are indexed by `end`: "the last hour" then is one range, whatever a span's duration.
"""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Callable, Iterable
from itertools import groupby
from pathlib import Path
from zlib import crc32

import orjson

from tracestore.storage.values import texts

VERSION = 2
"""Version of the layout below, kept in SQLite's `user_version`."""

BLOCK_BITS = 9
BLOCK_SPANS = 1 << BLOCK_BITS
"""Spans per row of `blocks`."""

STATUS_ERROR = 2

TABLES = """
CREATE TABLE names (id INTEGER PRIMARY KEY, value TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE keys (
    id INTEGER PRIMARY KEY, scope TEXT NOT NULL, name TEXT NOT NULL, UNIQUE (scope, name)
) STRICT;
CREATE TABLE resources (
    id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, service TEXT, attributes TEXT NOT NULL,
    message BLOB NOT NULL
) STRICT;
CREATE TABLE scopes (
    id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, name TEXT NOT NULL, version TEXT NOT NULL,
    message BLOB NOT NULL
) STRICT;
CREATE TABLE traces (
    id INTEGER PRIMARY KEY, trace_id BLOB NOT NULL UNIQUE, start INTEGER NOT NULL,
    "end" INTEGER NOT NULL, root_start INTEGER, root_name INTEGER, root_resource INTEGER
) STRICT;
CREATE TABLE spans (
    id INTEGER PRIMARY KEY, trace INTEGER NOT NULL, span_id BLOB NOT NULL, parent_id BLOB,
    name INTEGER NOT NULL, kind INTEGER NOT NULL, "end" INTEGER NOT NULL,
    duration INTEGER NOT NULL, status INTEGER NOT NULL, status_message TEXT,
    resource INTEGER NOT NULL, scope INTEGER NOT NULL, flags INTEGER NOT NULL, attributes TEXT,
    rest BLOB
) STRICT;
CREATE UNIQUE INDEX spans_by_trace ON spans (trace, span_id, kind);
CREATE INDEX spans_by_name ON spans (name, "end", duration, trace);
CREATE INDEX spans_by_end ON spans ("end", duration, trace);
"""
"""Version 1. `rest` is a span message with what has no column: events, links, odd attributes."""

ADDED_IN_2 = f"""
CREATE INDEX spans_with_error ON spans ("end") WHERE status = {STATUS_ERROR};
CREATE INDEX traces_by_end ON traces ("end");
CREATE TABLE blocks (id INTEGER PRIMARY KEY, hashes BLOB NOT NULL) STRICT;
CREATE TABLE facts (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
"""

LONGEST = "longest"
"""Fact: the longest duration of any span so far, ns. It bounds a look back from a time range."""


class SchemaError(Exception):
    """The database cannot be used by this version of the store."""


def key_hash(key: int) -> int:
    """What `blocks` holds for a block in which some span has the attribute `key`."""
    return key & 0xFFFFFFFF


def value_hash(key: int, text: str) -> int:
    """What `blocks` holds for the attribute `key` with the value `text`.

    Hashes that collide cost a look at a block for nothing: the condition itself is always checked.
    """
    return crc32(text.encode(), key & 0xFFFFFFFF)


def packed(hashes: Iterable[int]) -> bytes:
    """Hashes as `blocks` holds them, in the machine's byte order."""
    return array("I", hashes).tobytes()


def unpacked(data: bytes) -> set[int]:
    """The opposite of `packed`."""
    return set(array("I", data))


def connect(path: Path) -> sqlite3.Connection:
    """The writer's connection, without implicit transactions, to a database of this version.

    Raises SchemaError when the file is not ours or comes from a newer version.
    """
    connection = sqlite3.connect(
        path, isolation_level=None, cached_statements=256, check_same_thread=False
    )
    try:
        # Both must come before the first table.
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute("PRAGMA journal_mode = WAL")
        # A commit survives the death of the process; only a power cut may take the last ones.
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA cache_size = -65536")
        connection.execute("PRAGMA secure_delete = OFF")
        connection.execute("PRAGMA wal_autocheckpoint = 4096")
        connection.execute(f"PRAGMA journal_size_limit = {64 * 2**20}")
        upgrade(connection)
    except sqlite3.DatabaseError as error:
        connection.close()
        raise SchemaError(f"{path} is not a usable database: {error}") from error
    except SchemaError:
        connection.close()
        raise
    return connection


def upgrade(connection: sqlite3.Connection) -> None:
    """Create the tables, or bring those of an older version up to date, each step atomically."""
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > VERSION:
        raise SchemaError(
            f"the database has version {version}, this trace store knows {VERSION}: "
            "start it with a newer version, or on another directory"
        )
    if version == 0 and connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]:
        raise SchemaError("the database holds tables of another program")
    while version < VERSION:
        connection.execute("BEGIN IMMEDIATE")
        try:
            _STEPS[version](connection)
            version += 1
            connection.execute(f"PRAGMA user_version = {version}")
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise


def _statements(connection: sqlite3.Connection, script: str) -> None:
    # executescript() would commit the step's transaction.
    for statement in script.split(";"):
        connection.execute(statement)


def _create(connection: sqlite3.Connection) -> None:
    _statements(connection, TABLES)


def _index_attributes(connection: sqlite3.Connection) -> None:
    """1 → 2: attributes, errors and ages get indexes."""
    _statements(connection, ADDED_IN_2)
    rows = connection.execute("SELECT id, attributes FROM spans ORDER BY id")
    for block, of_block in groupby(rows, key=lambda row: row[0] >> BLOCK_BITS):
        hashes: set[int] = set()
        for _, attributes in of_block:
            for key, value in orjson.loads(attributes or "{}").items():
                hashes.add(key_hash(int(key)))
                hashes.update(value_hash(int(key), text) for text in texts(value))
        connection.execute("INSERT INTO blocks VALUES (?, ?)", (block, packed(hashes)))
    connection.execute(
        "INSERT INTO facts SELECT ?, coalesce(max(duration), 0) FROM spans", (LONGEST,)
    )


_STEPS: dict[int, Callable[[sqlite3.Connection], None]] = {0: _create, 1: _index_attributes}
