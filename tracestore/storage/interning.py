"""Numbers for what repeats: span names, attribute keys, resources, scopes, traces."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

import orjson
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans

from tracestore.storage.values import searchable

CACHED = 100_000
"""Entries kept in memory per table; beyond it the cache starts anew."""

SPAN = "span"
RESOURCE = "resource"


class Table:
    """One table of interned rows. Used by the writer's thread only, inside its transactions."""

    def __init__(self, connection: sqlite3.Connection, name: str, columns: Sequence[str]) -> None:
        self._connection = connection
        marks = ", ".join("?" * (1 + len(columns)))
        self._insert = f"INSERT INTO {name} (id, {', '.join(columns)}) VALUES ({marks})"
        self._highest = f"SELECT coalesce(max(id), 0) FROM {name}"
        self.cache: dict[Any, int] = {}
        self.next = 0
        self.reset()

    def reset(self) -> None:
        """Forget everything and read the next number anew: after a rollback."""
        self.cache.clear()
        self.next = self._connection.execute(self._highest).fetchone()[0] + 1

    def trim(self) -> None:
        """Bound the cache; between transactions."""
        if len(self.cache) > CACHED:
            self.cache.clear()

    def find(self, key: Any, where: str, arguments: Sequence[Any]) -> int | None:
        """Number of the stored row, remembered under `key`."""
        row = self._connection.execute(where, arguments).fetchone()
        if row is None:
            return None
        self.cache[key] = row[0]
        return int(row[0])

    def add(self, key: Any, values: Sequence[Any]) -> int:
        """Store a row under the next number."""
        number = self.next
        self._connection.execute(self._insert, (number, *values))
        self.next += 1
        self.cache[key] = number
        return number


class Interner:
    """Everything a span refers to by number."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._names = Table(connection, "names", ("value",))
        self._keys = Table(connection, "keys", ("scope", "name"))
        self._resources = Table(
            connection, "resources", ("digest", "service", "attributes", "message")
        )
        self._scopes = Table(connection, "scopes", ("digest", "name", "version", "message"))
        self._tables = (self._names, self._keys, self._resources, self._scopes)

    @property
    def names(self) -> dict[str, int]:
        """Numbers of the span names met lately."""
        return self._names.cache

    def reset(self) -> None:
        """After a rollback: nothing remembered may refer to rows that are gone."""
        for table in self._tables:
            table.reset()

    def trim(self) -> None:
        for table in self._tables:
            table.trim()

    def name(self, value: str) -> int:
        """Number of a span name."""
        number = self._names.cache.get(value)
        if number is None:
            number = self._names.find(value, "SELECT id FROM names WHERE value = ?", (value,))
        return self._names.add(value, (value,)) if number is None else number

    def key(self, scope: str, name: str) -> int:
        """Number of an attribute's key in its scope."""
        both = (scope, name)
        number = self._keys.cache.get(both)
        if number is None:
            where = "SELECT id FROM keys WHERE scope = ? AND name = ?"
            number = self._keys.find(both, where, both)
        return self._keys.add(both, both) if number is None else number

    def resource(self, source: ResourceSpans) -> int:
        """Number of a resource with its schema's address."""
        header = ResourceSpans(resource=source.resource, schema_url=source.schema_url)
        message = header.SerializeToString(deterministic=True)
        number = self._resources.cache.get(message)
        digest = blake2b(message, digest_size=16).digest()
        if number is None:
            where = "SELECT id FROM resources WHERE digest = ?"
            number = self._resources.find(message, where, (digest,))
        if number is not None:
            return number
        values = {item.key: searchable(item.value) for item in source.resource.attributes}
        service = values.get("service.name")
        attributes = {str(self.key(RESOURCE, key)): value for key, value in values.items()}
        row = (
            digest, service if isinstance(service, str) else None,
            orjson.dumps(attributes).decode(), message,
        )  # fmt: skip
        return self._resources.add(message, row)

    def scope(self, source: ScopeSpans) -> int:
        """Number of an instrumentation scope with its schema's address."""
        header = ScopeSpans(scope=source.scope, schema_url=source.schema_url)
        message = header.SerializeToString(deterministic=True)
        number = self._scopes.cache.get(message)
        digest = blake2b(message, digest_size=16).digest()
        if number is None:
            where = "SELECT id FROM scopes WHERE digest = ?"
            number = self._scopes.find(message, where, (digest,))
        row = (digest, source.scope.name, source.scope.version, message)
        return self._scopes.add(message, row) if number is None else number
