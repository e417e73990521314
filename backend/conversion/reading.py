"""Reads raw Parquet files; what is wrong with one is said as Invalid."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from backend.conversion.decode import Decoder
from backend.errors import Invalid


def repeated_words(file: pq.ParquetFile, decoder: Decoder, batch_rows: int) -> list[str]:
    """Columns of few words (sides, symbols) whose dictionaries serve us better than the words.

    None where row groups are small: each would end a batch.
    """
    metadata, schema = file.metadata, file.schema_arrow
    if metadata.num_rows < batch_rows * metadata.num_row_groups:
        return []
    return [name for name in decoder.categories if pa.types.is_string(schema.field(name).type)]


def open_parquet(path: Path, read_dictionary: list[str] | None = None) -> pq.ParquetFile:
    """Open a raw file. Raises Invalid, saying why it cannot be read."""
    try:
        return pq.ParquetFile(
            path, memory_map=False, pre_buffer=False, read_dictionary=read_dictionary
        )
    except FileNotFoundError:
        raise Invalid(f"{path.name} does not exist any more", "file") from None
    except (OSError, pa.ArrowException) as error:
        raise _unreadable(path.name, error) from error


def _unreadable(name: str, error: Exception) -> Invalid:
    first = str(error).strip().split("\n")[0]
    return Invalid(f"{name} is not a readable Parquet file: {first}", "file", "fetch it again")


def batches_of(
    file: pq.ParquetFile, columns: list[str], batch_rows: int
) -> Iterator[pa.RecordBatch]:
    """Batches of the file; reading errors become Invalid, and so does an early end."""
    batches = file.iter_batches(batch_rows, columns=columns, use_threads=False)
    while True:
        try:
            yield next(batches)
        except StopIteration:
            raise Invalid("the file ends before its rows do", "file", "fetch it again") from None
        except (OSError, pa.ArrowException) as error:
            raise _unreadable("the file", error) from error
