"""Batches of a raw file into columns of the catalog, rows that it cannot hold left out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from typing import TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from backend.conversion import fixed, numbers, text, times
from backend.conversion.fixed import Mask
from backend.conversion.layout import LAYOUTS, TS_EVENT
from backend.conversion.rejects import Rejects
from backend.datasets import Dataset, Series
from backend.errors import Invalid

T = TypeVar("T")
Faults = list[tuple[str, str | None, str, Mask]]
"""(our field, file's column, reason, rows)."""


class Decoder:
    """Reads the batches of one file as its dataset says."""

    def __init__(
        self, dataset: Dataset, day: dt.date, present: list[str], rejects: Rejects
    ) -> None:
        """`present` are the file's columns. Raises Invalid when one is missing."""
        self._dataset = dataset
        self._day = day
        self._rejects = rejects
        self._layout = LAYOUTS[dataset.kind]
        self._columns = _chosen(dataset, present)
        self._side = None
        if dataset.aggressor_columns:
            self._side = _first(dataset.aggressor_columns, present, "aggressor_side", dataset)
        if dataset.symbol_column and dataset.symbol_column not in present:
            _first((dataset.symbol_column,), present, "symbol", dataset)
        self._constants = {
            (place, spec.name): numbers.constant(dataset.defaults[spec.name], spec)
            for place, series in enumerate(dataset.series)
            for spec in series.numbers
            if spec.name not in self._columns
        }
        self.off_grid: dict[str, int] = {}

    @property
    def columns(self) -> list[str]:
        """The file's columns that have to be read."""
        return list(dict.fromkeys([*self._columns.values(), *self.categories]))

    @property
    def categories(self) -> list[str]:
        """Those of them that hold few different values."""
        return [c for c in (self._side, self._dataset.symbol_column) if c]

    @property
    def time_column(self) -> str:
        return self._columns[TS_EVENT]

    def decode(self, batch: pa.RecordBatch, first_row: int) -> list[tuple[int, pa.RecordBatch]]:
        """Columns of `Layout.decoded`, with the place of their series in the dataset."""
        rows = np.arange(first_row, first_row + batch.num_rows)
        if self._dataset.symbol_column is None:
            parts: Iterable[tuple[int, pa.RecordBatch, np.ndarray]] = [(0, batch, rows)]
        else:
            parts = self._by_symbol(batch, rows)
        decoded = ((place, self._series(place, part, numbers)) for place, part, numbers in parts)
        return [(place, part) for place, part in decoded if part.num_rows]

    def _by_symbol(
        self, batch: pa.RecordBatch, rows: np.ndarray
    ) -> Iterable[tuple[int, pa.RecordBatch, np.ndarray]]:
        name = self._dataset.symbol_column
        column = batch.column(name)
        if not pa.types.is_dictionary(column.type):
            column = pc.dictionary_encode(column)
        symbols = [None if v is None else str(v) for v in column.dictionary.to_pylist()]
        places = {series.symbol: place for place, series in enumerate(self._dataset.series)}
        codes = pc.fill_null(column.indices, len(symbols)).to_numpy(zero_copy_only=False)
        order = np.argsort(codes, kind="stable")
        found, starts = np.unique(codes[order], return_index=True)
        for code, start, end in zip(found, starts, [*starts[1:], len(order)], strict=True):
            where = order[start:end]
            symbol = symbols[code] if code < len(symbols) else None
            if symbol in places:
                whole = len(where) == batch.num_rows
                part = batch if whole else batch.take(pa.array(where))
                yield places[symbol], part, rows[where]
            elif symbol is None:
                self._rejects.add(rows[where], "symbol", text.MISSING, name)
            else:
                reason = f"{symbol!r} is not among the symbols of the description"
                self._rejects.add(rows[where], "symbol", reason, name)

    def _series(self, place: int, batch: pa.RecordBatch, rows: np.ndarray) -> pa.RecordBatch:
        series = self._dataset.series[place]
        faults: Faults = []
        column = batch.column(self.time_column)
        moments = _about(self.time_column, times.decode, column, self._dataset.time, self._day)
        faults += [(TS_EVENT, self.time_column, reason, bad) for reason, bad in moments.faults]
        columns = self._numbers(place, series, batch, faults)
        if self._dataset.kind == "trade":
            columns += self._trade_columns(batch, rows, faults)
        stamps = pa.py_buffer(np.ascontiguousarray(moments.ns))
        columns.append(pa.Array.from_buffers(pa.uint64(), len(rows), [None, stamps]))
        good = self._reject(faults, batch, rows)
        if good is not None:
            keep = pa.array(good)
            columns = [column.filter(keep) for column in columns]
        return pa.RecordBatch.from_arrays(columns, schema=self._layout.decoded)

    def _numbers(
        self, place: int, series: Series, batch: pa.RecordBatch, faults: Faults
    ) -> list[pa.Array]:
        arrays = []
        for spec in series.numbers:
            name = self._columns.get(spec.name)
            if name is None:
                words = np.repeat(self._constants[place, spec.name], batch.num_rows, axis=0)
            else:
                result = _about(name, numbers.decode, batch.column(name), spec)
                faults += [(spec.name, name, reason, bad) for reason, bad in result.faults]
                if result.off_grid:
                    self.off_grid[spec.name] = self.off_grid.get(spec.name, 0) + result.off_grid
                words = result.words
            arrays.append(fixed.to_array(words))
        return arrays

    def _trade_columns(
        self, batch: pa.RecordBatch, rows: np.ndarray, faults: Faults
    ) -> list[pa.Array]:
        if self._side is None:
            sides = text.constant_side(batch.num_rows)
        else:
            sides, wrong = text.sides(batch.column(self._side), self._dataset.sides)
            faults += [("aggressor_side", self._side, reason, bad) for reason, bad in wrong]
        name = self._columns.get("trade_id")
        if name is None:
            return [sides, text.numbered_ids(rows)]
        ids, wrong = _about(name, text.trade_ids, batch.column(name))
        faults += [("trade_id", name, reason, bad) for reason, bad in wrong]
        return [sides, ids]

    def _reject(self, faults: Faults, batch: pa.RecordBatch, rows: np.ndarray) -> Mask | None:
        """Report each bad row under its first fault; the good ones, or None when all are."""
        if not faults:
            return None
        good = np.ones(batch.num_rows, bool)
        for field, column, reason, bad in faults:
            new = np.flatnonzero(bad & good)
            if not len(new):
                continue
            shown = new[: self._rejects.room]
            values = batch.column(column).take(pa.array(shown)).to_pylist() if column else None
            self._rejects.add(rows[new], field, reason, column, values)
            good[new] = False
        return good


def _chosen(dataset: Dataset, present: list[str]) -> dict[str, str]:
    """Our field: the file's column; left out are fields that get their default."""
    return {
        field: _first(names, present, field, dataset)
        for field, names in dataset.columns.items()
        if field not in dataset.defaults or any(name in present for name in names)
    }


def _first(names: tuple[str, ...], present: list[str], field: str, dataset: Dataset) -> str:
    found = next((name for name in names if name in present), None)
    if found is None:
        wanted = " or ".join(repr(name) for name in names)
        raise Invalid(
            f"the file has no column {wanted} for {field}; it has: {', '.join(present)}",
            names[0], f"correct {dataset.label}, or give the file a name that another matches",
        )  # fmt: skip
    return found


def _about(column: str, function: Callable[..., T], *arguments: object) -> T:
    """Call a decoder, naming the column in its complaint."""
    try:
        return function(*arguments)
    except Invalid as error:
        raise Invalid(f"column {column!r}: {error.message}", column, error.hint) from None
